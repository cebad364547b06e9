/** What reaches a token through all layers, by the weights alone (Abnar & Zuidema 2020). */
import type { LayerPlace } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { attentionBands, type Trace } from '../trace/index.ts';
import { layerNorms } from './norms.ts';
import { placeIn, type WhichText, wayDown } from './places.ts';
import { bandRow } from './rows.ts';

/** What a layer does to one position: how much of each position its output is made of; row and `kept` sum to 1. */
export interface MixedRow {
  readonly query: number;
  readonly row: Float64Array;
  /** What stays of the query's own position in cross-attention, whose row is of the encoder's positions; else 0: it is in the row. */
  readonly kept: number;
}

/**
 * Half of what a layer gives is the residual, half the mean over its heads: A = ½ W + ½ I (Abnar & Zuidema 2020, section
 * 3), row by row. Cost: one pass over the weights; a band of rows is held at a time.
 */
export async function* weightMixing(trace: Trace, layer: LayerPlace): AsyncGenerator<MixedRow> {
  const { crossed } = placeIn(trace, layer);
  for await (const band of attentionBands(trace, layer)) {
    const [heads = 0, , keys = 0] = band.weights.shape;
    for (let r = 0; r < band.count; r++) {
      const row = new Float64Array(keys);
      for (let h = 0; h < heads; h++) {
        const weights = bandRow(band, band.weights, h, r);
        for (let j = 0; j < keys; j++) row[j]! += weights[j]! / (2 * heads);
      }
      if (!crossed) row[band.first + r]! += 0.5;
      yield { query: band.first + r, row, kept: crossed ? 0.5 : 0 };
    }
  }
}

/**
 * Contribution norms with the residual in their place (Kobayashi et al. 2021), each row divided by its sum; in
 * cross-attention the residual stands beside the keys (Ferrando et al. 2022). Cost: that of `layerNorms`.
 */
export async function* contributionMixing(trace: Trace, model: Model, layer: LayerPlace): AsyncGenerator<MixedRow> {
  const { crossed } = placeIn(trace, layer);
  for await (const norms of (await layerNorms(trace, model, layer)).rows()) {
    const { keys, residual } = crossed ? norms.besideResidual() : { keys: norms.withResidual(), residual: 0 };
    const total = keys.reduce((sum, number) => sum + number, residual);
    const share = (number: number): number => (total === 0 ? number : number / total);
    yield { query: norms.query, row: keys.map(share), kept: share(residual) };
  }
}

export interface RolloutOptions {
  /** A position of the last layer: of an encoder-decoder in the decoder's text. */
  readonly token: number;
  /** Mix layers by contributions instead of weights. */
  readonly model?: Model;
  /** Of an encoder-decoder: its encoder by itself; the token is one of its text. */
  readonly stack?: 'encoder';
  /** Of an encoder-decoder: which text's positions are given. */
  readonly of?: WhichText;
}

/**
 * What one position of the last layer is made of, by position of the input: the row of A_L · … · A_1, [position]; it sums
 * to 1. With a model the layers mix by contributions instead of weights. Every layer's row comes along in `byLayer`, the
 * last layer's input last. In an encoder-decoder half of what cross-attention gives is the decoder's residual, half the
 * mean over its heads of the encoder's last states, which the encoder's layers lead further down (as Ferrando et al. 2022
 * do with contributions); the encoder's positions and the decoder's (`of`) together sum to 1. Cost: one pass over the
 * weights (with a model: and over the values); only rows are kept. Throws `tokenOutOfRange`.
 */
export async function rollout(
  trace: Trace,
  options: RolloutOptions,
): Promise<{ readonly shares: Float64Array; readonly byLayer: readonly Float64Array[] }> {
  const { token, model } = options;
  const { places, length, memory, through } = wayDown(trace, options);
  /** Shares of the text that the way begins in, and of the encoder's where that is another. */
  let [own, other] = [new Float64Array(length), new Float64Array(memory)];
  own[token] = 1;
  const byLayer: Float64Array[] = [];
  for (const { path, prefix, crossed } of places) {
    const inMemory = prefix === 'encoder.' && memory > 0;
    const [from, below] = [inMemory ? other : own, new Float64Array(inMemory ? memory : length)];
    for await (const { query, row, kept } of model
      ? contributionMixing(trace, model, path)
      : weightMixing(trace, path)) {
      const share = from[query]!;
      if (share === 0) continue;
      const into = crossed ? other : below;
      for (let j = 0; j < row.length; j++) into[j]! += share * row[j]!;
      if (crossed) below[query]! += share * kept;
    }
    if (inMemory) other = below;
    else own = below;
    if (inMemory === through && !crossed) byLayer.unshift(below);
  }
  return { shares: through ? other : own, byLayer };
}
