/** What stands on the screen as a file of the visitor's own. Nothing leaves the browser but into its downloads. */
import type { WordMatrix } from 'siseon/lens';
import { type Language, matrixCsv, matrixSvg } from 'siseon/views';
import type { Change } from '../engine/explorer.ts';
import { readInk, rgb } from './ink.ts';

export const kinds = ['svg', 'png', 'csv', 'json'] as const;
export type Kind = (typeof kinds)[number];

export interface Exported {
  readonly matrix: WordMatrix;
  readonly text: string;
  readonly model: string;
  readonly unit: 'word' | 'token';
  /** What was done to the run that the matrix is of. */
  readonly changes: readonly Change[];
  readonly language: Language;
  readonly theme: 'light' | 'dark';
}

export async function exportFile(
  kind: Kind,
  { matrix, text, model, unit, changes, language, theme }: Exported,
): Promise<Blob> {
  switch (kind) {
    case 'svg':
      return new Blob([matrixSvg(matrix, { language, theme })], { type: 'image/svg+xml' });
    case 'csv':
      // Spreadsheets take a file for UTF-8 when it begins with this mark.
      return new Blob(['\ufeff', matrixCsv(matrix)], { type: 'text/csv' });
    case 'json':
      return new Blob([`${JSON.stringify({ model, text, unit, changes, ...matrix }, null, 1)}\n`], {
        type: 'application/json',
      });
    case 'png':
      return picture(matrix);
  }
}

/** The cells alone, a square of whole pixels each. */
function picture({ weights }: WordMatrix): Promise<Blob> {
  const count = weights.length;
  const cell = Math.max(1, Math.floor(1024 / count));
  const canvas = new OffscreenCanvas(count * cell, count * cell);
  const pen = canvas.getContext('2d')!;
  const ink = readInk();
  for (const [i, row] of weights.entries())
    for (const [j, weight] of row.entries()) {
      pen.fillStyle = rgb(ink.weight(weight));
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
