/** Logits of the positions that somebody looks at: as recorded, or read out of the last layer's states. */
import { changeRows, changesOf, checkPositions, type Model, noLogits } from '../model/index.ts';
import { lengthsOf } from './interfered.ts';
import type { Stage } from './stage.ts';
import { recordedStage, sameModel, type Trace } from './trace.ts';

/** How many positions have logits: of an encoder-decoder the decoder's. */
export const logitCount = ({ ids, decoderIds }: Trace): number => (decoderIds ?? ids).length;

/**
 * Logits [positions, vocabulary] of some positions, in the order asked for (of an encoder-decoder: the decoder's); the same
 * bytes whether the trace holds them or not. Cost where it does not: the head's work for those rows.
 * Throws `noLogits`, `tokenOutOfRange`, `anotherModel`.
 */
export async function logitRows(trace: Trace, model: Model, positions: readonly number[]): Promise<Stage> {
  sameModel(trace, model);
  const { head, encoder, layerCount, hiddenSize, vocabularySize: width } = model.architecture;
  if (!head) throw noLogits();
  checkPositions(positions, logitCount(trace));
  const shape = [positions.length, width];
  const held = trace.recorded.get('logits');
  if (held) return { shape, data: gather(held.data, width, positions) };
  const states = recordedStage(trace, `${encoder ? 'decoder.' : ''}layers.${layerCount - 1}.output`).data;
  const data = await model.readOut(gather(states, hiddenSize, positions));
  changeRows(data, width, changesOf(trace.edits, 'logits', model.architecture, lengthsOf(trace)), positions);
  return { shape, data };
}

function gather(data: Float32Array, width: number, rows: readonly number[]): Float32Array {
  const out = new Float32Array(rows.length * width);
  for (const [i, row] of rows.entries()) out.set(data.subarray(row * width, (row + 1) * width), i * width);
  return out;
}
