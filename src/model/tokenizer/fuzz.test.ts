import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fuzz } from '../../platform/fuzz.testing.ts';
import { SiseonError } from '../../platform/index.ts';
import { Tokenizer } from '../tokenizer.ts';

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null;
const shared = {
  added_tokens: [{ id: 9, content: '[X]', special: true, normalized: false }],
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '[X]', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  },
  decoder: null,
};
const sound: Json[] = [
  {
    ...shared,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    model: { type: 'WordPiece', unk_token: '[UNK]', vocab: { '[UNK]': 0, a: 1, '##b': 2 } },
  },
  {
    ...shared,
    normalizer: {
      type: 'Sequence',
      normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { String: 'x' }, content: 'y' }],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [{ type: 'Split', pattern: { Regex: '\\s+' }, behavior: 'Isolated' }, { type: 'ByteLevel' }],
    },
    model: { type: 'BPE', unk_token: null, vocab: { a: 0, b: 1, ab: 2 }, merges: [['a', 'b']] },
  },
  {
    ...shared,
    normalizer: { type: 'NFKC' },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' },
    model: {
      type: 'Unigram',
      unk_id: 0,
      vocab: [
        ['<unk>', 0],
        ['▁', -1],
        ['a', -2],
      ],
    },
  },
];

/** Every place in a JSON value. */
const places = (value: Json, path: string[] = []): string[][] =>
  typeof value === 'object' && value !== null
    ? [path, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...path, key]))]
    : [path];
const put = (value: Json, [key, ...rest]: readonly string[], inner: Json): Json => {
  if (key === undefined) return inner;
  const copy = structuredClone(value) as { [key: string]: Json };
  copy[key] = put(copy[key]!, rest, inner);
  return copy;
};

it('a tokenizer.json with anything anywhere is read or refused, and nothing else is thrown', () => {
  for (const json of sound) expect(Tokenizer.fromJson(json).encode('ab 가 é').tokens.length).toBeGreaterThan(1);
  const change = fc
    .constantFrom(...sound)
    .chain((json) =>
      fc.tuple(
        fc.constant(json),
        fc.constantFrom(...places(json)),
        fc.oneof(
          fc.jsonValue({ maxDepth: 1 }),
          fc.constantFrom('Sequence', 'NFD', 'Strip', 'WordLevel', 'BPE', [], {}, -1, '('),
        ),
      ),
    );
  fc.assert(
    fc.property(change, ([json, path, inner]) => {
      try {
        Tokenizer.fromJson(put(json, path, inner as Json)).encode('ab 가 é [X]');
      } catch (error) {
        expect(error, JSON.stringify([path, inner])).toBeInstanceOf(SiseonError);
      }
    }),
    fuzz(1500),
  );
});

it.each<[string, object, string]>([
  ['a list of ids', { type: 'WordPiece', unk_token: '[UNK]', vocab: [] }, 'model.vocab is not an object of ids'],
  ['a piece without a score', { type: 'Unigram', unk_id: 0, vocab: [['a']] }, 'not a list of pieces with scores'],
])('a vocabulary in the form of another kind is refused: %s', (_, model, problem) => {
  expect(() => Tokenizer.fromJson({ model })).toThrow(problem);
});
