import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LayerPlace } from '../attention/index.ts';
import { loadModel, type Model, shippedModel } from '../model/index.ts';
import { attentionRows, recordTrace, type Trace } from '../trace/index.ts';
import {
  ablationSweep,
  ablations,
  alignTexts,
  attributionSweep,
  compareRuns,
  faithfulness,
  followed,
  logitsFor,
  patchFrom,
  patchSweep,
  pathPatch,
  pathSweep,
  positionLeftOut,
  prediction,
  randomOrders,
  replaced,
  similarContexts,
  targetOf,
} from './index.ts';
import { knownModel, knownTurnedModel, letters, letterTokenizer } from './known.testing.ts';
import { tinyIds, tinyModel } from './tiny.testing.ts';

const squareOf = async (trace: Trace, layer: LayerPlace, head: number): Promise<Float32Array[]> => {
  const { data, shape } = (await attentionRows(trace, layer, undefined, head)).weights;
  const keys = shape[2]!;
  return Array.from({ length: shape[1]! }, (_, i) => data.subarray(i * keys, (i + 1) * keys));
};
const idsOf = (text: string): number[] => text.split(' ').map((letter) => letters.indexOf(letter));

describe('known heads', () => {
  let model: Model;
  let trace: Trace;
  const text = 'c a b c';
  // What followed c last time is a: the induction head says so.
  const target = { position: 3, token: letters.indexOf('a'), against: letters.indexOf('e') };
  beforeAll(async () => {
    model = await knownModel();
    trace = await recordTrace(model, { text });
  });

  it('ablated in turn: induction and the previous-token head that it needs, and no useless one', async () => {
    const { heads } = await ablationSweep(trace, model, target);
    const effect = (layer: number, head: number): number =>
      heads.find((one) => one.layer === layer && one.head === head)!.effect;
    expect(effect(1, 0)).toBeLessThan(-1);
    expect(effect(0, 0)).toBeLessThan(-1);
    // Heads that write nothing move nothing, to the last digits of f32.
    for (const [layer, head] of [
      [0, 3],
      [1, 1],
      [1, 2],
      [1, 3],
    ] as const)
      expect(Math.abs(effect(layer, head))).toBeLessThan(1e-5);
  });
  it('by mean and by resampling are plain data of the right size', async () => {
    const [mean] = await ablations(
      model,
      [{ layer: 0, head: 1 }],
      { by: 'mean', texts: [idsOf('a b'), idsOf('c')] },
      4,
    );
    expect(mean).toMatchObject({ by: 'mean', vector: expect.any(Array) });
    const [resampled] = await ablations(
      model,
      [{ layer: 0, head: 1 }],
      { by: 'resample', from: idsOf('a b c d e') },
      4,
    );
    expect((resampled as { readonly vectors: readonly unknown[] }).vectors.length).toBe(4);
    await expect(
      ablations(model, [{ layer: 0, head: 1 }], { by: 'resample', from: idsOf('a') }, 4),
    ).rejects.toMatchObject({ code: 'differentLengths' });
    await expect(ablations(model, [{ layer: 2, head: 1 }], { by: 'zero' }, 4)).rejects.toMatchObject({
      code: 'layerOutOfRange',
    });
  });
  it('patched from another text: the induction head carries the difference', async () => {
    const other = await recordTrace(model, { text: 'c e b c' });
    const { heads, into, from } = await patchSweep(trace, other, model, target);
    expect(into).toBeGreaterThan(0);
    expect(from).toBeLessThan(0);
    const part = (layer: number, head: number): number =>
      heads.find((one) => one.layer === layer && one.head === head)!.part;
    expect(part(1, 0)).toBeGreaterThan(0.5);
    expect(Math.abs(part(1, 2))).toBeLessThan(1e-5);
    await expect(patchSweep(trace, trace, model, target)).rejects.toMatchObject({ code: 'nothingToExplain' });
    await expect(patchSweep(trace, await recordTrace(model, { text: 'c e' }), model, target)).rejects.toMatchObject({
      code: 'differentLengths',
    });
  });
  it('attribution patching has the sign and the order of patching each head, where a part is beyond 0.1', async () => {
    const other = await recordTrace(model, { text: 'c e b c' });
    const parts = ({ heads }: Awaited<ReturnType<typeof patchSweep>>): number[] => heads.map(({ part }) => part);
    const exact = parts(await patchSweep(trace, other, model, target));
    const estimate = parts(await attributionSweep(trace, other, model, target));
    const strong = [...exact.keys()].filter((i) => Math.abs(exact[i]!) > 0.1);
    expect(strong.length).toBeGreaterThan(0);
    for (const i of strong) expect(Math.sign(estimate[i]!)).toBe(Math.sign(exact[i]!));
    const order = (numbers: number[]): number[] => [...strong].sort((a, b) => numbers[b]! - numbers[a]!);
    expect(order(estimate)).toEqual(order(exact));
    // And no head that does nothing is named among them.
    const weakest = Math.min(...strong.map((i) => Math.abs(estimate[i]!)));
    for (const i of exact.keys()) if (Math.abs(exact[i]!) < 0.01) expect(Math.abs(estimate[i]!)).toBeLessThan(weakest);
  });
  it('a path from the previous-token head into the induction head’s keys matters, into its queries it does not', async () => {
    const other = await recordTrace(model, { text: 'd a b c' });
    const weightsOf = async (stage: 'query' | 'key') => {
      const run = await pathPatch(trace, other, model, {
        sender: { layer: 0, head: 0 },
        receiver: { layer: 1, head: 0, stage },
      });
      return (await compareRuns(trace, run)).heads.find(({ layer, head }) => layer === 1 && head === 0)!.weights;
    };
    expect(await weightsOf('query')).toBeLessThan(1e-3);
    expect(await weightsOf('key')).toBeGreaterThan(1e-3);
    await expect(
      pathPatch(trace, other, model, { sender: { layer: 1, head: 0 }, receiver: { layer: 1, head: 0, stage: 'key' } }),
    ).rejects.toMatchObject({ code: 'badPath' });
  });
  it('a sweep of paths into the induction head’s keys finds the previous-token head, and none into its queries', async () => {
    const other = await recordTrace(model, { text: 'd a b c' });
    const sweep = (stage: 'query' | 'key') =>
      pathSweep(trace, other, model, target, { receiver: { layer: 1, head: 0, stage } });
    const { into, from, heads } = await sweep('key');
    expect(heads.map(({ layer }) => layer)).toEqual(heads.map(() => 0));
    const strongest = heads.reduce((a, b) => (Math.abs(b.part) > Math.abs(a.part) ? b : a));
    expect(strongest.head).toBe(0);
    const alone = await pathPatch(trace, other, model, {
      sender: { layer: 0, head: 0 },
      receiver: { layer: 1, head: 0, stage: 'key' },
    });
    const value = targetOf(await logitsFor(alone, model, 3), target, model.architecture);
    expect(strongest.value).toBeCloseTo(value, 6);
    expect(strongest.part).toBeCloseTo((value - into) / (from - into), 6);
    for (const { part } of (await sweep('query')).heads)
      expect(Math.abs(part)).toBeLessThan(Math.abs(strongest.part) / 20);
    await expect(
      pathSweep(trace, other, model, target, { receiver: { layer: 0, head: 0, stage: 'key' } }),
    ).rejects.toMatchObject({ code: 'badPath' });
  });
  it('two texts align by their words, and what is equal did not move', async () => {
    const other = await recordTrace(model, { text: 'c d a b c' });
    const alignment = alignTexts(trace.encoding!, other.encoding!);
    expect(alignment).toEqual([
      [0, 0],
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
    const comparison = await compareRuns(trace, other, { alignment });
    expect(comparison.predictions.map(({ position }) => position)).toEqual([0, 1, 2, 3]);
    expect(comparison.predictions[0]!.divergence).toBeLessThan(1e-6);
    await expect(compareRuns(trace, other)).rejects.toMatchObject({ code: 'differentLengths' });
    // ½ Σ |w − w′| with every place of either text once: that of d is the other text's alone.
    for (const { layer, head, weights } of comparison.heads) {
      const [one, moved] = [await squareOf(trace, layer, head), await squareOf(other, layer, head)];
      let total = 0;
      for (const [i, k] of alignment) {
        const places = new Map<number, number>();
        for (const [key, weight] of moved[k]!.entries()) places.set(key, weight);
        for (const [j, l] of alignment) places.set(l, places.get(l)! - one[i]![j]!);
        for (const difference of places.values()) total += Math.abs(difference) / 2;
      }
      expect(Math.abs(weights - total / alignment.length)).toBeLessThan(1e-6);
    }
  });
  it('words that stand in for each other belong together; what one text alone has belongs to nothing', () => {
    const tokenizer = letterTokenizer();
    const aligned = (one: string, other: string) => alignTexts(tokenizer.encode(one), tokenizer.encode(other));
    // A text that is decomposed (NFD) has the same words.
    const [story, longer] = ['철수가 사과를 먹었다', '철수가 사과를 아주 맛있게 먹었다'];
    expect(aligned(story.normalize('NFD'), longer)).toEqual(aligned(story, longer));
    expect(aligned('a b', 'c d')).toEqual([
      [0, 0],
      [1, 1],
    ]);
    expect(aligned('a b c', 'a d c e')).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
    // As many words, which stand elsewhere: only what both have in order belongs together, with what stands for each other.
    expect(aligned('a b c', 'b c a')).toEqual([
      [1, 0],
      [2, 1],
    ]);
    expect(aligned('a c', 'a d e c')).toEqual([
      [0, 0],
      [1, 3],
    ]);
    expect(() => aligned('a b', 'c d e')).toThrow('no word in common');
  });
  it('a target is read in the other text at what belongs to its position', async () => {
    const other = await recordTrace(model, { text: 'c d a b c' });
    const alignment = alignTexts(trace.encoding!, other.encoding!);
    const early = { position: 1, token: letters.indexOf('b') };
    const { into, from } = await patchSweep(trace, other, model, early, { alignment });
    expect(into).toBe(await followed(trace, model, early));
    expect(from).toBe(await followed(other, model, { ...early, position: 2 }));
    await expect(
      patchSweep(other, trace, model, early, { alignment: alignment.map(([i, k]) => [k, i] as const) }),
    ).rejects.toMatchObject({ code: 'noCounterpart' });
    // After the whole of both texts something can be asked, whatever they end with.
    const report = await patchSweep(trace, other, model, target, { alignment: [[0, 0]] });
    expect(report.from).toBe(await followed(other, model, { ...target, position: 4 }));
  });
  it('an order that drops what matters first is faithful, its reverse is not', async () => {
    const best = await faithfulness(trace, model, target, [0, 5, 0, 0], { orders: 3 });
    const worst = await faithfulness(trace, model, target, [0, -5, 0, 0], { orders: 3 });
    expect(best.deletion.length).toBe(4);
    expect(best.score).toBeGreaterThan(worst.score);
    // Random orders drawn once are those drawn again.
    const random = await randomOrders(trace, model, target, { orders: 3 });
    expect(await faithfulness(trace, model, target, [0, -5, 0, 0], { random })).toEqual(worst);
  });
  it('drops whole words, the word that is read never, and each is in the order once', async () => {
    const korean = await loadModel(shippedModel);
    const run = await recordTrace(korean, { text: '철수가 사과를 맛있게 먹었다' });
    const { words } = run.encoding!;
    const position = words[3]!.tokens[0]!;
    const { token } = prediction(await logitsFor(run, korean, position));
    const scores = Float64Array.from(run.ids, (_, i) => (words[1]!.tokens.includes(i) ? 1 : 0));
    const { order, deletion, insertion, random } = await faithfulness(run, korean, { position, token }, scores, {
      orders: 2,
    });
    expect(order[0]).toEqual(words[1]!.tokens);
    expect(order.map((tokens) => words.find((word) => word.tokens[0] === tokens[0])!.index).toSorted()).toEqual([
      0, 1, 2,
    ]);
    expect(deletion.length).toBe(4);
    // Nothing dropped is the plain run at one curve's beginning; everything dropped ends one and begins the other.
    expect(deletion[0]).toBeCloseTo(insertion[3]!, 5);
    expect(deletion[3]).toBeCloseTo(insertion[0]!, 5);
    expect(random.orders).toBe(2);
  });
  it('follows a label of a classifier as well, by tokens where there is no text', async () => {
    const folder = new URL('../../test/families/bert-classes', import.meta.url);
    const classes = await loadModel(folder, { tokenizer: 'none' });
    const run = await recordTrace(classes, { ids: [3, 5, 7, 9] });
    const { order, deletion } = await faithfulness(run, classes, { label: 1 }, [0, 1, 2, 3], { orders: 1 });
    expect(order).toEqual([[3], [2], [1]]);
    expect(deletion[0]).toBeCloseTo(await followed(run, model, { label: 1 }), 6);
    await expect(faithfulness(run, classes, { label: 9 }, [0, 1, 2, 3])).rejects.toMatchObject({
      code: 'labelOutOfRange',
    });
  });
  it('contexts nearest in a head’s own space: the same letter, asked by the duplicate head', async () => {
    const found = await similarContexts(model, ['a b', 'c d', 'e a'], {
      text: 'f a',
      query: 1,
      layer: 0,
      head: 2,
      among: 'queries',
      count: 2,
    });
    expect(found[0]).toMatchObject({ text: 2, word: 'a' });
    expect(found[0]!.cosine).toBeCloseTo(1, 5);
  });
  it('contexts of a head that position turns: in layer 0 a letter asks and answers alike wherever it stands: 1e-5', async () => {
    const turned = await knownTurnedModel();
    expect(positionLeftOut(turned, 0)).toBe('rotation');
    expect(positionLeftOut(model, 0)).toBe(null);
    const ask = { text: 'f g a', query: 'a', layer: 0, head: 2, count: 9 } as const;
    const corpus = ['a b c', 'b c d e a', 'c d e f g h i b a'];
    for (const among of ['queries', 'keys'] as const) {
      const found = (await similarContexts(turned, corpus, { ...ask, among })).slice(0, 3);
      expect(found.map(({ text, word }) => `${text} ${word}`).sort()).toEqual(['0 a', '1 a', '2 a']);
      for (const { cosine, dot } of found) {
        expect(Math.abs(dot / found[0]!.dot - 1)).toBeLessThan(1e-5);
        if (among === 'queries') expect(Math.abs(cosine - 1)).toBeLessThan(1e-5);
      }
    }
  });
});

describe.each(['gpt2', 'bert'] as const)('a tiny %s', (kind) => {
  it('attribution patching is the slope of activation patching: a small step agrees to 2%', async () => {
    const model = await tinyModel(kind);
    const into = await recordTrace(model, { ids: tinyIds });
    // The other run is this one, nudged: then the first order is all that there is.
    const nudge = await replaced(into, model, { stage: 'mixed', layer: 0, head: 1 }, (row) =>
      row.map((number) => number * 1.01),
    );
    const from = await recordTrace(model, { ids: tinyIds, edits: nudge });
    const target = { position: 6, token: 2, against: 5 };
    const [exact, estimate] = [
      await patchSweep(into, from, model, target),
      await attributionSweep(into, from, model, target),
    ];
    const own = ({ heads }: typeof exact) => heads.find(({ layer, head }) => layer === 0 && head === 1)!.part;
    expect(own(exact)).toBeCloseTo(1, 4);
    expect(own(estimate)).toBeGreaterThan(0.98);
    expect(own(estimate)).toBeLessThan(1.02);
  });
  it('a whole stage taken from another run makes the rest that run’s: 1e-5', async () => {
    const model = await tinyModel(kind);
    const into = await recordTrace(model, { ids: tinyIds });
    const from = await recordTrace(model, { ids: Int32Array.from(tinyIds, (id) => (id + 3) % 11) });
    const patch = await patchFrom(from, model, {
      stage: 'output',
      layer: 0,
      alignment: Array.from(tinyIds, (_, i) => [i, i] as const),
    });
    const run = await recordTrace(model, { ids: into.ids, edits: [patch] });
    const [ours, theirs] = [run, from].map((one) => one.recorded.get('logits')!.data) as [Float32Array, Float32Array];
    for (const [i, number] of ours.entries()) expect(Math.abs(number - theirs[i]!)).toBeLessThanOrEqual(1e-5);
    await expect(patchFrom(from, model, { stage: 'output', layer: 0, alignment: [[0, 99]] })).rejects.toMatchObject({
      code: 'tokenOutOfRange',
    });
  });
});

const checkpoint = new URL('../../../shared/data/checkpoints/nano-gpt-sort', import.meta.url);
describe.skipIf(!existsSync(checkpoint))('a GPT trained to sort (the file beside the project)', () => {
  it('sorts with heads that stand in for each other: any one can go, all cannot, and the first layer matters most', async () => {
    const model = await loadModel(checkpoint);
    // Every 13th of all 3⁶ lists: balanced ones alone can be sorted by position, without any head.
    const lists = Array.from({ length: 57 }, (_, n) =>
      Array.from({ length: 6 }, (_, i) => Math.floor((13 * n) / 3 ** (5 - i)) % 3),
    );
    /** Mean log-probability of the right letters, of those that the model has to say after the list. */
    const sorting = async (edits: Parameters<Model['run']>[2]): Promise<number> => {
      let total = 0;
      for (const list of lists) {
        const sorted = list.toSorted((a, b) => a - b);
        const { logits } = await model.run(Int32Array.from([...list, ...sorted.slice(0, -1)]), undefined, edits);
        for (const [n, letter] of sorted.entries()) {
          const row = logits!.subarray((list.length - 1 + n) * 3, (list.length + n) * 3);
          total += targetOf(row, { position: 0, token: letter }, model.architecture);
        }
      }
      return total / (lists.length * 6);
    };
    const heads = Array.from({ length: 9 }, (_, h) => h);
    const cut = (places: readonly number[]) =>
      places.map((h) => ({ kind: 'ablate', layer: Math.floor(h / 3), head: h % 3, by: 'zero' }) as const);
    const plain = await sorting([]);
    expect(plain).toBeGreaterThan(-1e-3);
    for (const h of heads) expect(plain - (await sorting(cut([h])))).toBeLessThan(0.05);
    // Worse than guessing (log 1/3 is −1.1) without any, and with any one alone.
    expect(await sorting(cut(heads))).toBeLessThan(-3);
    for (const h of heads) expect(await sorting(cut(heads.filter((other) => other !== h)))).toBeLessThan(-2);
    const without: number[] = [];
    for (const layer of [0, 1, 2]) without.push(await sorting(cut([0, 1, 2].map((head) => 3 * layer + head))));
    expect(without[0]).toBeLessThan(-0.7);
    expect(without[1]).toBeLessThan(-0.2);
    expect(without[2]).toBeGreaterThan(-0.1);
  });
});
