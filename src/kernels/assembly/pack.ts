// Panels: how operands lie while they are multiplied.
//
//   right (inner × columns)  →  panels of 8 columns, each inner × 8, one after another
//   left  (rows × inner)     →  groups of 4 rows, each inner × 4
//
// so that the innermost loop reads both from front to back. Rows and columns beyond the edge are 0.
//
// Legend: p inner, j column, i row; strides count numbers.

/** The transpose of four vectors: lane l of result m is lane m of argument l. The results go to `to`, `step` bytes apart. */
// @ts-ignore: decorator
@inline
export function transpose4(to: usize, step: usize, r0: v128, r1: v128, r2: v128, r3: v128): void {
  const t0 = i32x4.shuffle(r0, r1, 0, 4, 1, 5);
  const t1 = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
  const t2 = i32x4.shuffle(r0, r1, 2, 6, 3, 7);
  const t3 = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
  v128.store(to, i64x2.shuffle(t0, t1, 0, 2));
  v128.store(to + step, i64x2.shuffle(t0, t1, 1, 3));
  v128.store(to + 2 * step, i64x2.shuffle(t2, t3, 0, 2));
  v128.store(to + 3 * step, i64x2.shuffle(t2, t3, 1, 3));
}

/** Packs 4 rows of a left operand, beginning at `from`, as inner × 4; rows beyond `rows` become 0. */
export function packLeft(to: usize, from: usize, rowStride: i32, innerStride: i32, rows: i32, inner: i32): void {
  const row = <usize>rowStride << 2;
  const step = <usize>innerStride << 2;
  if (rows >= 4 && rowStride == 1) {
    for (let p = 0; p < inner; p++, to += 16, from += step) v128.store(to, v128.load(from));
    return;
  }
  let p = 0;
  if (innerStride == 1) {
    const zero = f32x4.splat(0);
    for (; p + 4 <= inner; p += 4, to += 64, from += 16) {
      const r0 = v128.load(from);
      const r1 = rows > 1 ? v128.load(from + row) : zero;
      const r2 = rows > 2 ? v128.load(from + 2 * row) : zero;
      const r3 = rows > 3 ? v128.load(from + 3 * row) : zero;
      transpose4(to, 16, r0, r1, r2, r3);
    }
  }
  for (; p < inner; p++, to += 16, from += step)
    for (let i = 0; i < 4; i++) store<f32>(to + (<usize>i << 2), i < rows ? load<f32>(from + <usize>i * row) : 0);
}

/** Packs up to 8 columns of a right operand, beginning at `from`, as inner × 8; columns beyond `columns` become 0. */
export function packPanel(to: usize, from: usize, innerStride: i32, columnStride: i32, inner: i32, columns: i32): void {
  const step = <usize>innerStride << 2;
  const column = <usize>columnStride << 2;
  let p = 0;
  if (columns >= 8 && columnStride == 1) {
    for (; p < inner; p++, to += 32, from += step) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    }
    return;
  }
  if (columns >= 8 && innerStride == 1) {
    const other = from + 4 * column;
    for (let o: usize = 0; p + 4 <= inner; p += 4, to += 128, o += 16) {
      transpose4(to, 32, v128.load(from + o), v128.load(from + column + o), v128.load(from + 2 * column + o), v128.load(from + 3 * column + o));
      transpose4(to + 16, 32, v128.load(other + o), v128.load(other + column + o), v128.load(other + 2 * column + o), v128.load(other + 3 * column + o));
    }
    from += <usize>p << 2;
  }
  for (; p < inner; p++, to += 32, from += step)
    for (let j = 0; j < 8; j++) store<f32>(to + (<usize>j << 2), j < columns ? load<f32>(from + <usize>j * column) : 0);
}

/** Packs a whole right operand (inner × columns, any strides). */
export function packRight(to: usize, from: usize, innerStride: i32, columnStride: i32, inner: i32, columns: i32): void {
  for (let j = 0; j < columns; j += 8, to += <usize>inner << 5)
    packPanel(to, from + ((<usize>j * columnStride) << 2), innerStride, columnStride, inner, min(8, columns - j));
}

/** Packs a whole left operand (rows × inner, any strides). */
export function packGroups(to: usize, from: usize, rowStride: i32, innerStride: i32, rows: i32, inner: i32): void {
  for (let i = 0; i < rows; i += 4, to += <usize>inner << 4)
    packLeft(to, from + ((<usize>i * rowStride) << 2), rowStride, innerStride, rows - i, inner);
}
