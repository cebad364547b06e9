import type { Model } from '../model/index.ts';
import type { Language } from '../views/language.ts';

/** What a model is made of, as `info --json` prints it. */
export function describe(model: Model) {
  const { architecture: a } = model;
  const parts: Record<string, number> = {};
  for (const [name, { data }] of model.parameters) {
    const part = name.split('.')[0]!;
    parts[part] = (parts[part] ?? 0) + data.length;
  }
  return {
    model: model.name,
    fingerprint: model.fingerprint,
    ...a,
    parameterCount: model.parameterCount,
    parameters: parts,
    tokenizer: model.tokenizer ? { kind: model.tokenizer.kind, vocabularySize: model.tokenizer.vocabularySize } : null,
    ...model.metadata,
  };
}

export function infoText(about: ReturnType<typeof describe>, language: Language): string {
  const ko = language === 'ko';
  const view = about.defaultView as { layer: number; head: number } | undefined;
  const rows: [string, string][] = [
    [ko ? '모델' : 'model', `${about.model} (${about.fingerprint})`],
    [
      ko ? '계열' : 'family',
      `${about.family}, ${about.causal ? (ko ? '앞만 봄' : 'causal') : ko ? '양쪽을 봄' : 'sees both sides'}`,
    ],
    [ko ? '층 × 헤드' : 'layers × heads', `${about.layerCount} × ${about.headCount}`],
    [
      ko ? '너비' : 'width',
      `${about.hiddenSize}, ${ko ? '헤드' : 'a head'} ${about.headSize}, ${ko ? '안쪽' : 'inner'} ${about.innerSize}`,
    ],
    [ko ? '길이' : 'positions', `${about.positionCount}`],
    [
      ko ? '어휘' : 'vocabulary',
      `${about.vocabularySize}${about.tokenizer ? ` (${about.tokenizer.kind})` : ko ? ' (토크나이저 없음)' : ' (no tokenizer)'}`,
    ],
    [
      ko ? '매개변수' : 'parameters',
      `${about.parameterCount.toLocaleString('en')}: ${Object.entries(about.parameters)
        .map(([part, count]) => `${part} ${count.toLocaleString('en')}`)
        .join(', ')}`,
    ],
  ];
  if (view)
    rows.push([
      ko ? '기본 보기' : 'default view',
      ko ? `층 ${view.layer}, 헤드 ${view.head}` : `layer ${view.layer}, head ${view.head}`,
    ]);
  return `\n${rows.map(([name, value]) => `  ${name.padEnd(ko ? 10 : 16)} ${value}`).join('\n')}\n`;
}
