/** Interventions in a running model: a stage's numbers put in place before anything later is computed. */
import type { Edit } from '../attention/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Operations, Tensor } from '../tensor/index.ts';
import type { Architecture } from './architecture.ts';

/** A stage (position, head · size) with vectors put in place; positions of the text begin at row `first`. */
export function edited(o: Operations, a: Architecture, x: Tensor, edits: readonly Edit[], first: number): Tensor {
  if (edits.length === 0) return x;
  const keep = new Float32Array(x.storage.length).fill(1);
  const put = new Float32Array(x.storage.length);
  for (const { head, position, vector } of edits) {
    const start = (first + position) * x.shape[1]! + head * a.headSize;
    keep.fill(0, start, start + a.headSize);
    put.set(vector, start);
  }
  return o.add(o.multiply(x, o.constant(x.shape, keep)), o.constant(x.shape, put));
}

/** Throws `badEdit` where an edit names a layer, head or position that is not there, or carries no vector of a head's size. */
export function checkEdit({ stage, layer, head, position, vector }: Edit, a: Architecture, length: number): void {
  const heads = stage === 'query' ? a.headCount : a.keyValueHeadCount;
  const inside = (index: number, count: number): boolean => Number.isInteger(index) && index >= 0 && index < count;
  if (
    a.encoder === null &&
    inside(layer, a.layerCount) &&
    inside(head, heads) &&
    inside(position, length) &&
    vector.length === a.headSize &&
    vector.every(Number.isFinite)
  )
    return;
  throw new SiseonError({
    code: 'badEdit',
    kind: 'usage',
    what: `an edit of layers.${layer}.${stage}`,
    expected: a.encoder
      ? 'a model of one stack: encoder-decoders are not edited'
      : `layer 0 to ${a.layerCount - 1}, head 0 to ${heads - 1}, position 0 to ${length - 1}, ${a.headSize} finite numbers`,
    got: `layer ${layer}, head ${head}, position ${position}, ${vector.length} numbers`,
  });
}
