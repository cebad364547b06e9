/** What a token's values are worth to each position of a layer: take them away and look. */
import { type AttentionPlace, type LayerPlace, layerStage } from '../attention/index.ts';
import { checkPositions, type Model } from '../model/index.ts';
import { recordedStage, sameModel, type Trace } from '../trace/index.ts';
import { atOnce, stagesUnder } from './ablate.ts';
import { norm } from './cells.ts';
import { placeIn } from './places.ts';

/**
 * Value zeroing (Mohebbi, Zuidema, Chrupała & Alishahi 2023): with the values of token j set to 0 in one layer, how far each
 * position's output of that layer turns, 1 − cos; each row divided by its sum, [query][key]. In cross-attention the keys
 * are the encoder's tokens, the output that of the decoder's layer. Cost: a run a token; with `keys` only those tokens are
 * zeroed, and a row sums to 1 over them. Throws `layerOutOfRange`, `tokenOutOfRange`, `anotherModel`.
 */
export async function valueZeroing(
  trace: Trace,
  model: Model,
  layer: LayerPlace,
  { keys }: { readonly keys?: readonly number[] } = {},
): Promise<number[][]> {
  sameModel(trace, model);
  const { path, stack } = placeIn(trace, layer);
  const { keyValueHeadCount, hiddenSize: hidden } = stack;
  const output = layerStage(path.replace(/\.cross$/, '') as AttentionPlace, 'output');
  const plain = recordedStage(trace, output).data;
  const length = plain.length / hidden;
  const width = recordedStage(trace, layerStage(path, 'key')).shape[1]!;
  const zeroed = keys ?? Array.from({ length: width }, (_, j) => j);
  checkPositions(zeroed, width);
  const row = (data: Float32Array, i: number): Float32Array => data.subarray(i * hidden, (i + 1) * hidden);
  const turned = Array.from({ length }, () => new Array<number>(zeroed.length).fill(0));
  const side = atOnce(length);
  for (let first = 0; first < zeroed.length; first += side) {
    const moved = await stagesUnder(
      trace,
      model,
      output,
      zeroed.slice(first, first + side).map((position) =>
        Array.from({ length: keyValueHeadCount }, (_, head) => ({
          kind: 'scale' as const,
          stage: 'value' as const,
          layer,
          head,
          position,
          factor: 0,
        })),
      ),
    );
    for (const [n, data] of moved.entries())
      for (let i = 0; i < length; i++) {
        turned[i]![first + n] = turn(row(plain, i), row(data, i));
      }
  }
  return turned.map((numbers) => {
    const total = numbers.reduce((sum, number) => sum + number, 0);
    return total === 0 ? numbers : numbers.map((number) => number / total);
  });
}

/** 1 − cos, as ½ ‖a/|a| − b/|b|‖²: exact to the last digits where the two hardly differ, and 0 where they are equal. */
function turn(a: Float32Array, b: Float32Array): number {
  const [left, right] = [norm(a), norm(b)];
  let square = 0;
  for (let d = 0; d < a.length; d++) square += (a[d]! / left - b[d]! / right) ** 2;
  return square / 2;
}
