/** One head of a trace by cell: plain double arithmetic over its query, key, value and the head's part of the output projection. */
import { layerStage } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import {
  attentionRows,
  attentionStages,
  recordedStage,
  type Stage,
  sameModel,
  scaleOf,
  type Trace,
} from '../trace/index.ts';

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
  readonly length: number;
  readonly scale: number;
  query(token: number): Float32Array;
  key(token: number): Float32Array;
  value(token: number): Float32Array;
  /** scale · q·k of one query with every key, as the engine measured it; before the mask. */
  scores(token: number): Float32Array;
  maskedScores(token: number): Float32Array;
  weights(token: number): Float32Array;
  /** A value's part of the head's output: vector · W_O of this head, [hidden]. */
  project(vector: ArrayLike<number>): Float64Array;
  /** Bias of the value projection for this head, or zeros. */
  readonly valueBias: Float32Array;
}

/**
 * With `asking`, scores and weights are of that query alone, and nothing square is computed.
 * Throws `layerOutOfRange` and `headOutOfRange`, saying the range, and `anotherModel`.
 */
export async function headCells(
  trace: Trace,
  model: Model,
  layer: number,
  head: number,
  asking?: number,
): Promise<HeadCells> {
  sameModel(trace, model);
  const { layerCount, headCount, keyValueHeadCount, headSize } = trace.model.architecture;
  inRange('layer', layer, layerCount);
  inRange('head', head, headCount);
  const keyHead = Math.floor((head * keyValueHeadCount) / headCount);
  const squares = await (asking === undefined ? attentionStages(trace, layer) : attentionRows(trace, layer, [asking]));
  const length = trace.ids.length;
  const row = (stage: Stage, of: number, width: number) => (i: number) =>
    stage.data.subarray((of * length + i) * width, (of * length + i + 1) * width);
  const square =
    ({ data, shape }: Stage) =>
    (i: number) => {
      const [, rows = 0, keys = 0] = shape;
      const at = head * rows + (asking === undefined ? i : 0);
      return data.subarray(at * keys, (at + 1) * keys);
    };
  const projection = model.parameters.get(`layers.${layer}.attentionOutput.weight`)!;
  const [hidden = 0, inputs = 0] = projection.shape;
  const numbers = await projection.read();
  const valueBias = await model.parameters.get(`layers.${layer}.value.bias`)?.read();
  return {
    length,
    scale: scaleOf(trace, layer),
    query: row(recordedStage(trace, layerStage(layer, 'query')), head, headSize),
    key: row(recordedStage(trace, layerStage(layer, 'key')), keyHead, headSize),
    value: row(recordedStage(trace, layerStage(layer, 'value')), keyHead, headSize),
    scores: square(squares.scores),
    maskedScores: square(squares.maskedScores),
    weights: square(squares.weights),
    project: (vector) => {
      const out = new Float64Array(hidden);
      for (let d = 0; d < hidden; d++)
        for (let c = 0; c < headSize; c++) out[d]! += vector[c]! * numbers[d * inputs + head * headSize + c]!;
      return out;
    },
    valueBias: valueBias?.subarray(keyHead * headSize, (keyHead + 1) * headSize) ?? new Float32Array(headSize),
  };
}

/** Throws `layerOutOfRange` or `headOutOfRange`, saying the range. */
export function inRange(name: 'layer' | 'head', index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new SiseonError({
    code: `${name}OutOfRange`,
    kind: 'usage',
    what: `there is no ${name} ${index}`,
    expected: count === 1 ? '0' : `0 to ${count - 1}`,
    got: `${index}`,
    details: { index, last: count - 1 },
  });
}
