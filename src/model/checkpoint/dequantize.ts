/**
 * ggml's blocks of quantised numbers as the engine takes them (ggml-quants: the layout of each block is its
 * specification). A block holds `numbers` numbers in `bytes` bytes; all scales are float16, little-endian. What is a small
 * whole number times a scale stays that, as int8; what has an offset as well becomes float32.
 */
import type { Numbers, NumberType } from '../../kernels/index.ts';
import { halfToFloat } from '../numbers.ts';
import { numberTypes } from './numbers.ts';

interface BlockType {
  readonly name: string;
  /** Numbers of a block. */
  readonly numbers: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /** In which the engine takes them, and of int8 how many share a scale. */
  readonly type: NumberType;
  readonly group?: number;
  /** All blocks of a tensor, in a buffer of their own. */
  readonly read: (buffer: ArrayBuffer) => Numbers;
}

const half = (bytes: Uint8Array, at: number): number => halfToFloat(bytes[at]! | (bytes[at + 1]! << 8));

/** Writes the numbers of the block at byte `at` to `out` from `to` on. */
type ReadBlock = (bytes: Uint8Array, at: number, out: Float32Array, to: number) => void;

const blocks = (name: string, numbers: number, size: number, block: ReadBlock): BlockType => ({
  name,
  numbers,
  bytes: size,
  type: 'f32',
  read(buffer) {
    const bytes = new Uint8Array(buffer);
    const count = Math.floor(bytes.length / size);
    const out = new Float32Array(count * numbers);
    for (let i = 0; i < count; i++) block(bytes, i * size, out, i * numbers);
    return { type: 'f32', values: out };
  },
});

/** A block's scales, one for every `group` numbers, and its numbers from −128 to 127: both by their index in the block. */
interface Scaled {
  readonly scale: (bytes: Uint8Array, at: number, index: number) => number;
  readonly value: (bytes: Uint8Array, at: number, index: number) => number;
}

/** Exactly: a float16 has 11 bits, a scale of scales and a number 8 each, and the engine rounds their product once. */
const scaled = (name: string, numbers: number, size: number, group: number, { scale, value }: Scaled): BlockType => ({
  name,
  numbers,
  bytes: size,
  type: 'int8',
  group,
  read(buffer) {
    const bytes = new Uint8Array(buffer);
    const count = Math.floor(bytes.length / size);
    const each = numbers / group;
    const [values, scales] = [new Int8Array(count * numbers), new Float32Array(count * each)];
    for (let i = 0; i < count; i++) {
      for (let g = 0; g < each; g++) scales[i * each + g] = scale(bytes, i * size, g);
      for (let n = 0; n < numbers; n++) values[i * numbers + n] = value(bytes, i * size, n);
    }
    return { type: 'int8', values, scales, group };
  },
});

const signed = (byte: number): number => (byte << 24) >> 24;

/** 32 numbers: a scale, then 32 signed bytes. */
const q8_0 = scaled('Q8_0', 32, 34, 32, { scale: half, value: (bytes, at, i) => signed(bytes[at + 2 + i]!) });

/** 16 bytes from `start` on hold 32 numbers of 4 bits: byte i has number i in its lower half and number i + 16 in its upper. */
const nibble = (bytes: Uint8Array, start: number, i: number): number =>
  (bytes[start + (i & 15)]! >> (i < 16 ? 0 : 4)) & 15;

/** 32 numbers of 4 bits: a scale, and either an offset that is added, or the numbers are + 8. */
const q4_0 = scaled('Q4_0', 32, 18, 32, { scale: half, value: (bytes, at, i) => nibble(bytes, at + 2, i) - 8 });
const q4_1 = blocks('Q4_1', 32, 20, (bytes, at, out, to) => {
  const [scale, offset] = [half(bytes, at), half(bytes, at + 2)];
  for (let i = 0; i < 32; i++) out[to + i] = scale * nibble(bytes, at + 4, i) + offset;
});

/** The same with a fifth bit, those of the 32 numbers in four bytes before their lower four. */
const fifth = (bytes: Uint8Array, start: number, i: number): number => ((bytes[start + (i >> 3)]! >> (i & 7)) & 1) << 4;
const q5_0 = scaled('Q5_0', 32, 22, 32, {
  scale: half,
  value: (bytes, at, i) => (nibble(bytes, at + 6, i) | fifth(bytes, at + 2, i)) - 16,
});
const q5_1 = blocks('Q5_1', 32, 24, (bytes, at, out, to) => {
  const [scale, offset] = [half(bytes, at), half(bytes, at + 2)];
  for (let i = 0; i < 32; i++) out[to + i] = scale * (nibble(bytes, at + 8, i) | fifth(bytes, at + 4, i)) + offset;
});

/** Numbers of 4 bits that stand for sixteen values, closer together near 0. */
const values = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
/** 32 numbers: a scale, then the 4 bits of each. */
const iq4_nl = scaled('IQ4_NL', 32, 18, 32, {
  scale: half,
  value: (bytes, at, i) => values[nibble(bytes, at + 2, i)]!,
});
/** 256 in eight groups of 32: a scale, the upper 2 bits of the groups' scales (+ 32) in two bytes, their lower 4 in four, the numbers. */
const iq4_xs = blocks('IQ4_XS', 256, 136, (bytes, at, out, to) => {
  const scale = half(bytes, at);
  for (let group = 0; group < 8; group++) {
    const low = (bytes[at + 4 + (group >> 1)]! >> (4 * (group & 1))) & 15;
    const high = (bytes[at + 2 + (group >> 2)]! >> (2 * (group & 3))) & 3;
    const own = scale * ((low | (high << 4)) - 32);
    for (let i = 0; i < 32; i++) out[to + group * 32 + i] = own * values[nibble(bytes, at + 8 + group * 16, i)]!;
  }
});

/**
 * Scale and offset of group 0 to 7, 6 bits each, in 12 bytes from `start` on: the first four groups' lie whole; the last
 * four's lower 4 bits lie behind, their upper 2 atop the first eight bytes.
 */
function scaleAndOffset(bytes: Uint8Array, start: number, group: number): readonly [number, number] {
  const packed = (i: number): number => bytes[start + i]!;
  if (group < 4) return [packed(group) & 63, packed(group + 4) & 63];
  const low = packed(group + 4);
  return [(low & 15) | ((packed(group - 4) >> 6) << 4), (low >> 4) | ((packed(group) >> 6) << 4)];
}

/**
 * 256 numbers in eight groups of 32: a scale for the groups' scales, one for their offsets, 12 bytes with those, then
 * (with a fifth bit: 32 bytes, bit g of byte i is that of number i in group g, and) 128 bytes; 32 bytes hold one group in
 * their lower halves and the next in their upper. number = scale · groupScale · q − offsetScale · groupOffset.
 */
const groupsOf32 =
  (fifthBit: boolean): ReadBlock =>
  (bytes, at, out, to) => {
    const [scale, offsetScale] = [half(bytes, at), half(bytes, at + 2)];
    const lower = at + (fifthBit ? 48 : 16);
    for (let group = 0; group < 8; group++) {
      const [groupScale, groupOffset] = scaleAndOffset(bytes, at + 4, group);
      for (let i = 0; i < 32; i++) {
        const low = (bytes[lower + (group >> 1) * 32 + i]! >> ((group & 1) * 4)) & 15;
        const high = fifthBit ? ((bytes[at + 16 + i]! >> group) & 1) << 4 : 0;
        out[to + group * 32 + i] = scale * groupScale * (low | high) - offsetScale * groupOffset;
      }
    }
  };
const q4_k = blocks('Q4_K', 256, 144, groupsOf32(false));
const q5_k = blocks('Q5_K', 256, 176, groupsOf32(true));

/** Two bits of number `i` of 256: each half of 128 is four rows of 32, row r at bits 2r of the half's 32 bytes. */
const twoBits = (bytes: Uint8Array, start: number, i: number): number =>
  (bytes[start + (i >> 7) * 32 + (i & 31)]! >> (2 * ((i >> 5) & 3))) & 3;

/** 256 numbers of 2 bits in groups of 16: a byte for each group, scale below and offset above; the numbers; a scale for each. */
const q2_k = blocks('Q2_K', 256, 84, (bytes, at, out, to) => {
  const [scale, offsetScale] = [half(bytes, at + 80), half(bytes, at + 82)];
  for (let i = 0; i < 256; i++) {
    const own = bytes[at + (i >> 4)]!;
    out[to + i] = scale * (own & 15) * twoBits(bytes, at + 16, i) - offsetScale * (own >> 4);
  }
});

/**
 * 256 numbers of 3 bits, + 4: 32 bytes with the third, bit r of byte i is that of number i in row r of 32; 64 bytes with
 * the lower two; 12 with the scales of 16 groups, 6 bits, + 32 (of group g the lower 4 in byte g mod 8, the upper 2 in
 * byte 8 + g mod 4); a scale for those.
 */
const q3_k = blocks('Q3_K', 256, 110, (bytes, at, out, to) => {
  const scale = half(bytes, at + 108);
  for (let i = 0; i < 256; i++) {
    const group = i >> 4;
    const low = (bytes[at + 96 + (group & 7)]! >> (group < 8 ? 0 : 4)) & 15;
    const high = (bytes[at + 104 + (group & 3)]! >> (2 * (group >> 2))) & 3;
    const third = (bytes[at + (i & 31)]! >> (i >> 5)) & 1;
    out[to + i] = scale * ((low | (high << 4)) - 32) * ((twoBits(bytes, at + 32, i) | (third << 2)) - 4);
  }
});

/**
 * 256 numbers of 6 bits, + 32: 128 bytes with their lower 4 bits, 64 bytes with their upper 2, a signed scale for every
 * 16, and a scale for those. Each half of 128 numbers is four rows of 32: row r has its lower bits in byte 32 (r mod 2)
 * onward of the half's 64 (upper halves from row 2 on).
 */
const q6_k = scaled('Q6_K', 256, 210, 16, {
  scale: (bytes, at, group) => half(bytes, at + 208) * signed(bytes[at + 192 + group]!),
  value(bytes, at, i) {
    const row = (i >> 5) & 3;
    const low = (bytes[at + (i >> 7) * 64 + (row & 1) * 32 + (i & 31)]! >> (row < 2 ? 0 : 4)) & 15;
    return (low | (twoBits(bytes, at + 128, i) << 4)) - 32;
  },
});

const plain = (name: string): BlockType => ({
  name,
  numbers: 1,
  bytes: numberTypes[name]!.width,
  type: numberTypes[name]!.type,
  read: numberTypes[name]!.read,
});

/** By ggml's number of the type. */
export const blockTypes: ReadonlyMap<number, BlockType> = new Map([
  [0, plain('F32')],
  [1, plain('F16')],
  [2, q4_0],
  [3, q4_1],
  [6, q5_0],
  [7, q5_1],
  [8, q8_0],
  [10, q2_k],
  [11, q3_k],
  [12, q4_k],
  [13, q5_k],
  [14, q6_k],
  [20, iq4_nl],
  [23, iq4_xs],
  [30, plain('BF16')],
]);
