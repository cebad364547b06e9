/**
 * ggml's blocks of quantised numbers as the engine takes them (ggml-quants: the layout of each block is its
 * specification). A block holds `numbers` numbers in `bytes` bytes; all scales are float16, little-endian.
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
  /** In which the engine takes them; int8 has a scale for every block. */
  readonly type: NumberType;
  /** All blocks of a tensor, in a buffer of their own. */
  readonly read: (buffer: ArrayBuffer) => Numbers;
}

const half = (bytes: Uint8Array | Int8Array, at: number): number =>
  halfToFloat((bytes[at]! & 255) | ((bytes[at + 1]! & 255) << 8));

/** Reads block after block: `block` writes the numbers of the block at byte `at` to `out` from `to` on. */
const blocks =
  (numbers: number, size: number, block: (bytes: Uint8Array, at: number, out: Float32Array, to: number) => void) =>
  (buffer: ArrayBuffer): Numbers => {
    const bytes = new Uint8Array(buffer);
    const count = Math.floor(bytes.length / size);
    const out = new Float32Array(count * numbers);
    for (let i = 0; i < count; i++) block(bytes, i * size, out, i * numbers);
    return { type: 'f32', values: out };
  };

/** 32 numbers: a scale, then 32 signed bytes. The engine multiplies the two, exactly: 11 and 8 bits. */
function q8_0(buffer: ArrayBuffer): Numbers {
  const bytes = new Int8Array(buffer);
  const count = Math.floor(bytes.length / 34);
  const values = new Int8Array(count * 32);
  const scales = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    scales[i] = half(bytes, i * 34);
    values.set(bytes.subarray(i * 34 + 2, (i + 1) * 34), i * 32);
  }
  return { type: 'int8', values, scales, group: 32 };
}

/** 32 numbers: a scale, then 16 bytes; byte i has number i in its lower half and number i + 16 in its upper, both + 8. */
const q4_0 = blocks(32, 18, (bytes, at, out, to) => {
  const scale = half(bytes, at);
  for (let i = 0; i < 16; i++) {
    const pair = bytes[at + 2 + i]!;
    out[to + i] = scale * ((pair & 15) - 8);
    out[to + i + 16] = scale * ((pair >> 4) - 8);
  }
});

/**
 * 256 numbers in eight groups of 32: a scale for the groups' scales, one for their offsets, 12 bytes with eight scales and
 * eight offsets of 6 bits, then 128 bytes; 32 bytes hold one group in their lower halves and the next in their upper.
 * number = scale · groupScale · q − offsetScale · groupOffset.
 */
const q4_k = blocks(256, 144, (bytes, at, out, to) => {
  const scale = half(bytes, at);
  const offsetScale = half(bytes, at + 2);
  const packed = (i: number): number => bytes[at + 4 + i]!;
  for (let group = 0; group < 8; group++) {
    // The first four groups' 6 bits lie whole; the last four's lower 4 bits lie behind, their upper 2 atop the first eight bytes.
    const first = group < 4;
    const groupScale = first ? packed(group) & 63 : (packed(group + 4) & 15) | ((packed(group - 4) >> 6) << 4);
    const groupOffset = first ? packed(group + 4) & 63 : (packed(group + 4) >> 4) | ((packed(group) >> 6) << 4);
    const start = at + 16 + (group >> 1) * 32;
    const shift = (group & 1) * 4;
    for (let i = 0; i < 32; i++)
      out[to + group * 32 + i] = scale * groupScale * ((bytes[start + i]! >> shift) & 15) - offsetScale * groupOffset;
  }
});

/**
 * 256 numbers of 6 bits, + 32: 128 bytes with their lower 4 bits, 64 bytes with their upper 2, a signed scale for every
 * 16, and a scale for those. Each half of 128 numbers is four rows of 32: row r has its lower bits in byte 32 (r mod 2)
 * onward of the half's 64 (upper halves from row 2 on), and its upper bits at 2r of the half's 32 bytes.
 */
const q6_k = blocks(256, 210, (bytes, at, out, to) => {
  const scale = half(bytes, at + 208);
  for (let part = 0; part < 2; part++)
    for (let row = 0; row < 4; row++)
      for (let i = 0; i < 32; i++) {
        const low = (bytes[at + part * 64 + (row & 1) * 32 + i]! >> (row < 2 ? 0 : 4)) & 15;
        const high = (bytes[at + 128 + part * 32 + i]! >> (2 * row)) & 3;
        const groupScale = (bytes[at + 192 + part * 8 + row * 2 + (i >> 4)]! << 24) >> 24;
        out[to + part * 128 + row * 32 + i] = scale * groupScale * ((low | (high << 4)) - 32);
      }
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
  [2, { name: 'Q4_0', numbers: 32, bytes: 18, type: 'f32', read: q4_0 }],
  [8, { name: 'Q8_0', numbers: 32, bytes: 34, type: 'int8', read: q8_0 }],
  [12, { name: 'Q4_K', numbers: 256, bytes: 144, type: 'f32', read: q4_k }],
  [14, { name: 'Q6_K', numbers: 256, bytes: 210, type: 'f32', read: q6_k }],
  [30, plain('BF16')],
]);
