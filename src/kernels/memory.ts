/** The linear memory of one WebAssembly device: storages by size class, one scratch region, growth on demand. */
import { SiseonError } from '../platform/errors.ts';
import type { NumberType, Packed, Storage } from './contract.ts';
import { foreign, wrongStorage } from './fits.ts';

const PAGE = 65_536;
const LIMIT = 65_536 * PAGE; // 4 GiB, what 32-bit pointers reach
/**
 * Bytes in front of all storages: pointer 0 means "none" to the kernels, then the control block of threads.ts, one task, and the
 * constants of assembly/exponent.ts and assembly/activation.ts, and at the end the zeros of assembly/tile.ts.
 */
const RESERVED = 2048;
const TASK = 512;
/** Bytes of scratch for the kernels that take exponents: twice STRETCH of assembly/exponent.ts. */
export const EXP_SCRATCH = 2048;
/** And for activations: twice that. */
export const ACTIVATION_SCRATCH = 2 * EXP_SCRATCH;

/** A block of the memory; `pointer` is in bytes. */
export class Block implements Storage {
  readonly owner: LinearMemory;
  readonly pointer: number;
  readonly length: number;
  readonly bytes: number;
  freed = false;
  constructor(owner: LinearMemory, pointer: number, length: number, bytes: number) {
    this.owner = owner;
    this.pointer = pointer;
    this.length = length;
    this.bytes = bytes;
  }
}

/** Panels of assembly/widen.ts, and after them the scales. */
export class PackedBlock extends Block implements Packed {
  readonly inner: number;
  readonly columns: number;
  readonly type: NumberType;
  readonly transposed: boolean;
  /** The number that the kernels know its type by: see assembly/widen.ts. */
  readonly kind: number;
  readonly group: number;
  /** Where the scales are, in bytes. */
  readonly scales: number;
  constructor(
    block: Block,
    { inner, columns, type, transposed = false }: Pick<PackedBlock, 'inner' | 'columns' | 'type' | 'transposed'>,
    kind: number,
    group: number,
    scales: number,
  ) {
    super(block.owner, block.pointer, inner * columns, block.bytes);
    this.inner = inner;
    this.columns = columns;
    this.type = type;
    this.transposed = transposed;
    this.kind = kind;
    this.group = group;
    this.scales = scales;
  }
}

export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly #free = new Map<number, number[]>();
  #end = RESERVED;
  #numbers: Float32Array;
  #scratch = { pointer: 0, bytes: 0 };
  #uploads = { pointer: 0, bytes: 0 };

  /** `shared`: other threads may be given the memory. */
  constructor(shared: boolean) {
    this.memory = new WebAssembly.Memory({ initial: 16, maximum: LIMIT / PAGE, shared });
    this.#numbers = new Float32Array(this.memory.buffer);
  }

  /** All of the memory as numbers; valid until the next allocation. */
  get numbers(): Float32Array {
    if (this.#numbers.buffer !== this.memory.buffer) this.#numbers = new Float32Array(this.memory.buffer);
    return this.#numbers;
  }

  /** Bytes in use or kept for reuse. */
  get bytes(): number {
    return this.#end;
  }

  /** `cleared`: all 0, else whatever the memory holds. `exact`: what stays is not rounded up to a size that others can reuse. */
  allocate(length: number, cleared: boolean, exact = false): Block {
    const bytes = exact ? Math.max(1, Math.ceil(length / 4)) * 16 : sizeClass(length * 4);
    const pointer = this.#free.get(bytes)?.pop() ?? this.#extend(bytes, length * 4);
    if (cleared) this.numbers.fill(0, pointer / 4, pointer / 4 + length);
    return new Block(this, pointer, length, bytes);
  }

  /** Writes what one kernel works on, whole numbers first, and returns its pointer; the next call overwrites it. */
  task(integers: readonly number[], floats: readonly number[] = []): number {
    this.numbers.set(floats, TASK / 4 + integers.length);
    this.integers(TASK, integers.length).set(integers);
    return TASK;
  }

  free(block: Block): void {
    if (block.freed) throw wrongStorage('this storage was freed before', 'Free each storage once.');
    block.freed = true;
    this.#recycle(block.pointer, block.bytes);
  }

  /** A region for the length of one kernel; the next call may return the same. */
  scratch(numbers: number): number {
    this.#scratch = this.#enough(this.#scratch, numbers);
    return this.#scratch.pointer;
  }

  /** Whole numbers in the memory for the length of one kernel, apart from scratch: their pointer. */
  upload(values: Int32Array): number {
    this.#uploads = this.#enough(this.#uploads, values.length);
    this.integers(this.#uploads.pointer, values.length).set(values);
    return this.#uploads.pointer;
  }

  integers(pointer: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, pointer, length);
  }

  /** The pointer of a storage of this device; throws for another device's, a freed or a packed one. */
  pointer(storage: Storage): number {
    const block = this.block(storage);
    if (block instanceof PackedBlock)
      throw wrongStorage(
        'a packed operand is for products, gathering and reading',
        'Read it, and write it to a storage.',
      );
    return block.pointer;
  }

  block(storage: Storage): Block {
    if (!(storage instanceof Block) || storage.owner !== this) throw foreign();
    if (storage.freed) throw wrongStorage('this storage was freed', 'Allocate another.');
    return storage;
  }

  /** The region, or one that holds so many numbers in its stead. */
  #enough(region: { pointer: number; bytes: number }, numbers: number): { pointer: number; bytes: number } {
    if (numbers * 4 <= region.bytes) return region;
    if (region.bytes > 0) this.#recycle(region.pointer, region.bytes);
    const bytes = sizeClass(numbers * 4);
    return { pointer: this.#free.get(bytes)?.pop() ?? this.#extend(bytes, numbers * 4), bytes };
  }

  #recycle(pointer: number, bytes: number): void {
    const list = this.#free.get(bytes);
    if (list) list.push(pointer);
    else this.#free.set(bytes, [pointer]);
  }

  /** `asked`: of the bytes, those that were asked for before they were rounded up. */
  #extend(bytes: number, asked: number): number {
    const pointer = this.#end;
    const missing = pointer + bytes - this.memory.buffer.byteLength;
    if (missing > 0) {
      const pages = Math.ceil(missing / PAGE);
      // Growing costs the same for one page and for many, so it is done in steps of a quarter of what is there.
      const ahead = Math.min(LIMIT / PAGE, Math.ceil((1.25 * this.memory.buffer.byteLength) / PAGE));
      try {
        this.memory.grow(Math.max(pages, ahead - this.memory.buffer.byteLength / PAGE));
      } catch (cause) {
        const gib = (count: number): string => `${count} bytes (${(count / 2 ** 30).toFixed(2)} GiB)`;
        throw new SiseonError({
          code: 'outOfMemory',
          kind: 'failure',
          what: 'the memory of the engine is full',
          expected: `at most ${gib(LIMIT)}`,
          got: `${gib(pointer)} in use and ${gib(asked)} more asked for`,
          next: 'Use a shorter text, keep fewer stages at once, or load the parameters in f16, bf16 or int8.',
          cause,
        });
      }
    }
    this.#end += bytes;
    return pointer;
  }
}

/** Rounds up to a power of two or, in between, one of its eighths: at most a ninth is lost, and freed blocks fit again. */
function sizeClass(bytes: number): number {
  let size = 16;
  while (size < bytes) size *= 2;
  const step = Math.max(16, size / 16);
  return Math.ceil(bytes / step) * step || 16;
}
