/** Stored numbers: what every type of a checkpoint's tensors means, and the type in which the engine takes it. */
import type { Numbers, NumberType } from '../../kernels/index.ts';
import { bfloats } from '../numbers.ts';

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

interface StoredType {
  /** Bytes of one number. */
  readonly width: number;
  /** In which the engine takes them. */
  readonly type: NumberType;
  /** Bytes in a buffer of their own → numbers of that type; without a copy where they are that already. */
  readonly read: (buffer: ArrayBuffer) => Numbers;
}

const stored = (type: NumberType, width: number, values: (buffer: ArrayBuffer) => Numbers['values']): StoredType => ({
  width,
  type,
  read: (buffer) => ({ type, values: values(buffer) }),
});

/** Eight bits fit into bf16 exactly: it has as much of an exponent as float32, and 8 bits of a fraction. */
const eighths = (table: Uint16Array): StoredType =>
  stored('bf16', 1, (buffer) => Uint16Array.from(new Uint8Array(buffer), (byte) => table[byte]!));

/**
 * By safetensors' names. F16 and BF16 stay as they are, 8-bit floats become BF16, F64 is rounded to float32; whole numbers
 * become the nearest float32, without any scale (a file whose numbers mean something only with scales beside them is
 * quantised, and is refused where its config says so).
 */
export const numberTypes: Readonly<Record<string, StoredType>> = {
  F64: stored('f32', 8, (buffer) => Float32Array.from(new Float64Array(buffer))),
  F32: stored('f32', 4, (buffer) => new Float32Array(buffer)),
  F16: stored('f16', 2, (buffer) => new Uint16Array(buffer)),
  BF16: stored('bf16', 2, (buffer) => new Uint16Array(buffer)),
  F8_E4M3: eighths(bfloats(eighthTable(4, 7, true))),
  F8_E5M2: eighths(bfloats(eighthTable(5, 15, false))),
  I64: stored('f32', 8, (buffer) => Float32Array.from(new BigInt64Array(buffer), Number)),
  I32: stored('f32', 4, (buffer) => Float32Array.from(new Int32Array(buffer))),
  I16: stored('f32', 2, (buffer) => Float32Array.from(new Int16Array(buffer))),
  I8: stored('f32', 1, (buffer) => Float32Array.from(new Int8Array(buffer))),
  U8: stored('f32', 1, (buffer) => Float32Array.from(new Uint8Array(buffer))),
  BOOL: stored('f32', 1, (buffer) => Float32Array.from(new Uint8Array(buffer))),
};
