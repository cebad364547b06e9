// exp, tanh and erf on four lanes. Errors are measured by kernels.test.ts against double precision.
import { mulAdd } from './fused';

/** e^x: 2^n · e^r with n = round(x / ln 2), |r| ≤ ln 2 / 2, e^r by its Taylor polynomial of degree 7. Underflow gives 0. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  // ln 2 in two parts, the first short enough for n · part to be exact.
  let r = mulAdd(x, n, f32x4.splat(-0.693359375));
  r = mulAdd(r, n, f32x4.splat(2.12194440e-4));
  let p = f32x4.splat(1.98412698e-4);
  p = mulAdd(f32x4.splat(1.38888889e-3), p, r);
  p = mulAdd(f32x4.splat(8.33333333e-3), p, r);
  p = mulAdd(f32x4.splat(4.16666667e-2), p, r);
  p = mulAdd(f32x4.splat(1.66666667e-1), p, r);
  p = mulAdd(f32x4.splat(0.5), p, r);
  p = f32x4.add(mulAdd(r, f32x4.mul(p, r), r), f32x4.splat(1));
  // 2^n in two halves, so that n = 128 does not overflow before the product does.
  const whole = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(whole, 1);
  const bias = i32x4.splat(127);
  const first = i32x4.shl(i32x4.add(half, bias), 23);
  const second = i32x4.shl(i32x4.add(i32x4.sub(whole, half), bias), 23);
  let y = f32x4.mul(f32x4.mul(p, first), second);
  y = v128.bitselect(f32x4.splat(f32.POSITIVE_INFINITY), y, f32x4.gt(x, f32x4.splat(88.72284)));
  y = v128.bitselect(f32x4.splat(0), y, f32x4.lt(x, f32x4.splat(-87.33655)));
  return v128.bitselect(y, x, f32x4.eq(x, x)); // NaN stays NaN
}

/** tanh x: an odd polynomial near 0 (Cephes), 1 − 2 / (e^2|x| + 1) elsewhere. */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const size = f32x4.abs(x);
  const e = exp4(f32x4.add(size, size));
  const far = f32x4.sub(f32x4.splat(1), f32x4.div(f32x4.splat(2), f32x4.add(e, f32x4.splat(1))));
  const z = f32x4.mul(x, x);
  let p = f32x4.splat(-5.70498872745e-3);
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(2.06390887954e-2));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-5.37397155531e-2));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(1.33314422036e-1));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-3.33332819422e-1));
  const near = f32x4.add(x, f32x4.mul(x, f32x4.mul(z, p)));
  const y = v128.bitselect(near, far, f32x4.lt(size, f32x4.splat(0.625)));
  // The polynomial has the sign of x already, but for −0.
  const signed = v128.or(y, v128.and(x, i32x4.splat(0x80000000)));
  return v128.bitselect(signed, x, f32x4.eq(x, x));
}

/** erf x: a rational function of x² times x on [−4, 4], ±1 beyond. */
// @ts-ignore: decorator
@inline
export function erf4(value: v128): v128 {
  const x = f32x4.max(f32x4.min(value, f32x4.splat(4)), f32x4.splat(-4));
  const z = f32x4.mul(x, x);
  let p = f32x4.splat(-2.72614225801306e-10);
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(2.77068142495902e-8));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-2.10102402082508e-6));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-5.69250639462346e-5));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-7.3499063032686e-4));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-2.954599808540e-3));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(-1.60960333262415e-2));
  let q = f32x4.splat(-1.45660718464996e-5);
  q = f32x4.add(f32x4.mul(q, z), f32x4.splat(-2.13374055278905e-4));
  q = f32x4.add(f32x4.mul(q, z), f32x4.splat(-1.68282697438203e-3));
  q = f32x4.add(f32x4.mul(q, z), f32x4.splat(-7.37332916720468e-3));
  q = f32x4.add(f32x4.mul(q, z), f32x4.splat(-1.42647390514189e-2));
  return f32x4.div(f32x4.mul(x, p), q);
}

/**
 * log x of a normal x > 0 (NaN stays NaN) in double precision: 2^k · m with m in [√½, √2), log m by the series of
 * artanh((m − 1) / (m + 1)), with the minimax coefficients of Sun's fdlibm. The library's own log keeps a table, and a
 * data segment would be written over by a second instance on the same memory.
 */
export function log(x: f64): f64 {
  if (x != x) return x;
  let bits = reinterpret<u64>(x);
  let k = <i32>(bits >> 52) - 1023;
  bits = (bits & 0x000fffffffffffff) | 0x3ff0000000000000;
  let m = reinterpret<f64>(bits);
  if (m > 1.4142135623730951) {
    m *= 0.5;
    k++;
  }
  const f = m - 1;
  const s = f / (2 + f);
  const z = s * s;
  let r = 1.479819860511658591e-1;
  r = 1.531383769920937332e-1 + z * r;
  r = 1.818357216161805012e-1 + z * r;
  r = 2.222219843214978396e-1 + z * r;
  r = 2.857142874366239149e-1 + z * r;
  r = 3.999999999940941908e-1 + z * r;
  r = z * (6.66666666666673513e-1 + z * r);
  const half = 0.5 * f * f;
  return <f64>k * 0.6931471805599453 - (half - s * (half + r) - f);
}

/** Sum of the four lanes. */
// @ts-ignore: decorator
@inline
export function sum4(x: v128): f32 {
  return f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + (f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3));
}
