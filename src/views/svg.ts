/** A look as one self-contained SVG: the sentence, arcs from the query, and the three steps under each word. */
import type { Look } from '../lens/index.ts';
import { caption } from './caption.ts';
import { themes, xml } from './ink.ts';
import type { Language } from './language.ts';
import { broken } from './letters.ts';
import { lookMarks } from './marks.ts';
import { two } from './numerals.ts';

const words = {
  en: {
    score: 'score',
    weight: 'weight',
    part: 'part',
    legend: 'Arc: width and opacity are the weight. Layers, heads and words count from 0.',
  },
  ko: {
    score: '점수',
    weight: '가중치',
    part: '비율',
    legend: '곡선의 굵기와 진하기가 가중치입니다. 층, 헤드, 단어는 0부터 셉니다.',
  },
} as const;

/** The picture of a look. The caption is also its title for screen readers. */
export function lookSvg(
  look: Look,
  { language, theme = 'light' }: { readonly language: Language; readonly theme?: 'light' | 'dark' },
): string {
  const { width: natural, words: marks, arcs } = lookMarks(look);
  const t = words[language];
  const p = themes[theme];
  const width = Math.max(natural + 76, 560);
  const lines = broken(caption(look, language), (width - 56) / 16);
  const below = broken(`${look.model}. ${t.legend}`, (width - 56) / 12);
  const base = 190;
  const height = base + 190 + lines.length * 26 + (below.length - 1) * 17;
  const shift = 76;
  const out: string[] = [];
  const add = (line: string): void => void out.push(line);
  const label = (x: number, y: number, text: string, fill: string, size = 15, extra = ''): void =>
    add(
      `<text x="${x.toFixed(1)}" y="${y}" fill="${fill}" font-size="${size}" text-anchor="middle"${extra}>${xml(text)}</text>`,
    );
  add(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${Math.ceil(width)} ${height}" width="${Math.ceil(width)}" height="${height}" role="img" aria-labelledby="siseon-title" font-family="Pretendard, 'Noto Sans KR', 'Noto Sans CJK KR', system-ui, sans-serif">`,
  );
  add(`<title id="siseon-title">${xml(caption(look, language))}</title>`);
  add(`<rect width="100%" height="100%" fill="${p.ground}"/>`);
  for (const { path, width: thick, opacity } of arcs)
    add(
      `<path d="${path}" transform="translate(${shift} ${base - 34})" fill="none" stroke="${p.score}" stroke-width="${thick.toFixed(2)}" stroke-opacity="${opacity.toFixed(3)}" stroke-linecap="round"/>`,
    );
  for (const word of marks) {
    const x = word.x + shift;
    label(
      x,
      base,
      word.text,
      word.asked ? p.query : word.word === null ? p.faint : p.ink,
      word.word === null ? 15 : 24,
      word.asked ? ' font-weight="600"' : '',
    );
    if (word.asked)
      add(
        `<line x1="${(x - word.width / 2).toFixed(1)}" x2="${(x + word.width / 2).toFixed(1)}" y1="${base + 9}" y2="${base + 9}" stroke="${p.query}" stroke-width="2"/>`,
      );
    label(
      x,
      base + 52,
      word.score === null ? '–' : two(word.score),
      p.score,
      15,
      ' font-variant-numeric="tabular-nums"',
    );
    label(x, base + 84, two(word.weight), p.ink, 15, ' font-weight="600" font-variant-numeric="tabular-nums"');
    label(x, base + 116, two(word.contribution), p.value, 15, ' font-variant-numeric="tabular-nums"');
  }
  for (const [i, name] of [t.score, t.weight, t.part].entries())
    add(`<text x="28" y="${base + 52 + 32 * i}" fill="${p.faint}" font-size="13">${xml(name)}</text>`);
  add(`<line x1="28" x2="${(width - 28).toFixed(1)}" y1="${base + 136}" y2="${base + 136}" stroke="${p.rule}"/>`);
  for (const [i, line] of lines.entries())
    add(`<text x="28" y="${base + 164 + 26 * i}" fill="${p.ink}" font-size="16">${xml(line)}</text>`);
  for (const [i, line] of below.toReversed().entries())
    add(`<text x="28" y="${height - 14 - 17 * i}" fill="${p.faint}" font-size="12">${xml(line)}</text>`);
  add('</svg>');
  return `${out.join('\n')}\n`;
}
