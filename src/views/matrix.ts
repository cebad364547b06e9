/** One head over a whole text as geometry: a square of cells with named axes, and lines between two columns of words. */
import type { AttentionPlace } from '../attention/stages.ts';
import { two } from './caption.ts';
import { face, type Theme, themes, xml } from './ink.ts';
import { type Language, placeName } from './language.ts';

const words = {
  en: {
    title: (where: string) => `Attention weights, ${where}`,
    where: (m: Matrix) =>
      `${placeName(m.place ?? m.layer, 'en')}${m.head === null ? ', all heads together' : `, head ${m.head}`}`,
    rows: 'query ↓',
    columns: 'key →',
    masked: 'masked',
    rowsSum: 'Every row sums to 1.',
    rowsDiffer: 'Not every row sums to 1.',
    legend: 'The ground’s colour is 0, the full colour 1. Layers and heads count from 0.',
  },
  ko: {
    title: (where: string) => `어텐션 가중치, ${where}`,
    where: (m: Matrix) =>
      `${placeName(m.place ?? m.layer, 'ko')}${m.head === null ? ', 모든 헤드' : `, 헤드 ${m.head}`}`,
    rows: '질문(Query) ↓',
    columns: '색인(Key) →',
    masked: '가려짐',
    rowsSum: '한 줄의 합은 1입니다.',
    rowsDiffer: '합이 1이 아닌 줄이 있습니다.',
    legend: '바탕색이 0, 가장 진한 색이 1입니다. 층과 헤드는 0부터 셉니다.',
  },
} as const;

/** A square of numbers with its axes named; null where a query may not look. `WordMatrix` is one. */
export interface Matrix {
  readonly layer: number;
  /** Of an encoder-decoder, which attention it is. */
  readonly place?: AttentionPlace;
  /** null: all heads of the layer together. */
  readonly head: number | null;
  readonly rows: readonly { readonly text: string }[];
  readonly columns: readonly { readonly text: string }[];
  /** [row][column] */
  readonly weights: readonly (readonly (number | null)[])[];
}

/** What the numbers of a square are, where they are no weights. */
export interface Measure {
  readonly title: string;
  /** One sentence: what they mean and how they are coloured. */
  readonly legend: string;
  /** The number in full colour. */
  readonly range: number;
  /** Below 0 in the colour of what is negative. */
  readonly signed: boolean;
}

/** A line from a query on the left to a key on the right; lengths in units of one row. */
export interface GazeLine {
  readonly row: number;
  readonly column: number;
  readonly weight: number;
}

export interface GazeLines {
  readonly lines: readonly GazeLine[];
  /** What is not drawn because it weighs less than asked for: how many cells, and their share of all weight. */
  readonly hidden: { readonly count: number; readonly mass: number };
}

/** The cells that weigh at least `least` as lines, the faintest first, and what that leaves out; `query` keeps one row alone. */
export function gazeLines(
  { weights }: Pick<Matrix, 'weights'>,
  { least = 0.05, query = null }: { readonly least?: number; readonly query?: number | null } = {},
): GazeLines {
  const lines: GazeLine[] = [];
  let [count, mass, rows] = [0, 0, 0];
  for (const [row, own] of weights.entries()) {
    if (query !== null && row !== query) continue;
    rows++;
    for (const [column, weight] of own.entries()) {
      if (weight === null) continue;
      if (weight >= least) lines.push({ row, column, weight });
      else if (weight > 0) {
        count++;
        mass += weight;
      }
    }
  }
  return {
    lines: lines.toSorted((a, b) => a.weight - b.weight),
    hidden: { count, mass: rows === 0 ? 0 : mass / rows },
  };
}

/** RFC 4180: keys in the first row, queries in the first column, numbers with every digit that they have; masked cells are empty. */
export function matrixCsv({ rows, columns, weights }: Matrix): string {
  const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [
    ['', ...columns.map(({ text }) => quoted(text))],
    ...rows.map(({ text }, i) => [
      quoted(text),
      ...weights[i]!.map((weight) => (weight === null ? '' : String(weight))),
    ]),
  ]
    .map((line) => `${line.join(',')}\r\n`)
    .join('');
}

/** Two decimals where the largest number is about 1; scientific where two decimals would say nothing. */
export function measured(number: number, range: number): string {
  if (range >= 0.1 && range < 100) return two(number);
  if (range >= 100) return number.toFixed(0).replace('-', '−');
  return number === 0 ? '0' : number.toExponential(1).replaceAll('-', '−');
}

/** Beyond so many entries each has so little of a row that its colour could not be told from the ground. */
const longText = 30;

/** Whether colours of a text of so many entries go by the square root, as `shade` has it. */
export const rooted = (count: number): boolean => count > longText;

/**
 * How deep the colour of a share of the full colour is, both 0 to 1: the share itself, and its square root where the text
 * is long, so that small weights are seen and one scale serves every head. A sign is kept.
 */
export const shade = (share: number, count: number): number =>
  rooted(count) ? Math.sign(share) * Math.sqrt(Math.abs(share)) : share;

/** Whether a row's weights are 0 or more and sum to 1, or are all 0 where everything is masked. */
function isShared(row: readonly (number | null)[]): boolean {
  const sum = row.reduce<number>((total, weight) => total + (weight ?? 0), 0);
  return row.every((weight) => weight === null || weight >= 0) && (Math.abs(sum - 1) <= 1e-3 || sum === 0);
}

/** The square as one self-contained SVG. Numbers stand in the cells where there are few; masked cells are hatched. */
export function matrixSvg(
  matrix: Matrix,
  {
    language,
    theme = 'light',
    measure,
  }: { readonly language: Language; readonly theme?: Theme; readonly measure?: Measure },
): string {
  const { rows, columns, weights } = matrix;
  const t = words[language];
  const title = measure ? `${measure.title}, ${t.where(matrix)}` : t.title(t.where(matrix));
  const { legend, range, signed } = measure ?? {
    legend: `${weights.every(isShared) ? t.rowsSum : t.rowsDiffer} ${t.legend}`,
    range: 1,
    signed: false,
  };
  const someMasked = weights.some((row) => row.includes(null));
  const p = themes[theme];
  const cell = rows.length <= 16 ? 44 : 18;
  /** About how wide a line is, in heights of its letters. */
  const long = (line: string): number => [...line].reduce((sum, letter) => sum + (letter > '\u10ff' ? 1 : 0.6), 0);
  const letters = (list: readonly { readonly text: string }[]): number =>
    Math.max(4, ...list.map(({ text }) => long(text)));
  const [left, top] = [letters(rows) * 15 + 32, letters(columns) * 11 + 84];
  const lines = Math.max(16 * long(title), 12 * long(legend)) + 48;
  const [width, height] = [Math.max(lines, left + columns.length * cell + 40), top + rows.length * cell + 52];
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="siseon-title" font-family="${face}" font-size="14" font-variant-numeric="tabular-nums">`,
    `<title id="siseon-title">${xml(title)}</title>`,
    ...(someMasked
      ? [
          `<defs><pattern id="siseon-masked" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line y2="6" stroke="${p.faint}" stroke-width="1.2"/></pattern></defs>`,
        ]
      : []),
    `<rect width="100%" height="100%" fill="${p.ground}"/>`,
    `<text x="24" y="32" fill="${p.ink}" font-size="16">${xml(title)}</text>`,
    `<text x="${left}" y="58" fill="${p.key}">${t.columns}</text>`,
    `<text x="24" y="${top - 10}" fill="${p.query}">${t.rows}</text>`,
  ];
  for (const [j, { text }] of columns.entries()) {
    const x = left + (j + 0.5) * cell;
    out.push(`<text transform="translate(${x + 4} ${top - 10}) rotate(-45)" fill="${p.ink}">${xml(text)}</text>`);
  }
  for (const [i, { text }] of rows.entries()) {
    const y = top + i * cell;
    out.push(
      `<text x="${left - 10}" y="${y + cell / 2 + 5}" fill="${p.ink}" text-anchor="end">${xml(text)}</text>`,
      `<rect x="${left}" y="${y}" width="${columns.length * cell}" height="${cell}" fill="none" stroke="${p.rule}"/>`,
    );
    for (const [j, weight] of weights[i]!.entries()) {
      const place = `x="${left + j * cell}" y="${y}" width="${cell - 1}" height="${cell - 1}"`;
      const pair = `${text} → ${columns[j]!.text}`;
      if (weight === null) {
        out.push(`<rect ${place} fill="url(#siseon-masked)"><title>${xml(`${pair}: ${t.masked}`)}</title></rect>`);
        continue;
      }
      const share = shade(Math.min(1, Math.abs(weight) / (range || 1)), rows.length);
      const colour = signed ? (weight < 0 ? p.negative : p.query) : p.score;
      if (share > 0)
        out.push(
          `<rect ${place} fill="${colour}" fill-opacity="${share.toFixed(4)}"><title>${xml(`${pair}: ${measured(weight, range)}`)}</title></rect>`,
        );
      if (cell > 30)
        out.push(
          `<text x="${left + (j + 0.5) * cell}" y="${y + cell / 2 + 5}" font-size="13" text-anchor="middle" fill="${share > 0.55 ? p.ground : p.ink}">${measured(weight, range)}</text>`,
        );
    }
  }
  out.push(`<text x="24" y="${height - 20}" fill="${p.faint}" font-size="12">${xml(legend)}</text>`);
  return `${[...out, '</svg>'].join('\n')}\n`;
}
