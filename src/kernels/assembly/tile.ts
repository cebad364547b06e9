// The innermost loops: one tile of a product from packed panels (see pack.ts).
//
//              8 columns of right (one panel, inner × 8)
//            ┌─────────────────────┐
//   4 rows   │ c00 … c03 c04 … c07 │   eight v128 accumulators; each step p loads 2 vectors of the right panel and
//   of left  │ …                   │   splats 4 numbers of the left group (inner × 4)
//            └─────────────────────┘
//
// Larger tiles need more than the 16 vector registers and spill. What the loop costs beside its 16 operations and 6 loads a step is
// decided by how V8 compiles it (docs/performance.md has the figures):
//   Four steps a round, with a way out between them: without it the compiler mixes the steps and spills, too. It asks for the pointer
//   that the next step reads, so that it costs the comparison alone.
//   No way out before the loads of a round's first step: only so are the places left + 4, 8 and 12 made once, before the loop.
//   Both pointers begin a step or a round behind: of results of arithmetic V8 knows that their upper 32 bits are 0, of parameters not.
//   Column by column: V8 of Node 24 keeps the order of the source, and runs this one fastest; for Node 20's all orders are the same.
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
    do {
      right += 128;
      left += 16;
      const p0 = v128.load32_splat(left), p1 = v128.load32_splat(left, 4), p2 = v128.load32_splat(left, 8), p3 = v128.load32_splat(left, 12);
      const b0 = v128.load(right);
      c00 = mulAdd(c00, p0, b0); c10 = mulAdd(c10, p1, b0);
      c20 = mulAdd(c20, p2, b0); c30 = mulAdd(c30, p3, b0);
      const b1 = v128.load(right, 16);
      c01 = mulAdd(c01, p0, b1); c11 = mulAdd(c11, p1, b1);
      c21 = mulAdd(c21, p2, b1); c31 = mulAdd(c31, p3, b1);
      if (left >= last) break;
      left += 16;
      const q0 = v128.load32_splat(left), q1 = v128.load32_splat(left, 4), q2 = v128.load32_splat(left, 8), q3 = v128.load32_splat(left, 12);
      const d0 = v128.load(right, 32);
      c00 = mulAdd(c00, q0, d0); c10 = mulAdd(c10, q1, d0);
      c20 = mulAdd(c20, q2, d0); c30 = mulAdd(c30, q3, d0);
      const d1 = v128.load(right, 48);
      c01 = mulAdd(c01, q0, d1); c11 = mulAdd(c11, q1, d1);
      c21 = mulAdd(c21, q2, d1); c31 = mulAdd(c31, q3, d1);
      if (left >= last) break;
      left += 16;
      const r0 = v128.load32_splat(left), r1 = v128.load32_splat(left, 4), r2 = v128.load32_splat(left, 8), r3 = v128.load32_splat(left, 12);
      const e0 = v128.load(right, 64);
      c00 = mulAdd(c00, r0, e0); c10 = mulAdd(c10, r1, e0);
      c20 = mulAdd(c20, r2, e0); c30 = mulAdd(c30, r3, e0);
      const e1 = v128.load(right, 80);
      c01 = mulAdd(c01, r0, e1); c11 = mulAdd(c11, r1, e1);
      c21 = mulAdd(c21, r2, e1); c31 = mulAdd(c31, r3, e1);
      if (left >= last) break;
      left += 16;
      const s0 = v128.load32_splat(left), s1 = v128.load32_splat(left, 4), s2 = v128.load32_splat(left, 8), s3 = v128.load32_splat(left, 12);
      const f0 = v128.load(right, 96);
      c00 = mulAdd(c00, s0, f0); c10 = mulAdd(c10, s1, f0);
      c20 = mulAdd(c20, s2, f0); c30 = mulAdd(c30, s3, f0);
      const f1 = v128.load(right, 112);
      c01 = mulAdd(c01, s0, f1); c11 = mulAdd(c11, s1, f1);
      c21 = mulAdd(c21, s2, f1); c31 = mulAdd(c31, s3, f1);
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
