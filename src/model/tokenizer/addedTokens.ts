/** Tokens that stand outside of the vocabulary's own splitting: [CLS], <|endoftext|>, and what users added. */
import type { AlignedText } from './aligned.ts';

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  /** Looked for in the text as the normalizer left it, not as it was given. */
  readonly normalized: boolean;
  /** Not found inside a longer word. */
  readonly singleWord: boolean;
  /** Takes the white space on its left, on its right, along. */
  readonly stripsLeft: boolean;
  readonly stripsRight: boolean;
}

/** Reads `added_tokens` of a tokenizer.json. */
export function addedTokens(list: unknown): AddedToken[] {
  if (!Array.isArray(list)) return [];
  return list
    .filter((entry): entry is Record<string, unknown> => typeof entry?.content === 'string' && entry.content !== '')
    .map((entry) => ({
      id: Number(entry.id),
      content: String(entry.content),
      special: entry.special === true,
      normalized: typeof entry.normalized === 'boolean' ? entry.normalized : entry.special !== true,
      singleWord: entry.single_word === true,
      stripsLeft: entry.lstrip === true,
      stripsRight: entry.rstrip === true,
    }));
}

/** A part of the text: one added token, or what lies between them. */
export interface Section {
  readonly token: AddedToken | null;
  readonly part: AlignedText;
}

const wordEnd = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const wordStart = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

/** Finds written-out tokens in texts: the leftmost, and of those that begin there the longest. */
export class AddedTokenFinder {
  readonly #byFirstUnit = new Map<string, { readonly written: string; readonly token: AddedToken }[]>();

  constructor(tokens: readonly AddedToken[], write: (content: string) => string) {
    for (const token of tokens) {
      const written = write(token.content);
      if (written === '') continue;
      const list = this.#byFirstUnit.get(written[0]!) ?? [];
      list.push({ written, token });
      this.#byFirstUnit.set(written[0]!, list);
    }
    for (const list of this.#byFirstUnit.values()) list.sort((a, b) => b.written.length - a.written.length);
  }

  cut(source: AlignedText): Section[] {
    const { text } = source;
    const sections: Section[] = [];
    let done = 0;
    for (let at = 0; at < text.length; at++) {
      const found = this.#byFirstUnit.get(text[at]!)?.find(({ written }) => text.startsWith(written, at));
      if (!found) continue;
      const { token, written } = found;
      let [from, to] = [at, at + written.length];
      if (token.singleWord && (wordEnd.test(text.slice(0, from)) || wordStart.test(text.slice(to)))) continue;
      if (token.stripsLeft) while (from > done && /\s/.test(text[from - 1]!)) from--;
      if (token.stripsRight) while (to < text.length && /\s/.test(text[to]!)) to++;
      if (from > done) sections.push({ token: null, part: source.slice(done, from) });
      sections.push({ token, part: source.slice(from, to) });
      done = to;
      at = to - 1;
    }
    if (done === 0 && sections.length === 0) return [{ token: null, part: source }];
    if (done < text.length) sections.push({ token: null, part: source.slice(done) });
    return sections;
  }
}
