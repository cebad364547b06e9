import { describe, expect, it } from 'vitest';
import { Tokenizer } from '../model/index.ts';
import { specialPieces, tokenizerOf } from './vocabulary.ts';

const texts = ['사과를 먹었다', '사과를 봤다 a', '빵을 먹었다'];
const pieces = (kind: 'characters' | 'words', text: string): string[] => {
  const tokenizer = Tokenizer.fromJson(tokenizerOf(texts, kind));
  return [...tokenizer.encode(text).ids].map((id) => tokenizer.piece(id)!);
};

describe('a tokenizer made from texts', () => {
  it('reads whole the words that come up again, all others by their characters', () => {
    expect(pieces('words', '사과를 봤다')).toEqual(['[CLS]', '사과를', '봤', '##다', '[SEP]']);
    expect(pieces('characters', '빵을')).toEqual(['[CLS]', '빵', '##을', '[SEP]']);
  });
  it.each(['characters', 'words'] as const)(
    'knows every text that it was made of, special tokens first: %s',
    (kind) => {
      const tokenizer = Tokenizer.fromJson(tokenizerOf(texts, kind));
      for (const text of texts) expect(tokenizer.encode(text).notices).toEqual([]);
      expect(specialPieces.map((piece) => tokenizer.tokenId(piece))).toEqual([0, 1, 2, 3, 4]);
      expect(tokenizer.encode('감').notices.length).toBe(1);
    },
  );
});
