// Attention of one head, four queries at a time.
//
//   K packed: keys as columns, panels of 8        V packed: value numbers as columns, panels of 8
//   ┌ 4 queries × 8 keys ┐ per tile → a block of 4 × keys scores → softmax → 4 × keys weights · V → 4 × valueSize
//
// The block is 4 rows of scores and never a square: memory is linear in the lengths. Tiles outside of what any of the
// four rows can see are skipped.
//
// Legend: n keys (padded to a multiple of 8 in the block: N), s head size, t value size (padded: T).
import { multiplyTile, packLeft } from './gemm';
import { exp4, log, sum4, tanh4 } from './math';

// @ts-ignore: decorator
@inline
const HIDDEN: f32 = f32.NEGATIVE_INFINITY;

/**
 * Scores of 4 packed queries (s × 4) with keys [from, to), a multiple of 8 apart: block rows are N numbers apart.
 * block = scale · q·k
 */
export function scoreBlock(block: usize, N: i32, packedQuery: usize, packedKey: usize, s: i32, from: i32, to: i32, scale: f32): void {
  const stride = <usize>N << 2;
  const factor = f32x4.splat(scale);
  for (let j = from; j < to; j += 8) {
    const tile = block + (<usize>j << 2);
    multiplyTile(tile, stride, packedQuery, packedKey + ((<usize>j * s) << 2), s, false);
    for (let r: usize = 0; r < 4; r++) {
      const row = tile + r * stride;
      v128.store(row, f32x4.mul(v128.load(row), factor));
      v128.store(row, f32x4.mul(v128.load(row, 16), factor), 16);
    }
  }
}

/** x = softcap · tanh(x / softcap) over [from, to) of one row. */
export function capRow(row: usize, from: i32, to: i32, softcap: f32): void {
  for (let j = from; j < to; j += 4) {
    const at = row + (<usize>j << 2);
    v128.store(at, f32x4.mul(tanh4(f32x4.div(v128.load(at), f32x4.splat(softcap))), f32x4.splat(softcap)));
  }
}

/** Hides keys outside [low, high), adds the bias (column stride in numbers; 0 pointer: none), −∞ where hidden; keys [from, to) of the row are written. */
export function maskRow(row: usize, from: i32, to: i32, low: i32, high: i32, bias: usize, biasColumn: i32): void {
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

/** The largest of keys [from, to), multiples of 4, of one row; NaN when one is NaN. */
export function largestOf(row: usize, from: i32, to: i32): f32 {
  let largest4 = f32x4.splat(HIDDEN);
  for (let j = from; j < to; j += 4) largest4 = f32x4.max(largest4, v128.load(row + (<usize>j << 2)));
  return max(max(f32x4.extract_lane(largest4, 0), f32x4.extract_lane(largest4, 1)), max(f32x4.extract_lane(largest4, 2), f32x4.extract_lane(largest4, 3)));
}

/**
 * x = exp(x − largest) over keys [from, to) of one row, 0 where hidden; returns their sum. Blocks of 64 keys, counted
 * from key 0 so that a later `from` changes no bit, are summed in f32 lanes (16 numbers a lane), then in f64: relative
 * error below 1e-6 for rows of any length.
 */
export function expRow(row: usize, from: i32, to: i32, largest: f32): f64 {
  let sum: f64 = 0;
  const shift = f32x4.splat(largest);
  for (let j = from; j < to; ) {
    const end = min(to, (j & ~63) + 64);
    let lanes = f32x4.splat(0);
    for (; j < end; j += 4) {
      const at = row + (<usize>j << 2);
      const x = v128.load(at);
      // A hidden key stays out even of a row whose largest score is not finite: −∞ − NaN would be NaN.
      const y = v128.bitselect(f32x4.splat(0), exp4(f32x4.sub(x, shift)), f32x4.eq(x, f32x4.splat(HIDDEN)));
      v128.store(at, y);
      lanes = f32x4.add(lanes, y);
    }
    sum += <f64>sum4(lanes);
  }
  return sum;
}

/** Softmax of keys [from, to) of one row, in place; hidden keys become 0 (NaN in a row that saw NaN or +∞). Returns log Σ exp, −∞ when all are hidden. */
export function weighRow(row: usize, from: i32, to: i32): f32 {
  const largest = largestOf(row, from, to);
  if (largest == HIDDEN) {
    for (let j = from; j < to; j += 4) v128.store(row + (<usize>j << 2), f32x4.splat(0));
    return HIDDEN;
  }
  const sum = expRow(row, from, to, largest);
  const factor = f32x4.splat(<f32>(1.0 / sum));
  for (let j = from; j < to; j += 4) {
    const at = row + (<usize>j << 2);
    v128.store(at, f32x4.mul(v128.load(at), factor));
  }
  return largest + <f32>log(sum);
}

/**
 * mixed (4 × T) = weights block [from, to) · packed values (panels of 8 value numbers, each `keys` × 8).
 * `packedWeights` is scratch for (to − from) × 4. A tile that is not finite is made again without the keys of weight 0:
 * a hidden key may hold NaN or ∞, and 0 · NaN must not reach the result.
 */
export function mixBlock(mixed: usize, T: i32, block: usize, N: i32, packedValue: usize, keys: i32, from: i32, to: i32, packedWeights: usize): void {
  packLeft(packedWeights, block + (<usize>from << 2), N, 1, 4, to - from);
  const stride = <usize>T << 2;
  for (let c = 0; c < T; c += 8) {
    const tile = mixed + (<usize>c << 2);
    const panel = packedValue + ((<usize>c * keys + <usize>from * 8) << 2);
    multiplyTile(tile, stride, packedWeights, panel, to - from, false);
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

/** As mixBlock, one number at a time and hidden keys left out: for values that are not finite, which 0 would turn to NaN. */
export function mixHiddenAside(mixed: usize, T: i32, block: usize, N: i32, scores: usize, value: usize, valueRow: i32, t: i32, from: i32, to: i32, rows: i32): void {
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < t; c++) {
      let sum: f32 = 0;
      for (let j = from; j < to; j++) {
        if (load<f32>(scores + ((<usize>r * N + j) << 2)) == HIDDEN) continue;
        sum += load<f32>(block + ((<usize>r * N + j) << 2)) * load<f32>(value + ((<usize>j * valueRow + c) << 2));
      }
      store<f32>(mixed + ((<usize>r * T + c) << 2), sum);
    }
}

/** 1 when every number of `count` rows of `width` is finite. */
export function finiteRows(x: usize, row: i32, count: i32, width: i32): i32 {
  for (let i = 0; i < count; i++)
    for (let c = 0; c < width; c++) if (!isFinite(load<f32>(x + ((<usize>i * row + c) << 2)))) return 0;
  return 1;
}

/** weights = exp(score − logSumExp) over [from, to) of one row, in place; 0 where hidden or where the row saw nothing. */
export function reweighRow(row: usize, from: i32, to: i32, logSumExp: f32): void {
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
export function dotGradientRow(weightGradient: usize, weights: usize, capped: usize, from: i32, to: i32, mean: f32, softcap: f32, scale: f32): void {
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

/** rows j of `to` in [from, until) += Σ over 4 block rows r of block[r][j] · x[r] (x rows xRow apart, `width` numbers, only `count` rows). */
export function spreadBlock(to: usize, toRow: i32, block: usize, N: i32, x: usize, xRow: i32, count: i32, width: i32, from: i32, until: i32): void {
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
