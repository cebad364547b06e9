// Up to four queries: keys and values are read where they lie, once, since packing them would cost more than it saves.
// Sums run in the same order as over packed panels, so the bytes are the same.
//
// Legend: see attentionTask.ts.
import { mulAdd } from './fused';
import { transpose4 } from './pack';

/** block (n × 4, key-major) = scale · q·k of keys [from, to) of `to` − `from` rows at `key`; `queries` packed (s × 4), of which `rows` count. */
export function scoreThin(block: usize, queries: usize, key: usize, keyRow: i32, s: i32, from: i32, to: i32, rows: i32, scale: f32): void {
  if (rows == 1) scores(block, queries, key, keyRow, s, from, to, 1, scale);
  else scores(block, queries, key, keyRow, s, from, to, 4, scale);
}

// @ts-ignore: decorator
@inline
function scores(block: usize, queries: usize, key: usize, keyRow: i32, s: i32, from: i32, to: i32, rows: i32, scale: f32): void {
  const row = <usize>keyRow << 2;
  const factor = f32x4.splat(scale);
  const zero = f32x4.splat(0);
  let j = from;
  for (; j + 4 <= to; j += 4) {
    const k0 = key + <usize>j * row, k1 = k0 + row, k2 = k1 + row, k3 = k2 + row;
    let a0 = zero, a1 = zero, a2 = zero, a3 = zero;
    let c = 0;
    for (; c + 4 <= s; c += 4) {
      const o = <usize>c << 2;
      const q = queries + (<usize>c << 4);
      const r0 = v128.load(k0 + o), r1 = v128.load(k1 + o), r2 = v128.load(k2 + o), r3 = v128.load(k3 + o);
      const t0 = i32x4.shuffle(r0, r1, 0, 4, 1, 5), t1 = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
      const t2 = i32x4.shuffle(r0, r1, 2, 6, 3, 7), t3 = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
      const u0 = i64x2.shuffle(t0, t1, 0, 2), u1 = i64x2.shuffle(t0, t1, 1, 3);
      const u2 = i64x2.shuffle(t2, t3, 0, 2), u3 = i64x2.shuffle(t2, t3, 1, 3);
      a0 = four(a0, q, u0, u1, u2, u3);
      if (rows > 1) {
        a1 = four(a1, q + 4, u0, u1, u2, u3);
        a2 = four(a2, q + 8, u0, u1, u2, u3);
        a3 = four(a3, q + 12, u0, u1, u2, u3);
      }
    }
    for (; c < s; c++) {
      const o = <usize>c << 2;
      const q = queries + (<usize>c << 4);
      const u = f32x4(load<f32>(k0 + o), load<f32>(k1 + o), load<f32>(k2 + o), load<f32>(k3 + o));
      a0 = mulAdd(a0, v128.load32_splat(q), u);
      if (rows > 1) {
        a1 = mulAdd(a1, v128.load32_splat(q, 4), u);
        a2 = mulAdd(a2, v128.load32_splat(q, 8), u);
        a3 = mulAdd(a3, v128.load32_splat(q, 12), u);
      }
    }
    transpose4(block + (<usize>j << 4), 16, f32x4.mul(a0, factor), f32x4.mul(a1, factor), f32x4.mul(a2, factor), f32x4.mul(a3, factor));
  }
  for (; j < to; j++) {
    let a = zero;
    for (let c = 0; c < s; c++) a = mulAdd(a, v128.load(queries + (<usize>c << 4)), v128.load32_splat(key + <usize>j * row + (<usize>c << 2)));
    v128.store(block + (<usize>j << 4), f32x4.mul(a, factor));
  }
}

/** sum + q0 · u0 + q1 · u1 + q2 · u2 + q3 · u3, in this order; the q are 16 bytes apart. */
// @ts-ignore: decorator
@inline
function four(sum: v128, q: usize, u0: v128, u1: v128, u2: v128, u3: v128): v128 {
  sum = mulAdd(sum, v128.load32_splat(q), u0);
  sum = mulAdd(sum, v128.load32_splat(q, 16), u1);
  sum = mulAdd(sum, v128.load32_splat(q, 32), u2);
  return mulAdd(sum, v128.load32_splat(q, 48), u3);
}

/** Stores four vectors and returns 0, or NaN where one of them is not finite. */
// @ts-ignore: decorator
@inline
function storeFour(to: usize, y0: v128, y1: v128, y2: v128, y3: v128): v128 {
  v128.store(to, y0); v128.store(to, y1, 16); v128.store(to, y2, 32); v128.store(to, y3, 48);
  return f32x4.add(f32x4.add(f32x4.sub(y0, y0), f32x4.sub(y1, y1)), f32x4.add(f32x4.sub(y2, y2), f32x4.sub(y3, y3)));
}

/** out (t) = Σ weight · value over keys [from, to); weights 16 bytes apart. Returns whether all of it is finite. */
export function mixThin(out: usize, weights: usize, value: usize, valueRow: i32, t: i32, from: i32, to: i32): bool {
  const row = <usize>valueRow << 2;
  let odd = f32x4.splat(0);
  let c = 0;
  for (; c + 32 <= t; c += 32) {
    let y0 = f32x4.splat(0), y1 = y0, y2 = y0, y3 = y0, y4 = y0, y5 = y0, y6 = y0, y7 = y0;
    let v = value + <usize>from * row + (<usize>c << 2);
    for (let w = weights + (<usize>from << 4), end = weights + (<usize>to << 4); w < end; w += 16, v += row) {
      const a = v128.load32_splat(w);
      y0 = mulAdd(y0, a, v128.load(v)); y1 = mulAdd(y1, a, v128.load(v, 16));
      y2 = mulAdd(y2, a, v128.load(v, 32)); y3 = mulAdd(y3, a, v128.load(v, 48));
      y4 = mulAdd(y4, a, v128.load(v, 64)); y5 = mulAdd(y5, a, v128.load(v, 80));
      y6 = mulAdd(y6, a, v128.load(v, 96)); y7 = mulAdd(y7, a, v128.load(v, 112));
    }
    const o = out + (<usize>c << 2);
    odd = f32x4.add(odd, f32x4.add(storeFour(o, y0, y1, y2, y3), storeFour(o + 64, y4, y5, y6, y7)));
  }
  for (; c + 4 <= t; c += 4) {
    let y = f32x4.splat(0);
    let v = value + <usize>from * row + (<usize>c << 2);
    for (let w = weights + (<usize>from << 4), end = weights + (<usize>to << 4); w < end; w += 16, v += row) y = mulAdd(y, v128.load32_splat(w), v128.load(v));
    v128.store(out + (<usize>c << 2), y);
    odd = f32x4.add(odd, f32x4.sub(y, y));
  }
  for (; c < t; c++) {
    let y = f32x4.splat(0);
    let v = value + <usize>from * row + (<usize>c << 2);
    for (let j = from; j < to; j++, v += row) y = mulAdd(y, v128.load32_splat(weights + (<usize>j << 4)), v128.load32_splat(v));
    store<f32>(out + (<usize>c << 2), f32x4.extract_lane(y, 0));
    odd = f32x4.add(odd, f32x4.sub(y, y));
  }
  return i32x4.all_true(f32x4.eq(odd, f32x4.splat(0)));
}
