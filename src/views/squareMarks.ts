/** A square of numbers as marks, in pixels: one rule for the page, its files and the report of where each cell and name stands. */
import type { Matrix } from './matrix.ts';
import { shade } from './shade.ts';

/** The numbers of a square, as far as they are there. */
export interface SquareNumbers {
  readonly rows: number;
  readonly columns: number;
  /** The number in full colour. */
  readonly range: number;
  /** null: none is there, as where it is masked or still computed. */
  number(row: number, column: number): number | null;
  /** Whether a query may not look there. */
  masked(row: number, column: number): boolean;
}

/** Where a square is put. */
export interface SquarePlace {
  /** Of the first cell. */
  readonly left: number;
  readonly top: number;
  /** From one cell to the next. */
  readonly side: number;
  /** What of a side is left free after a cell. */
  readonly gap: number;
  /** From the cells to the names beside and above them. */
  readonly away: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A cell: its colour lies on the ground as deep as its number is large. */
export interface CellMark extends Point {
  readonly side: number;
  readonly number: number | null;
  /** Hatched: no number stands here. */
  readonly masked: boolean;
  /** −1 to 1: below 0 in the colour of what is negative. 0 is the ground. */
  readonly depth: number;
}

export interface SquareMarks {
  cell(row: number, column: number): CellMark;
  /** Where the name of a query ends, in the middle of its line. */
  rowName(row: number): Point;
  /** Where the name of a key begins, in the middle of its line, which leans up to the right by 45°. */
  columnName(column: number): Point;
  /** The cell that a point lies in; null outside. */
  under(point: Point): { readonly row: number; readonly column: number } | null;
  /** Around all cells. */
  readonly frame: Point & { readonly width: number; readonly height: number };
}

/**
 * The marks of a square that is put in a place. `depth` is the rule of how deep a colour is, `shade` where none is given: reports
 * hold this function as it is written here, and so hand it what it uses.
 */
export function squareMarks(
  numbers: SquareNumbers,
  { left, top, side, gap, away }: SquarePlace,
  depth: typeof shade = shade,
): SquareMarks {
  const x = (column: number): number => left + column * side;
  const y = (row: number): number => top + row * side;
  return {
    cell: (row, column) => {
      const masked = numbers.masked(row, column);
      const number = masked ? null : numbers.number(row, column);
      const share = Math.max(-1, Math.min(1, (number ?? 0) / (numbers.range || 1)));
      return { x: x(column), y: y(row), side: side - gap, number, masked, depth: depth(share, numbers.rows) };
    },
    rowName: (row) => ({ x: left - away, y: y(row) + side / 2 }),
    columnName: (column) => ({ x: x(column) + side / 2, y: top - away }),
    under: (point) => {
      const [row, column] = [Math.floor((point.y - top) / side), Math.floor((point.x - left) / side)];
      const inside = row >= 0 && column >= 0 && row < numbers.rows && column < numbers.columns;
      return inside ? { row, column } : null;
    },
    frame: { x: left, y: top, width: numbers.columns * side, height: numbers.rows * side },
  };
}

/** The numbers of a matrix whose full colour is `range`. */
export function squareNumbers({ rows, columns, weights }: Matrix, range: number): SquareNumbers {
  return {
    rows: rows.length,
    columns: columns.length,
    range,
    number: (row, column) => weights[row]![column]!,
    masked: (row, column) => weights[row]![column] === null,
  };
}
