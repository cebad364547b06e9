/** One head over a whole text as geometry: a square of cells with named axes, and lines between two columns of words. */
import type { AttentionPlace } from '../attention/stages.ts';

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

/**
 * RFC 4180: keys in the first row, queries in the first column, numbers with every digit that they have; masked cells are
 * empty. `corner`: what the first cell says, as what was done to the run.
 */
export function matrixCsv({ rows, columns, weights }: Matrix, { corner = '' }: { corner?: string } = {}): string {
  const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [
    [quoted(corner), ...columns.map(({ text }) => quoted(text))],
    ...rows.map(({ text }, i) => [
      quoted(text),
      ...weights[i]!.map((weight) => (weight === null ? '' : String(weight))),
    ]),
  ]
    .map((line) => `${line.join(',')}\r\n`)
    .join('');
}
