/** Measures that follow an encoder-decoder's prediction into both texts, held against their equations as whole matrices. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LayerPlace } from '../src/attention/index.ts';
import {
  allHeads,
  attentionFlow,
  attentionPlaces,
  contributionMixing,
  gradientAttention,
  headsReport,
  layerNorms,
  relevance,
  rollout,
  type Target,
} from '../src/lens/index.ts';
import { loadModel, type Model, readSafetensors } from '../src/model/index.ts';
import { attentionStages, placeOf, recordTrace, type Trace } from '../src/trace/index.ts';

type Matrix = number[][];
const identity = (n: number): Matrix =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => +(i === j)));
const zeros = (rows: number, columns: number): Matrix => Array.from({ length: rows }, () => new Array(columns).fill(0));
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, number, k) => sum + number * b[k]![j]!, 0)));
const sum = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((number, j) => number + b[i]![j]!));
const times = (a: Matrix, factor: number): Matrix => a.map((row) => row.map((number) => number * factor));
const transposed = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const near = (ours: ArrayLike<number>, theirs: ArrayLike<number>, budget: number): void => {
  expect(ours.length).toBe(theirs.length);
  for (let j = 0; j < ours.length; j++)
    expect(Math.abs(ours[j]! - theirs[j]!), `${j}: ${ours[j]} and ${theirs[j]}`).toBeLessThanOrEqual(
      budget * (1 + Math.abs(theirs[j]!)),
    );
};

describe.each(['bart', 't5', 'mt5'])('%s', (name) => {
  let model: Model;
  let trace: Trace;
  let target: Target;
  let [encoder, decoder]: [LayerPlace[], LayerPlace[]] = [[], []];
  const crossOf = (layer: LayerPlace): LayerPlace => `${layer}.cross` as LayerPlace;
  beforeAll(async () => {
    const folder = new URL(`./families/${name}/`, import.meta.url);
    model = await loadModel(fileURLToPath(folder), { name, tokenizer: 'none' });
    const { tensors } = readSafetensors(readFileSync(new URL('expected.safetensors', folder)));
    const ids = (key: string): number[] => [...tensors.get(key)!.data].map(Number);
    trace = await recordTrace(model, { ids: ids('ids'), decoderIds: ids('decoderIds') });
    target = { position: trace.decoderIds!.length - 2, token: 5 };
    const places = attentionPlaces(model.architecture);
    encoder = places.filter((place) => /^encoder/.test(`${place}`));
    decoder = places.filter((place) => /^decoder\.layers\.\d+$/.test(`${place}`));
  });
  /** Mean over the heads of a place's weights. */
  const meanWeights = async (layer: LayerPlace): Promise<Matrix> => {
    const { shape, data } = (await attentionStages(trace, layer)).weights;
    const [heads = 0, queries = 0, keys = 0] = shape;
    const mean = zeros(queries, keys);
    for (let at = 0; at < data.length; at++) mean[Math.floor(at / keys) % queries]![at % keys]! += data[at]! / heads;
    return mean;
  };
  /** What reaches the decoder's positions, of both texts, by a mixing of each layer: [own rows, rows of the encoder's text]. */
  const rolled = async (
    self: (layer: LayerPlace) => Promise<Matrix>,
    cross: (layer: LayerPlace) => Promise<{ readonly across: Matrix; readonly kept: readonly number[] }>,
  ): Promise<[Matrix, Matrix]> => {
    let below = identity(trace.ids.length);
    for (const layer of encoder) below = product(await self(layer), below);
    let [own, other] = [identity(trace.decoderIds!.length), zeros(trace.decoderIds!.length, trace.ids.length)];
    for (const layer of decoder) {
      const mixing = await self(layer);
      [own, other] = [product(mixing, own), product(mixing, other)];
      const { across, kept } = await cross(crossOf(layer));
      const keep = (rows: Matrix): Matrix => rows.map((row, i) => row.map((number) => number * kept[i]!));
      [own, other] = [keep(own), sum(keep(other), product(across, below))];
    }
    return [own, other];
  };

  it('rollout by weights is the product of ½ W + ½ I, cross-attention going over into the encoder: 1e-6', async () => {
    const [own, other] = await rolled(
      async (layer) => {
        const mean = await meanWeights(layer);
        return sum(times(mean, 0.5), times(identity(mean.length), 0.5));
      },
      async (layer) => {
        const across = times(await meanWeights(layer), 0.5);
        return { across, kept: across.map(() => 0.5) };
      },
    );
    for (const [token, row] of other.entries()) {
      const found = await rollout(trace, { token });
      near(found.shares, row, 1e-6);
      expect(found.byLayer.length).toBe(encoder.length);
      const decoders = await rollout(trace, { token, of: 'decoderIds' });
      near(decoders.shares, own[token]!, 1e-6);
      expect(decoders.byLayer.length).toBe(decoder.length);
    }
  });

  it('rollout by contributions likewise, and in cross-attention residual and keys are what the layer adds up: 1e-4', async () => {
    const rowsOf = async (layer: LayerPlace) => {
      const rows = [];
      for await (const row of contributionMixing(trace, model, layer)) rows.push(row);
      return rows;
    };
    const [own, other] = await rolled(
      async (layer) => (await rowsOf(layer)).map(({ row }) => [...row]),
      async (layer) => {
        const rows = await rowsOf(layer);
        return { across: rows.map(({ row }) => [...row]), kept: rows.map(({ kept }) => kept) };
      },
    );
    const token = target.position;
    near((await rollout(trace, { token, model })).shares, other[token]!, 1e-6);
    near((await rollout(trace, { token, model, of: 'decoderIds' })).shares, own[token]!, 1e-6);
    for (const layer of decoder) {
      const norms = await (await layerNorms(trace, model, crossOf(layer))).row(token);
      const { keys, residual } = norms.besideResidual();
      expect(residual).toBeGreaterThan(0);
      // No norm stands after T5's cross-attention: its keys are as long as without it.
      if (placeOf(trace, layer).stack.normPlacement === 'before') near(keys, norms.contribution(), 1e-9);
      else expect(keys[0]).not.toBe(norms.contribution()[0]);
    }
  });

  it('flow is at least rollout’s share and at most what leaves the token and reaches the other: 1e-6', async () => {
    const { position: token } = target;
    for (const of of ['ids', 'decoderIds'] as const) {
      const flow = await attentionFlow(trace, { token, of });
      const { shares } = await rollout(trace, { token, of });
      for (const [j, share] of shares.entries()) {
        expect(flow[j]).toBeGreaterThanOrEqual(share - 1e-6);
        expect(flow[j]).toBeLessThanOrEqual(1 + 1e-6);
      }
      const some = await attentionFlow(trace, { token, of, positions: [2, 0] });
      expect([...some]).toEqual([flow[2], flow[0]]);
    }
    await expect(attentionFlow(trace, { token, positions: [99] })).rejects.toMatchObject({ code: 'tokenOutOfRange' });
  });

  it('every head has its figures, the decoder’s and those between the texts too; the decoder reads one place late', async () => {
    const texts = [1, 2, 3, 4].map((step) => Array.from({ length: 5 + step }, (_, i) => 3 + ((i * step) % 7)));
    const { heads, tokens } = await headsReport(model, texts);
    expect(tokens).toBe(6 + 7 + 8 + 9);
    expect(heads.map(({ layer, head }) => [layer, head])).toEqual(
      allHeads(model).map(({ layer, head }) => [layer, head]),
    );
    const behind = texts.map((ids) => ({ ids, decoderIds: [model.architecture.decoderStart!, ...ids.slice(0, -1)] }));
    expect((await headsReport(model, behind)).heads).toEqual(heads);
    for (const { layer, measures, profile } of heads) {
      const crossed = `${layer}`.endsWith('.cross');
      expect(measures.entropy.texts).toBe(4);
      expect(measures.previous.texts).toBe(crossed ? 0 : 4);
      expect(profile.some(({ weight }) => !Number.isNaN(weight))).toBe(!crossed);
    }
  });

  it('relevance is equations 5 to 10 of Chefer et al. 2021 as matrices: 1e-6', async () => {
    const rows = await gradientAttention(trace, model, target);
    const positive = async (layer: LayerPlace, queries: number, keys: number): Promise<Matrix> => {
      const mean = zeros(queries, keys);
      const { headCount } = placeOf(trace, layer).stack;
      for await (const { query, row } of rows(layer))
        for (const [j, number] of row.entries()) mean[query]![j]! += Math.max(0, number) / headCount;
      return mean;
    };
    const normalised = (r: Matrix): Matrix =>
      r.map((row, i) => {
        const bare = row.map((number, j) => number - +(i === j));
        const total = bare.reduce((a, b) => a + b, 0);
        return bare.map((number, j) => (total === 0 ? 0 : number / total) + +(i === j));
      });
    const [n, m] = [trace.ids.length, trace.decoderIds!.length];
    let ee = identity(n);
    for (const layer of encoder) ee = sum(ee, product(await positive(layer, n, n), ee));
    let [dd, de] = [identity(m), zeros(m, n)];
    for (const layer of decoder) {
      const own = await positive(layer, m, m);
      [dd, de] = [sum(dd, product(own, dd)), sum(de, product(own, de))];
      const cross = await positive(crossOf(layer), m, n);
      de = sum(de, product(transposed(normalised(dd)), product(cross, normalised(ee))));
    }
    near(await relevance(trace, model, target), de[target.position]!, 1e-6);
    near(await relevance(trace, model, target, { of: 'decoderIds' }), dd[target.position]!, 1e-6);
    expect(Math.max(...de[target.position]!)).toBeGreaterThan(0);
  });
});
