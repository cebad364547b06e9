// Matrix products: out = activation(left · right + bias) + residual, in units of work.
//
//   right operand, packed before (parameters) or by packUnit        a unit: up to unitRows × unitColumns of the result
//   ┌──┬──┬──┬──┐ panels of 8 columns                               for each stretch of `block` inner numbers:
//   │  │  │  │  │                                                     pack the unit's rows of left (stays in the L2 cache)
//   └──┴──┴──┴──┘                                                       (what the last unit left packed is not packed again)
//                                                                     for each panel (stays in the L1 cache):
//                                                                       for each group of 4 rows: one tile
// A unit of one row alone takes four panels at a time where they lie (row.ts), without stretches.
//
// Units share nothing but what they read, so any thread may take any unit.
//
// Legend: see pack.ts.
import { activateMany, activated4 } from './activation';
import { copyNumbers, fillNumbers } from './copy';
import { packLeft, packPanel } from './pack';
import { multiplyRow } from './row';
import { ZEROS, multiplyTile } from './tile';
import { bytesOf, widenPanel } from './widen';

/** What matmul works on; written by ../wasm-matmul.ts in this order. Strides, sizes and batch steps count numbers. */
@unmanaged
export class MatmulTask {
  out: usize;
  left: usize;
  right: usize; // where it lies, by the strides below
  panels: usize; // where it lies packed; 0: each unit packs what it needs
  bias: usize; // 0: none
  residual: usize; // 0: none
  rows: i32;
  inner: i32;
  columns: i32;
  leftRow: i32;
  leftInner: i32;
  rightInner: i32;
  rightColumn: i32;
  leftBatch: i32;
  rightBatch: i32;
  panelBatch: i32;
  accumulate: i32;
  activation: i32; // −1: none
  unitRows: i32;
  unitColumns: i32;
  block: i32;
  type: i32; // of the panels: see widen.ts
  scales: usize; // of int8 panels
  group: i32;
}

// @ts-ignore: decorator
@inline
function ceilDiv(a: i32, b: i32): i32 {
  return (a + b - 1) / b;
}

/** Unit u of packing: one panel of one batch item. */
export function packUnit(u: i32, scratch: usize, at: usize): void {
  const t = changetype<MatmulTask>(at);
  const count = ceilDiv(t.columns, 8);
  const b = u / count;
  const j = (u % count) << 3;
  const from = t.right + ((<usize>b * t.rightBatch + <usize>j * t.rightColumn) << 2);
  const to = t.panels + ((<usize>b * t.panelBatch + <usize>j * t.inner) << 2);
  packPanel(to, from, t.rightInner, t.rightColumn, t.inner, t.columns - j);
}

/** Bytes in front of a thread's scratch: which rows and stretch of left it has packed, counted from 1; ../wasm-matmul.ts begins with 0. */
// @ts-ignore: decorator
@inline
const HEADER: usize = 16;

/**
 * Unit u of the product. Scratch: a header, the unit's rows of left packed (unitRows × block), a panel (block × 8), and tiles of
 * 4 × 8: those of a panel, or of the whole unit where they hold partial sums between stretches; where there is an activation, that
 * of activateMany.
 */
export function matmul(u: i32, scratch: usize, at: usize): void {
  const t = changetype<MatmulTask>(at);
  const rows = t.rows;
  const inner = t.inner;
  const columns = t.columns;
  const across = ceilDiv(columns, t.unitColumns);
  const down = ceilDiv(rows, t.unitRows);
  const b = u / (across * down);
  const i0 = ((u / across) % down) * t.unitRows;
  const j0 = (u % across) * t.unitColumns;
  const count = min(t.unitRows, rows - i0);
  const last = min(j0 + t.unitColumns, columns);
  const left = t.left + ((<usize>b * t.leftBatch + <usize>i0 * t.leftRow) << 2);
  const right = t.right + ((<usize>b * t.rightBatch) << 2);
  const out = t.out + ((<usize>b * rows * columns) << 2);
  const groups = scratch + HEADER;
  const panel = groups + ((<usize>((t.unitRows + 3) & ~3) * t.block) << 2);
  const tiles = panel + (<usize>t.block << 5);
  const aside = tiles + ((<usize>((t.unitRows + 3) & ~3) * (t.unitColumns + 32)) << 2);
  // An activation takes what is finished in rows of the result: many numbers at once cost less. Only where something is added to it
  // afterwards each tile goes through it aside.
  const plain = !t.accumulate && !t.residual;
  const start = count == 1 ? rowAlone(t, tiles, aside, b, i0, j0, last, left, right, out) : j0;
  if (start >= last) return;
  let p = 0;
  do {
    const length = min(t.block, inner - p);
    const done = p + length >= inner;
    const group = <usize>length << 4;
    const wanted = 1 + u / across * ceilDiv(inner, t.block) + p / t.block;
    if (load<i32>(scratch) != wanted) {
      store<i32>(scratch, wanted);
      for (let i = 0, to = groups; i < count; i += 4, to += group)
        packLeft(to, left + ((<usize>i * t.leftRow + <usize>p * t.leftInner) << 2), t.leftRow, t.leftInner, count - i, length);
    }
    let tile = tiles;
    for (let j = start; j < last; j += 8) {
      if (inner <= t.block) tile = tiles;
      const from = panelOf(t, panel, right, b, j, p, length);
      const whole = done && plain && j + 8 <= columns;
      for (let i = 0, a = groups; i < count; i += 4, a += group, tile += 128) {
        const direct = whole && i + 4 <= count;
        const to = direct ? out + ((<usize>(i0 + i) * columns + j) << 2) : tile;
        const bias = direct && t.bias ? t.bias + (<usize>j << 2) : 0;
        multiplyTile(to, direct ? <usize>columns << 2 : 32, p ? tile : ZEROS, a, from, length, bias);
        if (!done || direct) continue;
        if (!plain && t.activation >= 0) activateTile(t, tile, 128, j, aside);
        finish(t, out, tile, i0 + i, j, min(4, count - i), plain || t.activation < 0 ? t.bias : 0);
      }
    }
    p += length;
  } while (p < inner);
  if (plain && t.activation >= 0)
    for (let i = i0; i < i0 + count; i++) activateRow(t, out + ((<usize>i * columns + start) << 2), last - start, aside);
}

/**
 * Four panels at a time of row i, from column j on, where the right operand can be read where it lies. Returns the first column that is left.
 * Of packed panels each of the four streams runs on through a quarter of them, which lies in one piece.
 */
function rowAlone(t: MatmulTask, tiles: usize, aside: usize, b: i32, i: i32, j: i32, last: i32, left: usize, right: usize, out: usize): i32 {
  if (!t.panels && t.rightColumn != 1) return j;
  // The last packed panel may be partly beyond the edge: its padding is 0.
  const rounds = t.panels ? (last - j + 7) >> 5 : (last - j) >> 5;
  const apart = t.panels ? rounds << 3 : 8, advance = t.panels ? 8 : 32;
  const step = t.panels ? <usize>t.inner * apart * bytesOf(t.type) : 32;
  const row = t.panels ? 8 * bytesOf(t.type) : <usize>t.rightInner << 2;
  const scaleStep = <usize>ceilDiv(t.inner, t.group) * <usize>apart << 2;
  for (let round = 0, c = j; round < rounds; round++, c += advance) {
    const from = t.panels ? placeOf(t, b, c, 0) : right + (<usize>c << 2);
    multiplyRow(tiles, left, <usize>t.leftInner << 2, from, row, step, t.inner, t.type, t.scales + <usize>(c >> 3) * (<usize>ceilDiv(t.inner, t.group) << 5), scaleStep, t.group);
    for (let next = 0; next < 4; next++) {
      const tile = tiles + (<usize>next << 7);
      if (t.activation >= 0) activateTile(t, tile, 32, c + apart * next, aside);
      finish(t, out, tile, i, c + apart * next, 1, t.activation < 0 ? t.bias : 0);
    }
  }
  return j + (rounds << 5);
}

/** Where the panel of the 8 columns from j lies packed, from inner number p on. */
// @ts-ignore: decorator
@inline
function placeOf(t: MatmulTask, b: i32, j: i32, p: i32): usize {
  return t.panels + (<usize>b * t.panelBatch + <usize>j * t.inner + <usize>p * 8) * bytesOf(t.type);
}

/** Where `length` inner numbers of the 8 columns from j lie as a panel of f32: packed before, widened now, or packed now. */
// @ts-ignore: decorator
@inline
function panelOf(t: MatmulTask, panel: usize, right: usize, b: i32, j: i32, p: i32, length: i32): usize {
  if (t.panels) {
    const from = placeOf(t, b, j, p);
    if (t.type == 0) return from;
    const groups = ceilDiv(t.inner, t.group);
    widenPanel(panel, from, t.type, p, length, t.scales + ((<usize>j * groups) << 2), t.group);
    return panel;
  }
  packPanel(panel, right + ((<usize>p * t.rightInner + <usize>j * t.rightColumn) << 2), t.rightInner, t.rightColumn, length, t.columns - j);
  return panel;
}

/** activation(tile + bias) in place, of the first `bytes` of a tile of the panel from column j. */
function activateTile(t: MatmulTask, tile: usize, bytes: usize, j: i32, aside: usize): void {
  if (t.bias) {
    fillNumbers(aside, 32, 0);
    copyNumbers(aside, t.bias + (<usize>j << 2), <usize>min(8, t.columns - j) << 2);
    const b0 = v128.load(aside), b1 = v128.load(aside, 16);
    for (let o = tile; o < tile + bytes; o += 32) {
      v128.store(o, f32x4.add(v128.load(o), b0));
      v128.store(o, f32x4.add(v128.load(o, 16), b1), 16);
    }
  }
  activateMany(t.activation, tile, tile, bytes, aside);
}

/** activation in place, of `count` numbers of a row of the result. */
function activateRow(t: MatmulTask, row: usize, count: i32, aside: usize): void {
  const bytes = <usize>(count & ~3) << 2, rest = <usize>(count & 3) << 2;
  activateMany(t.activation, row, row, bytes, aside);
  if (!rest) return;
  v128.store(aside, f32x4.splat(0));
  copyNumbers(aside, row + bytes, rest);
  v128.store(aside, activated4(t.activation, v128.load(aside)));
  copyNumbers(row + bytes, aside, rest);
}

/** out = tile + bias + residual (+ out) for `rows` rows of one tile; `bias` 0: none, or in it already. */
function finish(t: MatmulTask, out: usize, tile: usize, i: i32, j: i32, rows: i32, bias: usize): void {
  const columns = t.columns;
  const residual = t.residual ? t.residual + (out - t.out) : 0;
  for (let r = 0; r < rows; r++, tile += 32) {
    const row = (<usize>(i + r) * columns) << 2;
    for (let c = j; c < min(j + 8, columns); c += 4) {
      const o = row + (<usize>c << 2);
      const from = tile + (<usize>(c - j) << 2);
      if (c + 4 <= columns) {
        let y = v128.load(from);
        if (bias) y = f32x4.add(y, v128.load(bias + (<usize>c << 2)));
        if (residual) y = f32x4.add(y, v128.load(residual + o));
        if (t.accumulate) y = f32x4.add(y, v128.load(out + o));
        v128.store(out + o, y);
        continue;
      }
      for (let n: usize = 0; n < <usize>(columns - c); n++) {
        let y = load<f32>(from + (n << 2));
        if (bias) y += load<f32>(bias + (<usize>c << 2) + (n << 2));
        if (residual) y += load<f32>(residual + o + (n << 2));
        if (t.accumulate) y += load<f32>(out + o + (n << 2));
        store<f32>(out + o + (n << 2), y);
      }
    }
  }
}
