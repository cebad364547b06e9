/** Stored numbers as float32: what every type of a checkpoint's tensors means. */

/** IEEE 754 binary16 → number. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** An 8-bit float with its exponent's bits and bias; `finite`: no infinities, all ones is NaN (OCP 8-bit floating point, E4M3). */
function eighthTable(exponentBits: number, bias: number, finite: boolean): Float32Array {
  const fractionBits = 7 - exponentBits;
  const fractions = 1 << fractionBits;
  const top = (1 << exponentBits) - 1;
  return Float32Array.from({ length: 256 }, (_, byte) => {
    const sign = byte & 128 ? -1 : 1;
    const exponent = (byte & 127) >> fractionBits;
    const fraction = byte & (fractions - 1);
    if (exponent === top && !finite) return fraction ? Number.NaN : sign * Infinity;
    if (exponent === top && fraction === fractions - 1) return Number.NaN;
    if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionBits);
    return sign * (fractions + fraction) * 2 ** (exponent - bias - fractionBits);
  });
}

let halves: Float32Array | undefined;
const halfTable = (): Float32Array => {
  halves ??= Float32Array.from({ length: 65_536 }, (_, half) => halfToFloat(half));
  return halves;
};

interface NumberType {
  /** Bytes of one number. */
  readonly width: number;
  /** Bytes in a buffer of their own → float32. */
  readonly widen: (buffer: ArrayBuffer) => Float32Array;
}

const throughTable = (bytes: Uint8Array | Uint16Array, table: Float32Array): Float32Array => {
  const out = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) out[i] = table[bytes[i]!]!;
  return out;
};

/**
 * By safetensors' names. F64 is rounded to float32; whole numbers become the nearest float32, without any scale (a file
 * whose numbers mean something only with scales beside them is quantised, and is refused where its config says so).
 */
export const numberTypes: Readonly<Record<string, NumberType>> = {
  F64: { width: 8, widen: (buffer) => Float32Array.from(new Float64Array(buffer)) },
  F32: { width: 4, widen: (buffer) => new Float32Array(buffer) },
  F16: { width: 2, widen: (buffer) => throughTable(new Uint16Array(buffer), halfTable()) },
  BF16: {
    width: 2,
    widen(buffer) {
      const halfwords = new Uint16Array(buffer);
      const out = new Uint32Array(halfwords.length);
      for (let i = 0; i < halfwords.length; i++) out[i] = halfwords[i]! << 16;
      return new Float32Array(out.buffer);
    },
  },
  F8_E4M3: { width: 1, widen: (buffer) => throughTable(new Uint8Array(buffer), eighthTable(4, 7, true)) },
  F8_E5M2: { width: 1, widen: (buffer) => throughTable(new Uint8Array(buffer), eighthTable(5, 15, false)) },
  I64: { width: 8, widen: (buffer) => Float32Array.from(new BigInt64Array(buffer), Number) },
  I32: { width: 4, widen: (buffer) => Float32Array.from(new Int32Array(buffer)) },
  I16: { width: 2, widen: (buffer) => Float32Array.from(new Int16Array(buffer)) },
  I8: { width: 1, widen: (buffer) => Float32Array.from(new Int8Array(buffer)) },
  U8: { width: 1, widen: (buffer) => Float32Array.from(new Uint8Array(buffer)) },
  BOOL: { width: 1, widen: (buffer) => Float32Array.from(new Uint8Array(buffer)) },
};
