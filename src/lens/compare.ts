/** Two runs held against each other: texts, models, before and after an edit, two moments of training. */
import type { Encoding } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { attentionStages, type Trace } from '../trace/index.ts';
import { type Alignment, sameLength } from './patch.ts';
import { logitsAt, logTotal, prediction } from './target.ts';

export interface Comparison {
  readonly alignment: Alignment;
  /** ‖other − one‖ / ‖one‖ over the aligned positions, by stage, where both have it in one width. */
  readonly stages: readonly { readonly name: string; readonly distance: number }[];
  /** By head: mean total variation ½ Σ |w − w′| of the aligned queries' weights on aligned keys, 0 to 1; and the mixtures' distance. */
  readonly heads: readonly {
    readonly layer: number;
    readonly head: number;
    readonly weights: number;
    readonly mixed: number;
  }[];
  /** By aligned position: the likeliest token in both and KL(one ‖ other) in nats; empty where a run has no logits. */
  readonly predictions: readonly {
    readonly position: number;
    readonly one: { readonly token: number; readonly probability: number };
    readonly other: { readonly token: number; readonly probability: number };
    readonly divergence: number;
  }[];
  /** Rows of weights in the other run that sum to neither 1 nor 0: an edit said that they are no distribution. */
  readonly notDistributions: readonly {
    readonly layer: number;
    readonly head: number;
    readonly query: number;
    readonly sum: number;
  }[];
}

/**
 * What moved from one run to another. Positions belong together as `alignment` says, [one, other]; runs of one length
 * align by themselves. Cost: the squares of both runs, a layer at a time.
 * Throws `differentLengths`, and `differentModels` where layers or heads are other in number.
 */
export async function compareRuns(
  one: Trace,
  other: Trace,
  { alignment = sameLength(one, other) }: { readonly alignment?: Alignment } = {},
): Promise<Comparison> {
  const [a, b] = [one.model.architecture, other.model.architecture];
  if (a.layerCount !== b.layerCount || a.headCount !== b.headCount)
    throw new SiseonError({
      code: 'differentModels',
      kind: 'usage',
      what: 'the two models have other numbers of layers or heads',
      expected: `${a.layerCount} × ${a.headCount}`,
      got: `${b.layerCount} × ${b.headCount}`,
      next: 'Compare models of one architecture.',
    });
  const heads: Comparison['heads'][number][] = [];
  const notDistributions: Comparison['notDistributions'][number][] = [];
  for (let layer = 0; layer < a.layerCount; layer++) {
    const [left, right] = [await attentionStages(one, layer), await attentionStages(other, layer)];
    for (let head = 0; head < a.headCount; head++) {
      const row = (stages: typeof left, trace: Trace, i: number): Float32Array =>
        stages.weights.data.subarray(
          (head * trace.ids.length + i) * trace.ids.length,
          (head * trace.ids.length + i + 1) * trace.ids.length,
        );
      let variation = 0;
      for (const [i, k] of alignment) {
        const [mine, theirs] = [row(left, one, i), row(right, other, k)];
        for (const [j, l] of alignment) variation += Math.abs(mine[j]! - theirs[l]!) / 2;
      }
      for (let i = 0; i < other.ids.length; i++) {
        const sum = row(right, other, i).reduce((total, weight) => total + weight, 0);
        if (Math.abs(sum - 1) > 1e-4 && Math.abs(sum) > 1e-4) notDistributions.push({ layer, head, query: i, sum });
      }
      heads.push({
        layer,
        head,
        weights: variation / alignment.length,
        mixed: distance(
          left.mixed.data,
          right.mixed.data,
          alignment.map(([i, k]) => [head * one.ids.length + i, head * other.ids.length + k]),
          a.headSize,
        ),
      });
    }
  }
  return {
    alignment,
    stages: stageDistances(one, other, alignment),
    heads,
    predictions: predictions(one, other, alignment),
    notDistributions,
  };
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
function stageDistances(one: Trace, other: Trace, alignment: Alignment): Comparison['stages'] {
  return [...one.recorded].flatMap(([name, { shape, data }]) => {
    const theirs = other.recorded.get(name);
    const plain = shape.length === 2 && shape[0] === one.ids.length && theirs?.shape[1] === shape[1];
    return plain && theirs ? [{ name, distance: distance(data, theirs.data, alignment, shape[1]!) }] : [];
  });
}

function predictions(one: Trace, other: Trace, alignment: Alignment): Comparison['predictions'] {
  const sizes = [one, other].map(({ recorded }) => recorded.get('logits')?.shape[1]);
  if (sizes[0] === undefined || sizes[0] !== sizes[1]) return [];
  return alignment.map(([i, k]) => {
    const [p, q] = [logitsAt(one, i), logitsAt(other, k)];
    const [left, right] = [logTotal(p), logTotal(q)];
    let divergence = 0;
    for (let t = 0; t < p.length; t++) divergence += Math.exp(p[t]! - left) * (p[t]! - left - (q[t]! - right));
    return { position: i, one: prediction(p), other: prediction(q), divergence: Math.max(0, divergence) };
  });
}

/**
 * Words of two texts that belong together: the longest sequence of equal words in order; tokens of such a word, and special
 * tokens of equal writing, pair up where both have as many. Throws `nothingAligns`.
 */
export function alignByWord(one: Encoding, other: Encoding): Alignment {
  const kinds = (encoding: Encoding) => {
    const list: { text: string; tokens: readonly number[] }[] = [];
    for (const { index, word, piece } of encoding.tokens)
      if (word === null) list.push({ text: piece, tokens: [index] });
      else {
        const own = encoding.words.find((entry) => entry.index === word)!;
        if (own.tokens[0] === index) list.push({ text: own.text, tokens: own.tokens });
      }
    return list;
  };
  const [a, b] = [kinds(one), kinds(other)];
  const longest = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const same = (i: number, k: number): boolean =>
    a[i]!.text === b[k]!.text && a[i]!.tokens.length === b[k]!.tokens.length;
  for (let i = a.length - 1; i >= 0; i--)
    for (let k = b.length - 1; k >= 0; k--)
      longest[i]![k] = same(i, k) ? longest[i + 1]![k + 1]! + 1 : Math.max(longest[i + 1]![k]!, longest[i]![k + 1]!);
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0, k = 0; i < a.length && k < b.length; )
    if (same(i, k)) {
      for (const [n, token] of a[i]!.tokens.entries()) pairs.push([token, b[k]!.tokens[n]!]);
      i++;
      k++;
    } else if (longest[i + 1]![k]! >= longest[i]![k + 1]!) i++;
    else k++;
  if (pairs.length > 0) return pairs;
  throw new SiseonError({
    code: 'nothingAligns',
    kind: 'usage',
    what: 'the two texts have no word in common',
    got: `"${one.text}" and "${other.text}"`,
    next: 'Say which positions belong together.',
  });
}
