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
  return wordPieceTokenizer([...characters, ...words, ...characters.map((character) => `##${character}`)], {
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    pair: [],
  });
}

const special = (id: string): object => ({ SpecialToken: { id, type_id: 0 } });
const sequence = (id: 'A' | 'B'): object => ({ Sequence: { id, type_id: 0 } });
/** What stands around a text alone, and around two of them. */
const alone = [special('[CLS]'), sequence('A'), special('[SEP]')];
/** Two texts, as BERT joins them. */
export const joinedTexts: readonly object[] = [...alone, sequence('B'), special('[SEP]')];

/** What a WordPiece tokenizer does before pieces are looked for, and how it joins two texts, in the words of tokenizer.json. */
export interface WordPieceReading {
  readonly normalizer: object | null;
  readonly pre_tokenizer: object;
  readonly pair: readonly object[];
}

/** The content of the tokenizer.json of a WordPiece vocabulary (Wu et al. 2016): `specialPieces`, then `pieces`. */
export function wordPieceTokenizer(
  pieces: readonly string[],
  { normalizer, pre_tokenizer, pair }: WordPieceReading,
): Record<string, unknown> {
  const boundary = (content: string): object => ({
    id: content,
    ids: [specialPieces.indexOf(content)],
    tokens: [content],
  });
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
    normalizer,
    pre_tokenizer,
    post_processor: {
      type: 'TemplateProcessing',
      single: alone,
      pair,
      special_tokens: { '[CLS]': boundary('[CLS]'), '[SEP]': boundary('[SEP]') },
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: false },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries([...new Set([...specialPieces, ...pieces])].map((piece, id) => [piece, id])),
    },
  };
}
