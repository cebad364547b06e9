/** How nouns that end like a particle are read, known and unknown. */
import type { Model } from 'siseon/model';
import { attach } from '../grammar/inflection.ts';
import { firstWord, type Probe, verbLooks } from '../heads.ts';
import type { HeadPlace } from './values.ts';

/** Nouns in -을, -이, -가, -은, -는, -로, -에 that the grammar knows, and others that it does not. */
const knownNouns = ['마을', '노을', '가을', '휴가', '나이', '고양이', '아이', '오이', '종이', '고추', '화가', '작가'];
const unknownNouns = [
  '고을',
  '개울',
  '마늘쫑이',
  '호랑나비',
  '부엉이',
  '올빼미',
  '국가',
  '물가',
  '평가',
  '지은',
  '도로',
  '통로',
  '쟁이',
  '송이',
];

export interface ReadingFigures {
  readonly known: { readonly whole: number; readonly count: number };
  readonly unknown: { readonly misread: number; readonly count: number };
  /** Sentences with such an unknown noun as a bare time or place beside an object in 을/를: how often the object head is led astray. */
  readonly led: { readonly astray: number; readonly count: number };
}

const endings = ['을', '를', '이', '가', '은', '는', '로', '에'];

/** A noun is read right where its own tokens end where it ends; misread where its last token is the piece of a particle. */
export async function readingFigures(model: Model, roles: { readonly object: HeadPlace }): Promise<ReadingFigures> {
  const tokenizer = model.tokenizer!;
  const pieces = (word: string): string[] =>
    tokenizer
      .encode(word)
      .tokens.filter(({ special }) => !special)
      .map(({ piece }) => piece.replace(/^##/, '').normalize('NFC'));
  const whole = knownNouns.filter((noun) => {
    const [first] = pieces(attach(noun, '를'));
    return first === noun;
  });
  const misread = unknownNouns.filter((noun) => endings.includes(pieces(noun).at(-1)!));
  let astray = 0;
  let count = 0;
  for (const noun of unknownNouns)
    for (const [object, verb] of [
      ['사과를', '먹었다'],
      ['책을', '읽었다'],
      ['노래를', '불렀다'],
      ['그림을', '그렸다'],
    ] as const) {
      const words = [`${attach(noun, '는')}`, object, verb];
      const text = words.join(' ');
      const probe: Probe = {
        sentence: {
          text,
          words: words.map((word) => ({ text: word, role: 'modifier', stem: word, head: null })),
          clauses: [],
        },
        clause: { verb: 2, frame: '', kind: 'transitive', form: 'final', roles: { object: 1 } },
      };
      const own = (await verbLooks(model, probe)).find(
        ({ layer, head }) => layer === roles.object.layer && head === roles.object.head,
      )!;
      count++;
      if (firstWord(own, 2) !== 1) astray++;
    }
  return {
    known: { whole: whole.length, count: knownNouns.length },
    unknown: { misread: misread.length, count: unknownNouns.length },
    led: { astray: astray / count, count },
  };
}
