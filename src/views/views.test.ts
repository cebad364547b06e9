import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { type Look, look, pair, wordMatrix } from '../lens/index.ts';
import { loadModel, shippedModel } from '../model/index.ts';
import { recordTrace } from '../trace/index.ts';
import {
  alignedOrLong,
  caption,
  columnMarks,
  illustration,
  lookMarks,
  lookSvg,
  lookText,
  matrixText,
  pairText,
  particle,
  queryPlane,
} from './index.ts';

const model = await loadModel(shippedModel);
const texts = [
  '철수가 사과를 맛있게 먹었다',
  '할머니께서 어제 시장에서 손자에게 아주 커다란 수박을 기쁘게 사 주셨다',
  'aVeryLongWordThatNobodyWouldEverWriteOnOneLineOfATerminalWithoutGoodReason 먹었다',
];
const looks = await Promise.all(texts.map(async (text) => look(await recordTrace(model, { text }), model)));

describe('particles follow the word', () => {
  it.each([
    ['사과', '을', '를'],
    ['책', '을', '을'],
    ['칼', '으로', '로'],
    ['밥', '으로', '으로'],
    ['1', '으로', '로'],
    ['3', '은', '은'],
    ['2', '은', '는'],
    ['0.96', '이에요', '이에요'],
    ['0.05', '이에요', '예요'],
    ['Lee', '이', '가'],
    ['Kim', '이', '이'],
    ['layers.0.weight', '이', '가'],
    ['repeat', '은', '는'],
    ['text', '과', '와'],
    ['output', '이', '이'],
    ['block', '을', '을'],
    ['training', '은', '은'],
    ['name', '을', '을'],
    ['table', '으로', '로'],
    ['model', '으로', '로'],
    ['token', '으로', '으로'],
    // In capitals letter by letter: 비, 티, 알, 엠.
    ['U+200B', '은', '는'],
    ['BERT', '이', '가'],
    ['R', '으로', '로'],
    ['LM', '과', '과'],
  ] as const)('%s, %s: %s', (word, kind, form) => expect(particle(word, kind)).toBe(form));
});

describe('the terminal', () => {
  it('keeps within 80 columns, Hangul counted as two, in both languages', async () => {
    for (const [i, seen] of looks.entries()) {
      const trace = await recordTrace(model, { text: texts[i]! });
      for (const language of ['ko', 'en'] as const) {
        const all = [
          lookText(seen, { language, color: false }),
          matrixText(await wordMatrix(trace, model), { language, color: false }),
          pairText(await pair(trace, model, { query: 0, key: 1 }), { language, color: false }),
        ];
        for (const line of all.join('\n').split('\n')) expect(stringWidth(line), line).toBeLessThanOrEqual(80);
      }
    }
  });
  it('prints no escape without colour, and the same text with it', () => {
    const [plain, coloured] = [false, true].map((color) => lookText(looks[0]!, { language: 'en', color })) as [
      string,
      string,
    ];
    expect(plain).not.toContain('\x1b');
    expect(
      coloured
        .split('\x1b')
        .map((part, i) => (i === 0 ? part : part.replace(/^\[\d+m/, '')))
        .join(''),
    ).toBe(plain);
  });
  it('labels the illustration, for the story alone', () => {
    expect(lookText(looks[0]!, { language: 'en', color: false })).toContain('an illustration and not measured');
    expect(illustration(looks[1]!)).toBeNull();
    expect(lookText(looks[1]!, { language: 'en', color: false })).not.toContain('illustration');
  });
});

it('the caption says the weights that the model has, and all of them', () => {
  const seen = looks[0]!;
  const said = caption(seen, 'en');
  for (const key of seen.keys.slice(1, 4)) expect(said).toContain(`${key.weight.toFixed(2)}`);
  expect(said).toContain(
    `${(seen.leftOver.self + seen.leftOver.special).toFixed(2)} to itself and the separators (layer ${seen.layer}, head ${seen.head}).`,
  );
  expect(caption(seen, 'ko')).toContain('‘먹었다’는 ‘사과를’에');
  // One sentence, two manners: the terminal's, and the page's to its visitor.
  expect(caption(seen, 'ko')).toContain('둡니다');
  expect(caption(seen, 'ko', 'friendly')).toBe(caption(seen, 'ko').replace('둡니다', '둬요'));
});

it('the caption names separators where there are some, itself where it is a key, and a word that comes twice by its place', async () => {
  const seen = looks[0]!;
  const alone: Look = { ...seen, keys: seen.keys.filter(({ word }) => word !== null) };
  expect(caption(alone, 'en')).toMatch(/ to itself \(layer/);
  expect(caption(alone, 'ko')).toMatch(/ 자기 자신에 둡니다/);
  const cross: Look = { ...seen, place: 'decoder.layers.0.cross', query: { ...seen.query, word: null } };
  expect(caption(cross, 'en')).toMatch(/ to the separators \(/);
  const bare: Look = { ...cross, keys: alone.keys };
  expect(caption(bare, 'en')).not.toMatch(/itself|separators/);
  expect(caption(bare, 'ko')).toMatch(/의 어텐션을 줍니다 \(/);
  expect(caption(bare, 'ko', 'friendly')).toBe(caption(bare, 'ko').replace('줍니다', '줘요'));
  const spaced: Look = { ...cross, keys: seen.keys.map((key) => (key.text === '[SEP]' ? { ...key, text: '␣' } : key)) };
  expect(caption(spaced, 'en')).toMatch(/ to the separators and blanks \(/);
  expect(caption({ ...spaced, place: seen.place, query: seen.query }, 'ko')).toMatch(
    / 자기 자신과 구분 토큰과 빈칸에 /,
  );
  expect(caption({ ...spaced, place: seen.place }, 'en')).toMatch(/ to itself, the separators and blanks \(/);
  // Hidden by a mask, a word is none that was looked at.
  const hidden: Look = {
    ...seen,
    keys: seen.keys.map((key) => (key.word === 1 ? { ...key, score: null, weight: 0 } : key)),
  };
  // Unless a weight was set there: it holds all the same.
  const set: Look = { ...hidden, keys: hidden.keys.map((key) => (key.word === 1 ? { ...key, weight: 0.5 } : key)) };
  expect(caption(set, 'en')).toContain('0.50 of its attention to 사과를');
  expect(caption(hidden, 'en')).not.toContain(seen.words[1]!.text);
  const twice = await look(await recordTrace(model, { text: '사과를 사과를 먹었다' }), model);
  // By its index, which is what `--query` takes: the heaviest first.
  const [first, second] = twice.keys
    .filter(({ text }) => text === '사과를')
    .toSorted((a, b) => b.weight - a.weight)
    .map(({ word }) => word);
  expect([first, second].toSorted()).toEqual([0, 1]);
  expect(caption(twice, 'en')).toMatch(new RegExp(` 사과를 \\(word ${first}\\), .* 사과를 \\(word ${second}\\)`));
  expect(caption(twice, 'ko')).toContain(`‘사과를’(단어 ${first})에`);
  expect(alignedOrLong(twice, 'en')).toMatch(new RegExp(`^사과를 \\(word ${first}\\) has`));
  expect(alignedOrLong(twice, 'ko')).toMatch(new RegExp(`^‘사과를’\\(단어 ${first}\\)의 가중치`));
});

describe('the plane of a query', () => {
  it('holds what makes the dot product along the query, and all the rest aside: 1e-5', () => {
    for (const seen of looks) {
      const { queryNorm, arrows } = queryPlane(seen);
      expect(arrows.length).toBe(seen.keys.length);
      for (const { along, aside, token } of arrows) {
        expect(Math.abs(along * queryNorm - token.dot)).toBeLessThanOrEqual(1e-5);
        expect(Math.abs(Math.hypot(along, aside) - token.keyNorm)).toBeLessThanOrEqual(1e-9);
      }
    }
  });
  it('centred, moves every key by the same amount along the query: 1e-5', () => {
    const [raw, centred] = [queryPlane(looks[0]!), queryPlane(looks[0]!, { centred: true })];
    const moves = raw.arrows.map(({ along }, i) => along - centred.arrows[i]!.along);
    for (const move of moves) expect(Math.abs(move - moves[0]!)).toBeLessThanOrEqual(1e-5);
  });
});

describe('the picture', () => {
  it('has a mark for every key and an arc for every other key with weight, in order', () => {
    const { words, arcs, width } = lookMarks(looks[0]!);
    expect(words.map(({ text }) => text)).toEqual(looks[0]!.keys.map(({ text }) => text));
    expect(arcs.length).toBe(looks[0]!.keys.filter(({ weight, word }) => weight > 0 && word !== 3).length);
    for (const [i, word] of words.entries())
      expect(word.x - word.width / 2).toBeGreaterThanOrEqual(i === 0 ? 0 : words[i - 1]!.x + words[i - 1]!.width / 2);
    expect(words.at(-1)!.x).toBeLessThan(width);
  });
  it('stands from top to bottom as well: a row each, the same arcs', () => {
    const { middles, arcs, height, width } = columnMarks(looks[0]!, 40);
    expect(middles).toEqual(looks[0]!.keys.map((_, i) => 20 + 40 * i));
    expect(height).toBe(40 * looks[0]!.keys.length);
    expect(arcs.map(({ weight }) => weight)).toEqual(lookMarks(looks[0]!).arcs.map(({ weight }) => weight));
    for (const arc of arcs) {
      expect(arc.from).toBe(middles[4]);
      expect(arc.height).toBeLessThanOrEqual(width);
    }
  });
  it('shows the weights of the look, and escapes what a text may hold', async () => {
    const svg = lookSvg(looks[0]!, { language: 'ko' });
    for (const { weight } of looks[0]!.keys) expect(svg).toContain(`>${weight.toFixed(2)}</text>`);
    const odd = await look(await recordTrace(model, { text: '<b>&" 먹었다 \ud800\u0001' }), model, { query: '먹었다' });
    const escaped = lookSvg(odd, { language: 'en', theme: 'dark' });
    for (const forbidden of ['<b>', '\u0001']) expect(escaped).not.toContain(forbidden);
    expect(escaped.isWellFormed()).toBe(true);
    expect(escaped.match(/<text/g)!.length).toBe(escaped.match(/<\/text>/g)!.length);
  });
});
