/** What stands on the screen as a file of the visitor's own. Nothing leaves the browser but into its downloads. */
import { type Language, type Matrix, type Measure, matrixCsv, matrixSvg } from 'siseon/views';
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
  readonly language: Language;
  readonly theme: 'light' | 'dark';
}

/** A file that the page itself writes; npz and html are the worker's, which has the whole run. */
export async function exportFile(
  kind: Exclude<Kind, 'npz' | 'html'>,
  { square, measure, text, model, unit, changes, language, theme }: Exported,
): Promise<Blob> {
  const { lens, numbers, masked, range } = square;
  const width = square.columns.length;
  const matrix = matrixOf(square, (i, j) => (masked[i * width + j] === 1 ? null : numbers[i * width + j]!));
  const { signed } = lensKinds[lens];
  switch (kind) {
    case 'svg': {
      const said: Measure = { title: measure.title, legend: measure.meaning, range, signed };
      const own = lens === 'weight' ? {} : { measure: said };
      return new Blob([matrixSvg(matrix, { language, theme, ...own })], { type: 'image/svg+xml' });
    }
    case 'csv':
      // Spreadsheets take a file for UTF-8 when it begins with this mark.
      return new Blob(['\ufeff', matrixCsv(matrix)], { type: 'text/csv' });
    case 'json': {
      const named = (list: Square['rows']) =>
        list.map(({ word, text: name, tokens }) => ({ word, text: name, token: tokens[0]! }));
      const { layer, head, weights } = matrix;
      const [rows, columns] = [
        named(square.rows),
        square.columns.map(({ word, text: name }) => ({ word, text: name })),
      ];
      const content = { model, text, unit, lens, changes, layer, head, rows, columns, weights };
      return new Blob([`${JSON.stringify(content, null, 1)}\n`], { type: 'application/json' });
    }
    case 'png':
      return picture(matrix, range, signed);
  }
}

/** The cells alone, a square of whole pixels each. */
function picture({ weights }: Matrix, range: number, signed: boolean): Promise<Blob> {
  const count = weights.length;
  const cell = Math.max(1, Math.floor(1024 / count));
  const canvas = new OffscreenCanvas(count * cell, count * cell);
  const pen = canvas.getContext('2d')!;
  const ink = readInk();
  const stripes = hatch(pen, ink);
  for (const [i, row] of weights.entries())
    for (const [j, weight] of row.entries()) {
      const share = (weight ?? 0) / (range || 1);
      pen.fillStyle = weight === null ? stripes : rgb(signed ? ink.difference(share) : ink.weight(share));
      pen.fillRect(j * cell, i * cell, cell, cell);
    }
  return canvas.convertToBlob({ type: 'image/png' });
}

export function download(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
