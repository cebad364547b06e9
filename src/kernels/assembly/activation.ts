// Activations: of four numbers, and of many with the same bits at two to three times the speed: in passes for the reason that
// exponent.ts gives, and with every constant from a table.
//
//   tanh, geluTanh   x → u (what tanh is taken of) and 2|u|  │  e^2|u| in the passes of expStretch  │  → tanh u → result
//   silu             x → −x                                 │  e^−x                                │  → result
//   gelu             x → x, z = its square │ numerator │ denominator and result
//
// Limits are pmin and pmax with the number first, which keep NaN as well and take one instruction, where min and max take eight.
import { expStretch, STRETCH } from './exponent';
import { erf4, exp4, tanh4 } from './math';

// @ts-ignore: decorator
@inline
export const GELU_TANH: f32 = 0.7978845608;

/** kind: 0 gelu, 1 geluTanh, 2 relu, 3 silu, 4 tanh. */
// @ts-ignore: decorator
@inline
export function activated4(kind: i32, a: v128): v128 {
  if (kind == 0) return f32x4.mul(f32x4.mul(a, f32x4.splat(0.5)), f32x4.add(f32x4.splat(1), erf4(f32x4.mul(a, f32x4.splat(0.70710678)))));
  if (kind == 1) {
    const cube = f32x4.mul(f32x4.mul(a, a), f32x4.mul(a, f32x4.splat(0.044715)));
    return f32x4.mul(f32x4.mul(a, f32x4.splat(0.5)), f32x4.add(f32x4.splat(1), tanh4(f32x4.mul(f32x4.splat(GELU_TANH), f32x4.add(a, cube)))));
  }
  if (kind == 2) return f32x4.max(a, f32x4.splat(0));
  if (kind == 3) return f32x4.div(a, f32x4.add(f32x4.splat(1), exp4(f32x4.neg(a))));
  return tanh4(a);
}

/** Where the table lies: after that of exponent.ts. ../memory.ts keeps the place free. */
// @ts-ignore: decorator
@inline
const TABLE: usize = 1280;

export function activationConstants(): void {
  v128.store(TABLE, f32x4.splat(-5.70498872745e-3)); // tanh near 0
  v128.store(TABLE, f32x4.splat(2.06390887954e-2), 16);
  v128.store(TABLE, f32x4.splat(-5.37397155531e-2), 32);
  v128.store(TABLE, f32x4.splat(1.33314422036e-1), 48);
  v128.store(TABLE, f32x4.splat(-3.33332819422e-1), 64);
  v128.store(TABLE, f32x4.splat(0.625), 80); // where "near 0" ends
  v128.store(TABLE, f32x4.splat(1), 96);
  v128.store(TABLE, f32x4.splat(2), 112);
  v128.store(TABLE, f32x4.splat(0.5), 128);
  v128.store(TABLE, i32x4.splat(0x80000000), 144);
  v128.store(TABLE, f32x4.splat(GELU_TANH), 160);
  v128.store(TABLE, f32x4.splat(0.044715), 176);
  v128.store(TABLE, f32x4.splat(40), 192); // beyond, 1 − 2 / (e^x + 1) is 1 in any case
  v128.store(TABLE, f32x4.splat(0.70710678), 208);
  v128.store(TABLE, f32x4.splat(4), 224);
  v128.store(TABLE, f32x4.splat(-2.72614225801306e-10), 240); // erf, numerator
  v128.store(TABLE, f32x4.splat(2.77068142495902e-8), 256);
  v128.store(TABLE, f32x4.splat(-2.10102402082508e-6), 272);
  v128.store(TABLE, f32x4.splat(-5.69250639462346e-5), 288);
  v128.store(TABLE, f32x4.splat(-7.3499063032686e-4), 304);
  v128.store(TABLE, f32x4.splat(-2.954599808540e-3), 320);
  v128.store(TABLE, f32x4.splat(-1.60960333262415e-2), 336);
  v128.store(TABLE, f32x4.splat(-1.45660718464996e-5), 352); // and denominator
  v128.store(TABLE, f32x4.splat(-2.13374055278905e-4), 368);
  v128.store(TABLE, f32x4.splat(-1.68282697438203e-3), 384);
  v128.store(TABLE, f32x4.splat(-7.37332916720468e-3), 400);
  v128.store(TABLE, f32x4.splat(-1.42647390514189e-2), 416);
  v128.store(TABLE, f32x4.splat(-4), 432);
  v128.store(TABLE, f32x4.splat(88), 448); // so far e^x is finite with room to spare
  v128.store(TABLE, f32x4.splat(-87), 464);
}

/** A constant of the table. */
// @ts-ignore: decorator
@inline
function constant(offset: usize): v128 {
  return v128.load(TABLE + offset);
}

/** Activated numbers from `from` to `to`, which may be the same place; `bytes` of them, a multiple of 16. `scratch`: 4 · STRETCH bytes. */
export function activateMany(kind: i32, to: usize, from: usize, bytes: usize, scratch: usize): void {
  for (let done: usize = 0; done < bytes; done += STRETCH) {
    const part = min(STRETCH, bytes - done);
    if (kind == 0) geluStretch(to + done, from + done, part, scratch);
    else if (kind == 1) tanhStretch(true, to + done, from + done, part, scratch);
    else if (kind == 4) tanhStretch(false, to + done, from + done, part, scratch);
    else if (kind == 3) siluStretch(to + done, from + done, part, scratch);
    else for (let o = done; o < done + part; o += 16) v128.store(to + o, activated4(kind, v128.load(from + o)));
  }
}

function tanhStretch(gelu: bool, to: usize, from: usize, bytes: usize, scratch: usize): void {
  const powers = scratch + STRETCH, rest = powers + STRETCH;
  for (let o: usize = 0; o < bytes; o += 16) {
    const x = v128.load(from + o);
    let u = x;
    if (gelu) {
      const cube = f32x4.mul(f32x4.mul(x, x), f32x4.mul(x, constant(176)));
      u = f32x4.mul(constant(160), f32x4.add(x, cube));
    }
    const size = f32x4.abs(u);
    v128.store(scratch + o, u);
    v128.store(powers + o, f32x4.pmin(f32x4.add(size, size), constant(192)));
  }
  expStretch(powers, powers + bytes, f32x4.splat(0), f32x4.splat(0), rest);
  // Near 0 a polynomial of u² instead: its inner sum, then what is left.
  for (let o: usize = 0; o < bytes; o += 16) {
    const u = v128.load(scratch + o);
    const z = f32x4.mul(u, u);
    let p = f32x4.add(f32x4.mul(constant(0), z), constant(16));
    p = f32x4.add(f32x4.mul(p, z), constant(32));
    p = f32x4.add(f32x4.mul(p, z), constant(48));
    p = f32x4.add(f32x4.mul(p, z), constant(64));
    v128.store(rest + o, f32x4.add(u, f32x4.mul(u, f32x4.mul(z, p))));
  }
  for (let o: usize = 0; o < bytes; o += 16) {
    const u = v128.load(scratch + o), one = constant(96);
    const far = f32x4.sub(one, f32x4.div(constant(112), f32x4.add(v128.load(powers + o), one)));
    let y = v128.bitselect(v128.load(rest + o), far, f32x4.lt(f32x4.abs(u), constant(80)));
    y = v128.or(y, v128.and(u, constant(144)));
    y = v128.bitselect(y, u, f32x4.eq(u, u));
    if (gelu) y = f32x4.mul(f32x4.mul(v128.load(from + o), constant(128)), f32x4.add(one, y));
    v128.store(to + o, y);
  }
}

function geluStretch(to: usize, from: usize, bytes: usize, scratch: usize): void {
  const numerators = scratch + STRETCH;
  for (let o: usize = 0; o < bytes; o += 16) {
    const x = f32x4.pmax(f32x4.pmin(f32x4.mul(v128.load(from + o), constant(208)), constant(224)), constant(432));
    const z = f32x4.mul(x, x);
    let p = f32x4.add(f32x4.mul(constant(240), z), constant(256));
    p = f32x4.add(f32x4.mul(p, z), constant(272));
    p = f32x4.add(f32x4.mul(p, z), constant(288));
    p = f32x4.add(f32x4.mul(p, z), constant(304));
    p = f32x4.add(f32x4.mul(p, z), constant(320));
    p = f32x4.add(f32x4.mul(p, z), constant(336));
    v128.store(scratch + o, z);
    v128.store(numerators + o, f32x4.mul(x, p));
  }
  for (let o: usize = 0; o < bytes; o += 16) {
    const z = v128.load(scratch + o);
    let q = f32x4.add(f32x4.mul(constant(352), z), constant(368));
    q = f32x4.add(f32x4.mul(q, z), constant(384));
    q = f32x4.add(f32x4.mul(q, z), constant(400));
    q = f32x4.add(f32x4.mul(q, z), constant(416));
    const y = f32x4.div(v128.load(numerators + o), q);
    v128.store(to + o, f32x4.mul(f32x4.mul(v128.load(from + o), constant(128)), f32x4.add(constant(96), y)));
  }
}

function siluStretch(to: usize, from: usize, bytes: usize, scratch: usize): void {
  for (let o: usize = 0; o < bytes; o += 16) v128.store(scratch + o, f32x4.pmin(f32x4.neg(v128.load(from + o)), constant(448)));
  expStretch(scratch, scratch + bytes, f32x4.splat(0), f32x4.splat(0), scratch + STRETCH);
  for (let o: usize = 0; o < bytes; o += 16) {
    const x = v128.load(from + o);
    let y = f32x4.div(x, f32x4.add(constant(96), v128.load(scratch + o)));
    // Where e^−x may be beyond what was asked for.
    if (v128.any_true(f32x4.lt(x, constant(464)))) y = activated4(3, x);
    v128.store(to + o, y);
  }
}
