/** Text in columns for a terminal: Hangul takes two. */
import stringWidth from 'string-width';

/** Lines are no wider than this. */
export const WIDTH = 78;
export const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - stringWidth(text)));
export const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - stringWidth(text))) + text;
/** Cuts a text to a width in columns, with an ellipsis. */
export function clip(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let cut = '';
  for (const letter of text) {
    if (stringWidth(cut + letter) > width - 1) break;
    cut += letter;
  }
  return `${cut}…`;
}
/** Breaks a paragraph between words. */
export function wrap(text: string, indent = ''): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (stringWidth(line) > indent.length && stringWidth(`${line} ${word}`) > WIDTH) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
  }
  return [...lines, line];
}
/** A share in [0, 1] as a bar of at most so many columns, to an eighth of one. */
export const bar = (share: number, width: number): string => {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + (eighths % 8 ? ' ▏▎▍▌▋▊▉'[eighths % 8]! : '');
};

/** Rows under a heading, each column as wide as its widest cell; `right` names the columns that end flush. */
export function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [], gap = 2 }: { readonly right?: readonly number[]; readonly gap?: number } = {},
): string[] {
  const widths = heading.map((_, c) => Math.max(...[heading, ...rows].map((row) => stringWidth(row[c] ?? ''))));
  return [heading, ...rows].map((row) =>
    widths
      .map((width, c) => (right.includes(c) ? padStart(row[c] ?? '', width) : pad(row[c] ?? '', width)))
      .join(' '.repeat(gap))
      .trimEnd(),
  );
}
