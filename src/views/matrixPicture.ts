/** A square of numbers as a picture with named axes: where its letters and cells stand, and the same as SVG. */
import { face, inkOn, type Theme, themes, xml } from './ink.ts';
import { type Language, placeName } from './language.ts';
import { broken, wide } from './letters.ts';
import type { Matrix, Measure } from './matrix.ts';
import { measured } from './numerals.ts';
import { rooted } from './shade.ts';
import { type CellMark, squareMarks, squareNumbers } from './squareMarks.ts';

const words = {
  en: {
    title: (where: string) => `Attention weights, ${where}`,
    where: (m: Matrix) =>
      `${placeName(m.place ?? m.layer, 'en')}${m.head === null ? ', all heads together' : `, head ${m.head}`}`,
    rows: 'query ↓',
    columns: 'key →',
    masked: 'masked',
    rowsSum: 'Every row sums to 1.',
    rowsDiffer: 'Not every row sums to 1.',
    legend: 'The ground’s colour is 0, the full colour 1. Layers and heads count from 0.',
    rooted: 'Colours go by the square root.',
    hatched: 'Hatched keys are hidden from that query.',
  },
  ko: {
    title: (where: string) => `어텐션 가중치, ${where}`,
    where: (m: Matrix) =>
      `${placeName(m.place ?? m.layer, 'ko')}${m.head === null ? ', 모든 헤드' : `, 헤드 ${m.head}`}`,
    rows: '질문(Query) ↓',
    columns: '색인(Key) →',
    masked: '가려짐',
    rowsSum: '한 줄의 합은 1입니다.',
    rowsDiffer: '합이 1이 아닌 줄이 있습니다.',
    legend: '바탕색이 0, 가장 뚜렷한 색이 1입니다. 층과 헤드는 0부터\u00a0셉니다.',
    rooted: '색의 진하기는 제곱근을 따릅니다.',
    hatched: '빗금은 그 질문에 가려진 색인입니다.',
  },
} as const;

/** Whether a row's weights are 0 or more and sum to 1, or are all 0 where everything is masked. */
function isShared(row: readonly (number | null)[]): boolean {
  const sum = row.reduce<number>((total, weight) => total + (weight ?? 0), 0);
  return row.every((weight) => weight === null || weight >= 0) && (Math.abs(sum - 1) <= 1e-3 || sum === 0);
}

/** A line of letters, from the point on its base line where it begins, has its middle or ends. */
export interface Letters {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly colour: string;
  readonly anchor: 'start' | 'middle' | 'end';
  /** Leans up to the right by 45°. */
  readonly leaning?: boolean;
}

/** A cell with its full colour, and what it says to who rests on it. */
export interface PictureCell extends CellMark {
  readonly colour: string;
  readonly says: string;
}

export interface MatrixMarks {
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly ground: string;
  /** Of the hatching. */
  readonly stripe: string;
  readonly rule: string;
  readonly letters: readonly Letters[];
  readonly cells: readonly PictureCell[];
  /** Around all cells. */
  readonly frame: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

export interface PictureOptions {
  readonly language: Language;
  readonly theme?: Theme;
  /** Absent: the numbers are attention weights. */
  readonly measure?: Measure;
  /** What was done to the run that the numbers are of, in one line below the legend. */
  readonly done?: string;
}

/** What the numbers are, in words, and how they are coloured. */
function said(matrix: Matrix, { language, measure }: PictureOptions): Measure {
  const t = words[language];
  const root = rooted(matrix.rows.length) ? ` ${t.rooted}` : '';
  const hatch = matrix.weights.some((row) => row.includes(null)) ? ` ${t.hatched}` : '';
  const more = `${hatch}${root}`;
  if (measure) return { ...measure, title: `${measure.title}, ${t.where(matrix)}`, legend: `${measure.legend}${more}` };
  const legend = `${matrix.weights.every(isShared) ? t.rowsSum : t.rowsDiffer} ${t.legend}${more}`;
  return { title: t.title(t.where(matrix)), legend, range: 1, signed: false };
}

/** What stands above and below a picture: lines of 16 and 12 pixels' letters, 22 and 17 pixels apart. */
export interface MatrixWords {
  readonly heading: readonly string[];
  /** What goes down the rows, and what along the columns. */
  readonly axes: readonly [query: string, key: string];
  readonly below: readonly string[];
}

/** What a picture of so many pixels' width says, between margins of 24: what its numbers are, and what was done to their run. */
export function matrixWords(matrix: Matrix, options: PictureOptions, width: number): MatrixWords {
  const { title, legend } = said(matrix, options);
  const t = words[options.language];
  return {
    axes: [t.rows, t.columns],
    heading: broken(title, (width - 48) / 16),
    below: [legend, ...(options.done ? [options.done] : [])].flatMap((line) => broken(line, (width - 48) / 12)),
  };
}

/** The picture as marks, in pixels. Numbers stand in the cells where there are few. */
export function matrixMarks(matrix: Matrix, options: PictureOptions): MatrixMarks {
  const { rows, columns } = matrix;
  const { theme = 'light' } = options;
  const [t, p] = [words[options.language], themes[theme]];
  const { title, range, signed } = said(matrix, options);
  const side = rows.length <= 16 ? 44 : 18;
  const size = side > 30 ? 14 : 13;
  // Names that lean are closer to each other than rows are.
  const leaning = Math.min(size, Math.floor(side * Math.SQRT1_2));
  const longest = (list: readonly { readonly text: string }[]): number =>
    Math.max(2, ...list.map(({ text }) => wide(text)));
  const [left, lean] = [24 + longest(rows) * size + 10, longest(columns) * leaning * Math.SQRT1_2];
  const width = Math.ceil(Math.max(480, left + columns.length * side + Math.max(24, lean)));
  const { heading, below } = matrixWords(matrix, options, width);
  const above = 32 + (heading.length - 1) * 22;
  const top = Math.ceil(above + 34 + Math.max(lean + size + 4, 20));
  const bottom = top + rows.length * side;
  const letters: Letters[] = [];
  const add = (
    text: string,
    x: number,
    y: number,
    size: number,
    colour: string,
    anchor: Letters['anchor'] = 'start',
    leaning = false,
  ): void => void letters.push({ text, x, y, size, colour, anchor, ...(leaning && { leaning }) });
  for (const [n, line] of heading.entries()) add(line, 24, 32 + n * 22, 16, p.ink);
  add(t.rows, 24, above + 28, 13, p.query);
  add(t.columns, 24 + (wide(t.rows) + 1.5) * 13, above + 28, 13, p.key);
  const marks = squareMarks(squareNumbers(matrix, range), { left, top, side, gap: 1, away: 10 });
  /** From the middle of a line of letters to the line that they stand on. */
  const base = (letters: number): number => 0.36 * letters;
  const cells: PictureCell[] = [];
  for (const [j, { text }] of columns.entries()) {
    const { x, y } = marks.columnName(j);
    // The middle of a line that leans lies to the upper left of its foot.
    const aside = base(leaning) * Math.SQRT1_2;
    add(text, x + aside, y + aside, leaning, p.ink, 'start', true);
  }
  for (const [i, { text }] of rows.entries()) {
    const { x, y } = marks.rowName(i);
    add(text, x, y + base(size), size, p.ink, 'end');
    for (const [j, { text: key }] of columns.entries()) {
      const cell = marks.cell(i, j);
      const { number, masked, depth } = cell;
      const colour = masked ? p.stripe : signed ? (depth < 0 ? p.negative : p.query) : p.score;
      const reading = number === null ? t.masked : measured(number, range);
      cells.push({ ...cell, colour, says: `${text} → ${key}: ${reading}` });
      if (masked || side <= 30) continue;
      const [middle, half] = [cell.x + cell.side / 2, cell.y + cell.side / 2];
      add(reading, middle, half + base(13), 13, inkOn(colour, Math.abs(depth), theme), 'middle');
    }
  }
  for (const [n, line] of below.entries()) add(line, 24, bottom + 30 + n * 17, 12, p.faint);
  const { ground, stripe, rule } = p;
  return {
    title,
    width,
    height: bottom + 30 + below.length * 17,
    ground,
    stripe,
    rule,
    letters,
    cells,
    frame: marks.frame,
  };
}

/** The picture as one self-contained SVG; what a cell says is seen where the pointer rests on it. */
export function matrixSvg(matrix: Matrix, options: PictureOptions): string {
  const { title, width, height, ground, stripe, rule, letters, cells, frame } = matrixMarks(matrix, options);
  const round = (number: number): number => Number(number.toFixed(1));
  const place = ({ text, x, y, size, colour, anchor, leaning }: Letters): string =>
    `<text ${leaning ? `transform="translate(${round(x)} ${round(y)}) rotate(-45)"` : `x="${round(x)}" y="${round(y)}"`} font-size="${size}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`} fill="${colour}">${xml(text)}</text>`;
  const cell = ({ x, y, side, colour, masked, depth, says }: PictureCell): string =>
    !masked && depth === 0
      ? ''
      : `<rect x="${round(x)}" y="${round(y)}" width="${side}" height="${side}" fill="${masked ? 'url(#siseon-masked)' : colour}"${masked ? '' : ` fill-opacity="${Math.abs(depth).toFixed(4)}"`}><title>${xml(says)}</title></rect>`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="siseon-title" font-family="${face}" font-size="14" font-variant-numeric="tabular-nums">`,
    `<title id="siseon-title">${xml(title)}</title>`,
    ...(cells.some(({ masked }) => masked)
      ? [
          `<defs><pattern id="siseon-masked" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line y2="6" stroke="${stripe}" stroke-width="1.2"/></pattern></defs>`,
        ]
      : []),
    `<rect width="100%" height="100%" fill="${ground}"/>`,
    `<rect x="${round(frame.x) - 0.5}" y="${round(frame.y) - 0.5}" width="${frame.width}" height="${frame.height}" fill="none" stroke="${rule}"/>`,
    ...cells.map(cell).filter((mark) => mark !== ''),
    ...letters.map(place),
    '</svg>',
  ].join('\n')}\n`;
}
