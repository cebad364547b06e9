/** A model's layers as a picture of text, from what it says down to what it reads. */
import stringWidth from 'string-width';
import type { Architecture, Layer, Stack } from '../model/index.ts';
import type { Language } from '../views/language.ts';

/** Neighbours that are alike, drawn once. */
interface Run {
  readonly from: number;
  readonly to: number;
  readonly layer: Layer;
}

/** What a row of the picture has beside its number. */
interface Row {
  readonly label: string;
  readonly sees: string;
  readonly inner: string;
}

/** More dots than this are counted, not drawn. */
const DOTS = 24;

const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - stringWidth(text)));
const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => stringWidth(text)));

/** At most `columns` wide. */
export function layersPicture(a: Architecture, language: Language, columns: number): string {
  const ko = language === 'ko';
  const says = [
    ...(a.head ? [ko ? `토큰 ${a.vocabularySize}개` : `${a.vocabularySize} tokens`] : []),
    ...(a.classifier ? [ko ? `이름표 ${a.classifier.labels.length}개` : `${a.classifier.labels.length} labels`] : []),
  ].join(ko ? ', ' : ', ');
  const reads = ko ? '임베딩' : 'embeddings';
  const parts = a.encoder
    ? [...stackLines(ko ? '디코더' : 'decoder', a, ko), ...stackLines(ko ? '인코더' : 'encoder', a.encoder, ko)]
    : stackLines('', a, ko);
  const lines = [...(says ? [`↑ ${says}`] : []), ...parts, `↑ ${reads}`];
  return [
    ...lines.map((line) => `  ${line}`),
    '',
    ...wrapped(legend(a, ko), columns - 2).map((line) => `  ${line}`),
  ].join('\n');
}

function stackLines(title: string, stack: Stack, ko: boolean): string[] {
  const rows = runsOf(stack)
    .map((run) => rowOf(run, stack, ko))
    .reverse();
  const [layer, heads, sees] = ko ? ['층', '헤드', '보는 곳'] : ['layer', 'heads', 'sees'];
  const shown = dots(stack);
  const showsSight = rows.some((row) => row.sees !== '');
  const widths = {
    label: widest([layer!, ...rows.map((row) => row.label)]),
    heads: widest([heads!, shown]),
    sees: widest([sees!, ...rows.map((row) => row.sees)]),
  };
  const line = (label: string, dotted: string, sight: string, inner: string): string =>
    [
      padded(label, widths.label),
      padded(dotted, widths.heads),
      ...(showsSight ? [padded(sight, widths.sees)] : []),
      inner,
    ]
      .join(' │ ')
      .trimEnd();
  const head = line(layer!, heads!, sees!, ko ? '피드포워드' : 'feed-forward');
  return [...(title ? [title] : []), head, ...rows.map((row) => line(row.label, shown, row.sees, row.inner))];
}

function runsOf({ layers }: Stack): Run[] {
  const runs: Run[] = [];
  for (const [n, layer] of layers.entries()) {
    const last = runs.at(-1);
    if (last && JSON.stringify(last.layer) === JSON.stringify(layer)) runs[runs.length - 1] = { ...last, to: n };
    else runs.push({ from: n, to: n, layer });
  }
  return runs;
}

/** A dot a head; heads that share keys and values stand together. */
function dots({ headCount, keyValueHeadCount }: Stack): string {
  const share = headCount / keyValueHeadCount;
  const group = share > DOTS ? `${share}●` : '●'.repeat(share);
  if (headCount > DOTS) return `${keyValueHeadCount} × ${group}`;
  return Array.from({ length: keyValueHeadCount }, () => group).join(share > 1 ? ' ' : '');
}

function rowOf({ from, to, layer }: Run, stack: Stack, ko: boolean): Row {
  const { left, right, rotary } = layer;
  const sight = left < 0 ? '' : right === 0 ? (ko ? `앞 ${left}` : `${left} back`) : ko ? `앞뒤 ${left}` : `± ${left}`;
  const part = rotary && rotary.rotated < stack.headSize ? `${rotary.rotated}/${stack.headSize}` : '';
  const turned = !rotary && stack.layers.some((other) => other.rotary) ? '0' : part;
  const spin = turned && (ko ? `회전 ${turned}` : `turns ${turned}`);
  const { experts } = stack;
  const chosen =
    layer.experts && experts
      ? ko
        ? `전문가 ${experts.chosen}/${experts.count}`
        : `experts ${experts.chosen}/${experts.count}`
      : '';
  return {
    label: from === to ? `${from}` : `${from}–${to}`,
    sees: [sight, spin].filter(Boolean).join(', '),
    inner: chosen || `${stack.hiddenSize} → ${stack.innerSize}${stack.gated ? ' × 2' : ''}`,
  };
}

/** What of the picture is not said by its words; only what occurs in it. */
function legend(a: Architecture, ko: boolean): string {
  const stacks: readonly Stack[] = a.encoder ? [a, a.encoder] : [a];
  const layers = stacks.flatMap((stack) => stack.layers.map((layer) => ({ layer, stack })));
  const grouped = stacks.some((stack) => stack.keyValueHeadCount < stack.headCount);
  const said: readonly (readonly [boolean, string, string])[] = [
    [!grouped, '● is a head.', '●는 헤드 하나입니다.'],
    [
      grouped,
      '● is a head; those that stand together share keys and values.',
      '●는 헤드 하나, 붙어 있는 것끼리 키와 값을 함께 씁니다.',
    ],
    [
      layers.some(({ layer }) => layer.left >= 0 && layer.right === 0),
      'N back: that many tokens before.',
      '앞 N: 그만큼 앞까지만 봅니다.',
    ],
    [
      layers.some(({ layer }) => layer.left >= 0 && layer.right !== 0),
      '± N: that many to each side.',
      '앞뒤 N: 양쪽으로 그만큼만 봅니다.',
    ],
    [
      layers.some(({ layer, stack }) => layer.rotary && layer.rotary.rotated < stack.headSize),
      'turns r/d: r of a head’s d numbers are rotated by position.',
      '회전 r/d: 헤드의 d개 수 가운데 r개를 위치만큼 돌립니다.',
    ],
    [stacks.some(({ gated }) => gated), '× 2: gated.', '× 2: 문(gate)이 하나 더 있습니다.'],
    [
      layers.some(({ layer }) => layer.experts),
      'experts c/n: c of n for each token.',
      '전문가 c/n: 토큰마다 n 가운데 c를 씁니다.',
    ],
    [
      a.encoder !== null,
      'Each layer of the decoder also looks at what the encoder made of the text.',
      '디코더의 층마다 인코더가 읽은 글도 봅니다.',
    ],
  ];
  return said
    .filter(([occurs]) => occurs)
    .map(([, english, korean]) => (ko ? korean : english))
    .join(' ');
}

/** Text in lines of at most so many columns, broken at spaces. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && stringWidth(`${last} ${word}`) <= columns) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
