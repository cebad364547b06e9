/** Text in columns for a terminal: Hangul takes two. */
import stringWidth from 'string-width';

/** Lines are no wider than this unless a view is told otherwise. */
export const WIDTH = 78;
export const pad = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - stringWidth(text)));
export const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - stringWidth(text))) + text;
/** The longest beginning of a text that is no wider. */
function upTo(text: string, width: number): string {
  let cut = '';
  for (const letter of text) {
    if (stringWidth(cut + letter) > width) break;
    cut += letter;
  }
  return cut;
}
/** Cuts a text to a width in columns, with an ellipsis. */
export const clip = (text: string, width: number): string =>
  stringWidth(text) <= width ? text : `${upTo(text, Math.max(0, width - 1))}…`;
/** Breaks a paragraph between words; a word that is wider than a line is broken inside. */
export function wrap(text: string, indent = '', width = WIDTH): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    if (stringWidth(line) > indent.length && stringWidth(`${line} ${word}`) > width) {
      lines.push(line);
      line = indent;
    }
    line += line === indent ? word : ` ${word}`;
    while (stringWidth(line) > width && stringWidth(line) > indent.length + 1) {
      const part = upTo(line, width);
      lines.push(part);
      line = indent + line.slice(part.length);
    }
  }
  return [...lines, line];
}
/** A share in [0, 1] as a bar of at most so many columns, to an eighth of one. */
export const bar = (share: number, width: number): string => {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + (eighths % 8 ? ' ▏▎▍▌▋▊▉'[eighths % 8]! : '');
};

export interface TableOptions {
  /** Columns that end flush. */
  readonly right?: readonly number[];
  readonly gap?: number;
  readonly width?: number;
  /** Colours. */
  readonly heading?: (line: string) => string;
  readonly row?: (line: string, index: number) => string;
}

/**
 * Rows under a heading, indented by two, each column as wide as its widest cell. Where the columns do not fit side by side
 * they stand below each other in blocks, each with the first column and a heading of its own.
 */
export function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [], gap = 2, width = WIDTH, heading: dim = (line) => line, row: paint = (line) => line }: TableOptions = {},
): string[] {
  const widths = heading.map((_, c) => Math.max(...[heading, ...rows].map((row) => stringWidth(row[c] ?? ''))));
  const blocks: number[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (let c = 1; c < widths.length; c++) {
    if (used + gap + widths[c]! > width - 2) {
      blocks.push([0]);
      used = widths[0]!;
    }
    blocks.at(-1)!.push(c);
    used += gap + widths[c]!;
  }
  return blocks.flatMap((columns, n) => {
    const line = (row: readonly string[]): string =>
      columns
        .map((c) => (right.includes(c) ? padStart(row[c] ?? '', widths[c]!) : pad(row[c] ?? '', widths[c]!)))
        .join(' '.repeat(gap))
        .trimEnd();
    return [...(n === 0 ? [] : ['']), `  ${dim(line(heading))}`, ...rows.map((row, i) => `  ${paint(line(row), i)}`)];
  });
}
