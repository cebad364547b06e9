// Parameters packed once, in the type that their file has, and widened to f32 while they are multiplied.
//
//   panels of 8 columns as in pack.ts, 4, 2 or 1 bytes a number       type: 0 f32, 1 f16, 2 bf16, 3 int8, 4 f16 without NaN and ∞
//   int8: number = value · scale; a scale for each column and `group` inner numbers, in panels (inner / group × 8) too
//
// Widening f16 and bf16 is exact.
import { packPanel } from './pack';

// @ts-ignore: decorator
@inline
export function bytesOf(type: i32): usize {
  return type == 0 ? 4 : type == 3 ? 1 : 2;
}

/**
 * Unit u: panel u of a piece of an operand, inner numbers [p, p + count) of `columns` columns, which lies at `from` with
 * strides in numbers. `to` is the first panel's beginning, panels have `inner` rows. Where f16 has NaN or ∞, 1 is written to
 * `special`.
 */
export function packTyped(u: i32, scratch: usize, to: usize, from: usize, type: i32, inner: i32, p: i32, count: i32, columns: i32, innerStride: i32, columnStride: i32, special: usize): void {
  const size = bytesOf(type);
  const j = u << 3;
  const out = to + (<usize>j * inner + <usize>p * 8) * size;
  const base = from + <usize>j * columnStride * size;
  if (type == 0) {
    packPanel(out, base, innerStride, columnStride, count, columns - j);
    return;
  }
  for (let q = 0; q < count; q++)
    for (let c = 0; c < 8; c++) {
      const x = base + (<usize>q * innerStride + <usize>c * columnStride) * size;
      const y = out + (<usize>q * 8 + c) * size;
      if (size == 2) store<u16>(y, j + c < columns ? load<u16>(x) : 0);
      else store<u8>(y, j + c < columns ? load<u8>(x) : 0);
    }
  if (type == 1 && specialHalf(out, count)) store<i32>(special, 1);
}

/** 4 f16 in the low halves of i32 lanes. Multiplying by 2¹¹² mends the exponent, subnormal numbers included. */
// @ts-ignore: decorator
@inline
export function half4(bits: v128): v128 {
  const size = i32x4.shl(v128.and(bits, i32x4.splat(0x7fff)), 13);
  const sign = i32x4.shl(v128.and(bits, i32x4.splat(0x8000)), 16);
  const special = v128.and(i32x4.ge_s(size, i32x4.splat(0x0f800000)), i32x4.splat(0x7f800000));
  return v128.or(v128.or(f32x4.mul(size, f32x4.splat(5192296858534827628530496329220096.0)), special), sign);
}

/** The same without NaN and ∞, of which parameters have none, from the bits widened with their sign: three operations instead of eight. */
// @ts-ignore: decorator
@inline
export function finiteHalf4(bits: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shl(bits, 13), i32x4.splat(0x8fffe000)), f32x4.splat(5192296858534827628530496329220096.0));
}

/** Whether a panel of f16 has NaN or ∞: all bits of the exponent set. */
function specialHalf(from: usize, count: i32): bool {
  const exponent = i16x8.splat(0x7c00);
  let seen = i16x8.splat(0);
  for (const end = from + (<usize>count << 4); from < end; from += 16) seen = v128.or(seen, i16x8.eq(v128.and(v128.load(from), exponent), exponent));
  return v128.any_true(seen);
}

/** `count` inner numbers from p on of one panel of `type` at `from`, as f32 (count × 8) at `to`; `scales` is the panel's. */
export function widenPanel(to: usize, from: usize, type: i32, p: i32, count: i32, scales: usize, group: i32): void {
  if (type == 3) {
    let left = 0;
    let s0 = f32x4.splat(1), s1 = s0;
    let scale = scales + (<usize>(p / group) << 5);
    for (let q = p; q < p + count; q++, to += 32, from += 8, left--) {
      if (left == 0) {
        s0 = v128.load(scale);
        s1 = v128.load(scale, 16);
        scale += 32;
        left = group - (q % group);
      }
      const x = v128.load8x8_s(from);
      v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(x)), s0));
      v128.store(to, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(x)), s1), 16);
    }
    return;
  }
  const end = to + (<usize>count << 5);
  if (type == 2)
    for (; to < end; to += 32, from += 16) {
      v128.store(to, i32x4.shl(v128.load16x4_u(from), 16));
      v128.store(to, i32x4.shl(v128.load16x4_u(from, 8), 16), 16);
    }
  else if (type == 4)
    for (; to < end; to += 32, from += 16) {
      v128.store(to, finiteHalf4(v128.load16x4_s(from)));
      v128.store(to, finiteHalf4(v128.load16x4_s(from, 8)), 16);
    }
  else
    for (; to < end; to += 32, from += 16) {
      v128.store(to, half4(v128.load16x4_u(from)));
      v128.store(to, half4(v128.load16x4_u(from, 8)), 16);
    }
}

/** Number (p, j) of a packed operand. */
function at(panels: usize, scales: usize, type: i32, inner: i32, group: i32, p: i32, j: i32): f32 {
  const index = <usize>(j & ~7) * inner + <usize>p * 8 + <usize>(j & 7);
  if (type == 0) return load<f32>(panels + (index << 2));
  if (type == 2) return reinterpret<f32>(<u32>load<u16>(panels + (index << 1)) << 16);
  if (type == 1 || type == 4) return f32x4.extract_lane(half4(i32x4.splat(load<u16>(panels + (index << 1)))), 0);
  const groups = (inner + group - 1) / group;
  return <f32>load<i8>(panels + index) * load<f32>(scales + ((<usize>(j & ~7) * groups + <usize>(p / group) * 8 + <usize>(j & 7)) << 2));
}

/** Unit u: column u of a packed operand as f32, its inner numbers `step` numbers apart, columns `column` numbers apart. */
export function unpackTyped(u: i32, scratch: usize, to: usize, panels: usize, scales: usize, type: i32, inner: i32, group: i32, step: i32, column: i32): void {
  for (let p = 0; p < inner; p++) store<f32>(to + ((<usize>p * step + <usize>u * column) << 2), at(panels, scales, type, inner, group, p, u));
}

/** Columns of a packed operand by number, one after another: rows of the table that was packed transposed. */
export function gatherTyped(u: i32, scratch: usize, panels: usize, scales: usize, type: i32, inner: i32, group: i32, ids: usize, out: usize): void {
  const j = load<i32>(ids + (<usize>u << 2));
  for (let p = 0; p < inner; p++) store<f32>(out + ((<usize>u * inner + p) << 2), at(panels, scales, type, inner, group, p, j));
}
