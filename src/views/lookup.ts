/** The library in the terminal. */
import pc from 'picocolors';
import stringWidth from 'string-width';
import { type LookupResult, nothingKnown } from '../lens/index.ts';
import { bar, clip, pad, padStart, WIDTH, wrap } from './columns.ts';
import { two } from './numerals.ts';
import type { TextOptions } from './text.ts';

/** A question against tags: scores, weights, contents; and a word about words that the model does not know. */
export function lookupText(result: LookupResult, { language, color, width = WIDTH }: TextOptions): string {
  const c = pc.createColors(color);
  const ko = language === 'ko';
  const column = Math.min(
    Math.max(10, width - 34),
    30,
    Math.max(9, ...result.entries.map(({ tag }) => stringWidth(tag))),
  );
  // The bar takes what is left of the line; on a narrow terminal there is none.
  const bars = Math.max(0, Math.min(20, width - column - 35));
  const lines = [
    '',
    `  ${ko ? '질문(Query)' : 'Query'}  ${c.blue(clip(result.question, Math.max(10, width - 16)))}`,
    '',
    c.dim(
      `  ${pad(ko ? '색인(Key)' : 'key', column)} ${padStart(ko ? '점수' : 'score', 7)} ${padStart('cos', 5)} ${padStart(ko ? '가중치' : 'weight', 6)} ${padStart(ko ? '혼합 중' : 'part', 7)}`,
    ),
  ];
  for (const { tag, content, score, cosine, weight, part } of result.entries.toSorted((a, b) => b.weight - a.weight)) {
    const numbers = `${c.magenta(padStart(two(score), 7))} ${padStart(two(cosine), 5)} ${padStart(two(weight), 6)} ${padStart(two(part), 7)}`;
    const line = `  ${c.red(pad(clip(tag, column), column))} ${numbers}`;
    lines.push(bars === 0 || bar(weight, bars) === '' ? line : `${line} ${c.magenta(bar(weight, bars))}`);
    if (content !== null) lines.push(...wrap(content, '      ', width).map((text) => c.green(text)));
  }
  const { tag, content } = result.entries[result.nearest]!;
  lines.push(
    '',
    ...wrap(
      `${ko ? '섞인 내용(Value)에 가장 가까운 것' : 'The mixture of values is nearest to'}: ${content ?? tag}`,
      '  ',
      width,
    ),
    ...lookupDoubts(result, ko).flatMap((doubt) => ['', ...wrap(doubt, '  ', width)]),
  );
  return [...lines, ''].join('\n');
}

/** Why not to believe a ranking: the question is not understood, or the tags are not. Empty where all words are known. */
function lookupDoubts({ entries, question, spelledOut }: LookupResult, ko: boolean): string[] {
  const tags = entries.flatMap((entry) => entry.spelledOut);
  const listed = (words: readonly string[]): string =>
    words
      .slice(0, 6)
      .map((word) => (ko ? `‘${word}’` : word))
      .join(', ') + (words.length > 6 ? ', …' : '');
  return [
    ...(nothingKnown(question, spelledOut)
      ? [
          ko
            ? `질문에 이 모델이 아는 낱말이 없습니다(${listed(spelledOut)}). 순위를 믿지 마세요.`
            : `The model knows no word of the question (${listed(spelledOut)}): do not trust the order.`,
        ]
      : []),
    ...(tags.length > 0
      ? [
          ko
            ? `색인 가운데 이 모델이 모르는 낱말이 있어 글자로 쪼개 읽었습니다: ${listed(tags)}. 이런 색인들의 순위는 가중치가 높아도 자주 틀립니다.`
            : `Words of the tags that the model does not know, and reads letter by letter: ${listed(tags)}. An order among such tags is often wrong, however high the weight.`,
        ]
      : []),
  ];
}
