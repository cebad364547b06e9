/** One head over a whole text as geometry: a square of cells with named axes, and lines between two columns of words. */
import type { WordMatrix } from '../lens/index.ts';
import { two } from './caption.ts';
import { face, type Theme, themes, xml } from './ink.ts';
import type { Language } from './language.ts';

const words = {
  en: {
    title: (m: WordMatrix) => `Attention weights, layer ${m.layer}, head ${m.head}`,
    rows: 'query ↓',
    columns: 'key →',
    legend: 'Every row sums to 1. White is 0, the full colour 1. Layers and heads count from 0.',
  },
  ko: {
    title: (m: WordMatrix) => `어텐션 가중치, 층 ${m.layer}, 헤드 ${m.head}`,
    rows: '질문(Query) ↓',
    columns: '색인(Key) →',
    legend: '한 줄의 합은 1입니다. 바탕색이 0, 가장 진한 색이 1입니다. 층과 헤드는 0부터 셉니다.',
  },
} as const;

/** A line from a query on the left to a key on the right; lengths in units of one row. */
export interface GazeLine {
  readonly row: number;
  readonly column: number;
  readonly weight: number;
}

export interface GazeLines {
  readonly lines: readonly GazeLine[];
  /** What is not drawn because it weighs less than asked for: how many cells, and their share of all weight. */
  readonly hidden: { readonly count: number; readonly mass: number };
}

/** The cells that weigh at least `least` as lines, the faintest first, and what that leaves out; `query` keeps one row alone. */
export function gazeLines(
  { weights }: Pick<WordMatrix, 'weights'>,
  { least = 0.05, query = null }: { readonly least?: number; readonly query?: number | null } = {},
): GazeLines {
  const lines: GazeLine[] = [];
  let [count, mass, rows] = [0, 0, 0];
  for (const [row, own] of weights.entries()) {
    if (query !== null && row !== query) continue;
    rows++;
    for (const [column, weight] of own.entries()) {
      if (weight >= least) lines.push({ row, column, weight });
      else if (weight > 0) {
        count++;
        mass += weight;
      }
    }
  }
  return {
    lines: lines.toSorted((a, b) => a.weight - b.weight),
    hidden: { count, mass: rows === 0 ? 0 : mass / rows },
  };
}

/** RFC 4180: keys in the first row, queries in the first column, weights with every digit that they have. */
export function matrixCsv({ rows, columns, weights }: WordMatrix): string {
  const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [
    ['', ...columns.map(({ text }) => quoted(text))],
    ...rows.map(({ text }, i) => [quoted(text), ...weights[i]!.map(String)]),
  ]
    .map((line) => `${line.join(',')}\r\n`)
    .join('');
}

/** The square as one self-contained SVG. Numbers stand in the cells where there are few. */
export function matrixSvg(
  matrix: WordMatrix,
  { language, theme = 'light' }: { readonly language: Language; readonly theme?: Theme },
): string {
  const { rows, columns, weights } = matrix;
  const t = words[language];
  const p = themes[theme];
  const cell = rows.length <= 16 ? 44 : 18;
  const letters = (list: readonly { readonly text: string }[]): number =>
    Math.max(4, ...list.map(({ text }) => [...text].reduce((sum, letter) => sum + (letter > '\u10ff' ? 1 : 0.6), 0)));
  const [left, top] = [letters(rows) * 15 + 32, letters(columns) * 11 + 84];
  const [width, height] = [Math.max(460, left + columns.length * cell + 40), top + rows.length * cell + 52];
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="siseon-title" font-family="${face}" font-size="14" font-variant-numeric="tabular-nums">`,
    `<title id="siseon-title">${xml(t.title(matrix))}</title>`,
    `<rect width="100%" height="100%" fill="${p.ground}"/>`,
    `<text x="24" y="32" fill="${p.ink}" font-size="16">${xml(t.title(matrix))}</text>`,
    `<text x="${left}" y="58" fill="${p.key}">${t.columns}</text>`,
    `<text x="24" y="${top - 10}" fill="${p.query}">${t.rows}</text>`,
  ];
  for (const [j, { text }] of columns.entries()) {
    const x = left + (j + 0.5) * cell;
    out.push(`<text transform="translate(${x + 4} ${top - 10}) rotate(-45)" fill="${p.ink}">${xml(text)}</text>`);
  }
  for (const [i, { text }] of rows.entries()) {
    const y = top + i * cell;
    out.push(
      `<text x="${left - 10}" y="${y + cell / 2 + 5}" fill="${p.ink}" text-anchor="end">${xml(text)}</text>`,
      `<rect x="${left}" y="${y}" width="${columns.length * cell}" height="${cell}" fill="none" stroke="${p.rule}"/>`,
    );
    for (const [j, weight] of weights[i]!.entries()) {
      if (weight > 0)
        out.push(
          `<rect x="${left + j * cell}" y="${y}" width="${cell - 1}" height="${cell - 1}" fill="${p.score}" fill-opacity="${weight.toFixed(4)}"><title>${xml(`${text} → ${columns[j]!.text}: ${two(weight)}`)}</title></rect>`,
        );
      if (cell > 30)
        out.push(
          `<text x="${left + (j + 0.5) * cell}" y="${y + cell / 2 + 5}" font-size="13" text-anchor="middle" fill="${weight > 0.55 ? p.ground : p.ink}">${two(weight)}</text>`,
        );
    }
  }
  out.push(`<text x="24" y="${height - 20}" fill="${p.faint}" font-size="12">${xml(t.legend)}</text>`);
  return `${[...out, '</svg>'].join('\n')}\n`;
}
