/** The operations that networks are written in; operations.ts makes them, gradients.ts leads back through them. */
import type { Activation, Visibility } from '../kernels/index.ts';
import type { Shape } from './shape.ts';
import type { Tensor } from './tensor.ts';

export interface Operations {
  constant(shape: Shape, values: ArrayLike<number>): Tensor;
  /** The same numbers under another shape of the same size; shares the storage. */
  reshape(x: Tensor, shape: Shape): Tensor;
  /** x [rows, inner] · w [inner, columns]; either may be stored transposed. */
  matmul(
    left: Tensor,
    right: Tensor,
    options?: { readonly leftTransposed?: boolean; readonly rightTransposed?: boolean },
  ): Tensor;
  /** x [rows, inputs] · weight [outputs, inputs]ᵀ + bias [outputs]; with an activation of that: the bytes of `activate`, in the same pass. */
  linear(x: Tensor, weight: Tensor, bias?: Tensor, activation?: Activation): Tensor;
  /** left + right; right repeats where it is shorter. */
  add(left: Tensor, right: Tensor): Tensor;
  /** Of tensors of one size. */
  multiply(left: Tensor, right: Tensor): Tensor;
  scale(x: Tensor, factor: number): Tensor;
  /** [rows, columns] → [columns]. Not recorded. */
  sumRows(x: Tensor): Tensor;
  activate(kind: Activation, x: Tensor): Tensor;
  /** Over the last axis. */
  softmax(x: Tensor): Tensor;
  /** Over the last axis; weight and bias [columns]. */
  layerNorm(x: Tensor, weight: Tensor, bias: Tensor, epsilon: number): Tensor;
  rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor;
  /** Rows of a table [count, columns] by id: [ids, columns]. Throws `indexOutOfRange`. */
  embed(table: Tensor, ids: Int32Array): Tensor;
  /** query [batch · queryLength, heads · size], key and value likewise → [batch · queryLength, heads · valueSize]. Heads lie side by side, as projections leave them. */
  attend(task: AttendTask): Tensor;
  /**
   * Writes rows [count, width] into a cache [capacity, width] from row `at` on, and returns its first at + count rows; they
   * share the cache's storage. Throws `shapeMismatch` where they do not fit. Not recorded.
   */
  append(cache: Tensor, rows: Tensor, at: number): Tensor;
  /**
   * scale · query · key for every head: [batch · heads · queryLength, keyLength]. `key` [keyLength, keyValueHeads · size] is
   * the same for every text of the batch. Not recorded.
   */
  dots(
    query: Tensor,
    key: Tensor,
    task: { readonly batch: number; readonly heads: number; readonly keyValueHeads: number; readonly scale: number },
  ): Tensor;
  /** The `count` largest of each row of x, `fill` elsewhere: 0 among probabilities, or −∞ before a softmax (its gradient counts on it). */
  keepLargest(x: Tensor, count: number, fill: number): Tensor;
  /**
   * What `body` makes of these inputs, with the operations that it is given; all else that it allocated is freed. Where a
   * tape records it stays, to be led back through, or is made again on the way back (see `operations`).
   */
  step(inputs: readonly Tensor[], body: (o: Operations, inputs: readonly Tensor[]) => Tensor): Tensor;
  /** The numbers at once, as a copy; absent where a tape records, and on devices that the host cannot look into. */
  peek?(x: Tensor): Float32Array;
  /** The squares of an attention, each [batch · heads · queryLength, keyLength]. Not recorded. */
  squares(task: AttendTask): Readonly<Record<'scores' | 'maskedScores' | 'weights', Tensor>>;
  /** Rotates the heads of x [batch · length, heads · size] by position. */
  rotate(x: Tensor, task: RotateTask): Tensor;
  /** Mean of −log softmax(logits)[target] over the rows whose target is not −1: [1]. Throws `indexOutOfRange`. */
  crossEntropy(logits: Tensor, targets: Int32Array): Tensor;
}

export interface AttendTask {
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly batch: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly scale: number;
  readonly softcap?: number;
  readonly visibility: Visibility;
}

export interface RotateTask {
  readonly batch: number;
  readonly heads: number;
  readonly rotated: number;
  readonly interleaved: boolean;
  /** [table rows, rotated / 2] */
  readonly cosine: Tensor;
  readonly sine: Tensor;
  readonly positions: Int32Array;
}
