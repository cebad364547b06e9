/** Numbers in the types of ONNX, and back from double precision. */
import { refusal, shapeText, sizeOf } from './refusal.ts';

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array, // bits
  bfloat16: Uint16Array, // bits
  bool: Uint8Array, // 0 or 1
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
} as const;

export type OnnxType = keyof typeof arrays;
export type OnnxData = InstanceType<(typeof arrays)[OnnxType]>;

/** A tensor as ONNX has it, row-major; float16 and bfloat16 as their 16 bits, bool as one byte. */
export interface OnnxTensor {
  readonly dtype: OnnxType;
  readonly shape: readonly number[];
  readonly data: OnnxData;
}

export interface OnnxCall {
  readonly op: string;
  /** Version of the default operator set; the newest known (25) unless said. */
  readonly opset: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** By position; undefined where an optional input is absent. */
  readonly inputs: readonly (OnnxTensor | undefined)[];
  /** How many outputs are wanted; all unless said. */
  readonly outputs?: number;
}

export const isOnnxType = (name: string): name is OnnxType => Object.hasOwn(arrays, name);
export const isFloat = (dtype: OnnxType): boolean => dtype.includes('float');

const one = new Float32Array(1);
const bits = new Uint32Array(one.buffer);

function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Nearest, ties to even. A power of two that the number is a small multiple of turns rounding into rounding to integers. */
function toHalf(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  one[0] = size;
  const exponent = Math.max(-14, ((bits[0]! >>> 23) & 255) - 127);
  const scaled = size * 2 ** (10 - exponent);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const whole = floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
  // A carry out of the fraction raises the exponent by itself; a subnormal has exponent bits 0.
  return sign | (whole < 1024 ? whole : (exponent + 14) * 1024 + whole);
}

function fromBrain(brain: number): number {
  bits[0] = brain << 16;
  return one[0]!;
}

function toBrain(x: number): number {
  if (Number.isNaN(x)) return 0x7fc0;
  one[0] = x;
  const word = bits[0]!;
  return ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) & 0xffff;
}

/** How a type rounds a number of double precision. */
export function rounding(dtype: OnnxType): (x: number) => number {
  if (dtype === 'float16') return (x) => fromHalf(toHalf(x));
  if (dtype === 'bfloat16') return (x) => fromBrain(toBrain(x));
  return dtype === 'float64' ? (x) => x : Math.fround;
}

/** A tensor's numbers in double precision. */
export function widen({ dtype, data }: OnnxTensor): Float64Array {
  const convert = dtype === 'float16' ? fromHalf : dtype === 'bfloat16' ? fromBrain : Number;
  const out = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) out[i] = convert(Number(data[i]));
  return out;
}

/** Numbers rounded to a type. Integers must fit. */
export function narrow(dtype: OnnxType, shape: readonly number[], values: ArrayLike<number>): OnnxTensor {
  if (dtype === 'int64' || dtype === 'uint64') {
    const whole = Array.from(values, BigInt);
    return { dtype, shape, data: dtype === 'int64' ? BigInt64Array.from(whole) : BigUint64Array.from(whole) };
  }
  const convert = dtype === 'float16' ? toHalf : dtype === 'bfloat16' ? toBrain : undefined;
  return { dtype, shape, data: convert ? Uint16Array.from(values, convert) : arrays[dtype].from(values) };
}

/** A tensor from the little-endian bytes of ONNX raw data. Throws `badTensor`. */
export function fromBytes(dtype: OnnxType, shape: readonly number[], bytes: Uint8Array): OnnxTensor {
  const array = arrays[dtype];
  if (bytes.length !== sizeOf(shape) * array.BYTES_PER_ELEMENT)
    throw refusal(
      'badTensor',
      `a tensor of ${dtype} ${shapeText(shape)} has another number of bytes`,
      `${sizeOf(shape) * array.BYTES_PER_ELEMENT}`,
      `${bytes.length}`,
      'Check its shape and type.',
    );
  return { dtype, shape, data: new array(bytes.slice().buffer) };
}
