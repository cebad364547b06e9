/** What a token's values are worth to each position of a layer: take them away and look. */
import { layerStage } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { recordedStage, recordTraces, sameModel, type Trace } from '../trace/index.ts';
import { dotProduct, inRange, norm } from './cells.ts';

/** Texts of one batch: more at a time cost memory and win nothing. */
const side = 16;

/**
 * Value zeroing (Mohebbi, Zuidema, Chrupała & Alishahi 2023): with the values of token j set to 0 in one layer, how far each
 * position's output of that layer turns, 1 − cos; each row divided by its sum, [query][key]. Cost: a run a token.
 * Throws `layerOutOfRange`, `anotherModel`.
 */
export async function valueZeroing(trace: Trace, model: Model, layer: number): Promise<number[][]> {
  sameModel(trace, model);
  const { layerCount, keyValueHeadCount, hiddenSize: hidden } = model.architecture;
  inRange('layer', layer, layerCount);
  const length = trace.ids.length;
  const output = layerStage(layer, 'output');
  const plain = recordedStage(trace, output).data;
  const row = (data: Float32Array, i: number): Float32Array => data.subarray(i * hidden, (i + 1) * hidden);
  const turned = Array.from({ length }, () => new Array<number>(length).fill(0));
  for (let first = 0; first < length; first += side) {
    const tokens = Array.from({ length: Math.min(side, length - first) }, (_, n) => first + n);
    const traces = await recordTraces(
      model,
      tokens.map((position) => ({
        ids: trace.ids,
        edits: [
          ...trace.edits,
          ...Array.from({ length: keyValueHeadCount }, (_, head) => ({
            kind: 'scale' as const,
            stage: 'value' as const,
            layer,
            head,
            position,
            factor: 0,
          })),
        ],
      })),
    );
    for (const [n, other] of traces.entries()) {
      const moved = recordedStage(other, output).data;
      for (let i = 0; i < length; i++) {
        const [a, b] = [row(plain, i), row(moved, i)];
        turned[i]![tokens[n]!] = Math.max(0, 1 - dotProduct(a, b) / (norm(a) * norm(b)));
      }
    }
  }
  return turned.map((numbers) => {
    const total = numbers.reduce((sum, number) => sum + number, 0);
    return total === 0 ? numbers : numbers.map((number) => number / total);
  });
}
