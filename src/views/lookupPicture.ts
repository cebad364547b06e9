/** A question against a library as one self-contained SVG: the best tags, a bar each for score and weight. */
import type { LookupResult } from '../lens/index.ts';
import { face, type Theme, themes, xml } from './ink.ts';
import type { Language } from './language.ts';
import { two } from './numerals.ts';

const words = {
  en: {
    title: (question: string, tag: string, weight: string) => `“${question}” gives “${tag}” the weight ${weight}.`,
    score: 'score',
    weight: 'weight',
    more: (count: number, mass: string) => `${count} more tags share the weight ${mass}.`,
    legend: 'Bar: the weight, of the whole width. Score: q · k / √d.',
  },
  ko: {
    title: (question: string, tag: string, weight: string) =>
      `질문 ‘${question}’의 가중치는 색인 ‘${tag}’에 ${weight}입니다.`,
    score: '점수',
    weight: '가중치',
    more: (count: number, mass: string) => `나머지 색인 ${count}개의 가중치를 모두 더하면 ${mass}입니다.`,
    legend: '막대의 길이가 가중치입니다. 점수는 q · k / √d입니다.',
  },
} as const;

/** Longer texts end in three dots. */
const clip = (text: string, most: number): string => {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : text;
};

/** The `most` tags of the highest scores; the rest is counted, with its weight, so that nothing is hidden. */
export function lookupSvg(
  { entries, question, model, temperature }: LookupResult,
  {
    language,
    theme = 'light',
    most = 20,
  }: { readonly language: Language; readonly theme?: Theme; readonly most?: number },
): string {
  const [t, p] = [words[language], themes[theme]];
  const ranked = entries.toSorted((a, b) => b.score - a.score);
  const shown = ranked.slice(0, most);
  const rest = ranked.slice(most);
  const [width, top, pitch, left, right] = [760, 96, 34, 28, 732];
  const height = top + shown.length * pitch + (rest.length > 0 ? 30 : 0) + 44;
  const title = xml(t.title(clip(question, 60), clip(ranked[0]!.tag, 30), two(ranked[0]!.weight)));
  const text = (x: number, y: number, fill: string, size: number, content: string, more = ''): string =>
    `<text x="${x}" y="${y}" fill="${fill}" font-size="${size}"${more}>${xml(content)}</text>`;
  const end = ' text-anchor="end" font-variant-numeric="tabular-nums"';
  const rows = shown.flatMap(({ tag, score, weight }, i) => {
    const y = top + i * pitch;
    return [
      `<rect x="${left}" y="${y + 10}" width="${((right - left) * weight).toFixed(2)}" height="3" fill="${p.score}"/>`,
      text(left, y, p.key, 16, clip(tag, 36), ' font-weight="600"'),
      text(right - 110, y, p.score, 15, two(score), end),
      text(right, y, p.ink, 15, two(weight), `${end} font-weight="600"`),
    ];
  });
  const below = top + shown.length * pitch;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="siseon-title" font-family="${face}">`,
    `<title id="siseon-title">${title}</title>`,
    `<rect width="100%" height="100%" fill="${p.ground}"/>`,
    text(left, 36, p.query, 20, clip(question, 56)),
    text(right - 110, 64, p.faint, 13, t.score, end),
    text(right, 64, p.faint, 13, t.weight, end),
    ...rows,
    ...(rest.length > 0
      ? [text(left, below, p.faint, 14, t.more(rest.length, two(rest.reduce((sum, { weight }) => sum + weight, 0))))]
      : []),
    text(left, height - 16, p.faint, 12, `${model}, T = ${two(temperature)}. ${t.legend}`),
    '</svg>',
  ].join('\n')}\n`;
}
