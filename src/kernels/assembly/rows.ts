// Row by row: softmax, norms, cross-entropy, sums of columns. Sums run in double precision where rows may be long.
//
// Scratch of softmaxRows and crossEntropy: that of expStretch, then one row.
//
// Unit u of a row kernel is rows [u · each, (u + 1) · each); of a column kernel, the u-th 16 columns.
import { copyNumbers, fillNumbers } from './copy';
import { STRETCH, expStretch } from './exponent';
import { exp4, log, sum4 } from './math';

// @ts-ignore: decorator
@inline
const HIDDEN: f32 = f32.NEGATIVE_INFINITY;

/** The largest of the first N numbers (a multiple of 8) of one row; NaN when one is NaN (see largestFour of attentionWeights.ts). */
function largestOf(row: usize, N: i32): f32 {
  let a = f32x4.splat(HIDDEN), b = a, numbers = i32x4.splat(-1);
  for (let o = row; o < row + (<usize>N << 2); o += 32) {
    const x = v128.load(o), y = v128.load(o, 16);
    a = f32x4.pmax(a, x);
    b = f32x4.pmax(b, y);
    numbers = v128.and(numbers, v128.and(f32x4.eq(x, x), f32x4.eq(y, y)));
  }
  a = v128.or(f32x4.pmax(a, b), v128.not(numbers));
  return max(max(f32x4.extract_lane(a, 0), f32x4.extract_lane(a, 1)), max(f32x4.extract_lane(a, 2), f32x4.extract_lane(a, 3)));
}

/**
 * x = exp(x − largest), 0 where x is −∞; returns their sum. Blocks of 64 numbers are summed in f32 lanes (16 numbers a
 * lane), then in f64: relative error below 1e-6 for rows of any length. `aside`: scratch of expStretch.
 */
function expRow(row: usize, N: i32, largest: f32, aside: usize): f64 {
  const last = row + (<usize>N << 2);
  const shift = f32x4.splat(largest);
  if (abs(largest) < f32.POSITIVE_INFINITY)
    for (let o = row; o < last; o += STRETCH) expStretch(o, min(last, o + STRETCH), shift, shift, aside);
  else
    for (let o = row; o < last; o += 16) {
      const x = v128.load(o);
      v128.store(o, v128.bitselect(f32x4.splat(0), exp4(f32x4.sub(x, shift)), f32x4.eq(x, f32x4.splat(HIDDEN))));
    }
  let sum: f64 = 0;
  while (row < last) {
    let lanes = f32x4.splat(0);
    for (const end = min(last, row + 256); row < end; row += 16) lanes = f32x4.add(lanes, v128.load(row));
    sum += <f64>sum4(lanes);
  }
  return sum;
}

/** Softmax of the first N numbers of a row, in place; all 0 where all are −∞. */
function weighRow(row: usize, N: i32, aside: usize): void {
  const largest = largestOf(row, N);
  const factor = largest == HIDDEN ? f32x4.splat(0) : f32x4.splat(<f32>(1.0 / expRow(row, N, largest, aside)));
  if (largest == HIDDEN) fillNumbers(row, <usize>N << 2, 0);
  for (let o = row; o < row + (<usize>N << 2); o += 16) v128.store(o, f32x4.mul(v128.load(o), factor));
}

/** Copies a row to scratch, filled up with −∞ to a multiple of 8, which is returned. */
function fill(scratch: usize, row: usize, columns: i32): i32 {
  const N = (columns + 7) & ~7;
  copyNumbers(scratch, row, <usize>columns << 2);
  for (let j = columns; j < N; j++) store<f32>(scratch + (<usize>j << 2), HIDDEN);
  return N;
}

export function softmaxRows(u: i32, scratch: usize, each: i32, x: usize, out: usize, rows: i32, columns: i32): void {
  const end = min(rows, (u + 1) * each);
  for (let i = u * each; i < end; i++) {
    const o = (<usize>i * columns) << 2;
    if ((columns & 7) == 0) {
      if (x != out) copyNumbers(out + o, x + o, <usize>columns << 2);
      weighRow(out + o, columns, scratch);
      continue;
    }
    const own = scratch + 2 * STRETCH;
    weighRow(own, fill(own, x + o, columns), scratch);
    copyNumbers(out + o, own, <usize>columns << 2);
  }
}

export function softmaxBackward(u: i32, scratch: usize, each: i32, y: usize, g: usize, xg: usize, rows: i32, columns: i32): void {
  const end = min(rows, (u + 1) * each);
  for (let i = u * each; i < end; i++) {
    const o = (<usize>i * columns) << 2;
    let mean: f64 = 0;
    for (let j: usize = 0; j < <usize>columns; j++) mean += <f64>load<f32>(y + o + (j << 2)) * load<f32>(g + o + (j << 2));
    for (let j: usize = 0; j < <usize>columns; j++) store<f32>(xg + o + (j << 2), load<f32>(y + o + (j << 2)) * (load<f32>(g + o + (j << 2)) - <f32>mean));
  }
}

// @ts-ignore: decorator
@inline
function low(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}
// @ts-ignore: decorator
@inline
function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(i64x2.shuffle(x, x, 1, 1));
}
// @ts-ignore: decorator
@inline
function total(a: v128, b: v128): f64 {
  const sum = f64x2.add(a, b);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Σ x of one row, in double precision. */
function sumOf(row: usize, columns: i32): f64 {
  let a = f64x2.splat(0), b = a;
  let j = 0;
  for (; j + 4 <= columns; j += 4) {
    const x = v128.load(row + (<usize>j << 2));
    a = f64x2.add(a, low(x));
    b = f64x2.add(b, high(x));
  }
  let sum = total(a, b);
  for (; j < columns; j++) sum += <f64>load<f32>(row + (<usize>j << 2));
  return sum;
}

/** Σ (x − mean)² of one row, in double precision. */
function squaresOf(row: usize, columns: i32, mean: f64): f64 {
  const middle = f64x2.splat(mean);
  let a = f64x2.splat(0), b = a;
  let j = 0;
  for (; j + 4 <= columns; j += 4) {
    const x = v128.load(row + (<usize>j << 2));
    const d = f64x2.sub(low(x), middle), e = f64x2.sub(high(x), middle);
    a = f64x2.add(a, f64x2.mul(d, d));
    b = f64x2.add(b, f64x2.mul(e, e));
  }
  let sum = total(a, b);
  for (; j < columns; j++) {
    const d = <f64>load<f32>(row + (<usize>j << 2)) - mean;
    sum += d * d;
  }
  return sum;
}

/** out = (x − mean) · inverse · w (+ b) of one row. */
function normRow(to: usize, row: usize, w: usize, b: usize, mean: f32, inverse: f32, columns: i32): void {
  const m4 = f32x4.splat(mean), i4 = f32x4.splat(inverse);
  let j = 0;
  for (; j + 4 <= columns; j += 4) {
    const o = <usize>j << 2;
    let y = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(row + o), m4), i4), v128.load(w + o));
    if (b) y = f32x4.add(y, v128.load(b + o));
    v128.store(to + o, y);
  }
  for (; j < columns; j++) {
    const o = <usize>j << 2;
    let y = (load<f32>(row + o) - mean) * inverse * load<f32>(w + o);
    if (b) y += load<f32>(b + o);
    store<f32>(to + o, y);
  }
}

export function layerNorm(u: i32, scratch: usize, each: i32, x: usize, w: usize, b: usize, out: usize, means: usize, inverses: usize, rows: i32, columns: i32, epsilon: f64): void {
  const end = min(rows, (u + 1) * each);
  for (let i = u * each; i < end; i++) {
    const row = x + ((<usize>i * columns) << 2);
    const mean = sumOf(row, columns) / columns;
    const inverse = <f32>(1.0 / sqrt(squaresOf(row, columns, mean) / columns + epsilon));
    normRow(out + ((<usize>i * columns) << 2), row, w, b, <f32>mean, inverse, columns);
    store<f32>(means + (<usize>i << 2), <f32>mean);
    store<f32>(inverses + (<usize>i << 2), inverse);
  }
}

export function rmsNorm(u: i32, scratch: usize, each: i32, x: usize, w: usize, out: usize, inverses: usize, rows: i32, columns: i32, epsilon: f64): void {
  const end = min(rows, (u + 1) * each);
  for (let i = u * each; i < end; i++) {
    const row = x + ((<usize>i * columns) << 2);
    const inverse = <f32>(1.0 / sqrt(squaresOf(row, columns, 0) / columns + epsilon));
    normRow(out + ((<usize>i * columns) << 2), row, w, 0, 0, inverse, columns);
    store<f32>(inverses + (<usize>i << 2), inverse);
  }
}

/** Gradient of x of layerNorm, and of rmsNorm with means 0. */
export function normBackward(u: i32, scratch: usize, each: i32, x: usize, w: usize, means: usize, inverses: usize, g: usize, xg: usize, rows: i32, columns: i32): void {
  const end = min(rows, (u + 1) * each);
  for (let i = u * each; i < end; i++) {
    const at = (<usize>i * columns) << 2;
    const mean: f32 = means ? load<f32>(means + (<usize>i << 2)) : 0;
    const inverse = load<f32>(inverses + (<usize>i << 2));
    const m4 = f32x4.splat(mean), i4 = f32x4.splat(inverse);
    let s0 = f64x2.splat(0), s1 = s0, p0 = s0, p1 = s0;
    let j = 0;
    for (; j + 4 <= columns; j += 4) {
      const o = <usize>j << 2;
      const normal = f32x4.mul(f32x4.sub(v128.load(x + at + o), m4), i4);
      const scaled = f32x4.mul(v128.load(g + at + o), v128.load(w + o));
      s0 = f64x2.add(s0, low(scaled));
      s1 = f64x2.add(s1, high(scaled));
      p0 = f64x2.add(p0, f64x2.mul(low(scaled), low(normal)));
      p1 = f64x2.add(p1, f64x2.mul(high(scaled), high(normal)));
    }
    let sum = total(s0, s1), product = total(p0, p1);
    for (; j < columns; j++) {
      const o = <usize>j << 2;
      const normal = (load<f32>(x + at + o) - mean) * inverse;
      const scaled = load<f32>(g + at + o) * load<f32>(w + o);
      sum += <f64>scaled;
      product += <f64>scaled * normal;
    }
    const s: f32 = means ? <f32>(sum / columns) : 0;
    const p = <f32>(product / columns);
    const s4 = f32x4.splat(s), p4 = f32x4.splat(p);
    for (j = 0; j + 4 <= columns; j += 4) {
      const o = <usize>j << 2;
      const normal = f32x4.mul(f32x4.sub(v128.load(x + at + o), m4), i4);
      const scaled = f32x4.mul(v128.load(g + at + o), v128.load(w + o));
      v128.store(xg + at + o, f32x4.mul(i4, f32x4.sub(f32x4.sub(scaled, s4), f32x4.mul(normal, p4))));
    }
    for (; j < columns; j++) {
      const o = <usize>j << 2;
      const normal = (load<f32>(x + at + o) - mean) * inverse;
      store<f32>(xg + at + o, inverse * (load<f32>(g + at + o) * load<f32>(w + o) - s - normal * p));
    }
  }
}

/** Gradients of a norm's weight, Σ g · normal, and bias, Σ g (bg 0: none), of 16 columns, from the first row to the last. */
export function normParameters(u: i32, scratch: usize, x: usize, means: usize, inverses: usize, g: usize, wg: usize, bg: usize, rows: i32, columns: i32): void {
  const step = <usize>columns << 2;
  const last = min(columns, (u + 1) << 4);
  let j = u << 4;
  for (; j + 4 <= last; j += 4) {
    let w4 = f32x4.splat(0), b4 = w4;
    let o = <usize>j << 2;
    for (let i: usize = 0; i < <usize>rows << 2; i += 4, o += step) {
      const slope = v128.load(g + o);
      const centred = means ? f32x4.sub(v128.load(x + o), v128.load32_splat(means + i)) : v128.load(x + o);
      w4 = f32x4.add(w4, f32x4.mul(slope, f32x4.mul(centred, v128.load32_splat(inverses + i))));
      b4 = f32x4.add(b4, slope);
    }
    v128.store(wg + (<usize>j << 2), w4);
    if (bg) v128.store(bg + (<usize>j << 2), b4);
  }
  for (; j < last; j++) {
    let w: f32 = 0, b: f32 = 0;
    let o = <usize>j << 2;
    for (let i: usize = 0; i < <usize>rows << 2; i += 4, o += step) {
      const slope = load<f32>(g + o);
      const mean: f32 = means ? load<f32>(means + i) : 0;
      w += slope * ((load<f32>(x + o) - mean) * load<f32>(inverses + i));
      b += slope;
    }
    store<f32>(wg + (<usize>j << 2), w);
    if (bg) store<f32>(bg + (<usize>j << 2), b);
  }
}

/** Sums of 16 columns. Blocks of 64 rows are summed first, which keeps the rounding of long sums small. */
export function sumRows(u: i32, scratch: usize, x: usize, out: usize, rows: i32, columns: i32): void {
  const step = <usize>columns << 2;
  const last = min(columns, (u + 1) << 4);
  let j = u << 4;
  for (; j + 4 <= last; j += 4) {
    let sum = f32x4.splat(0);
    let from = x + (<usize>j << 2);
    for (let i = 0; i < rows; ) {
      const end = min(rows, i + 64);
      let part = f32x4.splat(0);
      for (; i < end; i++, from += step) part = f32x4.add(part, v128.load(from));
      sum = f32x4.add(sum, part);
    }
    v128.store(out + (<usize>j << 2), sum);
  }
  for (; j < last; j++) {
    let sum: f32 = 0;
    let from = x + (<usize>j << 2);
    for (let i = 0; i < rows; ) {
      const end = min(rows, i + 64);
      let part: f32 = 0;
      for (; i < end; i++, from += step) part += load<f32>(from);
      sum += part;
    }
    store<f32>(out + (<usize>j << 2), sum);
  }
}

/** losses[i] = log Σ exp(logits[i]) − logits[i][target]; with a gradient pointer, writes the logits' gradient instead. */
export function crossEntropy(u: i32, scratch: usize, each: i32, logits: usize, targets: usize, losses: usize, gradient: usize, logitsGradient: usize, rows: i32, columns: i32): void {
  const last = min(rows, (u + 1) * each);
  for (let i = u * each; i < last; i++) {
    const o = (<usize>i * columns) << 2;
    const at = <usize>i << 2;
    const target = load<i32>(targets + at);
    if (target < 0) {
      if (gradient) fillNumbers(logitsGradient + o, <usize>columns << 2, 0);
      else store<f32>(losses + at, 0);
      continue;
    }
    const own = scratch + 2 * STRETCH;
    const N = fill(own, logits + o, columns);
    const hit = <usize>target << 2;
    if (!gradient) {
      // (largest − logit) + log Σ exp(logits − largest), in f64: with large logits, a rounded log Σ exp would lose the loss.
      const largest = largestOf(own, N);
      const away = <f64>largest - <f64>load<f32>(logits + o + hit);
      store<f32>(losses + at, <f32>(away + log(expRow(own, N, largest, scratch))));
      continue;
    }
    weighRow(own, N, scratch);
    store<f32>(own + hit, load<f32>(own + hit) - 1);
    const factor = load<f32>(gradient + at);
    let j = 0;
    for (; j + 4 <= columns; j += 4) v128.store(logitsGradient + o + (<usize>j << 2), f32x4.mul(v128.load(own + (<usize>j << 2)), f32x4.splat(factor)));
    for (; j < columns; j++) store<f32>(logitsGradient + o + (<usize>j << 2), load<f32>(own + (<usize>j << 2)) * factor);
  }
}
