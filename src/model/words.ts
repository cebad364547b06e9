export interface TextSpan {
  readonly text: string;
  /** UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

const core = /[\p{L}\p{N}\p{M}](?:.*[\p{L}\p{N}\p{M}])?/su;

/**
 * The words of a text: what white space parts (어절), with punctuation and symbols at either end as words of their own.
 * What stands inside (don't, 3.14) stays inside.
 */
export function splitWords(text: string): TextSpan[] {
  const words: TextSpan[] = [];
  const add = (start: number, end: number): void => {
    if (end > start) words.push({ text: text.slice(start, end), start, end });
  };
  for (const chunk of text.matchAll(/\S+/g)) {
    const [start, end] = [chunk.index, chunk.index + chunk[0].length];
    const middle = core.exec(chunk[0]);
    const [from, to] = middle ? [start + middle.index, start + middle.index + middle[0].length] : [end, end];
    add(start, from);
    add(from, to);
    add(to, end);
  }
  return words;
}
