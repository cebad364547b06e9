export interface TextSpan {
  readonly text: string;
  /** UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

const core = /[\p{L}\p{N}\p{M}](?:.*[\p{L}\p{N}\p{M}])?/su;
let segmenter: Intl.Segmenter | undefined;

/**
 * The words of a text. Korean is parted by white space alone (어절), with punctuation and symbols at either end as words
 * of their own; what stands inside stays inside. Everything else is parted as Unicode says (UAX 29, and dictionaries for
 * scripts without spaces); signs side by side are one word.
 */
export function splitWords(text: string): TextSpan[] {
  const words: TextSpan[] = [];
  const add = (start: number, end: number): void => {
    if (end > start) words.push({ text: text.slice(start, end), start, end });
  };
  for (const { 0: chunk, index: start } of text.matchAll(/\S+/g)) {
    if (!/\p{Script=Hangul}/u.test(chunk) && !/^\w+$/.test(chunk)) {
      for (const [from, to] of unicodeWords(chunk)) add(start + from, start + to);
      continue;
    }
    const end = start + chunk.length;
    const middle = core.exec(chunk);
    const [from, to] = middle ? [start + middle.index, start + middle.index + middle[0].length] : [end, end];
    add(start, from);
    add(from, to);
    add(to, end);
  }
  return words;
}

function unicodeWords(chunk: string): [number, number][] {
  segmenter ??= new Intl.Segmenter('und', { granularity: 'word' });
  const words: [number, number][] = [];
  let signs = false;
  for (const { segment, index, isWordLike } of segmenter.segment(chunk)) {
    const end = index + segment.length;
    const last = words.at(-1);
    if (!isWordLike && signs && last) last[1] = end;
    else words.push([index, end]);
    signs = !isWordLike;
  }
  return words;
}
