// Attention backward, one key head of one batch item a unit. Four rows of weights at a time are made again from their
// logSumExp (Dao et al. 2022), so that nothing square is stored. Rows of scores lie one after another here, N apart.
//
// Legend: see attentionTask.ts; g the gradient of the result.
import { AttendTask, finiteRows, highOf, lowOf, rowOf, up8 } from './attentionTask';
import { copyNumbers, fillNumbers } from './copy';
import { exp4, sum4, tanh4 } from './math';
import { packLeft, packRight } from './pack';
import { ZEROS, multiplyScaled, multiplyTile } from './tile';

// @ts-ignore: decorator
@inline
const HIDDEN: f32 = f32.NEGATIVE_INFINITY;

/**
 * Unit u: all queries that read one key head of one batch item. Scratch: K as columns (N × s), V as columns (N × t), K as
 * rows (S × n), 4 packed rows (max(s, t) × 4), three blocks of 4 × N (weights, slopes, capped scores), slopes packed
 * (N × 4), 4 × S of the result.
 */
export function attendBackward(u: i32, scratch: usize, at: usize): void {
  const t = changetype<AttendTask>(at);
  const n = t.keyLength, s = t.headSize, v = t.valueSize, N = up8(n), S = up8(s);
  const b = u / t.keyValueHeads, keyHead = u % t.keyValueHeads;
  const packedValue = scratch + ((<usize>N * s) << 2);
  const keyColumns = packedValue + ((<usize>N * v) << 2);
  const packedRows = keyColumns + ((<usize>S * n) << 2);
  const weights = packedRows + (<usize>max(s, v) << 4);
  const slopes = weights + (<usize>N << 4);
  const capped = slopes + (<usize>N << 4);
  const packedSlopes = capped + (<usize>N << 4);
  const mixed = packedSlopes + (<usize>N << 4);

  const key = rowOf(t.key, t.keyBatch, t.keyHead, t.keyRow, b, keyHead, 0);
  const value = rowOf(t.value, t.valueBatch, t.valueHead, t.valueRow, b, keyHead, 0);
  const keyGradient = rowOf(t.keyGradient, t.keyGradientBatch, t.keyGradientHead, t.keyGradientRow, b, keyHead, 0);
  const valueGradient = rowOf(t.valueGradient, t.valueGradientBatch, t.valueGradientHead, t.valueGradientRow, b, keyHead, 0);
  for (let j: usize = 0; j < <usize>n; j++) {
    fillNumbers(keyGradient + ((j * t.keyGradientRow) << 2), <usize>s << 2, 0);
    fillNumbers(valueGradient + ((j * t.valueGradientRow) << 2), <usize>v << 2, 0);
  }
  packRight(scratch, key, 1, t.keyRow, s, n);
  packRight(packedValue, value, 1, t.valueRow, v, n);
  packRight(keyColumns, key, t.keyRow, 1, n, s);
  for (let h = 0; h < t.heads; h++) {
    if (h * t.keyValueHeads / t.heads != keyHead) continue;
    for (let first = 0; first < t.queryLength; first += 4) {
      const rows = min(4, t.queryLength - first);
      let from = N, to = 0;
      for (let r = 0; r < rows; r++) {
        from = min(from, lowOf(t, b, first + r) & ~7);
        to = max(to, up8(highOf(t, b, first + r)));
      }
      to = max(from, to);
      const last = min(to, n);
      const query = rowOf(t.query, t.queryBatch, t.queryHead, t.queryRow, b, h, first);
      const slope = rowOf(t.slope, t.slopeBatch, t.slopeHead, t.slopeRow, b, h, first);
      packLeft(packedRows, query, t.queryRow, 1, rows, s);
      scoreBlock(weights, N, packedRows, scratch, s, from, to, t.scale);
      packLeft(packedRows, slope, t.slopeRow, 1, rows, v);
      scoreBlock(slopes, N, packedRows, packedValue, v, from, to, 1);
      for (let r = 0; r < 4; r++) {
        const row = (<usize>r * N) << 2;
        if (r >= rows) {
          fillNumbers(slopes + row, <usize>N << 2, 0);
          continue;
        }
        const i = first + r;
        if (t.softcap > 0) capRow(capped + row, weights + row, from, to, t.softcap);
        const bias = t.bias ? rowOf(t.bias, t.biasBatch, t.biasHead, t.biasRow, b, h, i) : 0;
        maskRow(weights + row, from, to, lowOf(t, b, i), highOf(t, b, i), bias, t.biasColumn);
        reweighRow(weights + row, from, to, load<f32>(t.logSumExp + (<usize>((b * t.heads + h) * t.queryLength + i) << 2)));
        const mean = dot(rowOf(t.out, t.outBatch, t.outHead, t.outRow, b, h, i), rowOf(t.slope, t.slopeBatch, t.slopeHead, t.slopeRow, b, h, i), v);
        dotGradientRow(slopes + row, weights + row, capped + row, from, to, mean, t.softcap, t.scale);
      }
      mixBlock(mixed, S, slopes, N, keyColumns, n, from, last, packedSlopes);
      for (let r = 0; r < rows; r++)
        copyNumbers(rowOf(t.queryGradient, t.queryGradientBatch, t.queryGradientHead, t.queryGradientRow, b, h, first + r), mixed + ((<usize>r * S) << 2), <usize>s << 2);
      spreadBlock(keyGradient, t.keyGradientRow, slopes, N, query, t.queryRow, rows, s, from, last);
      spreadBlock(valueGradient, t.valueGradientRow, weights, N, slope, t.slopeRow, rows, v, from, last);
    }
  }
}

/**
 * Scores of 4 packed queries (s × 4) with keys [from, to), a multiple of 8 apart: block rows are N numbers apart.
 * block = scale · q·k
 */
function scoreBlock(block: usize, N: i32, packedQuery: usize, packedKey: usize, s: i32, from: i32, to: i32, scale: f32): void {
  const stride = <usize>N << 2;
  for (let j = from; j < to; j += 8)
    multiplyScaled(block + (<usize>j << 2), stride, packedQuery, packedKey + ((<usize>j * s) << 2), s, scale);
}

/** capped = x = softcap · tanh(x / softcap) over [from, to) of one row. */
function capRow(capped: usize, row: usize, from: i32, to: i32, softcap: f32): void {
  for (let o = <usize>from << 2; o < <usize>to << 2; o += 16) {
    const y = f32x4.mul(tanh4(f32x4.div(v128.load(row + o), f32x4.splat(softcap))), f32x4.splat(softcap));
    v128.store(row + o, y);
    v128.store(capped + o, y);
  }
}

/** Hides keys outside [low, high), adds the bias (column stride in numbers; 0 pointer: none), −∞ where hidden; keys [from, to) of the row are written. */
function maskRow(row: usize, from: i32, to: i32, low: i32, high: i32, bias: usize, biasColumn: i32): void {
  const first = min(max(low, from), to);
  const last = max(min(high, to), first);
  for (let j = from; j < first; j++) store<f32>(row + (<usize>j << 2), HIDDEN);
  for (let j = last; j < to; j++) store<f32>(row + (<usize>j << 2), HIDDEN);
  if (!bias) return;
  for (let j = first; j < last; j++) {
    const at = row + (<usize>j << 2);
    const added = load<f32>(bias + ((<usize>j * biasColumn) << 2));
    store<f32>(at, added == HIDDEN ? HIDDEN : load<f32>(at) + added);
  }
}

/** weights = exp(score − logSumExp) over [from, to) of one row, in place; 0 where hidden or where the row saw nothing. */
function reweighRow(row: usize, from: i32, to: i32, logSumExp: f32): void {
  const shift = f32x4.splat(logSumExp);
  const empty = logSumExp == HIDDEN;
  for (let j = from; j < to; j += 4) {
    const at = row + (<usize>j << 2);
    const x = v128.load(at);
    const hidden = f32x4.eq(x, f32x4.splat(HIDDEN));
    v128.store(at, empty ? f32x4.splat(0) : v128.bitselect(f32x4.splat(0), exp4(f32x4.sub(x, shift)), hidden));
  }
}

/**
 * dots' gradient of one row over [from, to), in place of `weightGradient`:
 * w · (wg − mean) · (1 − (capped / softcap)²) · scale; `capped` rows are used only with a soft-cap.
 */
function dotGradientRow(weightGradient: usize, weights: usize, capped: usize, from: i32, to: i32, mean: f32, softcap: f32, scale: f32): void {
  for (let j = from; j < to; j += 4) {
    const o = <usize>j << 2;
    const w = v128.load(weights + o);
    let g = f32x4.mul(w, f32x4.sub(v128.load(weightGradient + o), f32x4.splat(mean)));
    if (softcap > 0) {
      const u = f32x4.div(v128.load(capped + o), f32x4.splat(softcap));
      g = f32x4.mul(g, f32x4.sub(f32x4.splat(1), f32x4.mul(u, u)));
    }
    g = f32x4.mul(g, f32x4.splat(scale));
    // A hidden key passes nothing back, whatever its weight's gradient (which may be NaN).
    v128.store(weightGradient + o, v128.bitselect(f32x4.splat(0), g, f32x4.eq(w, f32x4.splat(0))));
  }
}

/**
 * mixed (4 × T) = block [from, to) · packed rows (panels of 8 numbers, each `keys` × 8). `packedWeights` is scratch
 * for (to − from) × 4. A tile that is not finite is made again without the keys of weight 0:
 * a hidden key may hold NaN or ∞, and 0 · NaN must not reach the result.
 */
function mixBlock(mixed: usize, T: i32, block: usize, N: i32, packedValue: usize, keys: i32, from: i32, to: i32, packedWeights: usize): void {
  packLeft(packedWeights, block + (<usize>from << 2), N, 1, 4, to - from);
  const stride = <usize>T << 2;
  for (let c = 0; c < T; c += 8) {
    const tile = mixed + (<usize>c << 2);
    const panel = packedValue + ((<usize>c * keys + <usize>from * 8) << 2);
    multiplyTile(tile, stride, ZEROS, packedWeights, panel, to - from, 0);
    if (!finiteRows(tile, T, 4, 8)) mixTileAside(tile, stride, packedWeights, panel, to - from);
  }
}

/** tile (4 × 8) = weights (inner × 4) · panel (inner × 8), pairs whose weight is 0 left out. */
function mixTileAside(tile: usize, stride: usize, weights: usize, panel: usize, inner: i32): void {
  for (let r: usize = 0; r < 4; r++) {
    let y0 = f32x4.splat(0), y1 = f32x4.splat(0);
    for (let p: usize = 0; p < <usize>inner; p++) {
      const weight = load<f32>(weights + (p << 4) + (r << 2));
      if (weight == 0) continue;
      const row = panel + (p << 5);
      y0 = f32x4.add(y0, f32x4.mul(f32x4.splat(weight), v128.load(row)));
      y1 = f32x4.add(y1, f32x4.mul(f32x4.splat(weight), v128.load(row, 16)));
    }
    v128.store(tile + r * stride, y0);
    v128.store(tile + r * stride, y1, 16);
  }
}

/** rows j of `to` in [from, until) += Σ over 4 block rows r of block[r][j] · x[r] (x rows xRow apart, `width` numbers, only `count` rows). */
function spreadBlock(to: usize, toRow: i32, block: usize, N: i32, x: usize, xRow: i32, count: i32, width: i32, from: i32, until: i32): void {
  for (let j = from; j < until; j++) {
    const out = to + ((<usize>j * toRow) << 2);
    if (count == 4) {
      const at = block + (<usize>j << 2);
      const step = <usize>N << 2;
      const f0 = load<f32>(at), f1 = load<f32>(at + step), f2 = load<f32>(at + 2 * step), f3 = load<f32>(at + 3 * step);
      // All four at once: one load and one store of the result instead of four. A factor of 0 goes the long way, which
      // leaves its row out, since the row may hold NaN.
      if (f0 != 0 && f1 != 0 && f2 != 0 && f3 != 0) {
        spreadFour(out, x, <usize>xRow << 2, width, f0, f1, f2, f3);
        continue;
      }
    }
    for (let r = 0; r < count; r++) {
      const factor = load<f32>(block + ((<usize>r * N + j) << 2));
      if (factor == 0) continue;
      const row = x + ((<usize>r * xRow) << 2);
      const factor4 = f32x4.splat(factor);
      let c = 0;
      for (; c + 4 <= width; c += 4) {
        const o = <usize>c << 2;
        v128.store(out + o, f32x4.add(v128.load(out + o), f32x4.mul(factor4, v128.load(row + o))));
      }
      for (; c < width; c++) {
        const o = <usize>c << 2;
        store<f32>(out + o, load<f32>(out + o) + factor * load<f32>(row + o));
      }
    }
  }
}

/** out += f0 · x[0] + f1 · x[1] + f2 · x[2] + f3 · x[3], in this order; x rows `step` bytes apart. */
function spreadFour(out: usize, x: usize, step: usize, width: i32, f0: f32, f1: f32, f2: f32, f3: f32): void {
  const x1 = x + step, x2 = x1 + step, x3 = x2 + step;
  let c = 0;
  for (; c + 4 <= width; c += 4) {
    const o = <usize>c << 2;
    let y = f32x4.add(v128.load(out + o), f32x4.mul(f32x4.splat(f0), v128.load(x + o)));
    y = f32x4.add(y, f32x4.mul(f32x4.splat(f1), v128.load(x1 + o)));
    y = f32x4.add(y, f32x4.mul(f32x4.splat(f2), v128.load(x2 + o)));
    v128.store(out + o, f32x4.add(y, f32x4.mul(f32x4.splat(f3), v128.load(x3 + o))));
  }
  for (; c < width; c++) {
    const o = <usize>c << 2;
    store<f32>(out + o, load<f32>(out + o) + f0 * load<f32>(x + o) + f1 * load<f32>(x1 + o) + f2 * load<f32>(x2 + o) + f3 * load<f32>(x3 + o));
  }
}

/** Σ a · b over `width` numbers. */
function dot(a: usize, b: usize, width: i32): f32 {
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
