import { beforeAll, describe, expect, it } from 'vitest';
import type { Model } from '../model/index.ts';
import { recordTrace, type Trace } from '../trace/index.ts';
import {
  ablationSweep,
  attentionFlow,
  attributionSweep,
  cell,
  compareRuns,
  contributionMixing,
  directLogits,
  faithfulness,
  gradientAttention,
  integratedGradients,
  layerNorms,
  logitLens,
  patchFrom,
  patchSweep,
  pathPatch,
  relevance,
  replaced,
  residualStream,
  rollout,
  squareFrom,
  valueZeroing,
  weightMixing,
  why,
} from './index.ts';
import { tinyIds, tinyModel } from './tiny.testing.ts';

describe('numbers that are not there are refused by name, and none becomes NaN', () => {
  let model: Model;
  let trace: Trace;
  let other: Trace;
  beforeAll(async () => {
    model = await tinyModel('gpt2');
    trace = await recordTrace(model, { ids: tinyIds });
    other = await recordTrace(model, { ids: tinyIds.map((id) => (id + 3) % 11) });
  });
  const head = { layer: 0, head: 1 };

  it('tokens of the vocabulary', async () => {
    for (const token of [11, -1, 0.5, Number.NaN]) {
      const targets = [
        { position: 1, token },
        { position: 1, token: 5, against: token },
      ];
      const refused = { code: 'idOutOfRange' };
      await expect(logitLens(trace, model, { position: 1, token })).rejects.toMatchObject(refused);
      for (const target of targets)
        for (const made of [
          () => directLogits(trace, model, target),
          () => ablationSweep(trace, model, target),
          () => patchSweep(trace, other, model, target),
          () => attributionSweep(trace, other, model, target),
          () => faithfulness(trace, model, target, tinyIds),
          () => gradientAttention(trace, model, target),
          () => relevance(trace, model, target),
          () => integratedGradients(trace, model, target),
        ])
          await expect(made(), String(made)).rejects.toMatchObject(refused);
    }
  });
  it('positions of the text', async () => {
    for (const position of [7, -1, 0.5, Number.NaN])
      for (const made of [
        () => logitLens(trace, model, { position }),
        () => logitLens(trace, model, { position, token: 3 }),
        () => directLogits(trace, model, { position, token: 3 }),
        () => ablationSweep(trace, model, { position, token: 3 }),
        () => cell(trace, model, { ...head, query: position, key: 0 }),
        () => cell(trace, model, { ...head, query: 3, key: position }),
        () => why(trace, model, { ...head, query: position, key: 0 }),
        () => why(trace, model, { ...head, query: 3, key: position }),
        async () => (await layerNorms(trace, model, 0)).row(position),
        async () => (await (await layerNorms(trace, model, 0)).row(3)).at(position),
        () => valueZeroing(trace, model, 0, { keys: [position] }),
        () => rollout(trace, { token: position }),
        () => attentionFlow(trace, { token: position }),
        () => attentionFlow(trace, { token: 3, positions: [position] }),
        () => compareRuns(trace, other, { alignment: [[0, 0], [1, position]] }), // biome-ignore format: a line each
        () => compareRuns(trace, other, { alignment: [[position, 1]] }),
        () => patchSweep(trace, other, model, { position: 3, token: 3 }, { alignment: [[3, 3], [0, position]] }), // biome-ignore format: a line each
        () => squareFrom(trace, other, { ...head, alignment: [[position, 0]] }),
        () => patchFrom(other, model, { stage: 'output', layer: 0, alignment: [[0, position]] }),
        () => replaced(trace, model, { stage: 'mixed', ...head, positions: [position] }, (row) => row),
        async () => (await residualStream(trace, model)).parts(0, position),
      ])
        await expect(made(), String(made)).rejects.toMatchObject({ code: 'tokenOutOfRange' });
  });
  it('layers and heads', async () => {
    for (const index of [9, -1, 0.5, Number.NaN]) {
      for (const made of [
        () => cell(trace, model, { layer: index, head: 0, query: 3, key: 0 }),
        () => why(trace, model, { layer: index, head: 0, query: 3, key: 0 }),
        () => layerNorms(trace, model, index),
        () => valueZeroing(trace, model, index),
        () => squareFrom(trace, other, { layer: index, head: 0 }),
        () => ablationSweep(trace, model, { position: 3, token: 3 }, { by: 'zero' }, [{ layer: index, head: 0 }]),
        () => patchSweep(trace, other, model, { position: 3, token: 3 }, { heads: [{ layer: index, head: 0 }] }),
        () => contributionMixing(trace, model, index).next(),
        () => weightMixing(trace, index).next(),
      ])
        await expect((async () => made())(), String(made)).rejects.toMatchObject({ code: 'layerOutOfRange' });
      for (const made of [
        () => cell(trace, model, { layer: 0, head: index, query: 3, key: 0 }),
        () => why(trace, model, { layer: 0, head: index, query: 3, key: 0 }),
        () => squareFrom(trace, other, { layer: 0, head: index }),
        () => ablationSweep(trace, model, { position: 3, token: 3 }, { by: 'zero' }, [{ layer: 0, head: index }]),
        () => patchSweep(trace, other, model, { position: 3, token: 3 }, { heads: [{ layer: 0, head: index }] }),
      ])
        await expect(made(), String(made)).rejects.toMatchObject({ code: 'headOutOfRange' });
    }
  });
  it('a place to take a stage from: a head where the stage has heads, and none where it has not', async () => {
    const alignment = [[0, 0]] as const;
    const change = (row: Float32Array): Float32Array => row;
    for (const place of [
      { stage: 'query', layer: 0 },
      { stage: 'mixed', layer: 0 },
      { stage: 'query', layer: 0, head: 3 },
      { stage: 'query', head: 0 },
      { stage: 'output', layer: 0, head: 1 },
      { stage: 'output' },
      { stage: 'embeddings', layer: 0 },
      { stage: 'query', layer: 2, head: 0 },
      { stage: 'attention' as 'output', layer: 0 },
    ] as const) {
      const refused = { code: 'badEdit' };
      await expect(patchFrom(other, model, { ...place, alignment }), JSON.stringify(place)).rejects.toMatchObject(
        refused,
      );
      await expect(replaced(trace, model, place, change), JSON.stringify(place)).rejects.toMatchObject(refused);
    }
    await expect(replaced(trace, model, { stage: 'weights', layer: 0 }, change)).rejects.toMatchObject({
      code: 'badEdit',
    });
    const taken = await patchFrom(other, model, { stage: 'query', layer: 0, head: 2, alignment });
    expect(taken.vectors[0]).toEqual([...other.recorded.get('layers.0.query')!.data.slice(2 * 7 * 4, 2 * 7 * 4 + 4)]);
  });
  it('a path that ends in no query, key or value, runs of which nothing belongs together, an order of too few', async () => {
    const receiver = { layer: 1, head: 0, stage: 'mixed' as 'query' };
    await expect(pathPatch(trace, other, model, { sender: head, receiver })).rejects.toMatchObject({ code: 'noStage' });
    await expect(faithfulness(trace, model, { position: 1, token: 3 }, [1, 2, 3])).rejects.toMatchObject({
      code: 'differentLengths',
    });
    await expect(compareRuns(trace, other, { alignment: [] })).rejects.toMatchObject({ code: 'nothingAligns' });
  });

  it('a stage that is no square, a square that patchFrom cannot align, and a position in two pairs', async () => {
    const odd = { ...head, stage: 'nothing' as 'scores' };
    await expect(squareFrom(trace, other, odd)).rejects.toMatchObject({
      code: 'badEdit',
      message: expect.stringContaining('scores, maskedScores, weights'),
    });
    for (const stage of ['scores', 'maskedScores', 'weights']) {
      const place = { ...head, stage: stage as 'value', alignment: [[0, 0]] as const };
      await expect(patchFrom(other, model, place)).rejects.toMatchObject({
        code: 'badEdit',
        message: expect.stringContaining('squareFrom'),
      });
    }
    const twice = { code: 'alignedTwice' };
    for (const alignment of [
      [
        [0, 1],
        [0, 2],
      ],
      [
        [1, 0],
        [2, 0],
      ],
    ] as const) {
      await expect(squareFrom(trace, other, { ...head, alignment })).rejects.toMatchObject(twice);
      await expect(compareRuns(trace, other, { alignment })).rejects.toMatchObject(twice);
    }
    const into = {
      ...head,
      stage: 'value',
      alignment: [
        [0, 1],
        [0, 2],
      ],
    } as const;
    await expect(patchFrom(other, model, into)).rejects.toMatchObject(twice);
    // One vector may go to several places.
    const from = {
      ...head,
      stage: 'value',
      alignment: [
        [1, 0],
        [2, 0],
      ],
    } as const;
    expect((await patchFrom(other, model, from)).positions).toEqual([1, 2]);
  });
  it('a weight below 0 is told, whatever its row sums to', async () => {
    const row = Array.from({ length: tinyIds.length }, (_, key) => (key === 0 ? -0.5 : key === 1 ? 1.5 : 0));
    const edits = [{ kind: 'set', stage: 'weights', ...head, position: 3, vector: row }] as const;
    const run = await recordTrace(model, { ids: tinyIds, edits });
    expect((await compareRuns(trace, run)).notDistributions).toEqual([
      { layer: 0, head: 1, query: 3, sum: 1, least: -0.5 },
    ]);
  });
});
