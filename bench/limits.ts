// What the machine can do from WebAssembly at most: the yardsticks of the table. Compiled by machine.mjs.

/**
 * `count` rounds of 6 products and 6 sums of 4 numbers, in chains that do not wait for each other: four operations a cycle, if
 * the compiler leaves it at that. The factors are loaded, since constants would be made anew in each round.
 */
export function arithmetic(count: i32, factors: usize): f32 {
  const factor = v128.load(factors), step = v128.load(factors, 16);
  let a0 = factor, a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0;
  let b0 = factor, b1 = b0, b2 = b0, b3 = b0, b4 = b0, b5 = b0;
  for (let i = 0; i < count; i++) {
    a0 = f32x4.mul(a0, factor); b0 = f32x4.add(b0, step);
    a1 = f32x4.mul(a1, factor); b1 = f32x4.add(b1, step);
    a2 = f32x4.mul(a2, factor); b2 = f32x4.add(b2, step);
    a3 = f32x4.mul(a3, factor); b3 = f32x4.add(b3, step);
    a4 = f32x4.mul(a4, factor); b4 = f32x4.add(b4, step);
    a5 = f32x4.mul(a5, factor); b5 = f32x4.add(b5, step);
  }
  a0 = f32x4.add(f32x4.add(f32x4.add(a0, a1), f32x4.add(a2, a3)), f32x4.add(a4, a5));
  b0 = f32x4.add(f32x4.add(f32x4.add(b0, b1), f32x4.add(b2, b3)), f32x4.add(b4, b5));
  return f32x4.extract_lane(f32x4.add(a0, b0), 0);
}

/** Reads `bytes` from `from`, a multiple of 128, in four streams, which memory answers faster than one. */
export function read(from: usize, bytes: usize): i32 {
  let a = i32x4.splat(0), b = a, c = a, d = a;
  const part = bytes >> 2;
  let second = from + part, third = second + part, fourth = third + part;
  for (const end = second; from < end; from += 32) {
    a = v128.or(a, v128.or(v128.load(from), v128.load(from, 16)));
    b = v128.or(b, v128.or(v128.load(second), v128.load(second, 16)));
    c = v128.or(c, v128.or(v128.load(third), v128.load(third, 16)));
    d = v128.or(d, v128.or(v128.load(fourth), v128.load(fourth, 16)));
    second += 32; third += 32; fourth += 32;
  }
  return i32x4.extract_lane(v128.or(v128.or(a, b), v128.or(c, d)), 0);
}

export function copy(to: usize, from: usize, bytes: usize): void {
  memory.copy(to, from, bytes);
}
