/** Rows of a layer's heads, as measures read them. */
import { attentionStages, type Trace } from '../trace/index.ts';
import type { WeightRows } from './pattern.ts';

/** Weights and masked scores of every head of a layer, by row. Cost: the squares of one layer are held at a time. */
export async function layerRows(trace: Trace, layer: number): Promise<WeightRows[]> {
  const { weights, maskedScores } = await attentionStages(trace, layer);
  const [heads = 0, length = 0, keys = 0] = weights.shape;
  return Array.from({ length: heads }, (_, head) => {
    const row = (data: Float32Array, i: number): Float32Array =>
      data.subarray((head * length + i) * keys, (head * length + i + 1) * keys);
    return {
      length,
      weights: (i: number) => row(weights.data, i),
      maskedScores: (i: number) => row(maskedScores.data, i),
    };
  });
}
