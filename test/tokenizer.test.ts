import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildTokenizer } from '../models/ko/vocabulary.ts';
import { Tokenizer } from '../src/model/tokenizer.ts';
import { unseen } from '../src/model/unseen.ts';
import { splitWords } from '../src/model/words.ts';
import { fuzz } from '../src/platform/fuzz.testing.ts';

const tokenizer = Tokenizer.fromJson(buildTokenizer());
const pieces = (text: string): string[] =>
  tokenizer
    .encode(text)
    .tokens.filter(({ special }) => !special)
    .map((token) => token.text);

describe('words', () => {
  it('are what white space parts, punctuation at the edges apart', () =>
    expect(splitWords(" “철수가  don't 3.14!” 😀먹다").map(({ text, start, end }) => [text, start, end])).toEqual([
      ['“', 1, 2],
      ['철수가', 2, 5],
      ["don't", 7, 12],
      ['3.14', 13, 17],
      ['!”', 17, 19],
      ['😀', 20, 22],
      ['먹다', 22, 24],
    ]));
});

describe('the Korean tokenizer', () => {
  it.each([
    ['먹었다', ['먹', '었', '다']],
    ['사과를', ['사과', '를']],
    ['철수가', ['철수', '가']],
    ['맛있게', ['맛있', '게']],
    ['마셨다', ['마셔', 'ㅆ', '다']],
    ['봤다', ['봐', 'ㅆ', '다']],
    ['할머니께서', ['할머니', '께서']],
  ])('%s is %j', (word, expected) => expect(pieces(word)).toEqual(expected));

  it('knows every syllable, Latin letter, digit and ASCII punctuation', () => {
    const syllables = Array.from({ length: 11172 }, (_, i) => String.fromCodePoint(0xac00 + i));
    const ascii = Array.from({ length: 94 }, (_, i) => String.fromCodePoint(0x21 + i));
    for (let i = 0; i < syllables.length; i += 20)
      expect(tokenizer.encode(syllables.slice(i, i + 20).join('')).notices).toEqual([]);
    expect(tokenizer.encode(ascii.join(' ')).notices).toEqual([]);
    expect(tokenizer.encode(ascii.join('')).notices).toEqual([]);
  });

  it('leaves an odd character alone in its [UNK] and says so; its neighbours stay words', () => {
    const { tokens, notices } = tokenizer.encode('사과🍎를 漢 먹\ud800다');
    expect(tokens.map(({ text }) => text)).toEqual([
      '[CLS]',
      '사과',
      '🍎',
      '르',
      'ㄹ',
      '漢',
      '먹',
      '\ud800',
      '다',
      '[SEP]',
    ]);
    expect(notices.map(({ code, start, end }) => [code, start, end])).toEqual([
      ['unknownCharacter', 2, 4],
      ['unknownCharacter', 6, 7],
      ['loneSurrogate', 9, 10],
    ]);
  });

  it('reads decomposed text as it reads composed text, with spans of the text as given', () => {
    const text = '먹었다'.normalize('NFD');
    const { tokens } = tokenizer.encode(text);
    expect(tokens.slice(1, -1).map(({ text: piece, start, end }) => [piece, start, end])).toEqual([
      ['먹', 0, 3],
      ['었', 3, 6],
      ['다', 6, 8],
    ]);
  });

  it('gives a token inside a syllable the span of the syllable', () => {
    const { tokens } = tokenizer.encode('봤다');
    expect(tokens.slice(1, -1).map(({ start, end }) => [start, end])).toEqual([
      [0, 1],
      [0, 1],
      [1, 2],
    ]);
  });

  it('has spans in order, inside the text, over everything but white space', () => {
    const unit = fc.constantFrom(
      ...'가각간먹었다사과를철수 aZ9.,!?🍎漢é\ud83d\udc4d',
      '\n',
      'ㅋ',
      '\u1100',
      '\u1161',
      '[MASK]',
      '\ud800',
    );
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 40 }), (units) => {
        const text = units.join('');
        if (unseen(text)) return;
        const { tokens, words } = tokenizer.encode(text);
        const covered = new Uint8Array(text.length);
        let last = 0;
        for (const { start, end, word } of tokens) {
          if (start === null || end === null) continue;
          expect(start).toBeGreaterThanOrEqual(last > start ? start : last === 0 ? 0 : Math.min(start, last));
          expect(end).toBeLessThanOrEqual(text.length);
          covered.fill(1, start, end);
          last = start;
          expect(words.some(({ index }) => index === word)).toBe(true);
        }
        for (let i = 0; i < text.length; i++) {
          if (/\s/.test(text[i]!)) continue;
          expect(covered[i], `${JSON.stringify(text)} at ${i}`).toBe(1);
          // What was typed stands in a word, whole, under its own name.
          expect(words.filter(({ start, end }) => start <= i && i < end)).toHaveLength(1);
        }
        for (const word of words) expect(word.text).toBe(text.slice(word.start, word.end));
      }),
      fuzz(300),
    );
  });
  it('makes one word of those that a token reaches through', () => {
    const { words, tokens } = tokenizer.encode('철수가 [MASK] [SEP]를 먹었다');
    expect(words.map(({ text }) => text)).toEqual(['철수가', '[MASK]', '[SEP]를', '먹었다']);
    expect(words[1]!.tokens.map((token) => tokens[token]!.text)).toEqual(['[MASK]']);
  });

  it('reads a run of 4,000 letters without waiting', () =>
    expect(tokenizer.encode('가나'.repeat(2000)).tokens.length).toBeGreaterThan(2000));
  it('refuses empty text and other kinds of tokenizer', () => {
    expect(() => tokenizer.encode(' \n')).toThrow('no text');
    expect(() => Tokenizer.fromJson({ model: { type: 'Magic' } })).toThrow('BPE, Unigram, got "Magic"');
    expect(() => Tokenizer.fromJson({ model: { type: 'Unigram' } })).toThrow('tokenizer.json cannot be read');
    expect(() => Tokenizer.fromJson(null)).toThrow('WordPiece');
  });
});
