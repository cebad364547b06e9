/** What position adds to the scores by distance alone: ALiBi, T5's buckets of distances. */
import type { Visibility } from '../kernels/index.ts';
import type { Operations, Tensor } from '../tensor/index.ts';
import type { PositionBias, Stack } from './architecture.ts';

/** Slopes by head: 2^(−8(h+1)/n) for n a power of two; else those of the power below, then every other of the one above (Press et al. 2022). */
export function alibiSlopes(heads: number): Float64Array {
  const power = 2 ** Math.floor(Math.log2(heads));
  return Float64Array.from({ length: heads }, (_, h) =>
    h < power ? 2 ** ((-8 * (h + 1)) / power) : 2 ** ((-4 * (2 * (h - power) + 1)) / power),
  );
}

/**
 * The bucket of a distance key − query: near ones each have their own, far ones share logarithmically (Raffel et al. 2020,
 * §2.1). In single precision, as published: at a bucket's edge the last bit decides.
 */
export function distanceBucket(
  distance: number,
  { buckets, maxDistance, bothSides }: Extract<PositionBias, { kind: 'buckets' }>,
): number {
  const count = bothSides ? Math.floor(buckets / 2) : buckets;
  const first = bothSides && distance > 0 ? count : 0;
  const size = bothSides ? Math.abs(distance) : Math.max(0, -distance);
  const exact = Math.floor(count / 2);
  if (size < exact) return first + size;
  const f = Math.fround;
  const part = f(f(f(Math.log(f(size / exact))) / f(Math.log(maxDistance / exact))) * (count - exact));
  return first + Math.min(count - 1, exact + Math.floor(part));
}

/** DeBERTa's bucket of a distance query − key (He et al. 2021): as it is up to half the span, logarithmic beyond. */
export function logBucket(distance: number, span: number, maxDistance: number): number {
  const middle = Math.floor(span / 2);
  const size = Math.abs(distance) < middle ? middle - 1 : Math.abs(distance);
  if (size <= middle) return distance;
  const f = Math.fround;
  const part = f(f(f(Math.log(f(size / middle))) / f(Math.log(f((maxDistance - 1) / middle)))) * (middle - 1));
  return Math.sign(distance) * (Math.ceil(part) + middle);
}

/**
 * Numbers that depend on the distance key − query and the head alone, [2 · positions − 1, heads]: row r is distance
 * r − (positions − 1). Null where the stack adds none of this kind.
 */
export function distanceBias(o: Operations, stack: Stack, table: Tensor | undefined, positions: number): Tensor | null {
  const bias = stack.positionBias;
  const rows = 2 * positions - 1;
  if (bias?.kind === 'buckets')
    return o.embed(
      table!,
      Int32Array.from({ length: rows }, (_, r) => distanceBucket(r - (positions - 1), bias)),
    );
  if (bias?.kind !== 'alibi') return null;
  const slopes = alibiSlopes(stack.headCount);
  return o.constant(
    [rows, stack.headCount],
    Float32Array.from({ length: rows * stack.headCount }, (_, i) => {
      const distance = Math.floor(i / stack.headCount) - (positions - 1);
      return slopes[i % stack.headCount]! * distance;
    }),
  );
}

/** Distance numbers as the kernels read them: query i stands at position past + i. */
export function distanceBiasView(bias: Tensor, positions: number, past: number): Visibility['bias'] {
  const heads = bias.shape[1]!;
  return {
    storage: bias.storage,
    offset: (positions - 1 - past) * heads,
    batchStride: 0,
    headStride: 1,
    rowStride: -heads,
    columnStride: heads,
  };
}
