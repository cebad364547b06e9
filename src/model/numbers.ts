/** Numbers in the types that files and the engine hold them in, and what they are as float32. */
import type { Numbers, NumberType } from '../kernels/index.ts';

/** Bytes of one number, beside the scales of int8. */
export const widths: Readonly<Record<NumberType, number>> = { f32: 4, f16: 2, bf16: 2, int8: 1 };

/** IEEE 754 binary16 → number. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

let halves: Uint32Array | undefined;
/** The bits of every binary16 as float32. */
const halfTable = (): Uint32Array => {
  halves ??= new Uint32Array(Float32Array.from({ length: 65_536 }, (_, half) => halfToFloat(half)).buffer);
  return halves;
};

/** Upper halves of float32, which is what bf16 is: numbers that fit are kept exactly. */
export const bfloats = (values: Float32Array): Uint16Array =>
  Uint16Array.from(new Uint32Array(values.buffer, values.byteOffset, values.length), (word) => word >>> 16);

/** All of them as float32, row by row: exactly, int8 as the one rounding of value · scale. Float32 is not copied. */
export function widened(numbers: Numbers): Float32Array {
  if (numbers.type === 'f32') return numbers.values as Float32Array;
  const out = new Float32Array(numbers.values.length);
  widenInto(out, numbers, 0);
  return out;
}

/** Numbers from `first` on, as many as `out` holds. */
function widenInto(out: Float32Array, { type, values, scales, group = 1 }: Numbers, first: number): void {
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  if (type === 'f32') out.set((values as Float32Array).subarray(first, first + out.length));
  else if (type === 'bf16') for (let i = 0; i < out.length; i++) words[i] = values[first + i]! << 16;
  else if (type === 'f16') {
    const table = halfTable();
    for (let i = 0; i < out.length; i++) words[i] = table[values[first + i]!]!;
  } else for (let i = 0; i < out.length; i++) out[i] = values[first + i]! * scales![Math.floor((first + i) / group)]!;
}

/** The float32 bits of all of them, some thousand at a time; each piece is overwritten by the next. */
export function* words(numbers: Numbers): Generator<Uint32Array> {
  const { type, values } = numbers;
  if (type === 'f32') {
    yield new Uint32Array(values.buffer, values.byteOffset, values.length);
    return;
  }
  const piece = new Float32Array(Math.min(16_384, values.length));
  for (let first = 0; first < values.length; first += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, values.length - first));
    widenInto(part, numbers, first);
    yield new Uint32Array(part.buffer, 0, part.length);
  }
}
