/** Two runs held against each other: texts, models, before and after an edit, two moments of training. */
import { attentionPlace, type LayerPlace, squareEditsOf } from '../attention/index.ts';
import { SiseonError } from '../platform/index.ts';
import { attentionBands, attentionRows, type Trace } from '../trace/index.ts';
import { attentionPlaces, type HeadPlace, placeIn } from './places.ts';
import { bandRow } from './rows.ts';
import { type Aligned, type Alignment, alignedAt } from './runAlignment.ts';
import { logTotal, prediction } from './target.ts';

export interface Comparison {
  readonly alignment: Alignment;
  /** ‖other − one‖ / ‖one‖ over the aligned positions, by stage, where both have it in one width. */
  readonly stages: readonly { readonly name: string; readonly distance: number }[];
  /** By head: mean total variation ½ Σ |w − w′| of the aligned queries' weights on aligned keys, 0 to 1; and the mixtures' distance. */
  readonly heads: readonly (HeadPlace & { readonly weights: number; readonly mixed: number })[];
  /** By aligned position: the likeliest token in both and KL(one ‖ other) in nats; empty where a trace holds no logits. */
  readonly predictions: readonly {
    readonly position: number;
    readonly one: { readonly token: number; readonly probability: number };
    readonly other: { readonly token: number; readonly probability: number };
    readonly divergence: number;
  }[];
  /** Rows of weights in the other run that sum to neither 1 nor 0: an edit said that they are no distribution. */
  readonly notDistributions: readonly (HeadPlace & { readonly query: number; readonly sum: number })[];
}

/**
 * What moved from one run to another. Positions belong together as `alignment` says, [one, other]; runs of one length
 * align by themselves. Cost: a pass over the weights of both; one
 * head's squares are held at a time.
 * Throws `differentLengths`, and `differentModels` where layers or heads are other in number.
 */
export async function compareRuns(one: Trace, other: Trace, options: Aligned = {}): Promise<Comparison> {
  const [a, b] = [one.model.architecture, other.model.architecture];
  if (a.layerCount !== b.layerCount || a.headCount !== b.headCount || a.encoder?.layerCount !== b.encoder?.layerCount)
    throw new SiseonError({
      code: 'differentModels',
      kind: 'usage',
      what: 'the two models have other numbers of layers or heads',
      expected: `${a.layerCount} × ${a.headCount}`,
      got: `${b.layerCount} × ${b.headCount}`,
      next: 'Compare models of one architecture.',
    });
  const aligned = alignedAt(one, other, options);
  const heads: Comparison['heads'][number][] = [];
  const notDistributions: Comparison['notDistributions'][number][] = [];
  for (const layer of attentionPlaces(a)) {
    const pairs = { queries: aligned(`${attentionPlace(layer)}.query`), keys: aligned(`${attentionPlace(layer)}.key`) };
    heads.push(...(await headsMoved(one, other, layer, pairs)));
    notDistributions.push(...(await brokenRows(other, layer)));
  }
  return {
    alignment: aligned('layers.0.query'),
    stages: stageDistances(one, other, aligned),
    heads,
    predictions: predictions(one, other, aligned('logits')),
    notDistributions,
  };
}

/** How far the aligned rows of every head of a layer moved; one head's squares of both runs are held at a time. */
async function headsMoved(
  one: Trace,
  other: Trace,
  layer: LayerPlace,
  { queries, keys }: { readonly queries: Alignment; readonly keys: Alignment },
): Promise<Comparison['heads'][number][]> {
  const { headCount, headSize } = placeIn(one, layer).stack;
  const moved: Comparison['heads'][number][] = [];
  for (let head = 0; head < headCount; head++) {
    const [left, right] = [
      await attentionRows(
        one,
        layer,
        queries.map(([i]) => i),
        head,
      ),
      await attentionRows(
        other,
        layer,
        queries.map(([, k]) => k),
        head,
      ),
    ];
    const [width, theirWidth] = [left.weights.shape[2]!, right.weights.shape[2]!];
    let variation = 0;
    for (const r of queries.keys())
      for (const [j, l] of keys)
        variation += Math.abs(left.weights.data[r * width + j]! - right.weights.data[r * theirWidth + l]!) / 2;
    const rows = queries.map((_, r) => [r, r] as const);
    moved.push({
      layer,
      head,
      weights: variation / queries.length,
      mixed: distance(left.mixed.data, right.mixed.data, rows, headSize),
    });
  }
  return moved;
}

/** Rows of weights that are no distribution; only edits make such. */
async function brokenRows(trace: Trace, layer: LayerPlace): Promise<Comparison['notDistributions'][number][]> {
  const broken: Comparison['notDistributions'][number][] = [];
  if (squareEditsOf(trace.edits, attentionPlace(layer)).length === 0) return broken;
  for await (const band of attentionBands(trace, layer))
    for (let head = 0; head < band.weights.shape[0]!; head++)
      for (let r = 0; r < band.count; r++) {
        const sum = bandRow(band, band.weights, head, r).reduce((total, weight) => total + weight, 0);
        if (Math.abs(sum - 1) > 1e-4 && Math.abs(sum) > 1e-4) broken.push({ layer, head, query: band.first + r, sum });
      }
  return broken;
}

/** ‖b − a‖ / ‖a‖ over pairs of rows of one width. */
function distance(
  a: Float32Array,
  b: Float32Array,
  rows: readonly (readonly [number, number])[],
  width: number,
): number {
  let [moved, size] = [0, 0];
  for (const [i, k] of rows)
    for (let d = 0; d < width; d++) {
      moved += (b[k * width + d]! - a[i * width + d]!) ** 2;
      size += a[i * width + d]! ** 2;
    }
  return size === 0 ? (moved === 0 ? 0 : Infinity) : Math.sqrt(moved / size);
}

/** Stages of positions; those of heads stand in `heads`, as mixtures. */
function stageDistances(one: Trace, other: Trace, aligned: (stage: string) => Alignment): Comparison['stages'] {
  return [...one.recorded].flatMap(([name, { shape, data }]) => {
    const theirs = other.recorded.get(name);
    const plain = shape.length === 2 && !/(classes|relativeBias)$/.test(name) && theirs?.shape[1] === shape[1];
    return plain && theirs ? [{ name, distance: distance(data, theirs.data, aligned(name), shape[1]!) }] : [];
  });
}

function predictions(one: Trace, other: Trace, alignment: Alignment): Comparison['predictions'] {
  const [ours, theirs] = [one, other].map(({ recorded }) => recorded.get('logits'));
  const size = ours?.shape[1];
  if (!ours || !theirs || size === undefined || size !== theirs.shape[1]) return [];
  return alignment.map(([i, k]) => {
    const [p, q] = [ours.data.subarray(i * size, (i + 1) * size), theirs.data.subarray(k * size, (k + 1) * size)];
    const [left, right] = [logTotal(p), logTotal(q)];
    let divergence = 0;
    for (let t = 0; t < p.length; t++) divergence += Math.exp(p[t]! - left) * (p[t]! - left - (q[t]! - right));
    return { position: i, one: prediction(p), other: prediction(q), divergence: Math.max(0, divergence) };
  });
}
