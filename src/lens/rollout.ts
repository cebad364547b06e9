/** What reaches a token through all layers, by the weights alone: rollout and flow (Abnar & Zuidema 2020). */
import type { Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Trace } from '../trace/index.ts';
import { maximumFlow } from './maximumFlow.ts';
import { layerNorms } from './norms.ts';
import { layerRows } from './rows.ts';

/** What a layer does to position i: how much of each position its output is made of; rows sum to 1. */
type Mixing = (queryIndex: number) => Float64Array;

/**
 * Half of what a layer gives is the residual, half the mean over its heads: A = ½ W + ½ I (Abnar & Zuidema 2020, section 3).
 */
export async function weightMixing(trace: Trace, layer: number): Promise<Mixing> {
  const heads = await layerRows(trace, layer);
  return (i) => {
    const row = new Float64Array(trace.ids.length);
    for (const head of heads) {
      const weights = head.weights(i);
      for (let j = 0; j < row.length; j++) row[j]! += weights[j]! / (2 * heads.length);
    }
    row[i]! += 0.5;
    return row;
  };
}

/** Contribution norms with the residual in their place (Kobayashi et al. 2021), each row divided by its sum. */
export async function contributionMixing(trace: Trace, model: Model, layer: number): Promise<Mixing> {
  const norms = await layerNorms(trace, model, layer);
  return (i) => {
    const row = norms.withResidual(i);
    const total = row.reduce((sum, number) => sum + number, 0);
    return total === 0 ? row : row.map((number) => number / total);
  };
}

/**
 * What one position of the last layer is made of, by position of the input: the row of A_L · … · A_1, [position]; it sums
 * to 1. With a model the layers mix by contributions instead of weights. Every layer's row comes along in `byLayer`, the
 * last layer's input last. Cost: length² a layer and head; only rows are kept.
 */
export async function rollout(
  trace: Trace,
  { token, model }: { readonly token: number; readonly model?: Model },
): Promise<{ readonly shares: Float64Array; readonly byLayer: readonly Float64Array[] }> {
  const length = trace.ids.length;
  tokenInRange(token, length);
  let shares = new Float64Array(length);
  shares[token] = 1;
  const byLayer: Float64Array[] = [];
  for (let layer = trace.model.architecture.layerCount - 1; layer >= 0; layer--) {
    const mixing = model ? await contributionMixing(trace, model, layer) : await weightMixing(trace, layer);
    const below = new Float64Array(length);
    for (let i = 0; i < length; i++) {
      if (shares[i] === 0) continue;
      const row = mixing(i);
      for (let j = 0; j < length; j++) below[j]! += shares[i]! * row[j]!;
    }
    shares = below;
    byLayer.unshift(below);
  }
  return { shares, byLayer };
}

/** Longest text that `attentionFlow` takes: it looks at every pair of positions of every layer, for every position. */
export const longestFlow = 128;

/**
 * Attention flow: for each input position the maximum flow from one position of the last layer down to it, the layers'
 * mixing (½ W + ½ I) being the pipes' capacities, [position]. Unlike rollout it does not multiply along paths: the
 * narrowest place counts. Cost: a maximum flow a position, in a graph of layers · length² pipes.
 * Throws `tooLongForFlow` beyond 128 tokens, and `tokenOutOfRange`.
 */
export async function attentionFlow(trace: Trace, { token }: { readonly token: number }): Promise<Float64Array> {
  const length = trace.ids.length;
  tokenInRange(token, length);
  if (length > longestFlow)
    throw new SiseonError({
      code: 'tooLongForFlow',
      kind: 'usage',
      what: 'attention flow looks at every pair of every layer for every token',
      expected: `at most ${longestFlow} tokens`,
      got: `${length}`,
      next: 'Use rollout, whose cost is one pass over the weights.',
    });
  const layers = trace.model.architecture.layerCount;
  const capacities: Float64Array[][] = [];
  for (let layer = layers - 1; layer >= 0; layer--) {
    const mixing = await weightMixing(trace, layer);
    capacities.push(Array.from({ length }, (_, i) => mixing(i)));
  }
  return Float64Array.from({ length }, (_, sink) =>
    maximumFlow(
      (layers + 1) * length,
      capacities.flatMap((rows, depth) =>
        rows.flatMap((row, i) =>
          Array.from(row, (capacity, j) => ({ from: depth * length + i, to: (depth + 1) * length + j, capacity })),
        ),
      ),
      token,
      layers * length + sink,
    ),
  );
}

export function tokenInRange(token: number, length: number): void {
  if (Number.isInteger(token) && token >= 0 && token < length) return;
  throw new SiseonError({
    code: 'tokenOutOfRange',
    kind: 'usage',
    what: `there is no token ${token}`,
    expected: `0 to ${length - 1}`,
    got: `${token}`,
  });
}
