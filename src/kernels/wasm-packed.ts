/** Operands packed once, in their file's type, on the WebAssembly device. The layout is assembly/widen.ts. */
import type { NumberType, PackSource } from './contract.ts';
import { bytesEach, wrongStorage } from './fits.ts';
import { type LinearMemory, PackedBlock } from './memory.ts';
import type { Threads } from './threads.ts';

/** The numbers that assembly/widen.ts knows types by, and bytes a number. */
const typeKinds: Record<NumberType, number> = { f32: 0, f16: 1, bf16: 2, int8: 3 };
const FINITE_F16 = 4;

/** Bytes that cross over to the device at a time. */
const PIECE = 4 * 2 ** 20;

export function pack(threads: Threads, memory: LinearMemory, source: PackSource): PackedBlock {
  const { type, values, inner, columns, transposed = false, scales, group = Math.max(1, inner) } = source;
  const [size, panels] = [bytesEach[type], Math.ceil(columns / 8)];
  const groups = type === 'int8' ? Math.ceil(inner / group) : 0;
  const bytes = 16 * Math.ceil((8 * panels * inner * size) / 16);
  // Behind panels and scales: whether f16 has NaN or ∞.
  const block = memory.allocate(bytes / 4 + 8 * panels * groups + 1, false, true);
  const special = block.pointer + bytes + 32 * panels * groups;
  memory.integers(special, 1)[0] = 0;
  const put = (to: number, from: typeof values, kind: NumberType, depth: number, swapped: boolean): void => {
    // Whole rows of what is given, so many that a piece stays small: rows are columns of the operand when transposed.
    const [rows, width] = swapped ? [columns, depth] : [depth, columns];
    const each = Math.max(8, Math.floor(PIECE / bytesEach[kind] / Math.max(1, width) / 8) * 8);
    for (let first = 0; first < rows; first += each) {
      const count = Math.min(each, rows - first);
      const piece = from.subarray(first * width, (first + count) * width);
      const scratch = memory.scratch(Math.ceil(piece.byteLength / 4));
      new Uint8Array(memory.memory.buffer, scratch, piece.byteLength).set(
        new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength),
      );
      const [begin, p, depthHere, columnsHere] = swapped
        ? [to + first * depth * bytesEach[kind], 0, depth, count]
        : [to, first, count, columns];
      const strides = swapped ? [1, depth] : [columns, 1];
      const task = [begin, scratch, typeKinds[kind], depth, p, depthHere, columnsHere, ...strides, special];
      threads.run('packTyped', Math.ceil(columnsHere / 8), piece.length * 4, 0, 0, task);
    }
  };
  put(block.pointer, values, type, inner, transposed);
  if (scales) put(block.pointer + bytes, scales, 'f32', groups, true);
  const kind = type === 'f16' && memory.integers(special, 1)[0] === 0 ? FINITE_F16 : typeKinds[type];
  return new PackedBlock(block, { inner, columns, type, transposed }, kind, group, block.pointer + bytes);
}

/** Writes a packed operand as f32 to a pointer: (columns, inner) when `transposed`, else (inner, columns). */
export function unpack(threads: Threads, block: PackedBlock, to: number, transposed: boolean): void {
  const { pointer, scales, kind, inner, columns, group } = block;
  const strides = transposed ? [1, inner] : [columns, 1];
  const task = [to, pointer, scales, kind, inner, group, ...strides];
  threads.run('unpackTyped', columns, 4 * inner * columns, 0, 0, task);
}

/** Numbers [offset, offset + length) of what was packed, in the order in which they were given: a copy. */
export function readPacked(
  threads: Threads,
  memory: LinearMemory,
  block: PackedBlock,
  offset: number,
  length: number,
): Float32Array {
  const { inner } = block;
  if (!block.transposed) {
    const to = memory.scratch(block.length);
    unpack(threads, block, to, false);
    return memory.numbers.slice(to / 4 + offset, to / 4 + offset + length);
  }
  // Rows of the table, so many at a time that the scratch region stays small.
  const out = new Float32Array(length);
  const [first, end] = [Math.floor(offset / inner), Math.ceil((offset + length) / inner)];
  const each = Math.max(1, Math.floor(PIECE / 4 / inner));
  for (let row = first; row < end; row += each) {
    const ids = Int32Array.from({ length: Math.min(each, end - row) }, (_, i) => row + i);
    const to = memory.scratch(ids.length * inner);
    gatherPacked(threads, memory, block, ids, to);
    const from = Math.max(offset, row * inner);
    const count = Math.min(offset + length, (row + ids.length) * inner) - from;
    const start = to / 4 + from - row * inner;
    out.set(memory.numbers.subarray(start, start + count), from - offset);
  }
  return out;
}

/** Rows of the table that was packed: columns of a transposed operand. */
export function gatherPacked(
  threads: Threads,
  memory: LinearMemory,
  block: PackedBlock,
  ids: Int32Array,
  out: number,
): void {
  const { pointer, scales, kind, inner, group } = block;
  if (!block.transposed)
    throw wrongStorage(
      'rows of a packed table can be gathered only when it was packed transposed',
      'Pack it as (columns, inner).',
    );
  const task = [pointer, scales, kind, inner, group, memory.upload(ids), out];
  threads.run('gatherTyped', ids.length, 4 * ids.length * inner, 0, 0, task);
}
