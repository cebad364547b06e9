/** What reaches a token through all layers, by the weights alone: rollout and flow (Abnar & Zuidema 2020). */
import type { LayerPlace } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { attentionBands, type Trace } from '../trace/index.ts';
import { maximumFlow } from './maximumFlow.ts';
import { layerNorms } from './norms.ts';
import { stackedLayers } from './places.ts';
import { bandRow } from './rows.ts';
import { tokenInRange } from './target.ts';

/** What a layer does to one position: how much of each position its output is made of; a row sums to 1. */
export interface MixedRow {
  readonly query: number;
  readonly row: Float64Array;
}

/**
 * Half of what a layer gives is the residual, half the mean over its heads: A = ½ W + ½ I (Abnar & Zuidema 2020, section
 * 3), row by row. Cost: one pass over the weights; a band of rows is held at a time.
 */
export async function* weightMixing(trace: Trace, layer: LayerPlace): AsyncGenerator<MixedRow> {
  for await (const band of attentionBands(trace, layer)) {
    const [heads = 0, , keys = 0] = band.weights.shape;
    for (let r = 0; r < band.count; r++) {
      const row = new Float64Array(keys);
      for (let h = 0; h < heads; h++) {
        const weights = bandRow(band, band.weights, h, r);
        for (let j = 0; j < keys; j++) row[j]! += weights[j]! / (2 * heads);
      }
      row[band.first + r]! += 0.5;
      yield { query: band.first + r, row };
    }
  }
}

/** Contribution norms with the residual in their place (Kobayashi et al. 2021), each row divided by its sum. Cost: that of `layerNorms`. */
export async function* contributionMixing(trace: Trace, model: Model, layer: LayerPlace): AsyncGenerator<MixedRow> {
  for await (const norms of (await layerNorms(trace, model, layer)).rows()) {
    const row = norms.withResidual();
    const total = row.reduce((sum, number) => sum + number, 0);
    yield { query: norms.query, row: total === 0 ? row : row.map((number) => number / total) };
  }
}

export interface RolloutOptions {
  readonly token: number;
  /** Mix layers by contributions instead of weights. */
  readonly model?: Model;
  /** Of an encoder-decoder: its encoder, whose text looks at itself alone. */
  readonly stack?: 'encoder';
}

/**
 * What one position of the last layer is made of, by position of the input: the row of A_L · … · A_1, [position]; it sums
 * to 1. With a model the layers mix by contributions instead of weights. Every layer's row comes along in `byLayer`, the
 * last layer's input last. Cost: one pass over the weights (with a model: and over the values); only rows are kept.
 * Throws `tokenOutOfRange`, and `twoTexts` for an encoder-decoder unless its encoder is asked for.
 */
export async function rollout(
  trace: Trace,
  { token, model, stack }: RolloutOptions,
): Promise<{ readonly shares: Float64Array; readonly byLayer: readonly Float64Array[] }> {
  const length = trace.ids.length;
  const layers = stackedLayers(trace, 'rollout', stack);
  tokenInRange(token, length);
  let shares = new Float64Array(length);
  shares[token] = 1;
  const byLayer: Float64Array[] = [];
  for (const layer of layers.toReversed()) {
    const below = new Float64Array(length);
    for await (const { query, row } of model ? contributionMixing(trace, model, layer) : weightMixing(trace, layer)) {
      const share = shares[query]!;
      if (share > 0) for (let j = 0; j < length; j++) below[j]! += share * row[j]!;
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
 * Throws `tooLongForFlow` beyond 128 tokens, `tokenOutOfRange` and `twoTexts`.
 */
export async function attentionFlow(
  trace: Trace,
  { token, stack }: Pick<RolloutOptions, 'token' | 'stack'>,
): Promise<Float64Array> {
  const length = trace.ids.length;
  const layers = stackedLayers(trace, 'attention flow', stack);
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
  const pipes: { from: number; to: number; capacity: number }[] = [];
  for (const [depth, layer] of layers.toReversed().entries())
    for await (const { query, row } of weightMixing(trace, layer))
      for (const [j, capacity] of row.entries())
        pipes.push({ from: depth * length + query, to: (depth + 1) * length + j, capacity });
  return Float64Array.from({ length }, (_, sink) =>
    maximumFlow((layers.length + 1) * length, pipes, token, layers.length * length + sink),
  );
}
