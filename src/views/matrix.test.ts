import { describe, expect, it } from 'vitest';
import type { WordMatrix } from '../lens/index.ts';
import { gazeLines, type Matrix, matrixCsv, matrixSvg, measured, rooted, shade } from './index.ts';

/** Two queries over three keys, with weights that can be added in the head. */
const matrix: WordMatrix = {
  place: 'layers.1',
  layer: 1,
  head: 3,
  rows: [
    { word: 0, text: 'a,"b"', token: 1 },
    { word: 1, text: '<c>', token: 2 },
  ],
  columns: [
    { word: null, text: '[CLS]' },
    { word: 0, text: 'a,"b"' },
    { word: 1, text: '<c>' },
  ],
  weights: [
    [0.25, 0.75, 0],
    [0.02, 0.48, 0.5],
  ],
};

describe('lines between words', () => {
  it('are the cells that weigh enough, the faintest first, and what is left out is counted and weighed', () =>
    expect(gazeLines(matrix, { least: 0.3 })).toEqual({
      lines: [
        { row: 1, column: 1, weight: 0.48 },
        { row: 1, column: 2, weight: 0.5 },
        { row: 0, column: 1, weight: 0.75 },
      ],
      hidden: { count: 2, mass: (0.25 + 0.02) / 2 },
    }));
  it('of one query are its row alone, and its mass is of that row', () => {
    const { lines, hidden } = gazeLines(matrix, { query: 1 });
    expect(lines.map(({ row, column }) => [row, column])).toEqual([
      [1, 1],
      [1, 2],
    ]);
    expect(hidden).toEqual({ count: 1, mass: 0.02 });
  });
});

describe('a matrix', () => {
  it('as CSV quotes what needs it and keeps every digit', () =>
    expect(matrixCsv(matrix)).toBe(',[CLS],"a,""b""",<c>\r\n"a,""b""",0.25,0.75,0\r\n<c>,0.02,0.48,0.5\r\n'));
  it.each(['ko', 'en'] as const)(
    'as SVG in %s has a cell for each weight above 0, named axes, and text that XML takes',
    (language) => {
      const svg = matrixSvg(matrix, { language });
      expect(svg.match(/fill-opacity="/g)).toHaveLength(5);
      expect(svg).toContain(language === 'ko' ? '질문(Query)' : 'query');
      expect(svg).toContain('&lt;c&gt; → a,&quot;b&quot;: 0.48');
      expect(svg).not.toContain('<c>');
      // What was done to the run stands below the legend, which stays as it is.
      const changed = matrixSvg(matrix, { language, done: 'L0·H1 <off>' });
      expect(changed).toContain('>L0·H1 &lt;off&gt;</text>');
      const lines = (picture: string): number => picture.match(/<text /g)!.length;
      expect(lines(changed)).toBe(lines(svg) + 1);
    },
  );
  const masked: Matrix = {
    ...matrix,
    head: null,
    weights: [
      [-4, null, 2],
      [0, 0.5, null],
    ],
  };
  it('with masked cells hatches them in the picture and leaves them empty in the file', () => {
    expect(matrixCsv(masked, { corner: 'cut, twice' }).split('\r\n')[0]).toMatch(/^"cut, twice",/);
    expect(matrixCsv(masked).split('\r\n').slice(1, 3)).toEqual(['"a,""b""",-4,,2', '<c>,0,0.5,']);
    const svg = matrixSvg(masked, { language: 'en' });
    expect(svg.match(/fill="url\(#siseon-masked\)"/g)).toHaveLength(2);
    expect(svg).toContain('masked</title>');
    const written = (text: string): string => text.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
    expect(written(svg)).toContain('Hatched keys are hidden from that query.');
    expect(
      written(
        matrixSvg({ ...masked, weights: masked.weights.map((row) => row.map((w) => w ?? 0)) }, { language: 'en' }),
      ),
    ).not.toContain('Hatched');
    expect(svg).toContain('all heads together');
  });
  it('of another measure is coloured by its largest number, to either side of 0, and says what it is', () => {
    const measure = { title: 'Gradient × weight', legend: 'Blue speaks for it.', range: 4, signed: true };
    const svg = matrixSvg(masked, { language: 'en', measure });
    expect(
      [...svg.matchAll(/fill="(#\w+)" fill-opacity="([\d.]+)"/g)].map(([, colour, share]) => [colour, share]),
    ).toEqual([
      ['#b45309', '1.0000'],
      ['#1257c4', '0.5000'],
      ['#1257c4', '0.1250'],
    ]);
    expect(svg).toContain('Gradient × weight, layer 1');
    expect(svg).toContain('Blue speaks for it.');
  });
  it('writes its numbers with as many digits as they need', () => {
    expect([measured(0.5, 1), measured(-0.012, 0.05), measured(-0.004, 0.005), measured(0, 0.005)]).toEqual([
      '0.50',
      '−0.012',
      '−0.0040',
      '0.0000',
    ]);
    expect([measured(-0.0004, 0.0005), measured(0, 0.0005), measured(-1234.5, 2000)]).toEqual([
      '−4.0e−4',
      '0',
      '−1235',
    ]);
  });
  it('of a text of more than 30 words is coloured by the square root, its numbers as they are', () => {
    expect([rooted(30), rooted(31)]).toEqual([false, true]);
    expect([shade(0.25, 30), shade(0.25, 31), shade(-0.09, 31), shade(0, 31), shade(1, 31)]).toEqual([
      0.25, 0.5, -0.3, 0, 1,
    ]);
    const rows = Array.from({ length: 31 }, (_, word) => ({ word, text: `w${word}`, token: word }));
    const weights = rows.map((_, i) => rows.map((__, j) => (i === j ? 0.36 : j === (i + 1) % 31 ? 0.64 : 0)));
    const svg = matrixSvg({ ...matrix, rows, columns: rows, weights }, { language: 'en' });
    expect(new Set([...svg.matchAll(/fill-opacity="([\d.]+)"/g)].map(([, share]) => share))).toEqual(
      new Set(['0.6000', '0.8000']),
    );
    expect(svg).toContain('w3 → w3: 0.36');
  });
});
