// One row alone, as when a word is generated: every parameter is read once, so memory decides how fast it goes.
//
//                 panel        panel        panel        panel
//   left          ┌────────┐   ┌────────┐   ┌────────┐   ┌────────┐
//   p  a ───────▶ │ 8      │   │ 8      │   │ 8      │   │ 8      │     a step reads one number of left and 8 of each panel,
//   │             │ ↓      │   │ ↓      │   │ ↓      │   │ ↓      │     where they lie, and widens them in registers
//   ▼             └────────┘   └────────┘   └────────┘   └────────┘
//
// Four panels at once, each from front to back: memory answers four streams faster than one (56 against 46 GB/s). Of packed panels the
// four lie a quarter of the unit apart, so that a stream runs on from one panel into the next (768 numbers long: 40 against 33 GB/s).
//
// Legend: see pack.ts; `type` as in widen.ts.
import { mulAdd } from './fused';
import { finiteHalf4, half4 } from './widen';

/**
 * Four tiles of which only the first row counts, 128 bytes apart at `to`: left (`inner` numbers `leftStep` bytes apart) ·
 * panels `step` bytes apart, their rows of 8 numbers `row` bytes apart. `scales` (inner / group × 8 of the first panel, `scaleStep` bytes apart) are for int8.
 */
export function multiplyRow(to: usize, left: usize, leftStep: usize, right: usize, row: usize, step: usize, inner: i32, type: i32, scales: usize, scaleStep: usize, group: i32): void {
  if (type == 0) fourPanels(to, left, leftStep, right, row, step, inner, 0);
  else if (type == 1) fourPanels(to, left, leftStep, right, row, step, inner, 1);
  else if (type == 2) fourPanels(to, left, leftStep, right, row, step, inner, 2);
  else if (type == 4) fourPanels(to, left, leftStep, right, row, step, inner, 4);
  else {
    twoPanels(to, left, leftStep, right, row, step, inner, scales, scaleStep, group);
    twoPanels(to + 256, left, leftStep, right + 2 * step, row, step, inner, scales + 2 * scaleStep, scaleStep, group);
  }
}

/** Four numbers of a panel, from number 4 · half of a row on. */
// @ts-ignore: decorator
@inline
function fourOf(type: i32, from: usize, half: usize): v128 {
  if (type == 0) return v128.load(from + (half << 4));
  if (type == 4) return finiteHalf4(v128.load16x4_s(from + (half << 3)));
  const bits = v128.load16x4_u(from + (half << 3));
  return type == 1 ? half4(bits) : i32x4.shl(bits, 16);
}

// @ts-ignore: decorator
@inline
function fourPanels(to: usize, left: usize, leftStep: usize, right: usize, row: usize, step: usize, inner: i32, type: i32): void {
  let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
  let b = right + step, c = b + step, d = c + step;
  const end = right + <usize>inner * row;
  while (right < end) {
    const a = v128.load32_splat(left);
    c0 = mulAdd(c0, a, fourOf(type, right, 0)); c1 = mulAdd(c1, a, fourOf(type, right, 1));
    c2 = mulAdd(c2, a, fourOf(type, b, 0)); c3 = mulAdd(c3, a, fourOf(type, b, 1));
    c4 = mulAdd(c4, a, fourOf(type, c, 0)); c5 = mulAdd(c5, a, fourOf(type, c, 1));
    c6 = mulAdd(c6, a, fourOf(type, d, 0)); c7 = mulAdd(c7, a, fourOf(type, d, 1));
    left += leftStep;
    right += row; b += row; c += row; d += row;
  }
  v128.store(to, c0); v128.store(to, c1, 16);
  v128.store(to, c2, 128); v128.store(to, c3, 144);
  v128.store(to, c4, 256); v128.store(to, c5, 272);
  v128.store(to, c6, 384); v128.store(to, c7, 400);
}

/** Two panels of int8: their scales stay in registers for a group of inner numbers, and four panels' would not fit. */
function twoPanels(to: usize, left: usize, leftStep: usize, right: usize, row: usize, step: usize, inner: i32, scales: usize, scaleStep: usize, group: i32): void {
  let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0;
  const last = right + <usize>inner * row;
  while (right < last) {
    const s0 = v128.load(scales), s1 = v128.load(scales, 16);
    const s2 = v128.load(scales + scaleStep), s3 = v128.load(scales + scaleStep, 16);
    for (const end = min(last, right + <usize>group * row); right < end; right += row, left += leftStep) {
      const a = v128.load32_splat(left);
      const x = v128.load8x8_s(right), y = v128.load8x8_s(right + step);
      c0 = mulAdd(c0, a, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(x)), s0));
      c1 = mulAdd(c1, a, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(x)), s1));
      c2 = mulAdd(c2, a, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(y)), s2));
      c3 = mulAdd(c3, a, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(y)), s3));
    }
    scales += 32;
  }
  v128.store(to, c0); v128.store(to, c1, 16);
  v128.store(to, c2, 128); v128.store(to, c3, 144);
}
