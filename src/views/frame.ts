/** The frame of a picture: its size, its name for a screen reader, its ground, its title and its legend in as many lines as they take. */
import { face, type Theme, themes, xml } from './ink.ts';
import { broken } from './letters.ts';

export interface Frame {
  readonly title: string;
  /** What the numbers are: below the marks, and said to a screen reader behind the title. */
  readonly legend: string;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
  /** Sizes of the title's letters, and of all others. */
  readonly sizes: readonly [title: number, rest: number];
}

/** An SVG around marks that are laid out below a title of one line; more lines move them down. */
export function framed({ title, legend, width, height, theme, sizes }: Frame, marks: readonly string[]): string {
  const p = themes[theme];
  const [size, rest] = sizes;
  const lines = broken(title, (width - 48) / size);
  const down = (lines.length - 1) * Math.round(size * 1.35);
  const below = legend === '' ? [] : broken(legend, (width - 48) / rest);
  const line = Math.round(rest * 1.4);
  const tall = height + down + below.length * line + (below.length > 0 ? 4 : 0);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${tall}" width="${width}" height="${tall}" role="img" aria-labelledby="siseon-title" font-family="${face}" font-size="${rest}" font-variant-numeric="tabular-nums">`,
    `<title id="siseon-title">${xml(`${title} ${legend}`)}</title>`,
    `<rect width="100%" height="100%" fill="${p.ground}"/>`,
    ...lines.map(
      (line, n) =>
        `<text x="24" y="${32 + n * Math.round(size * 1.35)}" fill="${p.ink}" font-size="${size}">${xml(line)}</text>`,
    ),
    ...(down === 0 ? marks : [`<g transform="translate(0 ${down})">`, ...marks, '</g>']),
    ...below.map(
      (text, n) =>
        `<text x="24" y="${height + down + n * line}" fill="${p.faint}" font-size="${rest}">${xml(text)}</text>`,
    ),
    '</svg>',
  ].join('\n')}\n`;
}
