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
  for (let j = from; j < to; j++) {
    const at = row + (<usize>j << 2);
    if (j < low || j >= high) store<f32>(at, HIDDEN);
    else if (bias) {
      const added = load<f32>(bias + ((<usize>j * biasColumn) << 2));
      store<f32>(at, added == HIDDEN ? HIDDEN : load<f32>(at) + added);
    }
  }
}

/** Softmax of keys [from, to) of one row, in place; hidden keys become 0 (NaN in a row that saw NaN or +∞). Returns log Σ exp, −∞ when all are hidden. */
export function weighRow(row: usize, from: i32, to: i32): f32 {
  let largest4 = f32x4.splat(HIDDEN);
  for (let j = from; j < to; j += 4) largest4 = f32x4.max(largest4, v128.load(row + (<usize>j << 2)));
  const largest = max(max(f32x4.extract_lane(largest4, 0), f32x4.extract_lane(largest4, 1)), max(f32x4.extract_lane(largest4, 2), f32x4.extract_lane(largest4, 3)));
  if (largest == HIDDEN) {
    for (let j = from; j < to; j += 4) v128.store(row + (<usize>j << 2), f32x4.splat(0));
    return HIDDEN;
  }
  let sum: f64 = 0;
  const shift = f32x4.splat(largest);
  for (let j = from; j < to; j += 4) {
    const at = row + (<usize>j << 2);
    const x = v128.load(at);
    // A hidden key stays out even of a row whose largest score is not finite: −∞ − NaN would be NaN.
    const y = v128.bitselect(f32x4.splat(0), exp4(f32x4.sub(x, shift)), f32x4.eq(x, f32x4.splat(HIDDEN)));
    v128.store(at, y);
    sum += <f64>sum4(y);
  }
  const factor = f32x4.splat(<f32>(1.0 / sum));
  for (let j = from; j < to; j += 4) {
    const at = row + (<usize>j << 2);
    v128.store(at, f32x4.mul(v128.load(at), factor));
  }
  return largest + <f32>log(sum);
}

/**
 * mixed (4 × T) = weights block [from, to) · packed values (panels of 8 value numbers, each `keys` × 8).
 * `packedWeights` is scratch for (to − from) × 4.
 */
export function mixBlock(mixed: usize, T: i32, block: usize, N: i32, packedValue: usize, keys: i32, from: i32, to: i32, packedWeights: usize): void {
  packLeft(packedWeights, block + (<usize>from << 2), N, 1, 4, to - from);
  for (let c = 0; c < T; c += 8)
    multiplyTile(mixed + (<usize>c << 2), <usize>T << 2, packedWeights, packedValue + ((<usize>c * keys + <usize>from * 8) << 2), to - from, false);
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

/** Σ a · b over `width` numbers. */
export function dot(a: usize, b: usize, width: i32): f32 {
  let total = f32x4.splat(0);
  let c = 0;
  for (; c + 4 <= width; c += 4) total = f32x4.add(total, f32x4.mul(v128.load(a + (<usize>c << 2)), v128.load(b + (<usize>c << 2))));
  let sum = sum4(total);
  for (; c < width; c++) sum += load<f32>(a + (<usize>c << 2)) * load<f32>(b + (<usize>c << 2));
  return sum;
}
