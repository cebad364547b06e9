// Number by number. Every loop runs over whole vectors: the allocator rounds storages up to 16 bytes, so the last
// vector may touch padding but never another storage. Unit u is the u-th stretch of CHUNK numbers.
import { activateMany, GELU_TANH } from './activation';
import { copyNumbers } from './copy';
import { erf4, exp4, tanh4 } from './math';

/** Numbers in a unit of work; ../wasm.ts counts units by it. A multiple of 4. */
// @ts-ignore: decorator
@inline
const CHUNK: i32 = 16384;

export function activate(u: i32, scratch: usize, kind: i32, x: usize, out: usize, length: i32): void {
  const o = <usize>u * CHUNK << 2;
  const count = min(CHUNK, length - u * CHUNK);
  activateMany(kind, out + o, x + o, (<usize>count + 3 & ~3) << 2, scratch);
}

export function activateBackward(u: i32, scratch: usize, kind: i32, x: usize, g: usize, xg: usize, length: i32): void {
  const one = f32x4.splat(1), half = f32x4.splat(0.5);
  const end = min(length, (u + 1) * CHUNK);
  for (let i = u * CHUNK; i < end; i += 4) {
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
export function combine(u: i32, scratch: usize, product: i32, left: usize, right: usize, out: usize, length: i32, period: i32): void {
  const end = min(length, (u + 1) * CHUNK);
  let i = u * CHUNK;
  let j = period == length ? i : i % period;
  if (period == length || (period & 3) == 0) {
    for (; i < end; i += 4) {
      const o = <usize>i << 2;
      const b = v128.load(right + (<usize>j << 2));
      v128.store(out + o, product ? f32x4.mul(v128.load(left + o), b) : f32x4.add(v128.load(left + o), b));
      j += 4;
      if (j >= period && period != length) j = 0;
    }
    return;
  }
  for (; i < end; i++) {
    const o = <usize>i << 2;
    const b = load<f32>(right + (<usize>j << 2));
    store<f32>(out + o, product ? load<f32>(left + o) * b : load<f32>(left + o) + b);
    if (++j == period) j = 0;
  }
}

export function scale(u: i32, scratch: usize, x: usize, factor: f32, out: usize, length: i32): void {
  const end = min(length, (u + 1) * CHUNK);
  for (let i = u * CHUNK; i < end; i += 4) v128.store(out + (<usize>i << 2), f32x4.mul(v128.load(x + (<usize>i << 2)), f32x4.splat(factor)));
}

/** Σ x², one number after another, in double precision; not in units. */
export function sumSquares(x: usize, length: i32): f64 {
  let sum: f64 = 0;
  for (let i = 0; i < length; i++) {
    const number = <f64>load<f32>(x + (<usize>i << 2));
    sum += number * number;
  }
  return sum;
}

export function gather(u: i32, scratch: usize, table: usize, ids: usize, out: usize, count: i32, columns: i32): void {
  const width = <usize>columns << 2;
  for (let i = 0; i < count; i++) copyNumbers(out + <usize>i * width, table + <usize>load<i32>(ids + (<usize>i << 2)) * width, width);
}

export function scatterAdd(u: i32, scratch: usize, table: usize, ids: usize, rows: usize, count: i32, columns: i32): void {
  const width = <usize>columns << 2;
  for (let i = 0; i < count; i++) {
    const to = table + <usize>load<i32>(ids + (<usize>i << 2)) * width;
    const from = rows + <usize>i * width;
    let o: usize = 0;
    for (; o + 16 <= width; o += 16) v128.store(to + o, f32x4.add(v128.load(to + o), v128.load(from + o)));
    for (; o < width; o += 4) store<f32>(to + o, load<f32>(to + o) + load<f32>(from + o));
  }
}

export function adam(u: i32, scratch: usize, p: usize, g: usize, m: usize, s: usize, length: i32, rate: f32, beta1: f32, beta2: f32, epsilon: f32, decay: f32, correction1: f32, correction2: f32, gradientScale: f32): void {
  const keep1 = f32x4.splat(beta1), take1 = f32x4.splat(1 - beta1), keep2 = f32x4.splat(beta2), take2 = f32x4.splat(1 - beta2);
  const end = min(length, (u + 1) * CHUNK);
  for (let i = u * CHUNK; i < end; i += 4) {
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
// @ts-ignore: decorator
@inline
function rotateRow(x: usize, out: usize, cosine: usize, sine: usize, half: i32, width: i32, interleaved: i32, inverse: i32): void {
  let c = 0;
  if (!interleaved) {
    const across = <usize>half << 2;
    const sign = f32x4.splat(inverse ? -1 : 1);
    for (; c + 4 <= half; c += 4) {
      const o = <usize>c << 2;
      const co = v128.load(cosine + o);
      const si = f32x4.mul(v128.load(sine + o), sign);
      const a = v128.load(x + o);
      const b = v128.load(x + across + o);
      v128.store(out + o, f32x4.sub(f32x4.mul(co, a), f32x4.mul(si, b)));
      v128.store(out + across + o, f32x4.add(f32x4.mul(si, a), f32x4.mul(co, b)));
    }
  }
  for (; c < half; c++) {
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
  for (c = 2 * half; c < width; c++) store<f32>(out + (<usize>c << 2), load<f32>(x + (<usize>c << 2)));
}

/** Unit u: all rows of one head of one batch item. Strides in numbers; `positions` (batch, length). */
export function rotate(
  u: i32, scratch: usize, x: usize, xBatch: i32, xHead: i32, xRow: i32, out: usize, outBatch: i32, outHead: i32, outRow: i32,
  heads: i32, length: i32, half: i32, width: i32, interleaved: i32, inverse: i32, cosine: usize, sine: usize, positions: usize,
): void {
  const b = u / heads;
  const h = u % heads;
  for (let i = 0; i < length; i++) {
    const table = (<usize>half * load<i32>(positions + ((<usize>b * length + i) << 2))) << 2;
    const from = x + ((<usize>b * xBatch + <usize>h * xHead + <usize>i * xRow) << 2);
    const to = out + ((<usize>b * outBatch + <usize>h * outHead + <usize>i * outRow) << 2);
    rotateRow(from, to, cosine + table, sine + table, half, width, interleaved, inverse);
  }
}
