// The innermost loops: one tile of a product from packed panels (see pack.ts).
//
//              8 columns of right (one panel, inner × 8)
//            ┌─────────────────────┐
//   4 rows   │ c00 … c03 c04 … c07 │   eight v128 accumulators; each step p loads 2 vectors of the right panel and
//   of left  │ …                   │   splats 4 numbers of the left group (inner × 4)
//            └─────────────────────┘
//
// Larger tiles need more than the 16 vector registers and spill. What the loop costs beside its 16 operations and 6 loads a step is
// decided by how V8 compiles it (docs/performance.md has the figures of each shape):
//   four steps a round, with a way out between them          without it the compiler mixes the steps and spills, too
//   the way out asks for the pointer that the next step reads, so that it takes no instruction of its own but the comparison
//   nothing but the first step of a round leaves the loop before its loads       only so the places left + 4, 8 and 12 of the
//                                                              broadcasts are made once before the loop, not in each step
//   both pointers begin a step behind, as results of a difference    of parameters V8 does not know that their upper 32 bits are 0
//
// Every number of a result is the sum over p from first to last in f32, whatever the tile, the rows beside it or the
// thread that makes it: a row alone, a row among many and a row at another number of threads have the same bytes.
import { mulAdd } from './fused';

/** 128 bytes of 0: the tile to begin with where there is none before. ../memory.ts keeps the place free. */
// @ts-ignore: decorator
@inline
export const ZEROS: usize = 1920;

/**
 * tile (4 × 8 at `to`, rows `stride` bytes apart) = before + left group · right panel + bias. `before` is a tile with
 * rows 32 bytes apart, or ZEROS; `bias` 8 numbers, or 0 for none.
 */
export function multiplyTile(to: usize, stride: usize, before: usize, left: usize, right: usize, inner: i32, bias: usize): void {
  tileOf(to, stride, before, left, right, inner, bias, 1, false);
}

/** tile (4 × 8 at `to`, rows `stride` bytes apart) = (left group · right panel) · scale. */
export function multiplyScaled(to: usize, stride: usize, left: usize, right: usize, inner: i32, scale: f32): void {
  tileOf(to, stride, ZEROS, left, right, inner, 0, scale, true);
}

// @ts-ignore: decorator
@inline
function tileOf(to: usize, stride: usize, before: usize, left: usize, right: usize, inner: i32, bias: usize, scale: f32, scaled: bool): void {
  let c00 = v128.load(before), c01 = v128.load(before, 16);
  let c10 = v128.load(before, 32), c11 = v128.load(before, 48);
  let c20 = v128.load(before, 64), c21 = v128.load(before, 80);
  let c30 = v128.load(before, 96), c31 = v128.load(before, 112);
  if (inner > 0) {
    const last = left + (<usize>inner << 4) - 16;
    left -= 16;
    right -= 128;
    let a: v128;
    do {
      left += 16;
      right += 128;
      const b0 = v128.load(right), b1 = v128.load(right, 16);
      a = v128.load32_splat(left);
      c00 = mulAdd(c00, a, b0); c01 = mulAdd(c01, a, b1);
      a = v128.load32_splat(left, 4);
      c10 = mulAdd(c10, a, b0); c11 = mulAdd(c11, a, b1);
      a = v128.load32_splat(left, 8);
      c20 = mulAdd(c20, a, b0); c21 = mulAdd(c21, a, b1);
      a = v128.load32_splat(left, 12);
      c30 = mulAdd(c30, a, b0); c31 = mulAdd(c31, a, b1);
      if (left >= last) break;
      left += 16;
      const d0 = v128.load(right, 32), d1 = v128.load(right, 48);
      a = v128.load32_splat(left);
      c00 = mulAdd(c00, a, d0); c01 = mulAdd(c01, a, d1);
      a = v128.load32_splat(left, 4);
      c10 = mulAdd(c10, a, d0); c11 = mulAdd(c11, a, d1);
      a = v128.load32_splat(left, 8);
      c20 = mulAdd(c20, a, d0); c21 = mulAdd(c21, a, d1);
      a = v128.load32_splat(left, 12);
      c30 = mulAdd(c30, a, d0); c31 = mulAdd(c31, a, d1);
      if (left >= last) break;
      left += 16;
      const e0 = v128.load(right, 64), e1 = v128.load(right, 80);
      a = v128.load32_splat(left);
      c00 = mulAdd(c00, a, e0); c01 = mulAdd(c01, a, e1);
      a = v128.load32_splat(left, 4);
      c10 = mulAdd(c10, a, e0); c11 = mulAdd(c11, a, e1);
      a = v128.load32_splat(left, 8);
      c20 = mulAdd(c20, a, e0); c21 = mulAdd(c21, a, e1);
      a = v128.load32_splat(left, 12);
      c30 = mulAdd(c30, a, e0); c31 = mulAdd(c31, a, e1);
      if (left >= last) break;
      left += 16;
      const f0 = v128.load(right, 96), f1 = v128.load(right, 112);
      a = v128.load32_splat(left);
      c00 = mulAdd(c00, a, f0); c01 = mulAdd(c01, a, f1);
      a = v128.load32_splat(left, 4);
      c10 = mulAdd(c10, a, f0); c11 = mulAdd(c11, a, f1);
      a = v128.load32_splat(left, 8);
      c20 = mulAdd(c20, a, f0); c21 = mulAdd(c21, a, f1);
      a = v128.load32_splat(left, 12);
      c30 = mulAdd(c30, a, f0); c31 = mulAdd(c31, a, f1);
    } while (left < last);
  }
  if (scaled) {
    const factor = f32x4.splat(scale);
    c00 = f32x4.mul(c00, factor); c01 = f32x4.mul(c01, factor);
    c10 = f32x4.mul(c10, factor); c11 = f32x4.mul(c11, factor);
    c20 = f32x4.mul(c20, factor); c21 = f32x4.mul(c21, factor);
    c30 = f32x4.mul(c30, factor); c31 = f32x4.mul(c31, factor);
  }
  if (bias) {
    const d0 = v128.load(bias), d1 = v128.load(bias, 16);
    c00 = f32x4.add(c00, d0); c01 = f32x4.add(c01, d1);
    c10 = f32x4.add(c10, d0); c11 = f32x4.add(c11, d1);
    c20 = f32x4.add(c20, d0); c21 = f32x4.add(c21, d1);
    c30 = f32x4.add(c30, d0); c31 = f32x4.add(c31, d1);
  }
  v128.store(to, c00); v128.store(to, c01, 16);
  v128.store(to + stride, c10); v128.store(to + stride, c11, 16);
  v128.store(to + 2 * stride, c20); v128.store(to + 2 * stride, c21, 16);
  v128.store(to + 3 * stride, c30); v128.store(to + 3 * stride, c31, 16);
}
