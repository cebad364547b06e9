/** A square as the page holds it: all of it, or the bands of rows that came into view so far. */
import type { Matrix } from 'siseon/views';
import { type LensName, lensKinds } from '../engine/lens.ts';
import type { Band, Entry, Square } from '../engine/squares.ts';

/** Rows that are asked for together. */
const band = 64;

/** A row or a column of a picture. */
export interface Named extends Pick<Entry, 'word' | 'text' | 'sink'> {
  /** Its name in a second text, where that has another in its place. */
  readonly other?: string;
}

/** What a picture of a square needs to know of it. */
export interface Cells {
  readonly rows: readonly Named[];
  readonly columns: readonly Named[];
  /** The number in full colour. */
  readonly range: number;
  readonly signed: boolean;
  /** null while it is computed. */
  number(row: number, column: number): number | null;
  masked(row: number, column: number): boolean;
  /** Says which rows are in view. */
  need(first: number, last: number): void;
  /** Counts up when rows have come. */
  readonly version: number;
}

export class Tiles implements Cells {
  /** The text that they are of. */
  readonly text: string;
  readonly layer: number;
  readonly head: number | null;
  readonly lens: LensName;
  readonly rows: readonly Entry[];
  readonly columns: readonly Entry[];
  readonly range: number;
  readonly signed: boolean;
  readonly elsewhere: number | null;
  version = $state(0);
  readonly #bands = new Map<number, Band>();
  readonly #asked = new Set<number>();
  readonly #fetch: (first: number, last: number) => Promise<Band>;
  readonly whole: boolean;

  constructor(text: string, square: Square, fetch: (first: number, last: number) => Promise<Band>) {
    this.text = text;
    ({
      layer: this.layer,
      head: this.head,
      lens: this.lens,
      rows: this.rows,
      columns: this.columns,
      range: this.range,
      elsewhere: this.elsewhere,
    } = square);
    this.signed = lensKinds[square.lens].signed;
    this.#fetch = fetch;
    this.whole = square.numbers.length === this.rows.length * this.columns.length;
    const count = Math.ceil(square.numbers.length / this.columns.length / band);
    for (let b = 0; b < count; b++) this.#keep(b, square);
  }

  #keep(index: number, { first, numbers, masked }: Band): void {
    this.#asked.add(index);
    this.#bands.set(index, { first, numbers, masked });
  }

  number(row: number, column: number): number | null {
    const found = this.#bands.get(Math.floor(row / band));
    return found ? found.numbers[(row - found.first) * this.columns.length + column]! : null;
  }

  masked(row: number, column: number): boolean {
    const found = this.#bands.get(Math.floor(row / band));
    return found?.masked[(row - found.first) * this.columns.length + column] === 1;
  }

  need(first: number, last: number): void {
    for (let index = Math.floor(first / band); index * band < last; index++)
      if (!this.#asked.has(index)) {
        this.#asked.add(index);
        void this.#fetch(index * band, Math.min(this.rows.length, (index + 1) * band)).then(
          (square) => {
            this.#keep(index, square);
            this.version++;
          },
          // What failed is asked for again when it comes into view again.
          () => this.#asked.delete(index),
        );
      }
  }

  /** As the package's views take it; of a square that is there as a whole. */
  get matrix(): Matrix {
    return matrixOf(this, (row, column) => (this.masked(row, column) ? null : this.number(row, column)));
  }
}

/** A square as rows of plain numbers, null where masked. */
export function matrixOf(
  { layer, head, rows, columns }: Pick<Square, 'layer' | 'head' | 'rows' | 'columns'>,
  number: (row: number, column: number) => number | null,
): Matrix {
  return { layer, head, rows, columns, weights: rows.map((_, i) => columns.map((__, j) => number(i, j))) };
}
