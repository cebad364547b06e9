/** Tokenizers made from the texts themselves, as the content of a tokenizer.json. */

/** `characters`: one token a character. `words`: the words that come up again whole, all others by their characters. */
export type PieceKind = 'characters' | 'words';

/** What has to stand first in the vocabulary of a model that is trained, in this order. */
export const specialPieces: readonly string[] = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

/** The most words that become tokens of their own: the frequent ones. */
const mostWords = 2000;

/**
 * A WordPiece tokenizer (Wu et al. 2016) of every character in some texts, at the start of a word and inside, and of whole
 * words where they are asked for. White space parts words. Every text given is read without an unknown token.
 */
export function tokenizerOf(texts: Iterable<string>, kind: PieceKind): Record<string, unknown> {
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const word of text.split(/\s+/)) if (word !== '') counts.set(word, (counts.get(word) ?? 0) + 1);
  const characters = [...new Set([...counts.keys()].join(''))].toSorted();
  const words =
    kind === 'characters'
      ? []
      : [...counts]
          .filter(([word, count]) => count > 1 && [...word].length > 1)
          .toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
          .slice(0, mostWords)
          .map(([word]) => word);
  const pieces = [...specialPieces, ...characters, ...words, ...characters.map((character) => `##${character}`)];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialPieces.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
    },
  };
}
