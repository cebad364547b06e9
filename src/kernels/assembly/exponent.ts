// e^x of many numbers x ≤ 0, with the bits of exp4 (math.ts), at twice its speed.
//
//   pass 1   x → r and 2^n        pass 2   r → p (polynomial)        pass 3   p, r, 2^n → e^x
//
// One number is a chain of 26 operations that wait for each other, three cycles each, and the compiler lays one chain behind the
// other: the processor's window holds but a few. In passes a chain is short, and many are under way at once: 12 cycles for four
// numbers instead of 23.
//
// Constants lie in a table, since one that is written down is made anew, in three instructions, wherever it is used. The table
// is written once by `constants`: data segments would be written by every thread's instance.
import { mulAdd } from './fused';

/** Where the table lies: ../memory.ts keeps the place free. */
// @ts-ignore: decorator
@inline
const TABLE: usize = 1024;

export function constants(): void {
  v128.store(TABLE, f32x4.splat(12582912)); // 1.5 · 2²³: adding it rounds to a whole number and leaves it in the low bits
  v128.store(TABLE, f32x4.splat(1.44269504), 16); // 1 / ln 2
  v128.store(TABLE, f32x4.splat(-0.693359375), 32); // −ln 2 in two parts, the first short enough for n · part to be exact
  v128.store(TABLE, f32x4.splat(2.12194440e-4), 48);
  v128.store(TABLE, f32x4.splat(1), 64);
  v128.store(TABLE, f32x4.splat(-87.33655), 80); // below, the result would be subnormal and is 0
  v128.store(TABLE, f32x4.splat(1.98412698e-4), 96); // 1/7! … 1/2!
  v128.store(TABLE, f32x4.splat(1.38888889e-3), 112);
  v128.store(TABLE, f32x4.splat(8.33333333e-3), 128);
  v128.store(TABLE, f32x4.splat(4.16666667e-2), 144);
  v128.store(TABLE, f32x4.splat(1.66666667e-1), 160);
  v128.store(TABLE, f32x4.splat(0.5), 176);
}

/** Bytes of numbers that are taken at a time, and of scratch that this takes. */
// @ts-ignore: decorator
@inline
export const STRETCH: usize = 1024;

/**
 * e^(x − shift) in place, of the pairs of vectors from `at` up to `end`, STRETCH bytes at most; `other` is the shift of the second
 * of each pair. `scratch` has room for twice as many. NaN stays NaN.
 */
export function expStretch(at: usize, end: usize, shift: v128, other: v128, scratch: usize): void {
  const magic = v128.load(TABLE), rate = v128.load(TABLE, 16), high = v128.load(TABLE, 32), low = v128.load(TABLE, 48);
  const one = v128.load(TABLE, 64), least = v128.load(TABLE, 80);
  for (let o = at, s = scratch; o < end; o += 32, s += 32) {
    const x = f32x4.sub(v128.load(o), shift), y = f32x4.sub(v128.load(o, 16), other);
    const whole = mulAdd(magic, x, rate), entire = mulAdd(magic, y, rate);
    const n = f32x4.sub(whole, magic), m = f32x4.sub(entire, magic);
    const under = f32x4.lt(x, least), below = f32x4.lt(y, least);
    v128.store(o, v128.andnot(mulAdd(mulAdd(x, n, high), n, low), under));
    v128.store(o, v128.andnot(mulAdd(mulAdd(y, m, high), m, low), below), 16);
    v128.store(s, v128.andnot(i32x4.add(i32x4.shl(whole, 23), one), under));
    v128.store(s, v128.andnot(i32x4.add(i32x4.shl(entire, 23), one), below), 16);
  }
  const c7 = v128.load(TABLE, 96), c6 = v128.load(TABLE, 112), c5 = v128.load(TABLE, 128);
  const c4 = v128.load(TABLE, 144), c3 = v128.load(TABLE, 160), c2 = v128.load(TABLE, 176);
  for (let o = at, s = scratch + STRETCH; o < end; o += 32, s += 32) {
    const r = v128.load(o), q = v128.load(o, 16);
    v128.store(s, mulAdd(c3, mulAdd(c4, mulAdd(c5, mulAdd(c6, c7, r), r), r), r));
    v128.store(s, mulAdd(c3, mulAdd(c4, mulAdd(c5, mulAdd(c6, c7, q), q), q), q), 16);
  }
  for (let o = at, s = scratch; o < end; o += 32, s += 32) {
    const r = v128.load(o), q = v128.load(o, 16);
    const p = f32x4.mul(mulAdd(c2, v128.load(s, STRETCH), r), r), g = f32x4.mul(mulAdd(c2, v128.load(s, STRETCH + 16), q), q);
    v128.store(o, f32x4.mul(f32x4.add(mulAdd(r, p, r), one), v128.load(s)));
    v128.store(o, f32x4.mul(f32x4.add(mulAdd(q, g, q), one), v128.load(s, 16)), 16);
  }
}
