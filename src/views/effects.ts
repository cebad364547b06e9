/** What moved: a number for each head as a grid, predictions and stages as tables. */
import pc from 'picocolors';
import type { LayerPlace } from '../attention/index.ts';
import type { Comparison } from '../lens/index.ts';
import { bar, clip, pad, padStart, table, WIDTH, wrap } from './columns.ts';
import { framed } from './frame.ts';
import { FULL_AT_LEAST, gridSvg } from './grid.ts';
import { type Theme, themes, xml } from './ink.ts';
import type { Language } from './language.ts';
import { two } from './numerals.ts';
import type { TextOptions } from './text.ts';

/** One number a head, signed, with what it means. */
export interface Effects {
  readonly title: string;
  /** What the numbers are, and how to read them. */
  readonly legend: string;
  readonly heads: readonly { readonly layer: LayerPlace; readonly head: number; readonly number: number }[];
}

const spaced = (lines: readonly string[]): string[] => [...lines, ''];
const signed = (number: number): string => {
  const text = two(number);
  return number > 0 && text !== '0.00' ? `+${text}` : text;
};

/** `L2`; of an encoder-decoder `encoder L2`, `decoder L2 cross`. */
export const placed = (layer: LayerPlace): string =>
  typeof layer === 'number' ? `L${layer}` : layer.replace(/\.?layers\.(\d+)\.?/, ' L$1 ').trim();

/** Rows are layers, columns heads; then the strongest. */
export function effectsText(
  { title, legend, heads }: Effects,
  { language, color, width = WIDTH }: TextOptions,
): string {
  const c = pc.createColors(color);
  const layers = [...new Set(heads.map(({ layer }) => layer))];
  const perLayer = Math.max(...heads.map(({ head }) => head)) + 1;
  const order = heads.toSorted((a, b) => Math.abs(b.number) - Math.abs(a.number)).slice(0, 8);
  const most = Math.max(...heads.map(({ number }) => Math.abs(number)), FULL_AT_LEAST);
  const rows = layers.map((layer) => [
    placed(layer),
    ...heads.filter((head) => head.layer === layer).map(({ number }) => signed(number)),
  ]);
  const named = ({ layer, head }: Effects['heads'][number]): string => `${placed(layer)}·H${head}`;
  const label = Math.max(9, ...order.map((one) => named(one).length));
  return [
    '',
    ...wrap(title, '  ', width),
    '',
    // More heads than that are too many to read: the strongest below say what matters.
    ...(perLayer > 16
      ? []
      : [
          ...table(['', ...Array.from({ length: perLayer }, (_, head) => `H${head}`)], rows, {
            right: Array.from({ length: perLayer }, (_, head) => head + 1),
            gap: perLayer > 10 ? 1 : 2,
            width,
            heading: c.dim,
          }),
          '',
        ]),
    c.dim(`  ${language === 'ko' ? '가장 크게 움직인 헤드' : 'The strongest'}`),
    ...order.map(
      (one) =>
        `  ${pad(named(one), label)} ${padStart(signed(one.number), 7)} ${c.magenta(bar(Math.abs(one.number) / most, Math.min(30, width - 13 - label)))}`,
    ),
    '',
    ...wrap(legend, '  ', width).map((line) => c.dim(line)),
    '',
  ].join('\n');
}

/** The grid as a picture: orange below 0, blue above. */
export function effectsSvg({ title, legend, heads }: Effects, options: { readonly theme?: Theme } = {}): string {
  const layers = [...new Set(heads.map(({ layer }) => layer))];
  const perLayer = Math.max(...heads.map(({ head }) => head)) + 1;
  const numbers = layers.map(() => new Array<number | null>(perLayer).fill(null));
  for (const { layer, head, number } of heads) numbers[layers.indexOf(layer)]![head] = number;
  return gridSvg(
    {
      title,
      legend,
      axes: ['', ''],
      rows: layers.map(placed),
      columns: Array.from({ length: perLayer }, (_, head) => `H${head}`),
      numbers,
    },
    options,
  );
}

/** What moved between two runs: predictions, stages, heads. */
export function comparisonText(
  comparison: Comparison,
  {
    title,
    name,
    tokens,
    unaligned,
  }: {
    readonly title: string;
    readonly name: (token: number) => string;
    readonly tokens: readonly string[];
    /** Words of either text that the other has no counterpart of. */
    readonly unaligned?: { readonly one: readonly string[]; readonly other: readonly string[] };
  },
  { language, color, width = WIDTH }: TextOptions,
): string {
  const c = pc.createColors(color);
  const ko = language === 'ko';
  const moved = comparison.predictions.toSorted((a, b) => b.divergence - a.divergence).slice(0, 10);
  const strongest = comparison.heads.toSorted((a, b) => b.weights - a.weights).slice(0, 8);
  const { one = [], other = [] } = unaligned ?? {};
  const apart = [one.join(', ') || '–', other.join(', ') || '–'].join(' ↔ ');
  return [
    '',
    ...wrap(title, '  ', width),
    ...(one.length + other.length === 0
      ? []
      : wrap(
          ko
            ? `짝이 없는 단어: ${apart}. 아래는 짝이 있는 자리에서만 잰 것이고, 짝이 없는 단어에 준 가중치는 다른 곳으로 간 것으로 셉니다.`
            : `Without a counterpart: ${apart}. All below is measured at the other positions; weight on these words counts as gone elsewhere.`,
          '  ',
          width,
        )),
    '',
    ...spaced(
      table(
        ko ? ['단계', '움직인 거리'] : ['stage', 'moved'],
        comparison.stages.map(({ name: stage, distance }) => [stage, distance.toFixed(4)]),
        { right: [1], width, heading: c.dim },
      ),
    ),
    ...spaced(
      table(
        ko ? ['헤드', '가중치', '혼합'] : ['head', 'weights', 'mixture'],
        strongest.map(({ layer, head, weights, mixed }) => [
          `${placed(layer)}·H${head}`,
          weights.toFixed(3),
          mixed === null ? '–' : mixed.toFixed(3),
        ]),
        { right: [1, 2], width, heading: c.dim },
      ),
    ),
    ...(moved.length === 0
      ? []
      : spaced(
          table(
            ko
              ? ['토큰', '앞의 예측', '', '뒤의 예측', '', 'KL']
              : ['token', 'one predicts', '', 'other predicts', '', 'KL'],
            moved.map(({ position, one, other, divergence }) => [
              `${position} ${clip(tokens[position] ?? '', 14)}`,
              clip(name(one.token), 14),
              two(one.probability),
              clip(name(other.token), 14),
              two(other.probability),
              divergence.toFixed(4),
            ]),
            { right: [2, 4, 5], width, heading: c.dim },
          ),
        )),
    ...(comparison.notCompared.length > 0
      ? wrap(
          ko
            ? `폭이나 어휘가 서로 달라 견주지 않은 단계: ${comparison.notCompared.join(', ')}.`
            : `Of other widths or vocabularies in the two models, so not compared: ${comparison.notCompared.join(', ')}.`,
          '  ',
          width,
        )
      : []),
    ...(comparison.notDistributions.length > 0
      ? wrap(
          ko
            ? `분포가 아닌 행(합이 1이 아니거나 음수 가중치가 있음) ${comparison.notDistributions.length}개: 편집에서 정규화하지 않았습니다.`
            : `Rows that are no distribution (they do not sum to 1, or hold a weight below 0), left so by an edit: ${comparison.notDistributions.length}.`,
          '  ',
          width,
        )
      : []),
    ...wrap(
      ko
        ? '움직인 거리: ‖뒤 − 앞‖ / ‖앞‖. 가중치: 행마다 옮겨 간 몫(½ Σ|w − w′|)의 평균. KL의 단위는 nat.'
        : 'moved: ‖other − one‖ / ‖one‖. weights: the share of each row that went elsewhere, ½ Σ|w − w′|, mean. KL in nats.',
      '  ',
      width,
    ).map((line) => c.dim(line)),
    '',
  ].join('\n');
}

/** Numbers for each word under several measures, each column with its own bar scale. */
export interface WordMeasures {
  readonly title: string;
  readonly legend: string;
  readonly words: readonly string[];
  readonly columns: readonly {
    readonly name: string;
    readonly numbers: readonly number[];
    /** Mean of the deletion and of the insertion curve, and what is left of their difference beside random orders. */
    readonly faithful?: { readonly deletion: number; readonly insertion: number; readonly score: number };
  }[];
  /** The same means of random orders. */
  readonly random?: { readonly deletion: number; readonly insertion: number };
}

export function measuresText(view: WordMeasures, { language, color, width = WIDTH }: TextOptions): string {
  const { title, legend, words, columns } = view;
  const c = pc.createColors(color);
  const rows = words.map((word, i) => [clip(word, 16), ...columns.map(({ numbers }) => two(numbers[i]!))]);
  const faithful = faithfulRows(view, language);
  return [
    '',
    ...wrap(title, '  ', width),
    '',
    ...table(['', ...columns.map(({ name }) => name)], rows, {
      right: columns.map((_, n) => n + 1),
      width,
      heading: c.dim,
    }),
    '',
    ...(faithful.length === 0
      ? []
      : spaced(
          table(
            language === 'ko'
              ? ['척도', '가릴 때', '남길 때', '충실도']
              : ['measure', 'deletion', 'insertion', 'faithful'],
            faithful,
            { right: [1, 2, 3], width, heading: c.dim },
          ),
        )),
    ...wrap(legend, '  ', width).map((line) => c.dim(line)),
    '',
  ].join('\n');
}

/** A row a measure, the most faithful first, and random orders last. */
function faithfulRows({ columns, random }: WordMeasures, language: Language): string[][] {
  const found = columns.flatMap(({ name, faithful }) => (faithful ? [{ name, ...faithful }] : []));
  const rows = found
    .toSorted((a, b) => b.score - a.score)
    .map(({ name, deletion, insertion, score }) => [name, two(deletion), two(insertion), signed(score)]);
  if (rows.length > 0 && random)
    rows.push([
      language === 'ko' ? '무작위 순서' : 'random orders',
      two(random.deletion),
      two(random.insertion),
      '0.00',
    ]);
  return rows;
}

export function measuresSvg(
  { title, legend, words, columns }: WordMeasures,
  { theme = 'light' }: { readonly theme?: Theme; readonly language?: Language } = {},
): string {
  const p = themes[theme];
  const [cell, left] = [140, 150];
  const [width, height] = [Math.max(560, left + columns.length * cell + 20), 84 + words.length * 26 + 20];
  const out: string[] = [];
  for (const [n, { name, numbers }] of columns.entries()) {
    const x = left + n * cell;
    const most = Math.max(...numbers.map(Math.abs), FULL_AT_LEAST);
    out.push(`<text x="${x}" y="62" fill="${p.faint}">${xml(name)}</text>`);
    for (const [i, number] of numbers.entries())
      out.push(
        `<rect x="${x}" y="${72 + i * 26}" width="${((Math.abs(number) / most) * (cell - 66)).toFixed(1)}" height="16" fill="${number < 0 ? p.negative : p.score}"/>`,
        `<text x="${x + cell - 60}" y="${85 + i * 26}" fill="${p.ink}">${two(number)}</text>`,
      );
  }
  for (const [i, word] of words.entries())
    out.push(`<text x="24" y="${85 + i * 26}" fill="${p.ink}">${xml(word)}</text>`);
  return framed({ title, legend, width, height, theme, sizes: [15, 13] }, out);
}
