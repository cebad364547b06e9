/** What the decoder of an encoder-decoder reads: behind its start token, a text of its own. */
import type { Architecture } from './architecture.ts';
import type { Encoding, Tokenizer } from './tokenizer.ts';

/**
 * Where nothing is said: its start token alone; of a classifier the encoder's text, one token behind (Lewis et al. 2020,
 * §3.1).
 */
export function decoderInput({ classifier, decoderStart }: Architecture, ids: Int32Array): Int32Array {
  const start = decoderStart ?? 0;
  return classifier?.of === 'end' ? Int32Array.of(start, ...ids.subarray(0, -1)) : Int32Array.of(start);
}

/**
 * A text for the decoder: the start token, then the text's tokens as the tokenizer writes them, without the end token that
 * some put behind: what a model in training reads to say the text. Throws what Tokenizer.encode throws.
 */
export function decoderText(tokenizer: Tokenizer, a: Architecture, text: string): Encoding {
  const { tokens, words, ...rest } = tokenizer.encode(text);
  const last = tokens.length > 1 ? tokens.at(-1)! : null;
  // Written by the tokenizer, or by whoever wrote the text out.
  const ended = last?.special && (last.start === null || (a.endTokens ?? []).includes(last.id));
  const own = ended ? tokens.slice(0, -1) : tokens;
  const id = a.decoderStart ?? 0;
  const piece = tokenizer.piece(id) ?? `${id}`;
  const start = { index: 0, id, piece, text: piece, special: true, start: null, end: null, word: null };
  const all = [start, ...own.map((token) => ({ ...token, index: token.index + 1 }))];
  return {
    ...rest,
    ids: Int32Array.from(all, (token) => token.id),
    tokens: all,
    // An end token that was written out may have been the last word.
    words: words
      .map((word) => ({ ...word, tokens: word.tokens.filter((i) => i < own.length).map((i) => i + 1) }))
      .filter((word) => word.tokens.length > 0),
  };
}
