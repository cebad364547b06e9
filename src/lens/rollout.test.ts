import { beforeAll, describe, expect, it } from 'vitest';
import type { Model } from '../model/index.ts';
import { recordTrace, type Trace } from '../trace/index.ts';
import { attentionFlow, importance, rollout, weightMixing } from './index.ts';
import { knownModel, letters } from './known.testing.ts';
import { maximumFlows, NetworkBuilder } from './maximumFlow.ts';
import { close, expected, tinyIds, tinyModel } from './tiny.testing.ts';

describe('maximum flow', () => {
  it('on paper: two ways, one shared pipe, and a way back that has to be used', () => {
    const most = (
      nodes: number,
      pipes: readonly (readonly [number, number, number])[],
      sinks: (number | number[])[],
    ): number[] => {
      const builder = new NetworkBuilder(nodes);
      for (const pipe of pipes) builder.add(...pipe);
      return maximumFlows(builder.network, 0, sinks);
    };
    const shared = [
      [0, 1, 3],
      [0, 2, 2],
      [1, 2, 1],
      [1, 3, 2],
      [2, 3, 3],
    ] as const;
    // Each sink by itself: one flow leaves nothing behind for the next.
    expect(most(4, shared, [3, 2, 1, 3, 0])).toEqual([5, 3, 3, 5, Infinity]);
    // The greedy way 0-1-2-3 blocks both others unless it is taken back.
    const greedy = [
      [0, 1, 1],
      [0, 2, 1],
      [1, 2, 1],
      [1, 3, 1],
      [2, 3, 1],
    ] as const;
    expect(most(4, greedy, [3])).toEqual([2]);
    expect(most(3, [[0, 1, 4]], [2])).toEqual([0]);
    // Several ends together get no more than the pipe that they share brings.
    const narrow = [
      [0, 1, 1],
      [0, 3, 2],
      [1, 2, 1],
      [1, 3, 1],
    ] as const;
    expect(most(4, narrow, [2, 3, [2, 3], [3, 2, 1], [0, 2]])).toEqual([1, 3, 3, 3, Infinity]);
  });
});

describe.each(['gpt2', 'bert'] as const)('numpy agrees on a tiny %s', (kind) => {
  let model: Model;
  let trace: Trace;
  const theirs = expected[kind]!.rollout as Record<'weights' | 'contributions' | 'flow', number[][]>;
  beforeAll(async () => {
    model = await tinyModel(kind);
    trace = await recordTrace(model, { ids: tinyIds });
  });
  const tokens = [...tinyIds.keys()];
  it('about rollout by weights: 1e-6', async () => {
    for (const token of tokens) close([...(await rollout(trace, { token })).shares], theirs.weights[token], 1e-6);
  });
  it('about rollout by contributions: 1e-5', async () => {
    for (const token of tokens)
      close([...(await rollout(trace, { token, model })).shares], theirs.contributions[token], 1e-5);
  });
  it('about flow: 1e-6', async () => {
    for (const token of tokens) close([...(await attentionFlow(trace, { token }))], theirs.flow[token], 1e-6);
  });
  it('into a word of several tokens: through two layers Σ over the middle of min(A₂, Σ A₁ of its tokens), at most 1: 1e-6', async () => {
    const mixed: Float64Array[][] = [[], []];
    for (const layer of [0, 1]) for await (const { row } of weightMixing(trace, layer)) mixed[layer]!.push(row);
    const words = [[0, 2], [1], [3, 4, 6], [5]];
    for (const token of tokens) {
      const flows = await attentionFlow(trace, { token, positions: words });
      for (const [n, word] of words.entries()) {
        const arrives = (middle: number): number => word.reduce((sum, k) => sum + mixed[0]![middle]![k]!, 0);
        const most = mixed[1]![token]!.reduce((sum, weight, middle) => sum + Math.min(weight, arrives(middle)), 0);
        expect(Math.abs(flows[n]! - most)).toBeLessThan(1e-6);
      }
      const byWord = await importance('flow', trace, model, { position: token, token: 1 }, { words });
      expect([...byWord!]).toEqual([flows[0], flows[1], 0, flows[2], 0, flows[3], 0]);
    }
  });
});

it('rollout through known heads: two layers, half of it residual', async () => {
  const model = await knownModel();
  const ids = ['c', 'a', 'b'].map((letter) => letters.indexOf(letter));
  const { shares, byLayer } = await rollout(await recordTrace(model, { ids }), { token: 0 });
  // The first token of a causal model sees nothing but itself.
  expect([...shares]).toEqual([1, 0, 0]);
  expect(byLayer.length).toBe(2);
  await expect(rollout(await recordTrace(model, { ids }), { token: 3 })).rejects.toMatchObject({
    code: 'tokenOutOfRange',
  });
});
