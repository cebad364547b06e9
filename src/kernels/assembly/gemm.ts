// Matrix products over packed panels.
//
//              8 columns of right (one panel, inner × 8)
//            ┌───────────────┐
//   4 rows   │ c00 … c03 c04 … c07 │   eight v128 accumulators; each step p loads 2 vectors of the right panel and
//   of left  │ …                   │   splats 4 numbers of the left panel (inner × 4)
//            └───────────────┘
//
// Larger tiles need more than the 16 vector registers and spill: half the speed.
import { sum4 } from './math';

/** Packs 4 rows of the left operand, beginning at `from`, as inner × 4; rows beyond `rows` become 0. */
export function packLeft(to: usize, from: usize, rowStride: i32, innerStride: i32, rows: i32, inner: i32): void {
  for (let i = 0; i < 4; i++) {
    let out = to + (<usize>i << 2);
    if (i >= rows) {
      for (let p = 0; p < inner; p++, out += 16) store<f32>(out, 0);
      continue;
    }
    let x = from + ((<usize>i * rowStride) << 2);
    const step = <usize>innerStride << 2;
    for (let p = 0; p < inner; p++, out += 16, x += step) store<f32>(out, load<f32>(x));
  }
}

/** Packs the whole right operand (inner × columns, any strides) into panels of 8 columns; columns beyond become 0. */
export function packRight(to: usize, from: usize, innerStride: i32, columnStride: i32, inner: i32, columns: i32): void {
  for (let first = 0; first < columns; first += 8) {
    const count = min(8, columns - first);
    const base = from + ((<usize>first * columnStride) << 2);
    for (let p = 0; p < inner; p++, to += 32) {
      const row = base + ((<usize>p * innerStride) << 2);
      if (count == 8 && columnStride == 1) {
        v128.store(to, v128.load(row));
        v128.store(to, v128.load(row, 16), 16);
      } else {
        for (let j = 0; j < 8; j++) store<f32>(to + (<usize>j << 2), j < count ? load<f32>(row + ((<usize>j * columnStride) << 2)) : 0);
      }
    }
  }
}

/** tile (4 × 8, rows `stride` bytes apart) = left panel · right panel (+ tile, when accumulating). */
// @ts-ignore: decorator
@inline
export function multiplyTile(tile: usize, stride: usize, left: usize, right: usize, inner: i32, accumulate: bool): void {
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0);
  if (accumulate) {
    c00 = v128.load(tile); c01 = v128.load(tile, 16);
    c10 = v128.load(tile + stride); c11 = v128.load(tile + stride, 16);
    c20 = v128.load(tile + 2 * stride); c21 = v128.load(tile + 2 * stride, 16);
    c30 = v128.load(tile + 3 * stride); c31 = v128.load(tile + 3 * stride, 16);
  }
  for (let p = 0; p < inner; p++) {
    const b0 = v128.load(right);
    const b1 = v128.load(right, 16);
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
  v128.store(tile, c00); v128.store(tile, c01, 16);
  v128.store(tile + stride, c10); v128.store(tile + stride, c11, 16);
  v128.store(tile + 2 * stride, c20); v128.store(tile + 2 * stride, c21, 16);
  v128.store(tile + 3 * stride, c30); v128.store(tile + 3 * stride, c31, 16);
}

/**
 * One row: out (columns) = left (inner) · right + bias (+ out). Packing would read and write the whole right operand to
 * use a quarter of each tile, so `right` is read where it lies.
 *
 *   right (inner × columns): 32 columns at a time, eight v128 accumulators down the inner numbers
 *   right transposed:        one dot of two contiguous rows a column
 */
function multiplyRow(out: usize, left: usize, right: usize, rightInner: i32, rightColumn: i32, bias: usize, inner: i32, columns: i32, accumulate: i32): void {
  if (rightInner == 1) {
    for (let j = 0; j < columns; j++) finish(out, bias, j, dot(left, right + ((<usize>j * rightColumn) << 2), inner), accumulate);
    return;
  }
  const step = <usize>rightInner << 2;
  let j = 0;
  for (; j + 32 <= columns; j += 32) {
    let c0 = f32x4.splat(0), c1 = f32x4.splat(0), c2 = f32x4.splat(0), c3 = f32x4.splat(0);
    let c4 = f32x4.splat(0), c5 = f32x4.splat(0), c6 = f32x4.splat(0), c7 = f32x4.splat(0);
    let from = right + (<usize>j << 2);
    for (let p = 0; p < inner; p++, from += step) {
      const a = v128.load32_splat(left + (<usize>p << 2));
      c0 = f32x4.add(c0, f32x4.mul(a, v128.load(from))); c1 = f32x4.add(c1, f32x4.mul(a, v128.load(from, 16)));
      c2 = f32x4.add(c2, f32x4.mul(a, v128.load(from, 32))); c3 = f32x4.add(c3, f32x4.mul(a, v128.load(from, 48)));
      c4 = f32x4.add(c4, f32x4.mul(a, v128.load(from, 64))); c5 = f32x4.add(c5, f32x4.mul(a, v128.load(from, 80)));
      c6 = f32x4.add(c6, f32x4.mul(a, v128.load(from, 96))); c7 = f32x4.add(c7, f32x4.mul(a, v128.load(from, 112)));
    }
    finish4(out, bias, j, c0, accumulate); finish4(out, bias, j + 4, c1, accumulate);
    finish4(out, bias, j + 8, c2, accumulate); finish4(out, bias, j + 12, c3, accumulate);
    finish4(out, bias, j + 16, c4, accumulate); finish4(out, bias, j + 20, c5, accumulate);
    finish4(out, bias, j + 24, c6, accumulate); finish4(out, bias, j + 28, c7, accumulate);
  }
  for (; j < columns; j++) {
    let sum: f32 = 0;
    let from = right + (<usize>j << 2);
    for (let p = 0; p < inner; p++, from += step) sum += load<f32>(left + (<usize>p << 2)) * load<f32>(from);
    finish(out, bias, j, sum, accumulate);
  }
}

// @ts-ignore: decorator
@inline
function finish(out: usize, bias: usize, j: i32, sum: f32, accumulate: i32): void {
  const o = <usize>j << 2;
  if (bias) sum += load<f32>(bias + o);
  if (accumulate) sum += load<f32>(out + o);
  store<f32>(out + o, sum);
}

// @ts-ignore: decorator
@inline
function finish4(out: usize, bias: usize, j: i32, sum: v128, accumulate: i32): void {
  const o = <usize>j << 2;
  if (bias) sum = f32x4.add(sum, v128.load(bias + o));
  if (accumulate) sum = f32x4.add(sum, v128.load(out + o));
  v128.store(out + o, sum);
}

/** Σ a · b over `width` numbers. */
export function dot(a: usize, b: usize, width: i32): f32 {
  let even = f32x4.splat(0), odd = f32x4.splat(0);
  let c = 0;
  for (; c + 8 <= width; c += 8) {
    const o = <usize>c << 2;
    even = f32x4.add(even, f32x4.mul(v128.load(a + o), v128.load(b + o)));
    odd = f32x4.add(odd, f32x4.mul(v128.load(a + o, 16), v128.load(b + o, 16)));
  }
  let sum = sum4(f32x4.add(even, odd));
  for (; c < width; c++) sum += load<f32>(a + (<usize>c << 2)) * load<f32>(b + (<usize>c << 2));
  return sum;
}

/**
 * out (rows × columns) = left · right + bias (+ out). `scratch` holds the right panels (inner × columns rounded up to 8),
 * the left panel (inner × 4) and one 4 × 8 tile. Strides say how the operands lie, transposed or not.
 */
export function matmul(
  out: usize, left: usize, leftRow: i32, leftInner: i32, right: usize, rightInner: i32, rightColumn: i32,
  bias: usize, rows: i32, inner: i32, columns: i32, accumulate: i32, scratch: usize,
): void {
  if (rows == 1 && leftInner == 1) {
    multiplyRow(out, left, right, rightInner, rightColumn, bias, inner, columns, accumulate);
    return;
  }
  const panels = scratch;
  const panelSize = <usize>inner << 5;
  const leftPanel = panels + panelSize * ((columns + 7) >> 3);
  const tile = leftPanel + (<usize>inner << 4);
  packRight(panels, right, rightInner, rightColumn, inner, columns);
  const stride = <usize>columns << 2;
  for (let i = 0; i < rows; i += 4) {
    const rowCount = min(4, rows - i);
    packLeft(leftPanel, left + ((<usize>i * leftRow) << 2), leftRow, leftInner, rowCount, inner);
    let panel = panels;
    for (let j = 0; j < columns; j += 8, panel += panelSize) {
      multiplyTile(tile, 32, leftPanel, panel, inner, false);
      const columnCount = min(8, columns - j);
      for (let r = 0; r < rowCount; r++) {
        const to = out + ((<usize>(i + r) * columns + j) << 2);
        const from = tile + (<usize>r << 5);
        const added = bias + (<usize>j << 2);
        if (columnCount == 8) {
          let y0 = v128.load(from), y1 = v128.load(from, 16);
          if (bias) { y0 = f32x4.add(y0, v128.load(added)); y1 = f32x4.add(y1, v128.load(added, 16)); }
          if (accumulate) { y0 = f32x4.add(y0, v128.load(to)); y1 = f32x4.add(y1, v128.load(to, 16)); }
          v128.store(to, y0);
          v128.store(to, y1, 16);
        } else {
          for (let c = 0; c < columnCount; c++) {
            const o = <usize>c << 2;
            let y = load<f32>(from + o);
            if (bias) y += load<f32>(added + o);
            if (accumulate) y += load<f32>(to + o);
            store<f32>(to + o, y);
          }
        }
      }
    }
  }
}
