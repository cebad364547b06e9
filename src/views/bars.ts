/** Named numbers with bars, in groups: as terminal text and as a picture. */
import pc from 'picocolors';
import stringWidth from 'string-width';
import { bar, clip, pad, padStart, WIDTH, wrap } from './columns.ts';
import { framed } from './frame.ts';
import { type Theme, themes, xml } from './ink.ts';
import { fixed } from './numerals.ts';
import type { TextOptions } from './text.ts';

export interface BarGroup {
  readonly name: string;
  readonly rows: readonly {
    readonly label: string;
    readonly number: number;
    /** Stands behind the bar. */
    readonly note?: string;
  }[];
  readonly decimals?: number;
  /** Length of a full bar; the largest number unless given. */
  readonly full?: number;
}

export interface Bars {
  readonly title: string;
  /** What the numbers are, and how to read them. */
  readonly legend: string;
  readonly groups: readonly BarGroup[];
}

const numberText = (number: number, { decimals = 2 }: BarGroup): string => fixed(number, decimals);
const fullOf = ({ rows, full }: BarGroup): number =>
  full ?? Math.max(...rows.map(({ number }) => Math.abs(number)), 1e-12);

export function barsText({ title, legend, groups }: Bars, { color, width = WIDTH }: TextOptions): string {
  const c = pc.createColors(color);
  const lines = ['', ...wrap(title, '  ', width), ''];
  for (const group of groups) {
    const label = Math.min(
      30,
      Math.max(8, width - 16),
      Math.max(...group.rows.map((row) => stringWidth(row.label)), 1),
    );
    const value = Math.max(...group.rows.map(({ number }) => stringWidth(numberText(number, group))), 1);
    const widest = Math.max(0, ...group.rows.map(({ note = '' }) => stringWidth(note)));
    const notes = widest > 0;
    const bars = Math.max(2, Math.min(notes ? 16 : 30, width - label - value - 6 - Math.min(widest, 24)));
    const room = Math.max(4, width - label - value - bars - 6);
    lines.push(...wrap(group.name, '  ', width).map((line) => c.dim(line)));
    for (const { label: name, number, note = '' } of group.rows) {
      const drawn = bar(Math.abs(number) / fullOf(group), bars);
      const head = `  ${pad(clip(name, label), label)}  ${padStart(numberText(number, group), value)} `;
      lines.push(
        `${head}${(number < 0 ? c.red : c.magenta)(notes ? pad(drawn, bars) : drawn)} ${clip(note, room)}`.trimEnd(),
      );
    }
    lines.push('');
  }
  return [...lines, ...wrap(legend, '  ', width).map((line) => c.dim(line)), ''].join('\n');
}

/** Letters that fit into so many units of a font of a size. */
const fits = (text: string, units: number, size: number): string => clip(text, Math.floor(units / (size * 0.53)));

export function barsSvg({ title, legend, groups }: Bars, { theme = 'light' }: { readonly theme?: Theme } = {}): string {
  const p = themes[theme];
  const [width, left, wide, step] = [720, 190, 240, 26];
  const out: string[] = [];
  let y = 56;
  for (const group of groups) {
    out.push(`<text x="24" y="${y + 16}" fill="${p.faint}">${xml(fits(group.name, width - 48, 13))}</text>`);
    y += 26;
    for (const { label, number, note } of group.rows) {
      const length = (Math.abs(number) / fullOf(group)) * wide;
      out.push(
        `<text x="24" y="${y + 16}" fill="${p.ink}">${xml(fits(label, left - 40, 13))}</text>`,
        `<rect x="${left}" y="${y + 4}" width="${length.toFixed(1)}" height="15" fill="${number < 0 ? p.negative : p.score}"/>`,
        `<text x="${left + wide + 66}" y="${y + 16}" fill="${p.ink}" text-anchor="end">${numberText(number, group)}</text>`,
      );
      if (note)
        out.push(
          `<text x="${left + wide + 82}" y="${y + 16}" fill="${p.faint}">${xml(fits(note, width - left - wide - 100, 13))}</text>`,
        );
      y += step;
    }
    y += 18;
  }
  return framed({ title, legend, width, height: y + 12, theme, sizes: [16, 13] }, out);
}
