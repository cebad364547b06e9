/** What heads know of grammar, as a table and as a picture. */
import pc from 'picocolors';
import type { RelationReport, RelationRow } from '../lens/index.ts';
import { corrected } from '../lens/statistics.ts';
import { table, WIDTH, wrap } from './columns.ts';
import { face, type Theme, themes, xml } from './ink.ts';
import { type Language, particle } from './language.ts';
import { two } from './numerals.ts';
import type { TextOptions } from './text.ts';

const words = {
  en: {
    heading: ['relation', 'looks', 'arcs', 'head', 'right [95%]', 'offset', 'blind', '을/를', ''],
    toHead: 'up',
    toDependent: 'down',
    title: (r: RelationReport, file: string) =>
      `${r.model} on ${file}: ${r.sentences} sentences, ${r.words} words; from a word ${r.from === 'mean' ? 'the mean over its tokens' : 'its first token'}.`,
    legend: (least: number, marks: boolean) =>
      `How often the most-attended other word is the right one (Clark et al. 2019). up: a dependent looks at its head; down: a head at its dependent. Head and offset were chosen on every other sentence; the numbers are of the rest, with Wilson's interval. offset: the word so many places away; blind: one of the other words by chance;${marks ? ' 을/를: the nearest word to the left that ends so.' : ''} ▲: better than every rule, by McNemar’s exact test arc by arc (a binomial one against blind choice), times the number of all rows measured, at 0.025. Relations with fewer than ${least} arcs are not shown. Layers and heads count from 0.`,
    left: (r: RelationReport) =>
      `Left out: ${r.leftOut.tooLong} sentences that are too long, ${r.leftOut.unaligned.length} whose tokens do not align with the words, ${r.leftOut.sameToken} arcs inside one written word${r.leftOut.oneHalf ? `, ${r.leftOut.oneHalf} relations and directions that one half of the sentences alone has` : ''}${r.leftOut.hidden ? `, ${r.leftOut.hidden} looks that the model cannot make` : ''}.`,
    first: 'The first that does not align',
  },
  ko: {
    heading: ['관계', '방향', '개수', '헤드', '맞힌 비율 [95%]', '위치', '무작위', '을/를', ''],
    toHead: '위로',
    toDependent: '아래로',
    title: (r: RelationReport, file: string) =>
      `${r.model}${particle(r.model, '으로')} ${file}: 문장 ${r.sentences}개, 단어 ${r.words}개. 단어의 시선은 ${r.from === 'mean' ? '토큰들의 평균' : '첫 토큰'}입니다.`,
    legend: (least: number, marks: boolean) =>
      `자신을 뺀 단어 가운데 가장 많이 본 단어가 정답인 비율입니다(Clark 외 2019). 위로: 딸린 단어가 지배소를 봅니다. 아래로: 지배소가 딸린 단어를 봅니다. 헤드와 위치는 한 문장씩 걸러 고르고, 수치는 나머지 문장에서 쟀습니다(윌슨 구간). 위치: 몇 칸 떨어진 단어. 무작위: 다른 단어 하나를 아무렇게나 고를 때.${marks ? ' 을/를: 왼쪽에서 가장 가까운 을/를 단어.' : ''} ▲: 어느 규칙보다 낫습니다(관계 하나하나를 짝지은 맥니마 정확 검정, 무작위에는 이항 검정. 잰 줄 모두의 수를 곱해 0.025 이하). ${least}개가 안 되는 관계는 보이지 않습니다. 층과 헤드는 0부터 셉니다.`,
    left: (r: RelationReport) =>
      `뺀 것: 너무 긴 문장 ${r.leftOut.tooLong}개, 토큰과 단어가 맞지 않는 문장 ${r.leftOut.unaligned.length}개, 한 어절 안의 관계 ${r.leftOut.sameToken}개${r.leftOut.oneHalf ? `, 한쪽 절반의 문장에만 있는 관계와 방향 ${r.leftOut.oneHalf}가지` : ''}${r.leftOut.hidden ? `, 모델이 볼 수 없는 방향 ${r.leftOut.hidden}개` : ''}.`,
    first: '맞지 않는 첫 문장',
  },
} as const;

export interface RelationView {
  /** What the treebank is called. */
  readonly file: string;
  /** Relations with fewer arcs are not shown. */
  readonly least: number;
}

const shown = (report: RelationReport, least: number): RelationRow[] =>
  report.rows.filter(({ count }) => count >= least).toSorted((a, b) => b.count - a.count);

/** Whether a row is better than every rule beside it: its probability times the number of all rows measured (Bonferroni) is at most 0.025. */
export const beatsRules = ({ probability }: RelationRow, { rows }: RelationReport): boolean =>
  corrected(probability, rows.length) <= 0.025;

const signed = (offset: number): string => (offset < 0 ? `−${-offset}` : `+${offset}`);

/** A row a relation and direction, and what everything means. */
export function relationsText(
  report: RelationReport,
  { file, least }: RelationView,
  { language, color, width = WIDTH }: TextOptions,
): string {
  const c = pc.createColors(color);
  const t = words[language];
  const kept = shown(report, least);
  const rows = kept.map((row) => [
    row.relation,
    t[row.direction],
    `${row.count}`,
    `L${row.best.layer}·H${row.best.head}`,
    `${two(row.best.reported.share)} [${two(row.best.reported.low)}, ${two(row.best.reported.high)}]`,
    `${signed(row.offset.offset)} ${two(row.offset.reported.share)}`,
    two(row.random),
    row.objectMarker ? two(row.objectMarker.share) : '',
    beatsRules(row, report) ? '▲' : '',
  ]);
  // A treebank that is not Korean has no such column.
  const marks = report.rows.some(({ objectMarker }) => objectMarker !== null);
  const columns = (line: readonly string[]): string[] => (marks ? [...line] : line.toSpliced(7, 1));
  const { unaligned } = report.leftOut;
  return [
    '',
    ...wrap(t.title(report, file), '  ', width),
    '',
    ...table(columns(t.heading), rows.map(columns), {
      right: marks ? [2, 5, 6, 7] : [2, 5, 6],
      width,
      heading: c.dim,
      row: (line, i) => (rows[i]!.at(-1) === '▲' ? c.bold(line) : line),
    }),
    '',
    ...wrap(t.legend(least, marks), '  ', width).map((line) => c.dim(line)),
    ...wrap(t.left(report), '  ', width),
    ...(unaligned[0] ? wrap(`${t.first} (${unaligned[0].id}): ${unaligned[0].shown}`, '  ', width) : []),
    '',
  ].join('\n');
}

/** Each row as a dot with its interval, the rules as ticks beside it, on a scale from 0 to 1. */
export function relationsSvg(
  report: RelationReport,
  { file, least }: RelationView,
  { language, theme = 'light' }: { readonly language: Language; readonly theme?: Theme },
): string {
  const t = words[language];
  const p = themes[theme];
  const rows = shown(report, least);
  const [left, wide, step, top] = [230, 460, 26, 108];
  const height = top + rows.length * step + 56;
  const width = left + wide + 60;
  const x = (share: number): string => (left + share * wide).toFixed(1);
  const rules = [
    { of: (row: RelationRow) => row.offset.reported.share, fill: p.key, name: t.heading[5] },
    { of: (row: RelationRow) => row.random, fill: p.faint, name: t.heading[6] },
    ...(report.rows.some(({ objectMarker }) => objectMarker !== null)
      ? [{ of: (row: RelationRow) => row.objectMarker?.share, fill: p.value, name: t.heading[7] }]
      : []),
  ];
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="siseon-title" font-family="${face}" font-size="13" font-variant-numeric="tabular-nums">`,
    `<title id="siseon-title">${xml(t.title(report, file))}</title>`,
    `<rect width="100%" height="100%" fill="${p.ground}"/>`,
    ...t
      .title(report, file)
      .split(/; |(?<=:) /)
      .map((line, i) => `<text x="24" y="${22 + 18 * i}" fill="${i === 0 ? p.ink : p.faint}">${xml(line)}</text>`),
  ];
  for (const tick of [0, 0.25, 0.5, 0.75, 1])
    out.push(
      `<line x1="${x(tick)}" x2="${x(tick)}" y1="${top - 14}" y2="${height - 50}" stroke="${p.rule}"/>`,
      `<text x="${x(tick)}" y="${top - 20}" fill="${p.faint}" text-anchor="middle" font-size="12">${tick}</text>`,
    );
  for (const [i, row] of rows.entries()) {
    const y = top + i * step;
    const { share, low, high } = row.best.reported;
    out.push(
      `<text x="24" y="${y + 4}" fill="${p.ink}">${xml(`${row.relation} ${t[row.direction]}`)}</text>`,
      `<text x="${left - 14}" y="${y + 4}" fill="${p.faint}" text-anchor="end" font-size="12">L${row.best.layer}·H${row.best.head}  ${row.count}</text>`,
      `<line x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}" stroke="${p.score}" stroke-width="2"/>`,
      `<circle cx="${x(share)}" cy="${y}" r="5" fill="${p.score}"><title>${xml(`${two(share)} [${two(low)}, ${two(high)}]`)}</title></circle>`,
    );
    for (const { of, fill, name } of rules) {
      const rule = of(row);
      if (rule === undefined || Number.isNaN(rule)) continue;
      out.push(
        `<line x1="${x(rule)}" x2="${x(rule)}" y1="${y - 8}" y2="${y + 8}" stroke="${fill}" stroke-width="2"><title>${xml(`${name} ${two(rule)}`)}</title></line>`,
      );
    }
  }
  const legend = [
    { fill: p.score, name: `● ${t.heading[3]}` },
    ...rules.map(({ fill, name }) => ({ fill, name: `| ${name}` })),
  ];
  for (const [i, { fill, name }] of legend.entries())
    out.push(`<text x="${left + i * 120}" y="${height - 20}" fill="${fill}">${xml(name)}</text>`);
  return `${[...out, '</svg>'].join('\n')}\n`;
}
