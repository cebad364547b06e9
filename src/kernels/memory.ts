/** The linear memory of one WebAssembly device: storages by size class, one scratch region, growth on demand. */
import { SiseonError } from '../platform/errors.ts';
import type { Storage } from './contract.ts';

const PAGE = 65_536;
const LIMIT = 65_536 * PAGE; // 4 GiB, what 32-bit pointers reach

/** A block of the memory; `pointer` is in bytes. */
export class Block implements Storage {
  readonly owner: LinearMemory;
  readonly pointer: number;
  readonly length: number;
  freed = false;
  constructor(owner: LinearMemory, pointer: number, length: number) {
    this.owner = owner;
    this.pointer = pointer;
    this.length = length;
  }
}

export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly #free = new Map<number, number[]>();
  #end = 1024; // pointer 0 means "none" to the kernels
  #numbers: Float32Array;
  #scratch = { pointer: 0, bytes: 0 };

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 16, maximum: LIMIT / PAGE });
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

  allocate(length: number): Block {
    const bytes = sizeClass(length * 4);
    const pointer = this.#free.get(bytes)?.pop() ?? this.#extend(bytes);
    this.numbers.fill(0, pointer / 4, pointer / 4 + length);
    return new Block(this, pointer, length);
  }

  free(block: Block): void {
    if (block.freed) throw new TypeError('this storage was freed before');
    block.freed = true;
    this.#recycle(block.pointer, sizeClass(block.length * 4));
  }

  /** A region for the length of one kernel; the next call may return the same. */
  scratch(numbers: number): number {
    const bytes = sizeClass(numbers * 4);
    if (bytes > this.#scratch.bytes) {
      if (this.#scratch.bytes > 0) this.#recycle(this.#scratch.pointer, this.#scratch.bytes);
      this.#scratch = { pointer: this.#extend(bytes), bytes };
    }
    return this.#scratch.pointer;
  }

  /** The pointer of a storage of this device; throws for another device's or a freed one. */
  pointer(storage: Storage): number {
    return this.block(storage).pointer;
  }

  block(storage: Storage): Block {
    if (!(storage instanceof Block) || storage.owner !== this)
      throw new TypeError('this storage was allocated by another device; read it there and write it here');
    if (storage.freed) throw new TypeError('this storage was freed');
    return storage;
  }

  #recycle(pointer: number, bytes: number): void {
    const list = this.#free.get(bytes);
    if (list) list.push(pointer);
    else this.#free.set(bytes, [pointer]);
  }

  #extend(bytes: number): number {
    const pointer = this.#end;
    const missing = pointer + bytes - this.memory.buffer.byteLength;
    if (missing > 0) {
      const pages = Math.ceil(missing / PAGE);
      try {
        this.memory.grow(pages);
      } catch (cause) {
        const gib = (count: number): string => `${(count / 2 ** 30).toFixed(2)} GiB`;
        throw new SiseonError({
          code: 'outOfMemory',
          kind: 'failure',
          what: 'the memory of the engine is full',
          expected: `at most ${gib(LIMIT)}`,
          got: `${gib(pointer)} in use and ${gib(bytes)} more asked for`,
          next: 'Use a shorter text or a smaller model.',
          cause,
        });
      }
    }
    this.#end += bytes;
    return pointer;
  }
}

/** Rounds up to a power of two or three quarters of one, at least 16: at most a third is lost, and freed blocks fit again. */
function sizeClass(bytes: number): number {
  let size = 16;
  while (size < bytes) size *= 2;
  return size >= 64 && bytes <= (size / 4) * 3 ? (size / 4) * 3 : size;
}
