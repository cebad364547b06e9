/** One head of a trace by cell: plain double arithmetic over its query, key, value and the head's part of the output projection. */
import { type LayerPlace, layerStage } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { attentionRows, type Place, recordedStage, type Stage, sameModel, type Trace } from '../trace/index.ts';
import { headIn, keyHeadOf } from './places.ts';

export const dotProduct = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c]! * b[c]!;
  return sum;
};
export const norm = (a: ArrayLike<number>): number => Math.sqrt(dotProduct(a, a));
/** log Σ exp, −∞ for nothing or for −∞ alone. */
export const logSumExp = (scores: readonly number[]): number => {
  const largest = Math.max(...scores, -Infinity);
  return largest === -Infinity
    ? largest
    : largest + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - largest), 0));
};
export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** A head's vectors and rows, by token. */
export interface HeadCells {
  readonly place: Place;
  /** How many keys there are. */
  readonly length: number;
  readonly scale: number;
  query(token: number): Float32Array;
  key(token: number): Float32Array;
  value(token: number): Float32Array;
  /** scale · q·k of one query with every key (soft-capped where the model does), as the engine measured it; before the mask. */
  scores(token: number): Float32Array;
  maskedScores(token: number): Float32Array;
  weights(token: number): Float32Array;
  /** A value's part of the head's output: vector · W_O of this head, [hidden]. */
  project(vector: ArrayLike<number>): Float64Array;
  /** Bias of the value projection for this head, or zeros. */
  readonly valueBias: Float32Array;
}

/**
 * With `asking`, scores and weights are of that query alone, and nothing square is computed; without, of one head's square.
 * Throws `layerOutOfRange` and `headOutOfRange`, saying the range, and `anotherModel`.
 */
export async function headCells(
  trace: Trace,
  model: Model,
  layer: LayerPlace,
  head: number,
  asking?: number,
): Promise<HeadCells> {
  sameModel(trace, model);
  const place = headIn(trace, { layer, head });
  const { path, stack } = place;
  const { headSize } = stack;
  const keyHead = keyHeadOf(place, head);
  const squares = await attentionRows(trace, path, asking === undefined ? undefined : [asking], head);
  const vectors = (name: 'query' | 'key' | 'value', of: number) => {
    const { data, shape } = recordedStage(trace, layerStage(path, name));
    return (i: number) => data.subarray((of * shape[1]! + i) * headSize, (of * shape[1]! + i + 1) * headSize);
  };
  const row = ({ data, shape }: Stage) => {
    const keys = shape[2]!;
    return (i: number) => (asking === undefined ? data.subarray(i * keys, (i + 1) * keys) : data);
  };
  const projection = await model.parameters.get(`${path}.attentionOutput.weight`)!.read();
  const valueBias = await model.parameters.get(`${path}.value.bias`)?.read();
  const inputs = stack.headCount * headSize;
  return {
    place,
    length: squares.weights.shape[2]!,
    scale: place.layer.scale,
    query: vectors('query', head),
    key: vectors('key', keyHead),
    value: vectors('value', keyHead),
    scores: row(squares.scores),
    maskedScores: row(squares.maskedScores),
    weights: row(squares.weights),
    project: (vector) => {
      const out = new Float64Array(stack.hiddenSize);
      for (let d = 0; d < out.length; d++)
        for (let c = 0; c < headSize; c++) out[d]! += vector[c]! * projection[d * inputs + head * headSize + c]!;
      return out;
    },
    valueBias: valueBias?.subarray(keyHead * headSize, (keyHead + 1) * headSize) ?? new Float32Array(headSize),
  };
}
