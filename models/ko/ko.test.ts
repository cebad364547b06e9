import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { loadModel, Tokenizer } from 'siseon/model';
import { seededRandom } from 'siseon/train';
import { describe, expect, it } from 'vitest';
import { attach, inflect } from './grammar/inflection.ts';
import { people } from './grammar/lexicon.ts';
import { isStory, mayTrain, splitOf, writeSentence, writeSentences, writeTrainingSentence } from './grammar/write.ts';
import { headFigures, withObject } from './heads.ts';
import { modelFolder } from './index.ts';
import { buildTokenizer } from './vocabulary.ts';

describe('Korean', () => {
  const past = { tense: 'past', level: 'plain', honorific: false } as const;
  const present = { ...past, tense: 'present' } as const;
  it.each([
    [{ stem: '먹' }, '먹었다', '먹는다'],
    [{ stem: '보' }, '봤다', '본다'],
    [{ stem: '쓰' }, '썼다', '쓴다'],
    [{ stem: '마시' }, '마셨다', '마신다'],
    [{ stem: '공부하' }, '공부했다', '공부한다'],
    [{ stem: '듣', irregular: 'ㄷ' }, '들었다', '듣는다'],
    [{ stem: '짓', irregular: 'ㅅ' }, '지었다', '짓는다'],
    [{ stem: '굽', irregular: 'ㅂ' }, '구웠다', '굽는다'],
    [{ stem: '돕', irregular: 'ㅂ' }, '도왔다', '돕는다'],
    [{ stem: '부르', irregular: '르' }, '불렀다', '부른다'],
    [{ stem: '만들' }, '만들었다', '만든다'],
    [{ stem: '배우' }, '배웠다', '배운다'],
    [{ stem: '드시', honorificStem: true }, '드셨다', '드신다'],
    [{ stem: '쉬', irregular: 'full' }, '쉬었다', '쉰다'],
  ] as const)('%j: %s, %s', (verb, before, now) =>
    expect([inflect(verb, past), inflect(verb, present)]).toEqual([before, now]),
  );
  it('honours: 읽으셨다, 만드신다, 들으세요', () =>
    expect([
      inflect({ stem: '읽' }, { ...past, honorific: true }),
      inflect({ stem: '만들' }, { ...present, honorific: true }),
      inflect({ stem: '듣', irregular: 'ㄷ' }, { tense: 'present', level: 'polite', honorific: true }),
    ]).toEqual(['읽으셨다', '만드신다', '들으세요']));
  it('chooses particles: 사과를 책을 칼로 밥으로', () =>
    expect([attach('사과', '를'), attach('책', '를'), attach('칼', '로'), attach('밥', '로')]).toEqual([
      '사과를',
      '책을',
      '칼로',
      '밥으로',
    ]));
});

describe('the grammar', () => {
  const random = seededRandom(5);
  const drawn = Array.from({ length: 20_000 }, () => writeSentence(random));
  it('keeps parts apart, whatever the order of the words', () => {
    for (const sentence of drawn.slice(0, 500)) {
      const turned = { ...sentence, words: sentence.words.toReversed() };
      expect(splitOf(turned)).toBe(splitOf(sentence));
    }
    const train = new Set(drawn.filter(mayTrain).map(({ text }) => text));
    for (const split of ['development', 'test'] as const)
      for (const { text } of writeSentences({ seed: 1, count: 500, split })) {
        const bare = text.replace(/\.$/, '');
        expect([bare, `${bare}.`].filter((spelling) => train.has(spelling))).toEqual([]);
      }
  });
  it('never trains on the story, in any order (20,000 sentences drawn, and the story asked for by name)', () => {
    for (let i = 0; i < 20_000; i++) expect(isStory(writeTrainingSentence(random))).toBe(false);
    const words = [
      ['철수가', '철수'],
      ['사과를', '사과'],
      ['맛있게', '맛있게'],
      ['먹었다', '먹'],
    ].map(([text = '', stem = '']) => ({ text, stem, role: 'other' as const, head: null }));
    for (const order of [words, words.toReversed()])
      expect(mayTrain({ text: '', words: order, verbFrame: '먹다' })).toBe(false);
  });
  it('honours a person and not a particle: plain people never with -시-, honoured ones in about 95%', () => {
    const plain = drawn.filter(({ words }) =>
      words.some(({ role, stem }) => role === 'subject' && people.includes(stem)),
    );
    expect(plain.length).toBeGreaterThan(3000);
    // 마시다 has its own 시.
    for (const { words } of plain)
      if (words.at(-1)!.stem !== '마시') expect(words.at(-1)!.text).not.toMatch(/셨|신다|세요/);
    const raised = drawn.filter(({ words }) => words.some(({ text }) => text === '할머니께서'));
    const marked = raised.filter(({ words }) => /셨|시|신|세/.test(words.at(-1)!.text.normalize('NFC')));
    expect(marked.length / raised.length).toBeGreaterThan(0.9);
  });
  it('repeats from its seed', () =>
    expect(writeSentences({ seed: 9, count: 50, split: 'test' })).toEqual(
      writeSentences({ seed: 9, count: 50, split: 'test' }),
    ));
  it('is read by its tokenizer without an unknown token', () => {
    const tokenizer = Tokenizer.fromJson(buildTokenizer());
    for (const { text } of drawn.slice(0, 2000)) expect(tokenizer.encode(text).notices, text).toEqual([]);
  });
});

describe('the model that ships', async () => {
  const model = await loadModel(modelFolder);
  it('is the one that its card describes', () => {
    const hash = createHash('sha256')
      .update(readFileSync(new URL('model.safetensors', modelFolder)))
      .digest('hex');
    expect(readFileSync(new URL('README.md', modelFolder), 'utf8')).toContain(hash);
    expect(JSON.parse(readFileSync(new URL('tokenizer.json', modelFolder), 'utf8'))).toEqual(buildTokenizer());
  });
  it('has one head whose visible verb looks at its object first in at least 95% of 1,000 test sentences', async () => {
    const test = withObject(writeSentences({ seed: 23, count: 1600, split: 'test' })).slice(0, 1000);
    expect(test.length).toBe(1000);
    const { object } = model.metadata.roles as { object: { layer: number; head: number } };
    const figure = (await headFigures(model, test)).find(
      ({ layer, head }) => layer === object.layer && head === object.head,
    )!;
    expect(figure.first.object).toBeGreaterThanOrEqual(0.95);
  });
});
