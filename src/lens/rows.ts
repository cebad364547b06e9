/** Rows of one head, as measures read them. */
import type { LayerPlace } from '../attention/index.ts';
import { type AttentionBand, attentionRows, type Stage, type Trace } from '../trace/index.ts';
import { headIn } from './places.ts';

/** Weights of one head, row by row, and which keys each query may see. */
export interface WeightRows {
  readonly length: number;
  weights(queryIndex: number): ArrayLike<number>;
  /** −∞ where the query may not look. */
  maskedScores(queryIndex: number): ArrayLike<number>;
}

/** Weights and masked scores of one head by row. Cost: that head's squares, length² cells each, are held. */
export async function headRows(trace: Trace, layer: LayerPlace, head: number): Promise<WeightRows> {
  headIn(trace, { layer, head });
  const { weights, maskedScores } = await attentionRows(trace, layer, undefined, head, ['weights', 'maskedScores']);
  const [, length = 0, keys = 0] = weights.shape;
  const row = ({ data }: Stage, i: number): Float32Array => data.subarray(i * keys, (i + 1) * keys);
  return { length, weights: (i) => row(weights, i), maskedScores: (i) => row(maskedScores, i) };
}

/** One row of a band's square: query number `r` of the band, in head number `h`. */
export function bandRow({ count }: AttentionBand, { shape, data }: Stage, h: number, r: number): Float32Array {
  const width = shape[2]!;
  return data.subarray((h * count + r) * width, (h * count + r + 1) * width);
}
