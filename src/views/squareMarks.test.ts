import { describe, expect, it } from 'vitest';
import { type Matrix, matrixMarks, shade, squareMarks, squareNumbers } from './index.ts';

const rows = [{ text: '나는' }, { text: '본다' }];
const matrix: Matrix = {
  layer: 0,
  head: 0,
  rows,
  columns: rows,
  weights: [
    [-2, null],
    [1, 8],
  ],
};
const place = { left: 100, top: 50, side: 20, gap: 1, away: 6 };
const marks = squareMarks(squareNumbers(matrix, 4), place);

describe('the marks of a square', () => {
  it('are cells a side apart, as deep as their share of the full colour, to either side of 0 and no deeper than it', () => {
    expect(marks.cell(0, 0)).toEqual({ x: 100, y: 50, side: 19, number: -2, masked: false, depth: -0.5 });
    expect(marks.cell(1, 0)).toMatchObject({ x: 100, y: 70, depth: 0.25 });
    expect(marks.cell(1, 1)).toMatchObject({ number: 8, depth: 1 });
    expect(marks.cell(0, 1)).toEqual({ x: 120, y: 50, side: 19, number: null, masked: true, depth: 0 });
    expect(marks.frame).toEqual({ x: 100, y: 50, width: 40, height: 40 });
  });
  it('name a row at its middle and a column at its middle, both away from the cells', () => {
    expect(marks.rowName(1)).toEqual({ x: 94, y: 80 });
    expect(marks.columnName(1)).toEqual({ x: 130, y: 44 });
  });
  it('tell which cell a point lies in, and none beside them', () => {
    expect(marks.under({ x: 100, y: 89.9 })).toEqual({ row: 1, column: 0 });
    expect(marks.under({ x: 139, y: 50 })).toEqual({ row: 0, column: 1 });
    for (const [x, y] of [
      [99.9, 60],
      [140, 60],
      [110, 49.9],
      [110, 90],
    ] as const)
      expect(marks.under({ x, y }), `${x} ${y}`).toBeNull();
  });
  it('are those of the picture, and deepen by the square root where its colours do', () => {
    const picture = matrixMarks(matrix, { language: 'en', measure: { title: '', legend: '', range: 4, signed: true } });
    const depths = [0, 1].flatMap((i) => [0, 1].map((j) => marks.cell(i, j).depth));
    expect(picture.cells.map(({ depth }) => depth)).toEqual(depths);
    const square = squareMarks({ rows: 31, columns: 31, range: 1, number: () => 0.25, masked: () => false }, place);
    expect(square.cell(30, 30).depth).toBe(0.5);
  });
  it('need nothing from around them but the rule of depth, so that a report may hold the function as text', () => {
    const alone = new Function(`return ${squareMarks.toString()}`)() as typeof squareMarks;
    expect(alone(squareNumbers(matrix, 4), place, shade).cell(0, 0)).toEqual(marks.cell(0, 0));
    expect(alone(squareNumbers(matrix, 4), place, (share) => share / 2).cell(0, 0).depth).toBe(-0.25);
  });
});
