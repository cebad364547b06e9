/** Outputs of single heads, mixture · W_O of that head, which the transformer itself only ever sums. */
import type { AttentionPlace, Edit } from '../attention/index.ts';
import type { Operations, Tensor } from '../tensor/index.ts';
import type { Architecture } from './architecture.ts';
import { changed, headOutputChanges, type RunLengths } from './edits.ts';

/** One head's outputs (rows, D) of all heads' mixtures (rows, H · S), without the projection's bias. */
export function outputOf(o: Operations, mixed: Tensor, projection: Tensor, head: number, headSize: number): Tensor {
  const [rows = 0, width = 0] = mixed.shape;
  const own = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) own.fill(1, row * width + head * headSize, row * width + (head + 1) * headSize);
  return o.linear(o.multiply(mixed, o.constant(mixed.shape, own)), projection);
}

/** What is projected at a place, and what it came to. */
export interface Projected {
  readonly place: AttentionPlace;
  readonly mixed: Tensor;
  readonly projection: Tensor;
  readonly sum: Tensor;
  readonly headSize: number;
}

/** One text of a batch: its edits, its lengths, and the row at which its positions begin. */
export interface EditedText {
  readonly edits: readonly Edit[];
  readonly lengths: RunLengths;
  readonly first: number;
}

/** The sum of the heads' outputs with those changed that edits name: what each gives now less what it gave is added. */
export function editedOutputs(
  o: Operations,
  { place, mixed, projection, sum, headSize }: Projected,
  a: Architecture,
  texts: readonly EditedText[],
): Tensor {
  let moved = sum;
  for (let head = 0; head < mixed.shape[1]! / headSize; head++) {
    const changes = texts.map(({ edits, lengths }) => headOutputChanges(edits, { place, head }, a, lengths));
    if (changes.every(({ length }) => length === 0)) continue;
    const given = outputOf(o, mixed, projection, head, headSize);
    const wanted = changes.reduce((x, own, b) => changed(o, x, own, texts[b]!.first), given);
    moved = o.add(moved, o.add(wanted, o.scale(given, -1)));
  }
  return moved;
}
