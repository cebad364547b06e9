import { beforeAll, describe, expect, it } from 'vitest';
import type { Edit } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { attentionStages, headOutput, logitRows, recordTrace, recordTraces, type Trace } from '../trace/index.ts';
import { compareRuns } from './compare.ts';
import { directLogits } from './direct.ts';
import { replaced } from './patch.ts';
import { squareFrom } from './squareFrom.ts';
import { close, expected, tinyIds, tinyModel } from './tiny.testing.ts';

const n = tinyIds.length;
const vector = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => Math.sin(from + 2.3 * i));

/** One of each kind, all in layer 0 of a tiny model: 3 heads of 4, hidden 12. */
const kinds: Record<string, Edit> = {
  'set embeddings': { kind: 'set', stage: 'embeddings', position: 2, vector: vector(12) },
  'set input': { kind: 'set', stage: 'input', layer: 1, position: 2, vector: vector(12) },
  'set query': { kind: 'set', stage: 'query', layer: 0, head: 1, position: 6, vector: vector(4) },
  'set mixed': { kind: 'set', stage: 'mixed', layer: 0, head: 2, position: 3, vector: vector(4) },
  'set headOutput': { kind: 'set', stage: 'headOutput', layer: 0, head: 2, position: 3, vector: vector(12) },
  'set attentionOutput': { kind: 'set', stage: 'attentionOutput', layer: 0, position: 3, vector: vector(12) },
  'scale value': { kind: 'scale', stage: 'value', layer: 0, head: 0, factor: -2 },
  'scale headOutput': { kind: 'scale', stage: 'headOutput', layer: 0, head: 0, position: 4, factor: 3 },
  patch: {
    kind: 'patch',
    stage: 'mixed',
    layer: 0,
    head: 0,
    positions: [1, 5],
    vectors: [vector(4), vector(4, 9)],
    from: { model: 'x', text: 'y', positions: [0, 1] },
  },
  'ablate zero': { kind: 'ablate', layer: 0, head: 1, by: 'zero' },
  'ablate mean': { kind: 'ablate', layer: 0, head: 1, by: 'mean', vector: vector(4) },
  'ablate resample': {
    kind: 'ablate',
    layer: 0,
    head: 1,
    by: 'resample',
    vectors: Array.from({ length: n }, (_, i) => vector(4, i)),
  },
  'set weight': { kind: 'weight', layer: 0, head: 1, query: 5, key: 2, to: 0.75 },
  'set weight alone': { kind: 'weight', layer: 0, head: 1, query: 5, key: 2, to: 0.75, renormalize: false },
  'scale weight': { kind: 'weight', layer: 0, head: 1, query: 5, key: 2, times: 3 },
  'scale weight alone': { kind: 'weight', layer: 0, head: 1, query: 5, key: 2, times: 3, renormalize: false },
  weights: {
    kind: 'set',
    stage: 'weights',
    layer: 0,
    head: 1,
    positions: [5, 2],
    vectors: [
      [0.5, 0, 0, 0.25, 0, 0.25, 0],
      [0.125, 0.5, 0.25, 0, 0, 0, 0],
    ],
  },
  temperature: { kind: 'temperature', layer: 0, head: 2, value: 0.5 },
  block: {
    kind: 'block',
    layer: 0,
    pairs: [
      [4, 1],
      [4, 4],
      [6, 0],
    ],
  },
  drop: { kind: 'drop', position: 1 },
};

/** ‖a − b‖∞ */
const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a, (x, i) => Math.abs(x - b[i]!)).reduce((x, y) => Math.max(x, y), 0);
const logits = (trace: Trace): Float32Array => trace.recorded.get('logits')!.data;

describe.each(['gpt2', 'bert'] as const)('edits of a tiny %s', (family) => {
  let model: Model;
  let plain: Trace;
  beforeAll(async () => {
    model = await tinyModel(family);
    plain = await recordTrace(model, { ids: tinyIds });
  });
  const run = (...edits: Edit[]): Promise<Trace> => recordTrace(model, { ids: tinyIds, edits });
  const rowOf = async (trace: Trace, head: number, query: number): Promise<number[]> => {
    const { data } = (await attentionStages(trace, 0)).weights;
    return [...data.subarray((head * n + query) * n, (head * n + query + 1) * n)];
  };
  /** What the run passed on must be what its trace says: Σ headOutput + bias = attentionOutput, unless that was set. */
  const agrees = async (trace: Trace): Promise<void> => {
    for (const layer of [0, 1]) {
      const { data } = await headOutput(trace, model, layer);
      const bias = await model.parameters.get(`layers.${layer}.attentionOutput.bias`)!.read();
      const sum = Array.from({ length: n * 12 }, (_, at) =>
        [0, 1, 2].reduce((total, h) => total + data[h * n * 12 + at]!, bias[at % 12]!),
      );
      expect(apart(sum, trace.recorded.get(`layers.${layer}.attentionOutput`)!.data)).toBeLessThanOrEqual(2e-6);
    }
  };

  it.each(Object.entries(kinds).filter(([name]) => name !== 'set attentionOutput'))(
    '%s: the trace tells what the run did: 2e-6',
    async (_, edit) => {
      const trace = await run(edit);
      await agrees(trace);
      expect(apart(logits(trace), logits(plain))).toBeGreaterThan(1e-5);
      expect(trace.edits).toEqual([edit]);
    },
  );
  it('all together agree too, and replay to the same bytes from JSON', async () => {
    const { 'set attentionOutput': _, ...rest } = kinds;
    const edits = Object.values(rest);
    const trace = await run(...edits);
    await agrees(trace);
    const again = await run(...(JSON.parse(JSON.stringify(edits)) as Edit[]));
    expect(logits(again)).toEqual(logits(trace));
  });
  it('in a batch change their own text alone', async () => {
    const [one, two] = (await recordTraces(model, [
      { ids: tinyIds, edits: [kinds['set weight']!] },
      { ids: tinyIds },
    ])) as [Trace, Trace];
    expect(apart(logits(two), logits(plain))).toBeLessThanOrEqual(1e-5);
    expect(apart(logits(one), logits(await run(kinds['set weight']!)))).toBeLessThanOrEqual(1e-5);
  });
  it('that change nothing give the numbers of a plain run: 1e-5', async () => {
    const { data } = (await attentionStages(plain, 0)).weights;
    for (const edit of [
      { kind: 'scale', stage: 'value', layer: 0, head: 0, factor: 1 },
      { kind: 'temperature', layer: 0, value: 1 },
      { kind: 'block', pairs: [] },
      { kind: 'weight', layer: 0, head: 1, query: 5, key: 2, times: 1 },
      { kind: 'weight', layer: 0, head: 1, query: 5, key: 2, to: data[(n + 5) * n + 2]! },
    ] as Edit[])
      expect(apart(logits(await run(edit)), logits(plain)), edit.kind).toBeLessThanOrEqual(1e-5);
  });

  it('a weight set leaves the rest in its proportions and the row a distribution; alone, it does not: 1e-6', async () => {
    const before = await rowOf(plain, 1, 5);
    const after = await rowOf(await run(kinds['set weight']!), 1, 5);
    const expected = before.map((weight, j) => (j === 2 ? 0.75 : (weight * 0.25) / (1 - before[2]!)));
    expect(apart(after, expected)).toBeLessThanOrEqual(1e-6);
    const alone = await rowOf(await run(kinds['set weight alone']!), 1, 5);
    expect(apart(alone, before.with(2, 0.75))).toBeLessThanOrEqual(1e-6);
  });
  it('single weights are set after the softmax: masked scores stay what they are, and edits of them count wherever they stand in the list: 1e-6', async () => {
    const weight = { kind: 'weight', layer: 0, head: 1, query: 5, key: 2 } as const;
    const scores = [1, 2, 3, 0, 1, 2, 0];
    const others: readonly Edit[] = [
      { kind: 'set', stage: 'maskedScores', layer: 0, head: 1, position: 5, vector: scores },
      { kind: 'scale', stage: 'maskedScores', layer: 0, head: 1, position: 5, factor: 2 },
      { kind: 'temperature', layer: 0, head: 1, value: 2 },
    ];
    const masked = async (trace: Trace): Promise<number[]> =>
      Array.from((await attentionStages(trace, 0)).maskedScores.data.subarray((n + 5) * n, (n + 6) * n));
    for (const other of others)
      for (const own of [{ times: 0.5 }, { times: 3 }, { to: 0.5 }] as const) {
        const [plainRow, plainMasked] = [await rowOf(await run(other), 1, 5), await masked(await run(other))];
        const value = 'to' in own ? own.to : (plainRow[2]! * own.times) / (1 - plainRow[2]! + plainRow[2]! * own.times);
        const expected = plainRow.map((w, j) => (j === 2 ? value : (w * (1 - value)) / (1 - plainRow[2]!)));
        for (const list of [
          [{ ...weight, ...own }, other],
          [other, { ...weight, ...own }],
        ] as Edit[][]) {
          const both = await run(...list);
          expect(apart(await rowOf(both, 1, 5), expected)).toBeLessThanOrEqual(1e-6);
          expect(await masked(both)).toEqual(plainMasked);
          await agrees(both);
        }
      }
    // Set, and then multiplied: 0.5 · 3 beside the other half.
    const twice = await rowOf(await run({ ...weight, to: 0.5 }, { ...weight, times: 3 }), 1, 5);
    expect(twice[2]).toBeCloseTo(0.75, 6);
    expect(twice.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  });
  it('logits that are scaled are more than what speaks for them: the difference is a part of its own, 1e-5', async () => {
    const target = { position: 5, token: 3 };
    const [before, after] = await Promise.all(
      [plain, await run({ kind: 'scale', stage: 'logits', factor: 2 })].map((trace) =>
        directLogits(trace, model, target),
      ),
    );
    expect(after!.logit).toBeCloseTo(2 * before!.logit, 5);
    expect(Math.abs(after!.sum - after!.logit)).toBeLessThanOrEqual(1e-5);
    expect(after!.parts.at(-1)).toMatchObject({ name: 'rest', logit: expect.closeTo(before!.logit, 4) });
  });
  it('rows of weights are as they are put, sum or no sum, and single weights set afterwards move within them: 1e-6', async () => {
    const [first, second] = (kinds.weights as Edit & { readonly vectors: [number[], number[]] }).vectors;
    const put = await run(kinds.weights!);
    expect(await rowOf(put, 1, 5)).toEqual(first);
    expect(await rowOf(put, 1, 2)).toEqual(second);
    expect(apart(await rowOf(put, 1, 3), await rowOf(plain, 1, 3))).toBeLessThanOrEqual(1e-6);
    expect((await compareRuns(plain, put)).notDistributions).toMatchObject([
      { layer: 0, head: 1, query: 2, sum: 0.875 },
    ]);
    const weight = { kind: 'weight', layer: 0, head: 1, query: 5, key: 0 } as const;
    for (const [after, expected] of [
      [{ ...weight, to: 0.75 }, [0.75, 0, 0, 0.125, 0, 0.125, 0]],
      [{ ...weight, times: 2 }, [2 / 3, 0, 0, 1 / 6, 0, 1 / 6, 0]],
      [{ ...weight, to: 2, renormalize: false }, first.with(0, 2)],
      [{ ...weight, times: 2, renormalize: false }, first.with(0, 1)],
    ] as const)
      expect(apart(await rowOf(await run(kinds.weights!, after), 1, 5), expected)).toBeLessThanOrEqual(1e-6);
    // What stood there before them is gone.
    expect(await rowOf(await run({ ...weight, to: 0.9 }, kinds.weights!), 1, 5)).toEqual(first);
  });
  it('of another run, weights are what that run gave; of the same run, or unchanged by a function, nothing moves, to the bit', async () => {
    const other = await recordTrace(model, { ids: tinyIds.toReversed() });
    const patched = await run(await squareFrom(plain, other, { layer: 0, head: 2 }));
    const [there, here] = await Promise.all([other, patched].map((trace) => attentionStages(trace, 0)));
    expect(apart(here!.weights.data.slice(2 * n * n), there!.weights.data.slice(2 * n * n))).toBeLessThanOrEqual(1e-6);
    expect(apart(here!.weights.data.slice(0, n * n), there!.weights.data.slice(0, n * n))).toBeGreaterThan(1e-3);
    await agrees(patched);
    for (const own of [
      await squareFrom(plain, plain, { layer: 0, head: 2 }),
      await squareFrom(plain, plain, { layer: 0, head: 2, stage: 'scores' }),
      ...(await replaced(plain, model, { layer: 0, head: 2, stage: 'weights' }, (row) => row)),
      ...(await replaced(plain, model, { layer: 0, head: 2, stage: 'maskedScores' }, (row) => row)),
    ])
      expect(logits(await run(own))).toEqual(logits(plain));
    const halved = await replaced(plain, model, { layer: 0, head: 2, stage: 'maskedScores' }, (row) =>
      row.map((score) => score / 0.5),
    );
    expect(apart(logits(await run(...halved)), logits(await run(kinds.temperature!)))).toBeLessThanOrEqual(1e-5);
  });
  it('of another run, aligned by hand, go to the keys that belong together; what goes nowhere is missing', async () => {
    const shorter = await recordTrace(model, { ids: tinyIds.slice(0, 4) });
    await expect(squareFrom(plain, shorter, { layer: 0, head: 0 })).rejects.toMatchObject({
      code: 'differentLengths',
    });
    const alignment = [
      [4, 2],
      [6, 3],
    ] as const;
    const edit = await squareFrom(plain, shorter, { layer: 0, head: 0, alignment });
    const { data } = (await attentionStages(shorter, 0)).weights;
    const row = (query: number): number[] => [0, 0, 0, 0, data[query * 4 + 2]!, 0, data[query * 4 + 3]!];
    expect(edit).toMatchObject({ positions: [4, 6], vectors: [row(2), row(3)] });
    expect((await compareRuns(plain, await run(edit))).notDistributions).toHaveLength(2);
  });
  it.each([
    ['scores', { layer: 0, head: 1 }, 4],
    ['maskedScores', { layer: 1, head: 2 }, 6],
    ['weights', { layer: 0, head: 2 }, 5],
    ['mixed', { layer: 0, head: 1 }, 3],
    ['headOutput', { layer: 0, head: 1 }, 3],
    ['feedForward', { layer: 0 }, 4],
    ['logits', {}, 6],
  ] as const)(
    '%s made another by a function gives what NumPy gives in double precision: 1e-5',
    async (stage, place, position) => {
      const backwards = (row: Float32Array): number[] =>
        [...row].reverse().map((number) => (Number.isFinite(number) ? number + 0.5 : number));
      const edits = await replaced(plain, model, { stage, ...place, positions: [position] }, backwards);
      const trace = await run(...edits);
      const theirs = (expected[family]!.edited as Record<string, { output: number[][]; logits: number[][] }>)[stage]!;
      close([...trace.recorded.get('layers.1.output')!.data], theirs.output.flat(), 1e-5);
      close([...logits(trace)], theirs.logits.flat(), 1e-5);
      // Without the logits at hand they are read out, and changed, as well.
      const bare = await recordTrace(model, { ids: tinyIds, edits, logits: false });
      expect((await logitRows(bare, model, [6, 4])).data).toEqual(
        Float32Array.of(...logits(trace).subarray(66, 77), ...logits(trace).subarray(44, 55)),
      );
    },
  );
  it('a weight multiplied: the row divided by its new sum: 1e-6', async () => {
    const before = await rowOf(plain, 1, 5);
    const sum = 1 + 2 * before[2]!;
    const after = await rowOf(await run(kinds['scale weight']!), 1, 5);
    expect(
      apart(
        after,
        before.map((weight, j) => (weight * (j === 2 ? 3 : 1)) / sum),
      ),
    ).toBeLessThanOrEqual(1e-6);
  });
  it('a temperature raises weights to its inverse power, divided by their sum: 1e-6', async () => {
    const before = await rowOf(plain, 2, 6);
    const powers = before.map((weight) => weight ** 2);
    const sum = powers.reduce((a, b) => a + b, 0);
    expect(
      apart(
        await rowOf(await run(kinds.temperature!), 2, 6),
        powers.map((power) => power / sum),
      ),
    ).toBeLessThanOrEqual(1e-6);
  });
  it('blocked pairs and dropped tokens weigh exactly 0, and a dropped token still sees itself', async () => {
    const blocked = await run(kinds.block!);
    for (const head of [0, 1, 2]) {
      const row = await rowOf(blocked, head, 4);
      expect([row[1], row[4]]).toEqual([0, 0]);
      expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
    }
    const dropped = await run(kinds.drop!);
    for (const query of [0, 2, 3, 4, 5, 6]) expect((await rowOf(dropped, 0, query))[1]).toBe(0);
    expect((await rowOf(dropped, 0, 1))[1]).toBeGreaterThan(0);
    const nothing = await run({
      kind: 'block',
      layer: 0,
      head: 0,
      pairs: Array.from({ length: n }, (_, j) => [3, j] as const),
    });
    expect(await rowOf(nothing, 0, 3)).toEqual(Array<number>(n).fill(0));
  });
  it('all heads ablated leave the bias of the output projection alone, exactly', async () => {
    const trace = await run(...[0, 1, 2].map((head) => ({ kind: 'ablate', layer: 0, head, by: 'zero' }) as const));
    const bias = await model.parameters.get('layers.0.attentionOutput.bias')!.read();
    expect([...trace.recorded.get('layers.0.attentionOutput')!.data.subarray(0, 12)]).toEqual([...bias]);
  });

  it.each([
    ['a kind that is none', { kind: 'weights', layer: 0 }, 'one of set, scale, patch'],
    ['a stage that is not there', { kind: 'scale', stage: 'classes', factor: 1 }, 'a stage among'],
    ['a layer of logits', { kind: 'scale', stage: 'logits', layer: 0, factor: 1 }, 'no layer'],
    ['weights times a factor', { kind: 'scale', stage: 'weights', layer: 0, head: 0, factor: 2 }, 'stage mixed'],
    ['masked scores times 0', { kind: 'scale', stage: 'maskedScores', layer: 0, head: 0, factor: 0 }, 'above 0'],
    ['a layer', { kind: 'ablate', layer: 2, head: 0, by: 'zero' }, 'layer 0 to 1'],
    ['a head', { kind: 'ablate', layer: 1, head: 3, by: 'zero' }, 'head 0 to 2'],
    ['a head of a stage without heads', { kind: 'scale', stage: 'output', layer: 0, head: 0, factor: 1 }, 'no head'],
    ['a position', { kind: 'drop', position: 7 }, 'position 0 to 6'],
    ['a key', { kind: 'weight', layer: 0, head: 0, query: 1, key: 9, to: 0.5 }, 'position 0 to 6'],
    [
      'a vector of another width',
      { kind: 'set', stage: 'mixed', layer: 0, head: 0, position: 0, vector: vector(12) },
      '4 finite numbers',
    ],
    [
      'a mean that is no number',
      { kind: 'ablate', layer: 0, head: 0, by: 'mean', vector: [1, 2, 3, Number.NaN] },
      '4 finite numbers',
    ],
    ['too few vectors', { kind: 'ablate', layer: 0, head: 0, by: 'resample', vectors: [vector(4)] }, '7 vectors'],
    ['a temperature of 0', { kind: 'temperature', layer: 0, value: 0 }, 'above 0'],
    [
      'a row of another length',
      { kind: 'set', stage: 'weights', layer: 0, head: 0, position: 1, vector: [1, 0] },
      '7 finite numbers',
    ],
    [
      'a row too few',
      { kind: 'set', stage: 'weights', layer: 0, head: 0, positions: [1, 2], vectors: [vector(7)] },
      'a vector for each',
    ],
    ['a weight above 1', { kind: 'weight', layer: 0, head: 0, query: 1, key: 0, to: 1.5 }, 'a weight from 0 to 1'],
  ])('refuse %s, saying what fits', async (_, edit, said) => {
    const running = run(edit as Edit);
    await expect(running).rejects.toMatchObject({ code: 'badEdit' });
    await expect(running).rejects.toThrow(said);
  });
  it('refuse weights that are set to more than 1 together', async () => {
    const weight = (key: number) => ({ kind: 'weight', layer: 0, head: 0, query: 4, key, to: 0.6 }) as const;
    await expect(run(weight(0), weight(1))).rejects.toThrow('at most 1 together');
  });
});
