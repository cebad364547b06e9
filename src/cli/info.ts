import stringWidth from 'string-width';
import type { NumberType } from '../kernels/index.ts';
import { type Architecture, goesOn, type Model } from '../model/index.ts';
import type { Language } from '../views/language.ts';
import { layersPicture, wrapped } from './layersPicture.ts';

const parts = ['embeddings', 'attention', 'feedForward', 'norms', 'heads'] as const;
type Part = (typeof parts)[number];

/** Which part of a transformer a parameter belongs to, by the transformer's own name of it. */
function partOf(name: string): Part {
  if (/^(head|classifier)\./.test(name)) return 'heads';
  if (/norm\.(weight|bias)$/i.test(name)) return 'norms';
  if (/(^|\.)embeddings\./.test(name)) return 'embeddings';
  if (/\.(gate|inner|outer|router)\./.test(name)) return 'feedForward';
  return 'attention';
}

/** What a model is made of, as `info --json` prints it. `license`: what its card says, null where it says nothing. */
export function describe(model: Model, license: string | null) {
  const { architecture: a } = model;
  const parameters: Record<Part, number> = { embeddings: 0, attention: 0, feedForward: 0, norms: 0, heads: 0 };
  const bytes = new Map<NumberType, number>();
  const seen = new Set<unknown>();
  for (const [name, parameter] of model.parameters) {
    // What layers share counts once.
    if (!seen.has(parameter)) {
      parameters[partOf(name)] += parameter.shape.reduce((size, length) => size * length, 1);
      bytes.set(parameter.type, (bytes.get(parameter.type) ?? 0) + parameter.bytes);
    }
    seen.add(parameter);
  }
  return {
    model: model.name,
    fingerprint: model.fingerprint,
    ...a,
    parameterCount: model.parameterCount,
    parameters,
    memory: {
      parameterBytes: [...bytes.values()].reduce((sum, own) => sum + own, 0),
      parameterTypes: [...bytes].sort(([, one], [, other]) => other - one).map(([type]) => type),
      cacheBytesPerToken: cacheBytes(a),
    },
    tokenizer: model.tokenizer ? { kind: model.tokenizer.kind, vocabularySize: model.tokenizer.vocabularySize } : null,
    license,
    ...model.metadata,
  };
}

/** Bytes of keys and values that one more token adds; 0 where they are not kept. */
const cacheBytes = (a: Architecture): number => (goesOn(a) ? 8 * a.layerCount * a.keyValueHeadCount * a.headSize : 0);

/** The `license` of a model card's front matter, or null. */
export function licenseOf(card: string): string | null {
  const [, front = ''] = /^---\r?\n(.*?)\r?\n---/s.exec(card) ?? [];
  return /^license:\s*["']?([^"'\r\n]+?)["']?\s*$/m.exec(front)?.[1] ?? null;
}

type About = ReturnType<typeof describe>;

/** As a table and a picture, at most `columns` wide. */
export function infoText(about: About, language: Language, columns = 80): string {
  const ko = language === 'ko';
  const view = about.defaultView as { layer: number; head: number } | undefined;
  const count = (number: number): string => number.toLocaleString('en');
  const size = (bytes: number): string =>
    bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  const partNames: Record<Part, string> = ko
    ? { embeddings: '임베딩', attention: '어텐션', feedForward: '피드포워드', norms: '정규화', heads: '출력' }
    : { embeddings: 'embeddings', attention: 'attention', feedForward: 'feed-forward', norms: 'norms', heads: 'heads' };
  const sees = about.causal ? (ko ? '앞만 봄' : 'causal') : ko ? '양쪽을 봄' : 'sees both sides';
  const groups =
    about.keyValueHeadCount === about.headCount
      ? ''
      : `, ${about.keyValueHeadCount} ${ko ? '키·값 헤드' : 'key/value heads'}`;
  const encoder = about.encoder
    ? `${ko ? ', 인코더' : ', encoder'} ${about.encoder.layerCount} × ${about.encoder.headCount}`
    : '';
  const rows: [string, string][] = [
    [ko ? '모델' : 'model', `${about.model} (${about.fingerprint})`],
    [
      ko ? '계열' : 'family',
      `${about.family}, ${about.encoder ? (ko ? '인코더와 디코더' : 'encoder and decoder') : sees}`,
    ],
    [ko ? '층 × 헤드' : 'layers × heads', `${about.layerCount} × ${about.headCount}${groups}${encoder}`],
    [
      ko ? '너비' : 'width',
      `${about.hiddenSize}, ${ko ? '헤드' : 'a head'} ${about.headSize}, ${ko ? '안쪽' : 'inner'} ${about.innerSize}`,
    ],
    [ko ? '길이' : 'positions', `${about.positionCount} (${positionText(about, ko)})`],
    [
      ko ? '어휘' : 'vocabulary',
      `${about.vocabularySize}${about.tokenizer ? ` (${about.tokenizer.kind})` : ko ? ' (토크나이저 없음)' : ' (no tokenizer)'}`,
    ],
    [
      ko ? '매개변수' : 'parameters',
      `${count(about.parameterCount)}: ${parts
        .filter((part) => about.parameters[part] > 0)
        .map((part) => `${partNames[part]} ${count(about.parameters[part])}`)
        .join(', ')}`,
    ],
    [
      ko ? '메모리' : 'memory',
      `${size(about.memory.parameterBytes)} (${about.memory.parameterTypes.join(', ')})${
        about.memory.cacheBytesPerToken > 0
          ? ko
            ? `, 토큰마다 키와 값 ${count(about.memory.cacheBytesPerToken)}바이트`
            : `, keys and values of a token ${count(about.memory.cacheBytesPerToken)} bytes`
          : ''
      }`,
    ],
    [ko ? '출력' : 'says', saysText(about, ko)],
    [ko ? '라이선스' : 'licence', about.license ?? (ko ? '적혀 있지 않음' : 'not stated')],
  ];
  if (view)
    rows.push([
      ko ? '기본 보기' : 'default view',
      ko ? `층 ${view.layer}, 헤드 ${view.head}` : `layer ${view.layer}, head ${view.head}`,
    ]);
  const width = ko ? 12 : 16;
  const pad = (name: string): string => name + ' '.repeat(Math.max(1, width - stringWidth(name)));
  const table = rows.flatMap(([name, value]) =>
    wrapped(value, columns - width - 3).map((line, n) => `  ${pad(n === 0 ? name : '')} ${line}`),
  );
  return `\n${table.join('\n')}\n\n${layersPicture(about, language, columns)}\n`;
}

function positionText(about: About, ko: boolean): string {
  const { positionBias: bias } = about;
  if (about.layers.some(({ rotary }) => rotary)) return ko ? '회전' : 'rotation';
  if (bias?.kind === 'alibi') return 'ALiBi';
  if (bias) return ko ? '거리에 따른 점수' : 'scores by distance';
  return ko ? '배운 위치' : 'learned';
}

function saysText({ head, classifier }: About, ko: boolean): string {
  const says = [
    ...(head ? [ko ? '토큰' : 'tokens'] : []),
    ...(classifier ? [classifier.labels.slice(0, 8).join(', ') + (classifier.labels.length > 8 ? ', …' : '')] : []),
  ];
  return says.join('; ') || (ko ? '은닉 상태만' : 'hidden states alone');
}
