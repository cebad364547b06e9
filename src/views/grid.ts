/** Signed numbers of rows × columns: a grid in the terminal where it fits, and as a picture. */
import pc from 'picocolors';
import { clip, table, WIDTH } from './columns.ts';
import { framed } from './frame.ts';
import { signedInk, type Theme, themes, xml } from './ink.ts';
import { fixed } from './numerals.ts';
import type { TextOptions } from './text.ts';

/** A bar is full and a cell darkest at the largest number, but not below this: what two digits show as 0.00 looks like nothing. */
export const FULL_AT_LEAST = 0.1;

export interface Grid {
  readonly title: string;
  readonly legend: string;
  /** What the rows and the columns are. */
  readonly axes: readonly [rows: string, columns: string];
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** [row][column]; null where there is no such cell. */
  readonly numbers: readonly (readonly (number | null)[])[];
}

/** The grid in the terminal; cut into blocks of columns where it is wide. */
export function gridLines({ axes, rows, columns, numbers }: Grid, { color, width = WIDTH }: TextOptions): string[] {
  const c = pc.createColors(color);
  const cells = rows.map((name, i) => [
    clip(name, 12),
    ...numbers[i]!.map((number) => (number === null ? '' : fixed(number, 2))),
  ]);
  return table([`${axes[0]} ╲ ${axes[1]}`, ...columns.map((name) => clip(name, 9))], cells, {
    right: columns.map((_, j) => j + 1),
    gap: 1,
    width,
    heading: c.dim,
  });
}

/** Orange below 0, blue above, the ground at 0; the largest number at full strength. */
export function gridSvg(
  { title, legend, axes, rows, columns, numbers }: Grid,
  { theme = 'light' }: { readonly theme?: Theme } = {},
): string {
  const p = themes[theme];
  const most = Math.max(...numbers.flat().map((number) => Math.abs(number ?? 0)), FULL_AT_LEAST);
  const [left, top, cell, tall] = [128, 118, columns.length > 12 ? 46 : 60, 32];
  const [width, height] = [Math.max(620, left + columns.length * cell + 24), top + rows.length * tall + 30];
  const out: string[] = [];
  if (axes[1]) out.push(`<text x="${left}" y="62" fill="${p.key}">${xml(`${axes[1]} →`)}</text>`);
  if (axes[0]) out.push(`<text x="24" y="${top - 10}" fill="${p.query}">${xml(`${axes[0]} ↓`)}</text>`);
  for (const [j, name] of columns.entries())
    out.push(
      `<text transform="translate(${left + j * cell + 12} ${top - 8}) rotate(-30)" fill="${p.ink}">${xml(clip(name, 12))}</text>`,
    );
  for (const [i, name] of rows.entries()) {
    const y = top + i * tall;
    out.push(`<text x="${left - 10}" y="${y + 20}" fill="${p.ink}" text-anchor="end">${xml(clip(name, 14))}</text>`);
    for (const [j, number] of numbers[i]!.entries()) {
      if (number === null) continue;
      const { fill, opacity, ink } = signedInk(number / most, theme);
      out.push(
        `<rect x="${left + j * cell}" y="${y}" width="${cell - 2}" height="${tall - 2}" fill="${fill}" fill-opacity="${opacity.toFixed(3)}" stroke="${p.rule}"/>`,
        `<text x="${left + (j + 0.5) * cell - 1}" y="${y + 20}" fill="${ink}" text-anchor="middle">${fixed(number, 2)}</text>`,
      );
    }
  }
  return framed({ title, legend, width, height, theme, sizes: [16, 12] }, out);
}
