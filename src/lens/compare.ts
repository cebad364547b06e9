/** Two runs held against each other: texts, models, before and after an edit, two moments of training. */
import { attentionPlace, type LayerPlace, squareEditsOf } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { attentionBands, attentionRows, type Trace } from '../trace/index.ts';
import { type Aligned, type Alignment, alignedAt } from './pairing.ts';
import { attentionPlaces, type HeadPlace, placeIn } from './places.ts';
import { bandRow } from './rows.ts';
import { logTotal, prediction } from './target.ts';

export interface Comparison {
  readonly alignment: Alignment;
  /** ‖other − one‖ / ‖one‖ over the aligned positions, by stage, where both have it in one width. */
  readonly stages: readonly { readonly name: string; readonly distance: number }[];
  /** Stages that both have, in other widths or, of logits, over other vocabularies: their numbers do not belong together. */
  readonly notCompared: readonly string[];
  /**
   * By head: total variation ½ Σ |w − w′| of the aligned queries' weights, their mean, 0 to 1, where a key that the other
   * text has no counterpart of is a place of its own; and the mixtures' distance, null where heads are of other sizes.
   */
  readonly heads: readonly (HeadPlace & { readonly weights: number; readonly mixed: number | null })[];
  /** By aligned position: the likeliest token in both and KL(one ‖ other) in nats; empty where a trace holds no logits, or their vocabularies differ. */
  readonly predictions: readonly {
    readonly position: number;
    readonly one: { readonly token: number; readonly probability: number };
    readonly other: { readonly token: number; readonly probability: number };
    readonly divergence: number;
  }[];
  /**
   * Rows of weights in the other run that sum to neither 1 nor 0, or hold a weight below 0, the least of which is `least`:
   * an edit said that they are no distribution.
   */
  readonly notDistributions: readonly (HeadPlace & {
    readonly query: number;
    readonly sum: number;
    readonly least: number;
  })[];
}

export interface ComparisonOptions extends Aligned {
  /** `other`: an id is another token in the other model, so that logits are not compared. */
  readonly vocabulary?: 'same' | 'other';
}

/**
 * What moved from one run to another. Positions belong together as `alignment` says, [one, other]; runs of one length
 * align by themselves. Cost: a pass over the weights of both; one
 * head's squares are held at a time.
 * Throws `differentLengths`, and `differentModels` where layers or heads are other in number.
 */
export async function compareRuns(
  one: Trace,
  other: Trace,
  { vocabulary = 'same', ...options }: ComparisonOptions = {},
): Promise<Comparison> {
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
    ...stageDistances(one, other, aligned, vocabulary),
    heads,
    predictions: vocabulary === 'same' ? predictions(one, other, aligned('logits')) : [],
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
  const sameSize = headSize === placeIn(other, layer).stack.headSize;
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
    const [alone, theirsAlone] = [unpaired(keys, 0, width), unpaired(keys, 1, theirWidth)];
    let variation = 0;
    for (const r of queries.keys()) {
      const [row, theirs] = [left.weights.data.subarray(r * width), right.weights.data.subarray(r * theirWidth)];
      for (const [j, l] of keys) variation += Math.abs(row[j]! - theirs[l]!) / 2;
      for (const j of alone) variation += row[j]! / 2;
      for (const l of theirsAlone) variation += theirs[l]! / 2;
    }
    const rows = queries.map((_, r) => [r, r] as const);
    moved.push({
      layer,
      head,
      weights: variation / queries.length,
      mixed: sameSize ? distance(left.mixed.data, right.mixed.data, rows, headSize) : null,
    });
  }
  return moved;
}

/** Positions of one side that are in no pair. */
function unpaired(pairs: Alignment, side: 0 | 1, length: number): number[] {
  const paired = new Set(pairs.map((pair) => pair[side]));
  return Array.from({ length }, (_, i) => i).filter((i) => !paired.has(i));
}

/** Rows of weights that are no distribution; only edits make such. */
async function brokenRows(trace: Trace, layer: LayerPlace): Promise<Comparison['notDistributions'][number][]> {
  const broken: Comparison['notDistributions'][number][] = [];
  if (squareEditsOf(trace.edits, attentionPlace(layer)).length === 0) return broken;
  for await (const band of attentionBands(trace, layer))
    for (let head = 0; head < band.weights.shape[0]!; head++)
      for (let r = 0; r < band.count; r++) {
        const row = bandRow(band, band.weights, head, r);
        const [sum, least] = [row.reduce((total, weight) => total + weight, 0), row.reduce((a, b) => Math.min(a, b))];
        if ((Math.abs(sum - 1) > 1e-4 && Math.abs(sum) > 1e-4) || least < -1e-4)
          broken.push({ layer, head, query: band.first + r, sum, least });
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
function stageDistances(
  one: Trace,
  other: Trace,
  aligned: (stage: string) => Alignment,
  vocabulary: 'same' | 'other',
): Pick<Comparison, 'stages' | 'notCompared'> {
  const stages: Comparison['stages'][number][] = [];
  const notCompared: string[] = [];
  for (const [name, { shape, data }] of one.recorded) {
    const theirs = other.recorded.get(name);
    if (!theirs || shape.length !== 2 || /(classes|relativeBias)$/.test(name)) continue;
    if (theirs.shape[1] !== shape[1] || (name === 'logits' && vocabulary === 'other')) notCompared.push(name);
    else stages.push({ name, distance: distance(data, theirs.data, aligned(name), shape[1]!) });
  }
  return { stages, notCompared };
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

/** Whether an id is the same token in both models; without tokenizers, of as many. */
export function sameVocabulary(one: Model, other: Model): boolean {
  const [a, b] = [one, other].map(({ architecture }) => architecture.vocabularySize);
  if (a !== b) return false;
  const [left, right] = [one.tokenizer, other.tokenizer];
  if (!left || !right) return true;
  return Array.from({ length: a! }, (_, id) => id).every((id) => left.piece(id) === right.piece(id));
}
