/**
 * Texts that go on where their caches end: their new tokens lie end to end, without padding, so that whatever works row by
 * row reads the parameters once for all of them; each attends to what it has kept.
 *
 * Legend: B batch, N positions.
 */
import type { AttendTask, Operations, Tensor } from '../tensor/index.ts';
import { distanceBiasView } from './bias.ts';

/** Token ids side by side; rows shorter than `length` are padded and their padding is never attended to. */
export interface Ids {
  readonly ids: Int32Array; // (B, N)
  readonly length: number;
  /** Tokens that count in each row, (B); absent: all. */
  readonly lengths?: Int32Array;
  /** Texts that go on where their caches end: their new tokens lie end to end in one row, without padding. */
  readonly continued?: readonly Continued[];
}

/** One text's new tokens in the row, and what is kept of those before them; what a run adds is written behind. */
export interface Continued {
  readonly first: number;
  readonly count: number;
  readonly cache: Cache;
}

/** Keys and values on the device, [capacity, keyValueHeads · size] for each layer, of which `length` rows are written. */
export interface Cache {
  readonly length: number;
  readonly layers: readonly { readonly key: Tensor; readonly value: Tensor }[];
  /** Of an encoder-decoder: what decoder layers see of the encoded text; written by the run that encodes it (`encoded` false). */
  readonly cross?:
    | {
        readonly encoded: boolean;
        readonly layers: readonly { readonly key: Tensor; readonly value: Tensor }[];
      }
    | undefined;
}

/** Every row counts from 0, but for what goes on from a cache. */
export function positionsOf({ length, continued }: Ids, batch: number): Int32Array {
  const positions = Int32Array.from({ length: batch * length }, (_, i) => i % length);
  for (const { first, count, cache } of continued ?? [])
    for (let i = 0; i < count; i++) positions[first + i] = cache.length + i;
  return positions;
}

/**
 * Each text's new queries over its kept keys and its new ones, which are kept from now on. `byDistance`: what position adds,
 * for positions below `span`.
 */
export function attendKept(
  o: Operations,
  continued: readonly Continued[],
  layer: number,
  task: AttendTask,
  byDistance: Tensor | null,
  span: number,
): Tensor {
  const parts = continued.map(({ first, count, cache }) => {
    const { key, value } = cache.layers[layer]!;
    const past = cache.length;
    const bias = byDistance && distanceBiasView(byDistance, span, past);
    const { left, right } = task.visibility;
    return o.attend({
      ...task,
      batch: 1,
      query: rowsOf(o, task.query, first, count),
      key: o.append(key, rowsOf(o, task.key, first, count), past),
      value: o.append(value, rowsOf(o, task.value, first, count), past),
      visibility: { left, right, offsets: Int32Array.of(past), ...(bias && { bias }) },
    });
  });
  return endToEnd(o, parts);
}

/** Some rows of (rows, width), in order; all of them are x itself. */
export const rowsOf = (o: Operations, x: Tensor, first: number, count: number): Tensor =>
  count === x.shape[0]
    ? x
    : o.embed(
        x,
        Int32Array.from({ length: count }, (_, i) => first + i),
      );

/** Rows of several tensors, one after another. */
export function endToEnd(o: Operations, parts: readonly Tensor[]): Tensor {
  if (parts.length === 1) return parts[0]!;
  const width = parts[0]!.shape[1]!;
  const rows = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const all = o.constant([rows, width], new Float32Array(rows * width));
  let at = 0;
  for (const part of parts) {
    o.append(all, part, at);
    at += part.shape[0]!;
  }
  return all;
}
