import { describe, expect, it } from 'vitest';
import { loadModel, Model, shippedModel } from '../model/index.ts';
import { attentionRows, attentionStages, recordTrace } from '../trace/index.ts';
import { defaultWord, look, lookup, overview, pair, remix, wordMatrix } from './index.ts';
import { letterTokenizer } from './known.testing.ts';

const text = '철수가 사과를 맛있게 먹었다';
const model = await loadModel(shippedModel);
const trace = await recordTrace(model, { text });
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

describe('look', async () => {
  const seen = await look(trace, model);
  it('asks from the stem of the last word, one entry for each word and special token', () => {
    expect(seen.query).toMatchObject({ word: 3, text: '먹었다', tokenText: '먹' });
    expect(seen.keys.map((key) => key.text)).toEqual(['[CLS]', '철수가', '사과를', '맛있게', '먹었다', '[SEP]']);
  });
  it('has nobody to ask where the vocabulary can write no word of the text', () =>
    expect(() => defaultWord({ ...trace.encoding!, words: [] })).toThrow('the vocabulary can write none'));
  it('has weights that sum to 1 and are the softmax of the scores: 1e-6', () => {
    const exponentials = seen.keys.map(({ score }) => Math.exp(score!));
    expect(Math.abs(sum(seen.keys.map(({ weight }) => weight)) - 1)).toBeLessThanOrEqual(1e-6);
    for (const [i, { weight }] of seen.keys.entries())
      expect(Math.abs(exponentials[i]! / sum(exponentials) - weight)).toBeLessThanOrEqual(1e-6);
  });
  it('has shares among the other words alone, and null elsewhere', () => {
    expect(Math.abs(sum(seen.keys.map(({ share }) => share ?? 0)) - 1)).toBeLessThanOrEqual(1e-9);
    expect(seen.keys.filter(({ share }) => share === null).map(({ text: word }) => word)).toEqual([
      '[CLS]',
      '먹었다',
      '[SEP]',
    ]);
    const rest = sum(seen.keys.filter(({ share }) => share !== null).map(({ weight }) => weight));
    expect(Math.abs(rest + seen.leftOver.self + seen.leftOver.special - 1)).toBeLessThanOrEqual(1e-6);
  });
  it('has contributions that sum to 1 with the value bias, and hypothetical weights that sum to 1: 1e-9', () => {
    expect(
      Math.abs(sum(seen.keys.map(({ contribution }) => contribution)) + seen.biasContribution - 1),
    ).toBeLessThanOrEqual(1e-9);
    for (const weights of Object.values(seen.counterfactual))
      expect(Math.abs(sum(weights as number[]) - 1)).toBeLessThanOrEqual(1e-9);
  });
  it('is the same in an overview of every head, a word of several tokens carrying the sum of their vectors: 1e-5', async () => {
    const [all] = (await overview(trace, model)).parts;
    const { headCount, queries, keys, contributions } = all!;
    for (const head of [0, 1, 2])
      for (const [i, { word }] of queries.entries()) {
        if (word === null) continue;
        const one = await look(trace, model, { layer: 1, head, query: word });
        for (const [j, { contributionNorm }] of one.keys.entries()) {
          const at = ((headCount + head) * queries.length + i) * keys.length + j;
          expect(Math.abs(contributions[at]! - contributionNorm)).toBeLessThan(1e-5);
        }
      }
  });
  it('has scores, dots, lengths and angles that fit together: |q||k| cos θ = q·k, score = scale · q·k, 1e-5', () => {
    for (const { tokens } of seen.keys)
      for (const { dot, score, cosine, queryNorm, keyNorm } of tokens) {
        expect(Math.abs(queryNorm * keyNorm * cosine - dot)).toBeLessThanOrEqual(1e-5);
        expect(Math.abs(dot * seen.scale - score!)).toBeLessThanOrEqual(1e-5);
      }
  });
  it('orders 사과를 > 철수가 > 맛있게 in scores and weights, with at least half of the weight on the three', () => {
    const [subject, object, manner] = seen.keys.slice(1, 4) as [
      (typeof seen.keys)[0],
      (typeof seen.keys)[0],
      (typeof seen.keys)[0],
    ];
    expect(object.weight).toBeGreaterThan(subject.weight);
    expect(subject.weight).toBeGreaterThan(manner.weight);
    expect(object.score!).toBeGreaterThan(subject.score!);
    expect(subject.score!).toBeGreaterThan(manner.score!);
    expect(object.weight + subject.weight + manner.weight).toBeGreaterThanOrEqual(0.5);
  });
  it('refuses words, layers and heads that are not there, with the way on', async () => {
    await expect(look(trace, model, { query: '사과' })).rejects.toThrow('Did you mean "사과를"?');
    await expect(look(trace, model, { query: 9 })).rejects.toThrow('0 to 3');
    await expect(look(trace, model, { layer: 7 })).rejects.toThrow('there is no layer 7');
    await expect(look(trace, model, { head: 99 })).rejects.toThrow('there is no head 99');
    const twice = await recordTrace(model, { text: '사과를 철수가 사과를 먹었다' });
    await expect(look(twice, model, { query: '사과를' })).rejects.toThrow(
      'occurs 2 times. Choose one by its index: 0 or 2.',
    );
    expect((await look(twice, model, { query: 2 })).query).toMatchObject({ word: 2, text: '사과를' });
  });
});

it('pair: products sum to the dot product, the softmax and the engine agree (1e-5), the weighted value is weight · value', async () => {
  const cell = await pair(trace, model, { query: '먹었다', key: '사과를' });
  expect(Math.abs(sum(cell.products) - cell.dot)).toBeLessThanOrEqual(1e-9);
  expect(cell.check.largestDifference).toBeLessThanOrEqual(1e-5);
  expect(Math.abs(cell.softmax.exponential / cell.softmax.sum - cell.softmax.weight)).toBeLessThanOrEqual(1e-12);
  expect(sum(cell.softmax.exponentials)).toBe(cell.softmax.sum);
  expect(cell.softmax.exponentials[cell.key.token]).toBe(cell.softmax.exponential);
  expect(cell.weightedValue).toEqual(cell.value.map((number) => number * cell.softmax.weight));
});

it('pair takes any token apart, special ones too, and refuses those that are not there', async () => {
  const { tokens } = trace.encoding!;
  for (const { index, text: tokenText } of tokens) {
    const cell = await pair(trace, model, { query: '먹었다', keyToken: index });
    expect(cell.key).toMatchObject({ token: index, tokenText });
    expect(cell.check.largestDifference).toBeLessThanOrEqual(1e-5);
  }
  await expect(pair(trace, model, { query: '먹었다', keyToken: 99 })).rejects.toThrow('there is no token 99');
  for (const asking of tokens) {
    const cell = await pair(trace, model, { queryToken: asking.index, keyToken: 1 });
    expect(cell.query).toMatchObject({ token: asking.index, tokenText: asking.text, word: asking.word });
    expect(cell.check.largestDifference).toBeLessThanOrEqual(1e-5);
  }
});

it.each(['bloom', 'gemma2', 'llama'])(
  'pair, %s: bias by position, soft-cap and mask are part of the sum: 1e-5',
  async (family) => {
    const bare = await loadModel(new URL(`../../test/families/${family}`, import.meta.url), { tokenizer: 'none' });
    const { name, family: kind, architecture, metadata } = bare;
    const parameters = await bare.readParameters();
    const own = await Model.create({
      name,
      family: kind,
      architecture,
      parameters,
      metadata,
      tokenizer: letterTokenizer(),
    });
    const run = await recordTrace(own, { text: 'a b c d e' });
    for (const [queryToken, keyToken] of [
      [3, 1],
      [4, 4],
      [1, 3],
    ] as const) {
      const { bias, softmax, check } = await pair(run, own, { layer: 0, head: 1, queryToken, keyToken });
      expect(check.largestDifference).toBeLessThanOrEqual(1e-5);
      expect(bias === -Infinity).toBe(keyToken > queryToken);
      if (keyToken > queryToken) expect(softmax.weight).toBe(0);
      else expect(bias !== 0).toBe(family === 'bloom' && keyToken !== queryToken);
    }
  },
);

it.each(['bert', 'bloom', 'gemma2', 'gpt2', 'mistral', 'modernbert'])(
  'attentionRows, %s: any rows of a layer, and any of its squares, are those of the whole, edited and not: 1e-6',
  async (family) => {
    const own = await loadModel(new URL(`../../test/families/${family}`, import.meta.url), { tokenizer: 'none' });
    const ids = Int32Array.from({ length: 9 }, (_, i) => (5 * i + 3) % own.architecture.vocabularySize);
    const { headCount } = own.architecture;
    for (const edits of [[], [{ kind: 'drop', position: 2 }]] as const) {
      const run = await recordTrace(own, { ids, edits, logits: false });
      const whole = await attentionStages(run, 1);
      // Rows that follow one another are cut by the window itself, others by a mask.
      for (const asked of [
        [4, 0, 7],
        [3, 4, 5, 6],
        [7, 8],
      ])
        for (const keep of [['weights', 'maskedScores', 'scores'], ['maskedScores'], ['weights']] as const) {
          const rows = await attentionRows<(typeof keep)[number]>(run, 1, asked, undefined, keep);
          if (edits.length === 0) expect(Object.keys(rows).sort()).toEqual([...keep, 'mixed'].sort());
          for (const name of [...keep, 'mixed'] as const) {
            const [of, from] = [rows[name], whole[name]];
            const width = from.shape[2]!;
            expect(of.shape).toEqual([headCount, asked.length, width]);
            for (let at = 0; at < of.data.length; at++) {
              const [row, j] = [Math.floor(at / width), at % width];
              const [h, i] = [Math.floor(row / asked.length), asked[row % asked.length]!];
              const [a, b] = [of.data[at]!, from.data[(h * ids.length + i) * width + j]!];
              if (a !== b) expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(b)));
            }
          }
        }
    }
  },
);

describe('remix', () => {
  it('without weights is what look measured: contributions and weights (1e-9), moved by nothing', async () => {
    const [own, seen] = [await remix(trace, model), await look(trace, model)];
    for (const [i, key] of seen.keys.entries()) {
      expect(Math.abs(own.keys[i]!.weight - key.weight)).toBeLessThanOrEqual(1e-6);
      expect(Math.abs(own.keys[i]!.contribution - key.contribution)).toBeLessThanOrEqual(1e-6);
    }
    expect(own.moved).toBeLessThanOrEqual(1e-6);
  });
  it('with all weight on one word is that word’s value alone; parts and weighted values add up', async () => {
    const alone = await remix(trace, model, { weights: [0, 0, 3, 0, 0, 0] });
    expect(alone.keys.map(({ weight }) => weight)).toEqual([0, 0, 1, 0, 0, 0]);
    for (const [c, number] of alone.mixed.entries())
      expect(Math.abs(sum(alone.keys.map(({ weightedValue }) => weightedValue[c]!)) - number)).toBeLessThanOrEqual(
        1e-9,
      );
    expect(
      Math.abs(sum(alone.keys.map(({ contribution }) => contribution)) + alone.biasContribution - 1),
    ).toBeLessThanOrEqual(1e-9);
    expect(alone.moved).toBeGreaterThan(0);
  });
  it('refuses what are no weights', async () => {
    for (const weights of [[1], [0, 0, 0, 0, 0, 0], [1, -1, 1, 1, 1, 1]])
      await expect(remix(trace, model, { weights })).rejects.toThrow('no weights for this text');
  });
});

it('wordMatrix: every row sums to 1 (1e-6), and the query row is what look shows', async () => {
  const [matrix, seen] = [await wordMatrix(trace, model), await look(trace, model)];
  for (const row of matrix.weights) expect(Math.abs(sum(row) - 1)).toBeLessThanOrEqual(1e-6);
  expect(matrix.weights[4]).toEqual(seen.keys.map(({ weight }) => weight));
});

it('lookup: weights sum to 1, a tag that is the question itself comes first, nothing to look up in is refused', async () => {
  const { entries } = await lookup(model, '사과', [{ tag: '사과' }, { tag: '영화', content: '…' }]);
  expect(Math.abs(sum(entries.map(({ weight }) => weight)) - 1)).toBeLessThanOrEqual(1e-6);
  expect(entries[0]!.weight).toBeGreaterThan(entries[1]!.weight);
  await expect(lookup(model, '사과', [])).rejects.toThrow('nothing to look up in');
});
