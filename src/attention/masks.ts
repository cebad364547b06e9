/** Which keys a query may see: masks of any rank, made one additive bias that broadcasts to (batch, heads, queries, keys). */
import { type HostArray, refuseShape } from './array.ts';

/** `true` where a query may attend (1 in `data`), or numbers added to the scores. */
export interface Mask extends HostArray {
  readonly kind: 'boolean' | 'additive';
}

/** An additive bias with four strides; a stride of 0 repeats. */
export interface Bias {
  readonly data: Float32Array;
  readonly strides: readonly [batch: number, head: number, query: number, key: number];
}

/**
 * Broadcasts a mask of rank 1 to 4 from the right, as NumPy does: (k), (q, k), (heads, q, k), (batch, heads, q, k).
 * A last axis shorter than the keys is filled up with −∞ (and one of length 1 repeats). Throws `shapeMismatch`.
 */
export function broadcastMask(mask: Mask, [batch, heads, queries, keys]: readonly [number, number, number, number]): Bias {
  const rank = mask.shape.length;
  const expected = `rank 1 to 4, broadcasting to [${batch}, ${heads}, ${queries}, ${keys}] (a shorter last axis is filled with −∞)`;
  if (rank < 1 || rank > 4) refuseShape('the mask does not fit', expected, mask.shape);
  const shape = [...Array(4 - rank).fill(1), ...mask.shape] as number[];
  for (const [axis, length] of [batch, heads, queries].entries())
    if (shape[axis] !== 1 && shape[axis] !== length) refuseShape('the mask does not fit', expected, mask.shape);
  const last = shape[3]!;
  if (last > keys) refuseShape('the mask does not fit', expected, mask.shape);
  const width = keys;
  const rows = shape[0]! * shape[1]! * shape[2]!;
  const data = new Float32Array(rows * width).fill(-Infinity);
  for (let row = 0; row < rows; row++)
    for (let j = 0; j < last; j++) {
      const value = mask.data[row * last + j]!;
      data[row * width + j] = mask.kind === 'additive' ? value : value !== 0 ? 0 : -Infinity;
    }
  const stride = (axis: number): number => (shape[axis] === 1 ? 0 : shape.slice(axis + 1, 3).reduce((product, length) => product * length, width));
  return { data, strides: [stride(0), stride(1), stride(2), 1] };
}
