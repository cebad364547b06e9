/**
 * How much of each token arrives: weights times what they carry. A head may look at a token and take almost nothing from
 * it, and then its weight misleads.
 *
 * Kobayashi, Kuribayashi, Yokoi & Inui 2020 (norms of weight · value · W_O) and 2021 (with the residual and the norm).
 */
import { layerStage } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { recordedStage, sameModel, type Trace } from '../trace/index.ts';
import { norm } from './cells.ts';
import { outputSlices, type Rows } from './circuits.ts';
import { type FrozenNorm, freeze, through } from './frozen.ts';
import { layerRows } from './rows.ts';

/** Norms of one layer, row by row: a row is a query, its entries the keys. f_h(x) = (value − its bias) · W_O of head h. */
export interface LayerNorms {
  readonly length: number;
  /** weight · ‖f_h(x_j)‖ of one head, [keys]. */
  head(head: number, queryIndex: number): Float64Array;
  /** ‖Σ_h weight · f_h(x_j)‖, all heads together, [keys]. */
  contribution(queryIndex: number): Float64Array;
  /** Likewise with the residual in its own place and, where the model norms the sum, after that norm, frozen (2021), [keys]. */
  withResidual(queryIndex: number): Float64Array;
  /**
   * Mixing ratio (2021): how much comes from elsewhere, ‖Σ_{j≠i}‖ / (‖Σ_{j≠i}‖ + ‖own place and residual‖). 0: all is
   * kept; 1: all is taken from the others.
   */
  mixing(queryIndex: number): number;
}

/**
 * Contribution norms of a layer. The biases belong to no token and are left out, as in the papers. Cost:
 * length · heads² · hidden once, then length · heads² a row; no square is made beyond the layer's weights.
 * Throws `anotherModel`.
 */
export async function layerNorms(trace: Trace, model: Model, layer: number): Promise<LayerNorms> {
  sameModel(trace, model);
  const { hiddenSize: hidden, headCount: heads, normPlacement, norm: kind, normEpsilon } = trace.model.architecture;
  const length = trace.ids.length;
  const rows = await layerRows(trace, layer);
  const outputOf = await outputSlices(model, layer);
  const valueBias = await model.parameters.get(`layers.${layer}.value.bias`)?.read();
  const carried = Array.from({ length: heads }, (_, h) => carriedBy(trace, layer, h, outputOf(h), valueBias));
  const input = recordedStage(trace, layerStage(layer, 'input')).data;
  const attention = recordedStage(trace, layerStage(layer, 'attentionOutput')).data;
  // The norm stands after the sum with the residual, or on the attention's output before it, or there is none.
  const after = normPlacement === 'after';
  const gainOf = after ? 'attentionNorm' : 'attentionPostNorm';
  const gain = (await model.parameters.get(`layers.${layer}.${gainOf}.weight`)?.read()) ?? null;
  const centred = kind === 'layer';
  const at = (data: ArrayLike<number>, i: number, d: number): number => data[i * hidden + d]!;

  const frozen = (i: number): FrozenNorm | null =>
    gain &&
    freeze(
      Array.from({ length: hidden }, (_, d) => (after ? at(input, i, d) : 0) + at(attention, i, d)),
      gain,
      normEpsilon,
      centred,
    );
  const normed = (vector: Float64Array, by: FrozenNorm | null): Float64Array => (by ? through(by, vector) : vector);
  const taken = (i: number, j: number): Float64Array => {
    const vector = new Float64Array(hidden);
    for (const [h, vectors] of carried.entries()) {
      const weight = rows[h]!.weights(i)[j]!;
      for (let d = 0; d < hidden; d++) vector[d]! += weight * at(vectors, j, d);
    }
    return vector;
  };
  /** Own place and residual, as they come out of the norm. */
  const own = (i: number, by: FrozenNorm | null): Float64Array => {
    const residual = (vector: Float64Array) => vector.map((number, d) => number + at(input, i, d));
    return after ? normed(residual(taken(i, i)), by) : residual(normed(taken(i, i), by));
  };
  const plain = grams(carried, length, hidden, null, false);
  let scaled: Float64Array | undefined;
  const joined = (gram: Float64Array, i: number): Float64Array =>
    Float64Array.from({ length }, (_, j) => {
      let square = 0;
      for (let a = 0; a < heads; a++)
        for (let b = 0; b < heads; b++)
          square += rows[a]!.weights(i)[j]! * rows[b]!.weights(i)[j]! * gram[(j * heads + a) * heads + b]!;
      return Math.sqrt(Math.max(0, square));
    });
  const constant = await biasOutput(model, layer);
  return {
    length,
    head: (h, i) =>
      Float64Array.from(rows[h]!.weights(i), (weight, j) => weight * Math.sqrt(plain[(j * heads + h) * heads + h]!)),
    contribution: (i) => joined(plain, i),
    withResidual(i) {
      const by = frozen(i);
      scaled ??= gain ? grams(carried, length, hidden, gain, centred) : plain;
      const norms = joined(scaled, i).map((number) => number * (by?.inverse ?? 1));
      norms[i] = norm(own(i, by));
      return norms;
    },
    mixing(i) {
      const by = frozen(i);
      const mine = taken(i, i);
      const others = mine.map((number, d) => at(attention, i, d) - constant[d]! - number);
      const [elsewhere, here] = [norm(normed(others, by)), norm(own(i, by))];
      return elsewhere / (elsewhere + here);
    },
  };
}

/** f_h of every token, [position, hidden]: its value without the projection's bias, through this head's part of W_O. */
function carriedBy(
  trace: Trace,
  layer: number,
  head: number,
  { data: output }: Rows,
  bias: Float32Array | undefined,
): Float64Array {
  const { hiddenSize: hidden, headCount, keyValueHeadCount, headSize } = trace.model.architecture;
  const keyHead = Math.floor((head * keyValueHeadCount) / headCount);
  const length = trace.ids.length;
  const values = recordedStage(trace, layerStage(layer, 'value')).data;
  const carried = new Float64Array(length * hidden);
  for (let j = 0; j < length; j++)
    for (let c = 0; c < headSize; c++) {
      const value = values[(keyHead * length + j) * headSize + c]! - (bias?.[keyHead * headSize + c] ?? 0);
      for (let d = 0; d < hidden; d++) carried[j * hidden + d]! += value * output[c * hidden + d]!;
    }
  return carried;
}

/** ⟨f_a(x_j), f_b(x_j)⟩ for every token and pair of heads, [position, head, head]; with a gain, of the centred and scaled vectors. */
function grams(
  carried: readonly Float64Array[],
  length: number,
  hidden: number,
  gain: Float32Array | null,
  centred: boolean,
): Float64Array {
  const heads = carried.length;
  const out = new Float64Array(length * heads * heads);
  for (let j = 0; j < length; j++) {
    const vectors = carried.map((all) => {
      const vector = all.subarray(j * hidden, (j + 1) * hidden);
      return gain ? through({ gain, inverse: 1, centred }, vector) : vector;
    });
    for (let a = 0; a < heads; a++)
      for (let b = 0; b <= a; b++) {
        let sum = 0;
        for (let d = 0; d < hidden; d++) sum += vectors[a]![d]! * vectors[b]![d]!;
        out[(j * heads + a) * heads + b] = sum;
        out[(j * heads + b) * heads + a] = sum;
      }
  }
  return out;
}

/** What the biases of value and output projection bring to every row whose weights sum to 1, [hidden]. */
async function biasOutput(model: Model, layer: number): Promise<Float64Array> {
  const { hiddenSize: hidden, headCount, keyValueHeadCount, headSize } = model.architecture;
  const out = new Float64Array(hidden);
  const outputBias = await model.parameters.get(`layers.${layer}.attentionOutput.bias`)?.read();
  if (outputBias) for (let d = 0; d < hidden; d++) out[d] = outputBias[d]!;
  const valueBias = await model.parameters.get(`layers.${layer}.value.bias`)?.read();
  if (!valueBias) return out;
  const projection = model.parameters.get(`layers.${layer}.attentionOutput.weight`)!;
  const [data, inputs] = [await projection.read(), projection.shape[1]!];
  for (let d = 0; d < hidden; d++)
    for (let c = 0; c < inputs; c++) {
      const keyHead = Math.floor((Math.floor(c / headSize) * keyValueHeadCount) / headCount);
      out[d]! += data[d * inputs + c]! * valueBias[keyHead * headSize + (c % headSize)]!;
    }
  return out;
}
