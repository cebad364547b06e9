/** How large the parts of a square are, in pixels. Squares that stand beside each other have the same. */
import { measured } from 'siseon/views';
import type { Cells, Named } from './tiles.svelte.ts';

export interface Measures {
  /** For the queries' names, left of the cells. */
  readonly names: number;
  /** For the keys' names, above them. */
  readonly head: number;
  /** For the last key's name, which leans out to the right. */
  readonly tail: number;
  /** A side of a cell. */
  readonly cell: number;
  /** Of names. */
  readonly font: number;
  /** Of the keys' names: they stand askew, closer to each other than cells are. */
  readonly slanted: number;
  /** Of two names of one key: closer to each other than to their neighbours. */
  readonly paired: number;
  /** Of the numbers in the cells; null where they would touch each other, or be too small to be read. */
  readonly numbers: number | null;
  /** Whether an entry that has two names has room for both, a line each. */
  readonly stacked: boolean;
}

/** In rem: a square that is higher scrolls within itself. */
export const tallest = 34;

/** The height of the letters above the line and below it, as a share of their size. */
const line = 1.05;
/** What is askew by 45° keeps so much of its distance. */
export const slant = Math.SQRT1_2;
/** The least size of a name. */
const small = 0.72;
/** Of two names of one key that stand askew, the distance to the next two, in their size: two lines, and a gap that tells them apart. */
const pair = 2.4;

/** How wide a text is in letters, before there is a canvas to ask. */
const width = (text: string): number => [...text].reduce((sum, letter) => sum + (letter > '\u10ff' ? 0.95 : 0.62), 0);
const widest = (entries: readonly Named[]): number =>
  Math.max(3, ...entries.flatMap(({ text, other }) => [width(text), width(other ?? '')]));

/** In a room so wide, where a rem has so many pixels. */
export function measuresOf(squares: readonly Cells[], room: number, rem: number): Measures {
  const font = 0.875 * rem;
  const count = Math.max(...squares.map(({ rows }) => rows.length));
  // Whole pixels, so that the edges of cells are sharp.
  const names = Math.ceil(Math.min(room * 0.34, Math.max(...squares.map(({ rows }) => widest(rows))) * font + rem));
  const head = Math.ceil(
    Math.min(
      8 * rem,
      Math.max(...squares.map(({ columns }) => widest(columns))) * font * slant + font * slant + 0.5 * rem,
    ),
  );
  const tail = 1.5 * rem;
  const least = Math.ceil((room < 30 * rem ? 1.25 : 1.1) * rem);
  const [across, down] = [(room - names - tail) / count, (tallest * rem - head - 1) / count];
  const cell = Math.max(least, Math.floor(Math.min(3.25 * rem, across, down)));
  // A digit, a point or a sign takes about as much as its share here of its size.
  const letters = Math.max(
    ...squares.map(({ range, signed }) =>
      [...measured(signed ? -(range || 1) : range || 1, range || 1)].reduce(
        (sum, c) => sum + (c === '.' ? 0.3 : 0.62),
        0,
      ),
    ),
  );
  const numbers = Math.min(0.8 * rem, (0.82 * cell) / letters);
  return {
    names,
    head,
    tail,
    cell,
    font,
    slanted: Math.min(font, Math.max(small * rem, (cell * slant) / line)),
    paired: Math.min(font, Math.max(small * rem, (cell * slant) / 2.9)),
    numbers: numbers >= 0.62 * rem ? numbers : null,
    stacked: cell * slant >= pair * small * rem,
  };
}
