/** What the heads of a model do: a row a head in the terminal, a grid of distance profiles as a picture. */
import pc from 'picocolors';
import type { HeadFigures, HeadsReport, RoleName } from '../lens/index.ts';
import { table, WIDTH, wrap } from './columns.ts';
import { placed } from './effects.ts';
import { face, type Theme, themes, xml } from './ink.ts';
import type { Language } from './language.ts';
import { two } from './numerals.ts';
import type { TextOptions } from './text.ts';

const words = {
  en: {
    heading: ['head', 'entropy', 'self', 'prev', 'next', 'sink', 'dup', 'ind', 'QK', 'OV', 'copy', 'name'],
    names: {
      previous: 'previous token',
      next: 'next token',
      self: 'itself',
      sink: 'first token',
      duplicate: 'duplicates',
      induction: 'induction',
      copying: 'copying',
    },
    title: (r: HeadsReport) =>
      `${r.model}: ${r.heads.length} heads over ${r.texts} texts, ${r.tokens} tokens.${r.repeated > 0 ? ` Texts that had come before were left out: ${r.repeated}.` : ''}`,
    legend: (r: HeadsReport) =>
      `entropy in nats. self, prev, next, sink (first token), dup (the query’s token elsewhere), ind (behind it): mean weight there. QK, OV: effective ranks. copy: from −1 to 1, against the ${r.copyingAgainst}. A name was chosen on every other text and measured on the rest: at least ${two(r.least)} of what an even look leaves to gain, and, by sign test times ${r.heads.length} heads, a chance of at most ${r.level}; in brackets, what a head that looks at everything alike has. Layers and heads count from 0.`,
    unnamed: 'No head earned a name on these texts.',
  },
  ko: {
    heading: ['헤드', '엔트로피', '자신', '앞', '뒤', '첫', '같은', '유도', 'QK', 'OV', '복사', '이름'],
    names: {
      previous: '앞 토큰',
      next: '뒤 토큰',
      self: '자기 자신',
      sink: '첫 토큰',
      duplicate: '같은 토큰',
      induction: '유도',
      copying: '복사',
    },
    title: (r: HeadsReport) =>
      `${r.model}: 글 ${r.texts}개, 토큰 ${r.tokens}개에서 본 헤드 ${r.heads.length}개.${r.repeated > 0 ? ` 앞에 이미 나온 글 ${r.repeated}개는 뺐습니다.` : ''}`,
    legend: (r: HeadsReport) =>
      `엔트로피의 단위는 nat입니다. 자신, 앞, 뒤, 첫(첫 토큰), 같은(같은 토큰이 나온 다른 곳), 유도(그 바로 뒤): 그곳에 둔 가중치의 평균. QK, OV: 유효 랭크. 복사: −1부터 1까지(${r.copyingAgainst}). 이름은 글을 하나 걸러 골라 나머지에서 쟀습니다. 모두를 고르게 볼 때보다 더 얻을 수 있는 몫의 ${two(r.least)} 이상을 얻고, 부호 검정에 헤드 수(${r.heads.length})를 곱한 확률이 ${r.level} 이하여야 합니다. 괄호 안은 모두를 고르게 볼 때의 값입니다. 층과 헤드는 0부터 셉니다.`,
    unnamed: '이 글들에서 이름을 얻은 헤드는 없습니다.',
  },
} as const;

const shown = (number: number): string => (Number.isNaN(number) ? '–' : two(number));
const columns: readonly RoleName[] = ['self', 'previous', 'next', 'sink', 'duplicate', 'induction'];

export const roleText = ({ role }: HeadFigures, language: Language): string =>
  role ? `${words[language].names[role.name]} ${two(role.value)} (${two(role.baseline)})` : '';

/** A row a head. */
export function headsText(report: HeadsReport, { language, color, width = WIDTH }: TextOptions): string {
  const c = pc.createColors(color);
  const t = words[language];
  const rows = report.heads.map((head) => [
    `${placed(head.layer)}·H${head.head}`,
    shown(head.measures.entropy.value),
    ...columns.map((name) => shown(head.measures[name].value)),
    head.queryKeyRank.toFixed(1),
    head.outputValueRank.toFixed(1),
    shown(head.copying),
    roleText(head, language),
  ]);
  const named = report.heads.some(({ role }) => role !== null);
  return [
    '',
    ...wrap(t.title(report), '  ', width),
    '',
    ...table(named ? t.heading : t.heading.slice(0, -1), rows, {
      right: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      gap: 1,
      width,
      heading: c.dim,
      row: (line, i) => (report.heads[i]!.role ? c.bold(line) : line),
    }),
    '',
    ...(named ? [] : [...wrap(t.unnamed, '  ', width), '']),
    ...wrap(t.legend(report), '  ', width).map((line) => c.dim(line)),
    '',
  ].join('\n');
}

/** A grid, a row a layer: mean weight by distance, the query's own place in the middle, and the name. */
export function headsSvg(
  report: HeadsReport,
  { language, theme = 'light' }: { readonly language: Language; readonly theme?: Theme },
): string {
  const t = words[language];
  const p = themes[theme];
  const places = [...new Set(report.heads.map(({ layer }) => layer))];
  const layers = places.length;
  const perLayer = Math.max(...report.heads.map(({ head }) => head)) + 1;
  // A place of an encoder-decoder has a longer name.
  const labelled = typeof places[0] === 'number' ? 46 : 118;
  const [cell, tall, left, top] = [104 + labelled, 96, 24, 58];
  const [width, height] = [Math.max(560, left * 2 + perLayer * cell), top + layers * (tall + 34) + 34];
  const out = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="siseon-title" font-family="${face}" font-size="12" font-variant-numeric="tabular-nums">`,
    `<title id="siseon-title">${xml(t.title(report))}</title>`,
    `<rect width="100%" height="100%" fill="${p.ground}"/>`,
    `<text x="${left}" y="30" fill="${p.ink}" font-size="15">${xml(t.title(report))}</text>`,
  ];
  for (const head of report.heads) {
    const [x, y] = [left + head.head * cell, top + places.indexOf(head.layer) * (tall + 34)];
    const bar = (cell - 24) / head.profile.length;
    out.push(
      `<text x="${x}" y="${y + 6}" fill="${p.faint}">${placed(head.layer)}·H${head.head}</text>`,
      `<text x="${x + labelled}" y="${y + 6}" fill="${p.score}">${xml(roleText(head, language))}</text>`,
      `<line x1="${x}" x2="${x + cell - 24}" y1="${y + tall}" y2="${y + tall}" stroke="${p.rule}"/>`,
    );
    for (const [i, { offset, weight }] of head.profile.entries()) {
      if (Number.isNaN(weight)) continue;
      const rise = weight * (tall - 20);
      out.push(
        `<rect x="${(x + i * bar).toFixed(1)}" y="${(y + tall - rise).toFixed(1)}" width="${(bar - 1).toFixed(1)}" height="${rise.toFixed(1)}" fill="${offset === 0 ? p.query : p.score}"><title>${offset > 0 ? '+' : ''}${offset}: ${two(weight)}</title></rect>`,
      );
    }
    const middle = x + (Math.floor(head.profile.length / 2) + 0.5) * bar;
    out.push(`<text x="${middle.toFixed(1)}" y="${y + tall + 14}" fill="${p.faint}" text-anchor="middle">0</text>`);
  }
  return `${[...out, '</svg>'].join('\n')}\n`;
}
