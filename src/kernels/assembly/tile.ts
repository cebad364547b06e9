// The innermost loops: one tile of a product from packed panels (see pack.ts).
//
//              8 columns of right (one panel, inner × 8)
//            ┌─────────────────────┐
//   4 rows   │ c00 … c03 c04 … c07 │   eight v128 accumulators; each step p loads 2 vectors of the right panel and
//   of left  │ …                   │   splats 4 numbers of the left group (inner × 4)
//            └─────────────────────┘
//
// Larger tiles need more than the 16 vector registers and spill, and so does this one when its loop is unrolled: from
// 96% of the machine's peak to 70%. docs/performance.md has the figures of each shape.
//
// Every number of a result is the sum over p from first to last in f32, whatever the tile, the rows beside it or the
// thread that makes it: a row alone, a row among many and a row at another number of threads have the same bytes.
import { transpose4 } from './pack';
import { half4 } from './widen';

/**
 * tile (4 × 8 at `to`, rows `stride` bytes apart) = before + left group · right panel + bias. `before` is a tile with
 * rows 32 bytes apart, or 0 for none; `bias` 8 numbers, or 0 for none.
 */
export function multiplyTile(to: usize, stride: usize, before: usize, left: usize, right: usize, inner: i32, bias: usize): void {
  tileOf(to, stride, before, left, right, inner, bias, 1, false);
}

/** tile, transposed (8 × 4 at `to`, without gaps) = (left group · right panel) · scale. */
export function multiplyTransposed(to: usize, left: usize, right: usize, inner: i32, scale: f32): void {
  tileOf(to, 0, 0, left, right, inner, 0, scale, true);
}

// @ts-ignore: decorator
@inline
function tileOf(to: usize, stride: usize, before: usize, left: usize, right: usize, inner: i32, bias: usize, scale: f32, transposed: bool): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  if (before) {
    c00 = v128.load(before); c01 = v128.load(before, 16);
    c10 = v128.load(before, 32); c11 = v128.load(before, 48);
    c20 = v128.load(before, 64); c21 = v128.load(before, 80);
    c30 = v128.load(before, 96); c31 = v128.load(before, 112);
  }
  const end = left + (<usize>inner << 4);
  while (left < end) {
    const b0 = v128.load(right), b1 = v128.load(right, 16);
    let a = v128.load32_splat(left);
    c00 = f32x4.add(c00, f32x4.mul(a, b0)); c01 = f32x4.add(c01, f32x4.mul(a, b1));
    a = v128.load32_splat(left, 4);
    c10 = f32x4.add(c10, f32x4.mul(a, b0)); c11 = f32x4.add(c11, f32x4.mul(a, b1));
    a = v128.load32_splat(left, 8);
    c20 = f32x4.add(c20, f32x4.mul(a, b0)); c21 = f32x4.add(c21, f32x4.mul(a, b1));
    a = v128.load32_splat(left, 12);
    c30 = f32x4.add(c30, f32x4.mul(a, b0)); c31 = f32x4.add(c31, f32x4.mul(a, b1));
    left += 16;
    right += 32;
  }
  if (transposed) {
    const factor = f32x4.splat(scale);
    transpose4(to, 16, f32x4.mul(c00, factor), f32x4.mul(c10, factor), f32x4.mul(c20, factor), f32x4.mul(c30, factor));
    transpose4(to + 64, 16, f32x4.mul(c01, factor), f32x4.mul(c11, factor), f32x4.mul(c21, factor), f32x4.mul(c31, factor));
    return;
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

/**
 * The first row alone of four neighbouring tiles: `to` and `before` are tiles 128 bytes apart, the panels `step` bytes. Four
 * panels at once, because memory answers several streams faster than one. `type` of the panels: 0 f32, 1 f16, 2 bf16.
 */
export function multiplyRow(to: usize, before: usize, left: usize, right: usize, step: usize, inner: i32, type: i32): void {
  if (type == 0) rowOf(to, before, left, right, step, inner, 0);
  else if (type == 1) rowOf(to, before, left, right, step, inner, 1);
  else rowOf(to, before, left, right, step, inner, 2);
}

/** Four numbers of a panel, from number 4 · half of a row on. */
// @ts-ignore: decorator
@inline
function fourOf(type: i32, from: usize, half: usize): v128 {
  if (type == 0) return v128.load(from + (half << 4));
  const bits = v128.load16x4_u(from + (half << 3));
  return type == 1 ? half4(bits) : i32x4.shl(bits, 16);
}

// @ts-ignore: decorator
@inline
function rowOf(to: usize, before: usize, left: usize, right: usize, step: usize, inner: i32, type: i32): void {
  let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
  if (before) {
    c0 = v128.load(before); c1 = v128.load(before, 16);
    c2 = v128.load(before, 128); c3 = v128.load(before, 144);
    c4 = v128.load(before, 256); c5 = v128.load(before, 272);
    c6 = v128.load(before, 384); c7 = v128.load(before, 400);
  }
  let b = right + step, c = b + step, d = c + step;
  const row: usize = type == 0 ? 32 : 16;
  const end = left + (<usize>inner << 4);
  while (left < end) {
    const a = v128.load32_splat(left);
    c0 = f32x4.add(c0, f32x4.mul(a, fourOf(type, right, 0))); c1 = f32x4.add(c1, f32x4.mul(a, fourOf(type, right, 1)));
    c2 = f32x4.add(c2, f32x4.mul(a, fourOf(type, b, 0))); c3 = f32x4.add(c3, f32x4.mul(a, fourOf(type, b, 1)));
    c4 = f32x4.add(c4, f32x4.mul(a, fourOf(type, c, 0))); c5 = f32x4.add(c5, f32x4.mul(a, fourOf(type, c, 1)));
    c6 = f32x4.add(c6, f32x4.mul(a, fourOf(type, d, 0))); c7 = f32x4.add(c7, f32x4.mul(a, fourOf(type, d, 1)));
    left += 16;
    right += row; b += row; c += row; d += row;
  }
  v128.store(to, c0); v128.store(to, c1, 16);
  v128.store(to, c2, 128); v128.store(to, c3, 144);
  v128.store(to, c4, 256); v128.store(to, c5, 272);
  v128.store(to, c6, 384); v128.store(to, c7, 400);
}
