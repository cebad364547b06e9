// Number by number. Every loop runs over whole vectors: the allocator rounds storages up to 16 bytes, so the last
// vector may touch padding but never another storage.
import { erf4, exp4, sum4, tanh4 } from './math';

// @ts-ignore: decorator
@inline
const GELU_TANH: f32 = 0.7978845608;

/** kind: 0 gelu, 1 geluTanh, 2 relu, 3 silu, 4 tanh. */
export function activate(kind: i32, x: usize, out: usize, length: i32): void {
  for (let i = 0; i < length; i += 4) {
    const o = <usize>i << 2;
    const a = v128.load(x + o);
    let y = a;
    if (kind == 0) {
      y = f32x4.mul(f32x4.mul(a, f32x4.splat(0.5)), f32x4.add(f32x4.splat(1), erf4(f32x4.mul(a, f32x4.splat(0.70710678)))));
    } else if (kind == 1) {
      const cube = f32x4.mul(f32x4.mul(a, a), f32x4.mul(a, f32x4.splat(0.044715)));
      y = f32x4.mul(f32x4.mul(a, f32x4.splat(0.5)), f32x4.add(f32x4.splat(1), tanh4(f32x4.mul(f32x4.splat(GELU_TANH), f32x4.add(a, cube)))));
    } else if (kind == 2) {
      y = f32x4.max(a, f32x4.splat(0));
    } else if (kind == 3) {
      y = f32x4.div(a, f32x4.add(f32x4.splat(1), exp4(f32x4.neg(a))));
    } else {
      y = tanh4(a);
    }
    v128.store(out + o, y);
  }
}

export function activateBackward(kind: i32, x: usize, g: usize, xg: usize, length: i32): void {
  const one = f32x4.splat(1), half = f32x4.splat(0.5);
  for (let i = 0; i < length; i += 4) {
    const o = <usize>i << 2;
    const a = v128.load(x + o);
    let slope = one;
    if (kind == 0) {
      const density = f32x4.mul(exp4(f32x4.mul(f32x4.mul(a, a), f32x4.splat(-0.5))), f32x4.splat(0.39894228));
      slope = f32x4.add(f32x4.mul(half, f32x4.add(one, erf4(f32x4.mul(a, f32x4.splat(0.70710678))))), f32x4.mul(a, density));
    } else if (kind == 1) {
      // Beyond ±20 the slope is 1 or 0 and stays so; a square of more would overflow, and 0 · ∞ is NaN. An infinite
      // number itself gives NaN, as in the definition.
      const far = f32x4.eq(f32x4.abs(a), f32x4.splat(f32.POSITIVE_INFINITY));
      const near = v128.bitselect(a, f32x4.max(f32x4.min(a, f32x4.splat(20)), f32x4.splat(-20)), far);
      const square = f32x4.mul(near, near);
      const t = tanh4(f32x4.mul(f32x4.splat(GELU_TANH), f32x4.add(near, f32x4.mul(f32x4.mul(square, near), f32x4.splat(0.044715)))));
      const inner = f32x4.mul(f32x4.splat(GELU_TANH), f32x4.add(one, f32x4.mul(square, f32x4.splat(0.134145))));
      slope = f32x4.add(f32x4.mul(half, f32x4.add(one, t)), f32x4.mul(f32x4.mul(f32x4.mul(half, near), f32x4.sub(one, f32x4.mul(t, t))), inner));
    } else if (kind == 2) {
      slope = v128.and(f32x4.gt(a, f32x4.splat(0)), one);
    } else if (kind == 3) {
      const s = f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(a))));
      slope = f32x4.mul(s, f32x4.add(one, f32x4.mul(a, f32x4.sub(one, s))));
    } else {
      const t = tanh4(a);
      slope = f32x4.sub(one, f32x4.mul(t, t));
    }
    v128.store(xg + o, f32x4.mul(v128.load(g + o), slope));
  }
}

/** out = left + right or left · right; `right` (period numbers) repeats along `left`. */
export function combine(product: i32, left: usize, right: usize, out: usize, length: i32, period: i32): void {
  if (period == length || (period & 3) == 0) {
    let j = 0;
    for (let i = 0; i < length; i += 4) {
      const o = <usize>i << 2;
      const b = v128.load(right + (<usize>j << 2));
      v128.store(out + o, product ? f32x4.mul(v128.load(left + o), b) : f32x4.add(v128.load(left + o), b));
      j += 4;
      if (j >= period && period != length) j = 0;
    }
    return;
  }
  let j = 0;
  for (let i = 0; i < length; i++) {
    const o = <usize>i << 2;
    const b = load<f32>(right + (<usize>j << 2));
    store<f32>(out + o, product ? load<f32>(left + o) * b : load<f32>(left + o) + b);
    if (++j == period) j = 0;
  }
}

export function scale(x: usize, factor: f32, out: usize, length: i32): void {
  for (let i = 0; i < length; i += 4) v128.store(out + (<usize>i << 2), f32x4.mul(v128.load(x + (<usize>i << 2)), f32x4.splat(factor)));
}

/** Column sums; `out` must be zeroed. Blocks of 64 rows are summed first, which keeps the rounding of long sums small. */
export function sumRows(x: usize, out: usize, rows: i32, columns: i32, scratch: usize): void {
  for (let first = 0; first < rows; first += 64) {
    memory.fill(scratch, 0, <usize>columns << 2);
    const last = min(rows, first + 64);
    for (let i = first; i < last; i++)
      for (let j = 0; j < columns; j++) {
        const o = <usize>j << 2;
        store<f32>(scratch + o, load<f32>(scratch + o) + load<f32>(x + ((<usize>i * columns) << 2) + o));
      }
    for (let j = 0; j < columns; j++) {
      const o = <usize>j << 2;
      store<f32>(out + o, load<f32>(out + o) + load<f32>(scratch + o));
    }
  }
}

export function sumSquares(x: usize, length: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < length; i++) {
    const number = <f64>load<f32>(x + (<usize>i << 2));
    sum += number * number;
  }
  return sum;
}

export function gather(table: usize, ids: usize, out: usize, count: i32, columns: i32): void {
  const width = <usize>columns << 2;
  for (let i = 0; i < count; i++) memory.copy(out + <usize>i * width, table + <usize>load<i32>(ids + (<usize>i << 2)) * width, width);
}

export function scatterAdd(table: usize, ids: usize, rows: usize, count: i32, columns: i32): void {
  const width = <usize>columns << 2;
  for (let i = 0; i < count; i++) {
    const to = table + <usize>load<i32>(ids + (<usize>i << 2)) * width;
    const from = rows + <usize>i * width;
    for (let o: usize = 0; o < width; o += 4) store<f32>(to + o, load<f32>(to + o) + load<f32>(from + o));
  }
}

export function adam(p: usize, g: usize, m: usize, s: usize, length: i32, rate: f32, beta1: f32, beta2: f32, epsilon: f32, decay: f32, correction1: f32, correction2: f32, gradientScale: f32): void {
  const keep1 = f32x4.splat(beta1), take1 = f32x4.splat(1 - beta1), keep2 = f32x4.splat(beta2), take2 = f32x4.splat(1 - beta2);
  for (let i = 0; i < length; i += 4) {
    const o = <usize>i << 2;
    const slope = f32x4.mul(v128.load(g + o), f32x4.splat(gradientScale));
    const first = f32x4.add(f32x4.mul(keep1, v128.load(m + o)), f32x4.mul(take1, slope));
    const second = f32x4.add(f32x4.mul(keep2, v128.load(s + o)), f32x4.mul(take2, f32x4.mul(slope, slope)));
    v128.store(m + o, first);
    v128.store(s + o, second);
    const root = f32x4.add(f32x4.sqrt(f32x4.div(second, f32x4.splat(correction2))), f32x4.splat(epsilon));
    const step = f32x4.div(f32x4.div(first, f32x4.splat(correction1)), root);
    const before = v128.load(p + o);
    v128.store(p + o, f32x4.sub(before, f32x4.mul(f32x4.splat(rate), f32x4.add(step, f32x4.mul(f32x4.splat(decay), before)))));
  }
}

/** One row of rotary position: pairs (2c, 2c + 1) or (c, c + half) turned by the angles at `cosine` and `sine`. */
export function rotateRow(x: usize, out: usize, cosine: usize, sine: usize, half: i32, width: i32, interleaved: i32, inverse: i32): void {
  for (let c = 0; c < half; c++) {
    const first = <usize>(interleaved ? 2 * c : c) << 2;
    const second = <usize>(interleaved ? 2 * c + 1 : c + half) << 2;
    const co = load<f32>(cosine + (<usize>c << 2));
    let si = load<f32>(sine + (<usize>c << 2));
    if (inverse) si = -si;
    const a = load<f32>(x + first);
    const b = load<f32>(x + second);
    store<f32>(out + first, co * a - si * b);
    store<f32>(out + second, si * a + co * b);
  }
  for (let c = 2 * half; c < width; c++) store<f32>(out + (<usize>c << 2), load<f32>(x + (<usize>c << 2)));
}
