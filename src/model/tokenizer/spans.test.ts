/**
 * Spans against those that the Rust tokenizers publish (huggingface/tokenizers: `tests/offsets.rs`, the unit tests of
 * `pre_tokenizers`, and the golden files of its Python tests). A greedy model that finds these pieces in the whole
 * vocabulary finds them in a vocabulary of these pieces alone, so the whole one is not needed.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzz } from '../../platform/fuzz.testing.ts';
import { type Encoding, Tokenizer } from '../tokenizer.ts';
import { unseen } from '../unseen.ts';
import { AlignedText } from './aligned.ts';
import { normalizer } from './normalizers.ts';
import { byteLetters, preTokenizer } from './preTokenizers.ts';

const indexed = (pieces: readonly string[]): Record<string, number> =>
  Object.fromEntries([...new Set(pieces)].map((piece, id) => [piece, id]));

const wordPiece = (pieces: readonly string[], normalizerConfig: object): Tokenizer =>
  Tokenizer.fromJson({
    added_tokens: [],
    normalizer: normalizerConfig,
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordPiece', unk_token: '[UNK]', vocab: indexed(['[UNK]', ...pieces]) },
  });
const uncased = {
  type: 'BertNormalizer',
  clean_text: true,
  handle_chinese_chars: true,
  strip_accents: null,
  lowercase: true,
};

/** A BPE whose merges build each piece from its left. */
const bpe = (pieces: readonly string[], rest: object, model: object = {}): Tokenizer => {
  const merges = pieces.flatMap((piece) => {
    const letters = [...piece];
    return letters.slice(1).map((letter, i) => [letters.slice(0, i + 1).join(''), letter]);
  });
  const parts = merges.flatMap(([a, b]) => [a!, b!, a! + b!]);
  return Tokenizer.fromJson({
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    ...rest,
    model: { type: 'BPE', unk_token: null, vocab: indexed([...pieces, ...parts]), merges, ...model },
  });
};

const unigram = (pieces: readonly string[], normalizerConfig: object, preTokenizerConfig: object): Tokenizer =>
  Tokenizer.fromJson({
    added_tokens: [],
    normalizer: normalizerConfig,
    pre_tokenizer: preTokenizerConfig,
    post_processor: null,
    decoder: null,
    model: { type: 'Unigram', unk_id: 0, vocab: [['<unk>', 0], ...[...new Set(pieces)].map((piece) => [piece, -2])] },
  });

const seen = ({ tokens, text }: Encoding): [string, number, number][] =>
  tokens.map(({ piece, start, end }) => [piece, [...text.slice(0, start!)].length, [...text.slice(0, end!)].length]);
const spansOf = (encoding: Encoding): [number, number][] => seen(encoding).map(([, start, end]) => [start, end]);

describe('published spans of BERT (uncased: lower case, NFD without marks, Hangul as letters), in code points', () => {
  it.each<[string, string, [number, number][]]>([
    [
      "Hello, world!! How's it going? (fine; thanks...)",
      "hello , world ! ! how ' s it going ? ( fine ; thanks . . . )",
      [
        [0, 5],
        [5, 6],
        [7, 12],
        [12, 13],
        [13, 14],
        [15, 18],
        [18, 19],
        [19, 20],
        [21, 23],
        [24, 29],
        [29, 30],
        [31, 32],
        [32, 36],
        [36, 37],
        [38, 44],
        [44, 45],
        [45, 46],
        [46, 47],
        [47, 48],
      ],
    ],
    [
      'line one\nline two\r\n\tindented\n  trailing  ',
      'line one line two ind ##ented trailing',
      [
        [0, 4],
        [5, 8],
        [9, 13],
        [14, 17],
        [20, 23],
        [23, 28],
        [31, 39],
      ],
    ],
    [
      'café naïve résumé — déjà vu',
      'cafe naive resume — de ##ja vu',
      [
        [0, 4],
        [5, 10],
        [11, 17],
        [18, 19],
        [20, 22],
        [22, 24],
        [25, 27],
      ],
    ],
    [
      'café naïve résumé'.normalize('NFD'),
      'cafe naive resume',
      [
        [0, 4],
        [6, 12],
        [13, 20],
      ],
    ],
    [
      '🤗 emoji, flags 🇫🇷 and skin tones 👍🏽',
      '[UNK] em ##oj ##i , flags [UNK] and skin tones [UNK]',
      [
        [0, 1],
        [2, 4],
        [4, 6],
        [6, 7],
        [7, 8],
        [9, 14],
        [15, 17],
        [18, 21],
        [22, 26],
        [27, 32],
        [33, 35],
      ],
    ],
    [
      '한국어 텍스트',
      'ᄒ ##ᅡ ##ᆫ ##ᄀ ##ᅮ ##ᆨ ##ᄋ ##ᅥ ᄐ ##ᅦ ##ᆨ ##ᄉ ##ᅳ ##ᄐ ##ᅳ',
      [
        [0, 1],
        [0, 1],
        [0, 1],
        [1, 2],
        [1, 2],
        [1, 2],
        [2, 3],
        [2, 3],
        [4, 5],
        [4, 5],
        [4, 5],
        [5, 6],
        [5, 6],
        [6, 7],
        [6, 7],
      ],
    ],
    [
      '漢字とひらがな',
      '漢 [UNK] と ##ひ ##ら ##か ##な',
      [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
        [4, 5],
        [5, 6],
        [6, 7],
      ],
    ],
    [
      '1234567890, 3.14159',
      '123 ##45 ##6 ##7 ##8 ##90 , 3 . 141 ##59',
      [
        [0, 3],
        [3, 5],
        [5, 6],
        [6, 7],
        [7, 8],
        [8, 10],
        [10, 11],
        [12, 13],
        [13, 14],
        [14, 17],
        [17, 19],
      ],
    ],
  ])('%j', (text, pieces, spans) => {
    const list = pieces.split(' ');
    const encoding = wordPiece(list, uncased).encode(text);
    expect(encoding.tokens.map(({ piece }) => piece)).toEqual(list);
    expect(spansOf(encoding)).toEqual(spans);
  });
});

describe('published spans of GPT-2 (byte-level)', () => {
  const parts = (trimmed: boolean, prefix = false) => ({
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: prefix },
    post_processor: { type: 'ByteLevel', trim_offsets: trimmed },
  });
  const tokens = 'Hello Ġthere , Ġhow Ġare Ġyou ?'.split(' ');
  it('keeps the space before a word in its span, or trims it, as trim_offsets says', () => {
    const text = 'Hello there, how are you?';
    const covered = (trimmed: boolean): string[] =>
      bpe(trimmed ? ['ĠHello', ...tokens] : ['ĠHello', ...tokens], parts(trimmed, true))
        .encode(text)
        .tokens.map(({ start, end }) => text.slice(start!, end!));
    expect(covered(false)).toEqual(['Hello', ' there', ',', ' how', ' are', ' you', '?']);
    expect(covered(true)).toEqual(['Hello', 'there', ',', 'how', 'are', 'you', '?']);
  });
  it('gives each part of a character the whole character: i⭢j, 한국어 텍스트 조각', () => {
    const bytes = bpe(byteLetters, parts(false)).encode('i⭢j');
    expect(spansOf(bytes)).toEqual([
      [0, 1],
      [1, 2],
      [1, 2],
      [1, 2],
      [2, 3],
    ]);
    const pieces = 'íķ ľ ê µ Ń ì ĸ ´ Ġ í ħ į ì Ĭ ¤ í Ĭ ¸ Ġì ¡ ° ê ° ģ'.split(' ');
    const { tokens: korean, words } = bpe(pieces, parts(false)).encode('한국어 텍스트 조각');
    expect(korean.map(({ piece, start, end }) => [piece, start, end])).toEqual(
      pieces.map((piece, i) => [
        piece,
        [0, 0, 1, 1, 1, 2, 2, 2, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 8, 8, 9, 9, 9][i],
        [1, 1, 2, 2, 2, 3, 3, 3, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7, 9, 9, 9, 10, 10, 10][i],
      ]),
    );
    expect(korean.map(({ text }) => text).join(' ')).not.toContain('\ufffd');
    expect(korean[0]!.text).toBe('한');
    expect(words.map(({ text, tokens: own }) => [text, own.length])).toEqual([
      ['한국어', 8],
      ['텍스트', 9],
      ['조각', 6],
    ]);
    expect(korean[8]).toMatchObject({ text: '␣', word: null, special: false });
  });
});

describe('published spans of Llama 2 (▁ put before, spaces to ▁, bytes where a letter is missing)', () => {
  const llama = {
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
  };
  it.each<[string, string, [number, number][]]>([
    [
      'Hello world',
      '▁Hello ▁world',
      [
        [0, 5],
        [5, 11],
      ],
    ],
    [
      '한국어 텍스트 조각',
      '▁ 한 국 어 ▁ <0xED> <0x85> <0x8D> 스 트 ▁ 조 <0xEA> <0xB0> <0x81>',
      [
        [0, 1],
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 4],
        [4, 5],
        [4, 5],
        [4, 5],
        [5, 6],
        [6, 7],
        [7, 8],
        [8, 9],
        [9, 10],
        [9, 10],
        [9, 10],
      ],
    ],
    [
      '🤗 ᵢ',
      '▁ <0xF0> <0x9F> <0xA4> <0x97> ▁ <0xE1> <0xB5> <0xA2>',
      [
        [0, 1],
        [0, 1],
        [0, 1],
        [0, 1],
        [0, 1],
        [1, 2],
        [2, 3],
        [2, 3],
        [2, 3],
      ],
    ],
  ])('%s', (text, pieces, spans) => {
    const list = pieces.split(' ');
    const texts = list.filter((piece) => !piece.startsWith('<'));
    const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
    const built = bpe(texts, llama, { byte_fallback: true, fuse_unk: true });
    const vocab = indexed([
      ...bytes,
      ...texts.flatMap((piece) => [piece, ...piece]),
      ...texts.flatMap((p) => [...p].map((_, i) => [...p].slice(0, i + 1).join(''))),
    ]);
    expect(built.kind).toBe('BPE');
    const encoding = bpe(texts, llama, { byte_fallback: true, fuse_unk: true, vocab }).encode(text);
    expect(encoding.tokens.map(({ piece }) => piece)).toEqual(list);
    expect(spansOf(encoding)).toEqual(spans);
  });
});

describe('published spans of T5 (Unigram, white space cut off, ▁ put before, NFKC)', () => {
  const cut = {
    type: 'Sequence',
    pretokenizers: [{ type: 'WhitespaceSplit' }, { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' }],
  };
  it.each<[string, string, [number, number][]]>([
    [
      'line one\nline two\r\n\tindented\n  trailing  ',
      '▁line ▁one ▁line ▁two ▁in den ted ▁trail ing',
      [
        [0, 4],
        [5, 8],
        [9, 13],
        [14, 17],
        [20, 22],
        [22, 25],
        [25, 28],
        [31, 36],
        [36, 39],
      ],
    ],
    [
      'café naïve résumé — déjà vu',
      '▁café ▁ n a ï ve ▁ré sum é ▁ — ▁déjà ▁vu',
      [
        [0, 4],
        [5, 6],
        [5, 6],
        [6, 7],
        [7, 8],
        [8, 10],
        [11, 13],
        [13, 16],
        [16, 17],
        [18, 19],
        [18, 19],
        [20, 24],
        [25, 27],
      ],
    ],
    [
      '한국어 텍스트 조각',
      '▁ <unk> ▁ <unk> ▁ <unk>',
      [
        [0, 1],
        [0, 3],
        [4, 5],
        [4, 7],
        [8, 9],
        [8, 10],
      ],
    ],
    [
      '∑ᵢ xᵢ² ≤',
      '▁ <unk> i ▁ x i 2 ▁ <unk>',
      [
        [0, 1],
        [0, 1],
        [1, 2],
        [3, 4],
        [3, 4],
        [4, 5],
        [5, 6],
        [7, 8],
        [7, 8],
      ],
    ],
  ])('%j', (text, pieces, spans) => {
    const list = pieces.split(' ');
    const known = list.filter((piece) => piece !== '<unk>');
    const encoding = unigram(known, { type: 'NFKC' }, cut).encode(text);
    expect(encoding.tokens.map(({ piece }) => piece)).toEqual(list);
    expect(spansOf(encoding)).toEqual(spans);
  });
});

describe('cuts', () => {
  const cuts = (config: object, text: string): [string, number, number][] =>
    preTokenizer(config as { type: string })(AlignedText.of(text)).map((part) => {
      const { start, end } = part.span(0, part.length);
      return [part.text, start, end];
    });
  it.each([
    ['Removed', ['the', 'final', 'countdown']],
    ['Isolated', ['the', '-', 'final', '-', '-', 'countdown']],
    ['MergedWithPrevious', ['the-', 'final-', '-', 'countdown']],
    ['MergedWithNext', ['the', '-final', '-', '-countdown']],
    ['Contiguous', ['the', '-', 'final', '--', 'countdown']],
  ])('the-final--countdown, %s: %j (published)', (behavior, expected) =>
    expect(
      cuts({ type: 'Split', pattern: { String: '-' }, behavior }, 'the-final--countdown').map(([text]) => text),
    ).toEqual(expected),
  );
  it('Metaspace on several spaces (published)', () =>
    expect(cuts({ type: 'Metaspace', replacement: '▁', add_prefix_space: true }, 'Hey   friend!')).toEqual([
      ['▁Hey', 0, 3],
      ['▁', 3, 4],
      ['▁', 4, 5],
      ['▁friend!', 5, 13],
    ]));
  it('ByteLevel on a line end and on a run of spaces (published)', () => {
    const config = { type: 'ByteLevel', add_prefix_space: false };
    expect(cuts(config, 'Hello there\nHello there')).toEqual([
      ['Hello', 0, 5],
      ['Ġthere', 5, 11],
      ['Ċ', 11, 12],
      ['Hello', 12, 17],
      ['Ġthere', 17, 23],
    ]);
    expect(cuts(config, 'Hello there       dear')).toEqual([
      ['Hello', 0, 5],
      ['Ġthere', 5, 11],
      ['ĠĠĠĠĠĠ', 11, 17],
      ['Ġdear', 17, 22],
    ]);
  });
  it('punctuation one by one, digits one by one or together, words with marks together', () => {
    expect(cuts({ type: 'Punctuation' }, '네?! 3$').map(([t]) => t)).toEqual(['네', '?', '!', ' 3', '$']);
    expect(cuts({ type: 'Digits', individual_digits: true }, 'a123').map(([t]) => t)).toEqual(['a', '1', '2', '3']);
    expect(cuts({ type: 'Digits' }, 'a123').map(([t]) => t)).toEqual(['a', '123']);
    expect(cuts({ type: 'Whitespace' }, '안녕hello, 세계').map(([t]) => t)).toEqual(['안녕hello', ',', '세계']);
  });
  it('refuses a kind that it does not know, by name', () =>
    expect(() => preTokenizer({ type: 'UnicodeScripts' })).toThrow('got "UnicodeScripts"'));
});

describe('normalizers keep their place', () => {
  const rewritten = (config: object, text: string): [string, string][] => {
    const { text: to, starts, ends } = normalizer(config as { type: string })(AlignedText.of(text));
    return Array.from(to, (unit, i) => [unit, text.slice(starts[i], ends[i])]);
  };
  it('NFC: composed letters cover all that they are made of; the rest stays', () =>
    expect(rewritten({ type: 'NFC' }, 'a가\u11a8e\u0301z')).toEqual([
      ['a', 'a'],
      ['각', '가\u11a8'],
      ['é', 'e\u0301'],
      ['z', 'z'],
    ]));
  it('NFKC: one character to many, and compatibility letters of one syllable', () =>
    expect(rewritten({ type: 'NFKC' }, '㈜ㄱㅏ')).toEqual([
      ['(', '㈜'],
      ['주', '㈜'],
      [')', '㈜'],
      ['가', 'ㄱㅏ'],
    ]));
  it('NFKC: a half-width voicing mark is a letter until then, and a mark after it belongs to the letter before both', () =>
    expect(rewritten({ type: 'NFKC' }, 'xaﾞ\u0301z')).toEqual([
      ['x', 'x'],
      ['á', 'aﾞ\u0301'],
      ['\u3099', 'aﾞ\u0301'],
      ['z', 'z'],
    ]));
  it.each(['NFC', 'NFD', 'NFKC', 'NFKD'])(
    '%s of every character that it changes, between a letter and a mark',
    (type) => {
      const form = normalizer({ type });
      let changed = 0;
      for (let code = 1; code < 0x30000; code++) {
        const character = String.fromCodePoint(code);
        if (character.normalize(type) === character && !/\p{M}/u.test(character)) continue;
        const text = `a${character}\u0301가${character}\u11a8`;
        expect(form(AlignedText.of(text)).text).toBe(text.normalize(type));
        changed += 1;
      }
      expect(changed).toBeGreaterThan(3000);
    },
  );
  it('lower case: İ becomes two units, Σ at a word’s end stays σ (as the Rust tokenizers have it)', () => {
    expect(rewritten({ type: 'Lowercase' }, 'İΣ')).toEqual([
      ['i', 'İ'],
      ['\u0307', 'İ'],
      ['σ', 'Σ'],
    ]);
  });
  it('Replace and Strip', () => {
    expect(rewritten({ type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' }, 'a   b')).toEqual([
      ['a', 'a'],
      ['▁', '   '],
      ['b', 'b'],
    ]);
    expect(rewritten({ type: 'Strip', strip_left: true, strip_right: true }, ' a ')).toEqual([['a', 'a']]);
  });
  it('Precompiled: a table with ① → 1 and ﷺ left alone', () => {
    // A double array for the bytes of ① (E2 91 A0): every unit's offset leads to the next byte's place.
    const units = new Uint32Array(1024);
    const places = [256, 512, 768];
    const label = (at: number, byte: number, offset: number, leaf: boolean): void => {
      units[at] = ((offset << 10) | byte | (leaf ? 256 : 0)) >>> 0;
    };
    units[0] = places[0]! << 10;
    label(places[0]! ^ 0xe2, 0xe2, places[0]! ^ 0xe2 ^ places[1]!, false);
    label(places[1]! ^ 0x91, 0x91, places[1]! ^ 0x91 ^ places[2]!, false);
    const last = places[2]! ^ 0xa0;
    label(last, 0xa0, last ^ 1000, true);
    units[1000] = 0x80000000;
    const table = new Uint8Array(4 + units.byteLength + 2);
    new DataView(table.buffer).setUint32(0, units.byteLength, true);
    table.set(new Uint8Array(units.buffer), 4);
    table.set([0x31, 0], 4 + units.byteLength);
    const charsmap = btoa(String.fromCharCode(...table));
    expect(rewritten({ type: 'Precompiled', precompiled_charsmap: charsmap }, 'a①ﷺ')).toEqual([
      ['a', 'a'],
      ['1', '①'],
      ['ﷺ', 'ﷺ'],
    ]);
    expect(() => normalizer({ type: 'Precompiled', precompiled_charsmap: 'AAAA' })).toThrow('no normalisation table');
    expect(() => normalizer({ type: 'Magic' })).toThrow('got "Magic"');
  });
});

describe('whatever the text', () => {
  const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`);
  const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' };
  const tokenizers: [string, Tokenizer][] = [
    [
      'WordPiece, uncased',
      wordPiece(
        [...'abcdefghijklmnopqrstuvwxyz'].flatMap((c) => [c, `##${c}`]),
        uncased,
      ),
    ],
    [
      'byte-level BPE',
      bpe([...byteLetters, 'Ġa', 'ab', 'ê°'], { pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true } }),
    ],
    [
      'BPE with bytes, NFKC',
      bpe(
        [...bytes, '▁', 'a', 'b', 'ab', '가'],
        { normalizer: { type: 'NFKC' }, pre_tokenizer: metaspace },
        {
          byte_fallback: true,
          unk_token: '<0x00>',
          merges: [['a', 'b']],
          vocab: indexed([...bytes, '▁', 'a', 'b', 'ab', '가']),
        },
      ),
    ],
    [
      'Unigram, NFD, lower case',
      unigram(
        ['▁', 'a', 'b', '▁a', 'ᄀ', 'ᅡ'],
        { type: 'Sequence', normalizers: [{ type: 'NFD' }, { type: 'Lowercase' }, { type: 'StripAccents' }] },
        { ...metaspace, prepend_scheme: 'always' },
      ),
    ],
  ];
  const unit = fc.oneof(
    fc.constantFrom(...'abAB가각힣 éﬁ①㈜漢ﾞカİΣ🤗🇰\n\t​', '\u1100', '\u1161', '\u11a8', '\u0301', '\ud83d', '👨‍👩‍👧'),
    fc.string({ unit: 'binary', maxLength: 2 }),
  );
  it.each(tokenizers)('%s: spans are in order, inside the text, never empty, and whole characters', (_, tokenizer) => {
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 30 }), (units) => {
        const text = units.join('');
        if (unseen(text)) return;
        const { tokens, words } = tokenizer.encode(text);
        let [lastStart, lastEnd] = [0, 0];
        for (const { start, end, word, text: shown } of tokens) {
          expect(start!).toBeGreaterThanOrEqual(lastStart);
          expect(end!).toBeGreaterThanOrEqual(lastEnd);
          expect(end!).toBeGreaterThan(start!);
          expect(end!).toBeLessThanOrEqual(text.length);
          expect(/^[\udc00-\udfff]/.test(text.slice(start!)) && /[\ud800-\udbff]$/.test(text.slice(0, start!))).toBe(
            false,
          );
          if (word !== null) expect(words[word]!.index).toBe(word);
          if (!text.includes('\ufffd')) expect(shown).not.toContain('\ufffd');
          [lastStart, lastEnd] = [start!, end!];
        }
        for (const { index, tokens: own } of words) for (const token of own) expect(tokens[token]!.word).toBe(index);
      }),
      fuzz(300),
    );
  });
  it('byte-level BPE covers every unit, and its pieces spell the text', () => {
    const [, tokenizer] = tokenizers[1]!;
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 30 }), (units) => {
        const text = units.join('');
        if (unseen(text)) return;
        const { tokens } = tokenizer.encode(text);
        const covered = new Uint8Array(text.length);
        for (const { start, end } of tokens) covered.fill(1, start!, end!);
        expect(covered.indexOf(0)).toBe(-1);
        const spelt = Uint8Array.from(tokens.map(({ piece }) => piece).join(''), (letter) =>
          byteLetters.indexOf(letter),
        );
        expect(new TextDecoder().decode(spelt).replace(/^ /, '')).toBe(text.toWellFormed().replace(/^ /, ''));
      }),
      fuzz(200),
    );
  });
});

describe('notices', () => {
  it('decomposed text that a vocabulary does not know is noticed, not changed', () => {
    const tokenizer = wordPiece(['안녕'], { ...uncased, strip_accents: false, lowercase: false });
    const text = '안녕'.normalize('NFD');
    const { notices, tokens } = tokenizer.encode(text);
    expect(tokens.map(({ piece }) => piece)).toEqual(['[UNK]']);
    expect(notices.map(({ code }) => code)).toEqual(['unknownWord', 'decomposed']);
    expect(tokenizer.encode('안녕').notices).toEqual([]);
  });
  it('one odd character makes a word [UNK] in BERT’s own way, and the word is named', () =>
    expect(wordPiece(['사', '##과'], uncased).encode('사과🍎').notices).toEqual([
      { code: 'unknownWord', text: '사과🍎', start: 0, end: 4 },
    ]));
  it('signs that nobody sees are named where the text has others, and alone are no text', () => {
    const tokenizer = bpe([...'ab', '\u200b'], {});
    expect(tokenizer.encode('a\u200bb').notices).toEqual([{ code: 'unseen', text: '\u200b', start: 1, end: 2 }]);
    // Said once, where the vocabulary has no way to write them.
    expect(
      bpe(['a', 'b'], {})
        .encode('a\u2060b')
        .notices.map(({ code }) => code),
    ).toEqual(['droppedCharacter']);
    // Blanks are seen for what they are, and joiners belong to what they join.
    expect(bpe([...'ab\n\t\u200d\ufe0f'], {}).encode('a\n\tb\u200da\ufe0f').notices).toEqual([]);
    for (const text of ['\u200b', '\u0000', ' \u2060 \ufeff\u3164'])
      expect(() => tokenizer.encode(text)).toThrow(expect.objectContaining({ code: 'emptyText' }));
    expect(() => tokenizer.encode(' \u200b\u200b \u0007')).toThrow('nothing else (U+200B, U+0007)');
    expect(() => tokenizer.encode('\ufeff')).toThrow('nothing else (U+FEFF)');
    expect(() => tokenizer.encode(' \u00a0')).toThrow('there is no text');
  });
  it('a character that a vocabulary cannot write is named', () =>
    expect(bpe(['a', 'b'], {}).encode('a漢b').notices).toEqual([
      { code: 'droppedCharacter', text: '漢', start: 1, end: 2 },
    ]));
});

describe('long runs', () => {
  it('WordPiece, BPE and Unigram read a run of 50,000 letters', () => {
    const run = 'ab'.repeat(25_000);
    const noLimit = Tokenizer.fromJson({
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: null,
      model: {
        type: 'WordPiece',
        unk_token: '[UNK]',
        max_input_chars_per_word: 1e9,
        vocab: indexed(['[UNK]', 'a', '##b', '##ab', '##abab']),
      },
    });
    expect(noLimit.encode(run).tokens.length).toBeLessThan(20_000);
    expect(
      wordPiece(['a'], uncased)
        .encode(run)
        .tokens.map(({ piece }) => piece),
    ).toEqual(['[UNK]']);
    expect(bpe(['a', 'b', 'ab'], {}).encode(run).tokens.length).toBe(25_000);
    expect(unigram(['a', 'b', 'ab'], { type: 'NFC' }, { type: 'WhitespaceSplit' }).encode(run).tokens.length).toBe(
      25_000,
    );
  });
});

describe('words', () => {
  const tokenizer = bpe(byteLetters, { pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false } });
  it('어절 for Korean, Unicode’s rules elsewhere', () => {
    const words = (text: string): string[] => tokenizer.encode(text).words.map((word) => word.text);
    expect(words('철수가 “사과를” 먹었다.')).toEqual(['철수가', '“', '사과를', '”', '먹었다', '.']);
    expect(words("It's well-known: 3.14!")).toEqual(["It's", 'well', '-', 'known', ':', '3.14', '!']);
    expect(words('我喜欢苹果')).toEqual(['我', '喜欢', '苹果']);
  });
  it('decodes what it encodes', () => {
    const built = bpe(byteLetters, {
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
      decoder: { type: 'ByteLevel' },
    });
    expect(built.decode(built.encode('철수가 🍎').ids)).toBe('철수가 🍎');
  });
});

describe('a token named where no text stands around it', () => {
  const named = (tokenizer: Tokenizer, pieces: readonly string[]): (string | undefined)[] =>
    pieces.map((piece) => tokenizer.name(tokenizer.tokenId(piece)!));

  it('draws the blank that tells two tokens of a byte-level vocabulary apart, and bytes of half a letter as bytes', () => {
    const pieces = ['t', 'Ġt', 'Ġ', 'ĠĠ', 'Ċ', 'ĉ', 'íķľ', 'íķ', 'Ġíķ', 'Ï', 'Ā', 'âĢĭ'];
    const bytes = { pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false }, decoder: { type: 'ByteLevel' } };
    const parts = ['<0xED><0x95>', '␣<0xED><0x95>', '<0xCF>'];
    expect(named(bpe(pieces, bytes), pieces)).toEqual([
      't',
      '␣t',
      '␣',
      '␣␣',
      '⏎',
      '⇥',
      '한',
      ...parts,
      'U+0000',
      'U+200B',
    ]);
  });

  it('draws ▁ as the blank that it stands for, though its decoder leaves the first out', () => {
    const metaspace = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true };
    const pieces = ['▁dog', 'dog', '▁', '<0x0A>', '<0xEC>', '한'];
    const names = ['␣dog', 'dog', '␣', '⏎', '<0xEC>', '한'];
    expect(named(unigram(pieces, { type: 'NFC' }, metaspace), ['<unk>', ...pieces])).toEqual(['<unk>', ...names]);
    expect(named(bpe(pieces, { pre_tokenizer: metaspace, decoder: metaspace }), pieces)).toEqual(names);
  });

  it('keeps ## of WordPiece, composes Hangul, and knows nothing of an id that is none', () => {
    const pieces = ['ing', '##ing', '하', '##ᆻ', '▁'];
    const tokenizer = wordPiece(pieces, uncased);
    expect(named(tokenizer, ['[UNK]', ...pieces])).toEqual(['[UNK]', 'ing', '##ing', '하', '##ㅆ', '▁']);
    expect(tokenizer.name(pieces.length + 1)).toBeUndefined();
  });
});
