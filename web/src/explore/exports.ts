/** What stands on the screen as a file. */
import type { Edit } from 'siseon/attention';
import {
  type Language,
  type Matrix,
  type MatrixMarks,
  type Measure,
  matrixCsv,
  matrixMarks,
  matrixSvg,
  matrixWords,
  type PictureOptions,
  squareMarks,
  squareNumbers,
} from 'siseon/views';
import type { Change } from '../engine/change.ts';
import { lensKinds } from '../engine/lens.ts';
import type { Square, Unit } from '../engine/squares.ts';
import { hatch, readInk, rgb } from './ink.ts';
import { matrixOf } from './tiles.svelte.ts';

export const kinds = ['svg', 'png', 'csv', 'json', 'npz', 'html'] as const;
export type Kind = (typeof kinds)[number];

export interface Exported {
  readonly square: Square;
  /** What the numbers are: the name of the lens, and one sentence. */
  readonly measure: { readonly title: string; readonly meaning: string };
  readonly text: string;
  readonly model: string;
  readonly unit: Unit;
  /** What was done to the run that the square is of. */
  readonly changes: readonly Change[];
  /** The same as edits of the package, which make the run again. */
  readonly edits: readonly Edit[];
  /** The same in words; undefined where nothing was done. */
  readonly done: string | undefined;
  readonly language: Language;
  readonly theme: 'light' | 'dark';
}

/** A file that the page itself writes; npz and html are the worker's, which has the whole run. */
export async function exportFile(
  kind: Exclude<Kind, 'npz' | 'html'>,
  { square, measure, text, model, unit, changes, edits, done, language, theme }: Exported,
): Promise<Blob> {
  const { lens, numbers, masked, range } = square;
  const width = square.columns.length;
  const matrix = matrixOf(square, (i, j) => (masked[i * width + j] === 1 ? null : numbers[i * width + j]!));
  const { signed } = lensKinds[lens];
  const said: Measure = { title: measure.title, legend: measure.meaning, range, signed };
  const options = { language, theme, ...(lens !== 'weight' && { measure: said }), ...(done && { done }) };
  switch (kind) {
    case 'svg':
      return new Blob([matrixSvg(matrix, options)], { type: 'image/svg+xml' });
    case 'csv':
      // Spreadsheets take a file for UTF-8 when it begins with this mark.
      return new Blob(['\ufeff', matrixCsv(matrix, { corner: done ?? '' })], { type: 'text/csv' });
    case 'json': {
      const named = (list: Square['rows']) =>
        list.map(({ word, text: name, tokens }) => ({ word, text: name, token: tokens[0]! }));
      const { layer, head, weights } = matrix;
      const [rows, columns] = [
        named(square.rows),
        square.columns.map(({ word, text: name }) => ({ word, text: name })),
      ];
      const content = { model, text, unit, lens, changes, edits, layer, head, rows, columns, weights };
      return new Blob([`${JSON.stringify(content, null, 1)}\n`], { type: 'application/json' });
    }
    case 'png':
      return width > largestPicture
        ? cellsAlone(matrix, range, signed, options)
        : painted(matrixMarks(matrix, options));
  }
}

/** With more rows than these a picture has the cells alone, and one made of lines of text would be too large to open. */
export const largestPicture = 256;

/** The marks of the SVG, two pixels for each of theirs. */
function painted({ width, height, ground, stripe, rule, letters, cells, frame }: MatrixMarks): Promise<Blob> {
  const canvas = new OffscreenCanvas(2 * width, 2 * height);
  const pen = canvas.getContext('2d')!;
  pen.scale(2, 2);
  pen.fillStyle = ground;
  pen.fillRect(0, 0, width, height);
  pen.strokeStyle = rule;
  pen.strokeRect(frame.x - 0.5, frame.y - 0.5, frame.width, frame.height);
  const stripes = hatch(pen, { ground, stripe });
  for (const { x, y, side, colour, masked, depth } of cells) {
    pen.globalAlpha = masked ? 1 : Math.abs(depth);
    pen.fillStyle = masked ? stripes : colour;
    pen.fillRect(x, y, side, side);
  }
  pen.globalAlpha = 1;
  for (const { text, x, y, size, colour, anchor, leaning } of letters) {
    pen.save();
    pen.translate(x, y);
    if (leaning) pen.rotate(-Math.PI / 4);
    pen.font = `${size}px "Pretendard Variable", sans-serif`;
    pen.textAlign = anchor === 'middle' ? 'center' : anchor;
    pen.fillStyle = colour;
    pen.fillText(text, 0, 0);
    pen.restore();
  }
  return canvas.convertToBlob({ type: 'image/png' });
}

/** A square of whole pixels for each cell of a long text, in the page's own colours, between what the picture says. */
function cellsAlone(matrix: Matrix, range: number, signed: boolean, options: PictureOptions): Promise<Blob> {
  const count = matrix.rows.length;
  const side = Math.max(1, Math.floor(1024 / count));
  // Two pixels for each of the words', as in a smaller picture.
  const width = count * side + 96;
  const { heading, axes, below } = matrixWords(matrix, options, width / 2);
  const above = 2 * (32 + (heading.length - 1) * 22);
  const top = above + 2 * 40;
  const bottom = top + count * side;
  const canvas = new OffscreenCanvas(width, bottom + 2 * (30 + below.length * 17));
  const pen = canvas.getContext('2d')!;
  const ink = readInk();
  pen.fillStyle = ink.css('ground');
  pen.fillRect(0, 0, canvas.width, canvas.height);
  const say = (text: string, y: number, size: number, colour: Parameters<typeof ink.css>[0], x = 48): number => {
    pen.font = `${2 * size}px "Pretendard Variable", sans-serif`;
    pen.fillStyle = ink.css(colour);
    pen.fillText(text, x, y);
    return x + pen.measureText(text).width;
  };
  for (const [n, line] of heading.entries()) say(line, 2 * (32 + n * 22), 16, 'ink');
  const end = say(axes[0], above + 2 * 28, 13, 'query');
  say(axes[1], above + 2 * 28, 13, 'key', end + 40);
  for (const [n, line] of below.entries()) say(line, bottom + 2 * (30 + n * 17), 12, 'faint');
  const stripes = hatch(pen, { ground: ink.css('ground'), stripe: ink.css('stripe') });
  const marks = squareMarks(squareNumbers(matrix, range), { left: 48, top, side, gap: 0, away: 0 });
  for (let i = 0; i < count; i++)
    for (let j = 0; j < count; j++) {
      const { x, y, masked, depth } = marks.cell(i, j);
      pen.fillStyle = masked ? stripes : rgb(signed ? ink.difference(depth) : ink.weight(depth));
      pen.fillRect(x, y, side, side);
    }
  return canvas.convertToBlob({ type: 'image/png' });
}
