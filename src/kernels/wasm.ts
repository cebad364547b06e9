/** The WebAssembly device: one memory of its own, on as many threads as share it, in Node and in browsers. */
import { SiseonError } from '../platform/errors.ts';
import * as plain from './binary.ts';
import { checked } from './checked.ts';
import type { Heads, Kernels, Rows, Storage } from './contract.ts';
import type { Exports } from './exports.ts';
import { keepLargest } from './largest.ts';
import { ACTIVATION_SCRATCH, type Block, EXP_SCRATCH, LinearMemory, PackedBlock } from './memory.ts';
import { type ThreadOptions, Threads } from './threads.ts';
import { attend, attendBackward } from './wasm-attention.ts';
import { activationKinds, matmul } from './wasm-matmul.ts';
import { gatherPacked, pack, readPacked } from './wasm-packed.ts';

export type { ThreadOptions } from './threads.ts';

/** A device of WebAssembly: what every device can do, and what is particular to this one. */
export interface WasmKernels extends Kernels {
  /** Bytes of its memory in use or kept for reuse. */
  readonly bytes: number;
  /** Threads that it computes on, the caller's included; 1 after `close`. Others start after about half a second of computing. */
  readonly threads: number;
  /** Whether its products are fused. */
  readonly relaxed: boolean;
  /** Why there is one thread only although more were wanted, or null. */
  readonly notice: string | null;
  /** Ends the other threads; the device goes on with one, and `notice` says so. They also end when nobody holds the device any more. */
  close(): void;
}

/** How a device computes. */
export interface WasmOptions extends ThreadOptions {
  /**
   * Fused products (relaxed SIMD) where the engine has them: Node 21 and newer, most browsers since 2024. Products and attention are faster, and their
   * results differ from the plain kernels' in the last digits, as they do from one processor to another. False unless said; not for
   * training that is to give the same numbers everywhere.
   */
  readonly relaxed?: boolean;
}

/** `local.get 0, 1, 2; f32x4.relaxed_madd`, which an engine takes only if it has fused products. */
const fusedProduct = [
  [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  [0x01, 0x08, 0x01, 0x60, 0x03, 0x7b, 0x7b, 0x7b, 0x01, 0x7b],
  [0x03, 0x02, 0x01, 0x00],
  [0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x01, 0x20, 0x02, 0xfd, 0x85, 0x02, 0x0b],
].flat();

/** Whether this engine has fused products. */
export function hasRelaxedSimd(): boolean {
  return typeof WebAssembly !== 'undefined' && WebAssembly.validate(Uint8Array.from(fusedProduct));
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** The compiled kernels, for a memory that is shared or not; for tests and for starting several instances. */
export function wasmModule(shared = false, relaxed = false): Promise<WebAssembly.Module> {
  const key = `${shared} ${relaxed}`;
  const module = compiled.get(key) ?? compile(shared, relaxed);
  compiled.set(key, module);
  return module;
}

async function compile(shared: boolean, relaxed: boolean): Promise<WebAssembly.Module> {
  // Loaded only where it is wanted, so that a page does not pay for it.
  const { memoryFlags, wasmBase64 } = relaxed ? await import('./binaryRelaxed.ts') : plain;
  try {
    const bytes = Uint8Array.from(atob(wasmBase64), (letter) => letter.charCodeAt(0));
    bytes[memoryFlags] = shared ? 3 : 1;
    // Where there is no WebAssembly at all, this throws too: a ReferenceError.
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new SiseonError({
      code: 'noWebAssemblySimd',
      kind: 'failure',
      what: 'this engine cannot run the kernels: it lacks WebAssembly with SIMD',
      next: 'Use Node 20 or newer, or a browser from 2023 or later.',
      cause,
    });
  }
}

/** Names alone are compared, without a library: kernels are loaded as they are, by pages without a bundler too. */
function check(options: WasmOptions): void {
  const known: readonly string[] = ['threads', 'workerUrl', 'relaxed'] satisfies (keyof WasmOptions)[];
  const name = Object.keys(options).find((name) => !known.includes(name));
  if (name === undefined) return;
  throw new SiseonError({
    code: 'unknownOption',
    kind: 'usage',
    what: `wasmKernels has no option ${name}`,
    expected: `one of ${known.join(', ')}`,
    got: name,
    next: 'Leave it away.',
  });
}

/** Numbers in a unit of elementwise work: CHUNK of assembly/elementwise.ts. */
const CHUNK = 16_384;

/** A new device with a memory of its own. Throws `noWebAssemblySimd`, `badThreads`, `unknownOption`. */
export async function wasmKernels(options: WasmOptions = {}): Promise<WasmKernels> {
  check(options);
  const shared = typeof SharedArrayBuffer !== 'undefined';
  const relaxed = options.relaxed === true && hasRelaxedSimd();
  const module = await wasmModule(shared, relaxed);
  const memory = new LinearMemory(shared);
  const instance = await WebAssembly.instantiate(module, { env: { memory: memory.memory } });
  const e = instance.exports as unknown as Exports;
  e.constants();
  e.activationConstants();
  const threads = new Threads(module, memory.memory, e, options);
  const p = (storage: Storage): number => memory.pointer(storage);
  const heads = (x: Heads): number[] => [p(x.storage) + 4 * x.offset, x.batchStride, x.headStride, x.rowStride];

  /** A kernel that works number by number over a length. */
  const stretch = (kernel: keyof Exports, length: number, cost: number, ...values: number[]): void =>
    threads.run(kernel, Math.ceil(length / CHUNK), cost * length, 0, 0, values);
  /** A kernel that works row by row, with scratch for exponents and one row. */
  const byRows = (kernel: keyof Exports, { rows, columns }: Rows, cost: number, ...values: number[]): void => {
    const each = Math.max(1, Math.floor(CHUNK / Math.max(1, columns)));
    const bytes = 4 * ((columns + 15) & ~7) + EXP_SCRATCH;
    const scratch = memory.scratch((threads.count * bytes) / 4);
    threads.run(kernel, Math.ceil(rows / each), cost * rows * columns, scratch, bytes, [each, ...values]);
  };
  /** A kernel that works on 16 columns at a time, from the first row to the last. */
  const byColumns = (kernel: keyof Exports, { rows, columns }: Rows, ...values: number[]): void =>
    threads.run(kernel, Math.ceil(columns / 16), 2 * rows * columns, 0, 0, values);

  const kernels = checked({
    name: 'wasm',
    allocate: (length, cleared = true) => memory.allocate(length, cleared),
    free: (storage) => memory.free(memory.block(storage)),
    write(storage, values, offset = 0) {
      const block = inside(memory.block(storage), offset, values.length);
      memory.pointer(storage);
      memory.numbers.set(values, block.pointer / 4 + offset);
    },
    read(storage, offset = 0, length = storage.length - offset) {
      const block = inside(memory.block(storage), offset, length);
      if (block instanceof PackedBlock) return Promise.resolve(readPacked(threads, memory, block, offset, length));
      const start = block.pointer / 4 + offset;
      return Promise.resolve(memory.numbers.slice(start, start + length));
    },

    peek(storage) {
      const start = p(storage) / 4;
      return memory.numbers.slice(start, start + storage.length);
    },

    pack: (source) => pack(threads, memory, source),
    matmul: (task) => matmul(threads, memory, task),
    attend: (task) => attend(threads, memory, task),
    attendBackward: (task) => attendBackward(threads, memory, task),
    rotate(task) {
      const { batch, length, headSize, rotated } = task;
      const positions = memory.upload(task.positions);
      const values = [task.heads, length, rotated / 2, headSize, task.interleaved ? 1 : 0, task.inverse ? 1 : 0];
      const cost = 4 * batch * task.heads * length * headSize;
      threads.run('rotate', batch * task.heads, cost, 0, 0, [
        ...heads(task.input),
        ...heads(task.out),
        ...values,
        p(task.cosine),
        p(task.sine),
        positions,
      ]);
    },

    softmax: (x, out, size) => byRows('softmaxRows', size, 10, p(x), p(out), size.rows, size.columns),
    softmaxBackward: (y, gradient, xGradient, size) =>
      byRows('softmaxBackward', size, 8, p(y), p(gradient), p(xGradient), size.rows, size.columns),
    layerNorm: (x, weight, bias, out, mean, inverse, size, epsilon) =>
      byRows(
        'layerNorm',
        size,
        8,
        p(x),
        p(weight),
        bias ? p(bias) : 0,
        p(out),
        p(mean),
        p(inverse),
        size.rows,
        size.columns,
        epsilon,
      ),
    layerNormBackward: (x, weight, mean, inverse, gradient, xGradient, weightGradient, biasGradient, size) =>
      normBackward([p(x), p(weight), p(mean), p(inverse), p(gradient)], xGradient, weightGradient, biasGradient, size),
    rmsNorm: (x, weight, out, inverse, size, epsilon) =>
      byRows('rmsNorm', size, 6, p(x), p(weight), p(out), p(inverse), size.rows, size.columns, epsilon),
    rmsNormBackward: (x, weight, inverse, gradient, xGradient, weightGradient, size) =>
      normBackward([p(x), p(weight), 0, p(inverse), p(gradient)], xGradient, weightGradient, null, size),

    activate(kind, x, out) {
      const scratch = memory.scratch((threads.count * ACTIVATION_SCRATCH) / 4);
      const values = [activationKinds[kind], p(x), p(out), x.length];
      threads.run('activate', Math.ceil(x.length / CHUNK), 20 * x.length, scratch, ACTIVATION_SCRATCH, values);
    },
    activateBackward: (kind, x, gradient, xGradient) =>
      stretch('activateBackward', x.length, 40, activationKinds[kind], p(x), p(gradient), p(xGradient), x.length),
    add: (left, right, out) =>
      stretch('combine', left.length, 2, 0, p(left), p(right), p(out), left.length, right.length),
    multiply: (left, right, out) =>
      stretch('combine', left.length, 2, 1, p(left), p(right), p(out), left.length, right.length),
    scale: (x, factor, out) => stretch('scale', x.length, 2, p(x), factor, p(out), x.length),
    keepLargest: (x, out, size, count, fill) =>
      keepLargest(memory.numbers, p(x) / 4, memory.numbers, p(out) / 4, size, count, fill),
    sumRows: (x, out, size) => byColumns('sumRows', size, p(x), p(out), size.rows, size.columns),
    sumSquares(x, out) {
      const sum = e.sumSquares(p(x), x.length);
      memory.numbers[p(out) / 4] = sum;
    },

    gather(table, ids, out, columns) {
      const block = memory.block(table);
      if (block instanceof PackedBlock) gatherPacked(threads, memory, block, ids, p(out));
      else e.gather(0, 0, p(table), memory.upload(ids), p(out), ids.length, columns);
    },
    scatterAdd: (table, ids, rows, columns) =>
      void e.scatterAdd(0, 0, p(table), memory.upload(ids), p(rows), ids.length, columns),
    crossEntropy: (logits, targets, losses, size) =>
      crossEntropy(targets, size, (ids) => [p(logits), ids, p(losses), 0, 0]),
    crossEntropyBackward: (logits, targets, gradient, logitsGradient, size) =>
      crossEntropy(targets, size, (ids) => [p(logits), ids, 0, p(gradient), p(logitsGradient)]),
    adam: (s) =>
      stretch(
        'adam',
        s.parameter.length,
        20,
        p(s.parameter),
        p(s.gradient),
        p(s.first),
        p(s.second),
        s.parameter.length,
        s.rate,
        s.beta1,
        s.beta2,
        s.epsilon,
        s.decay,
        s.correction1,
        s.correction2,
        s.gradientScale,
      ),
  });
  return {
    ...kernels,
    get bytes() {
      return memory.bytes;
    },
    get threads() {
      return threads.count;
    },
    relaxed,
    get notice() {
      return threads.notice;
    },
    close: () => threads.close(),
  };

  function normBackward(
    [x, weight, mean, inverse, gradient]: [number, number, number, number, number],
    xGradient: Storage,
    weightGradient: Storage,
    biasGradient: Storage | null,
    size: Rows,
  ): void {
    const { rows, columns } = size;
    byRows('normBackward', size, 12, x, weight, mean, inverse, gradient, p(xGradient), rows, columns);
    const to = [p(weightGradient), biasGradient ? p(biasGradient) : 0];
    byColumns('normParameters', size, x, mean, inverse, gradient, ...to, rows, columns);
  }

  function crossEntropy(targets: Int32Array, size: Rows, values: (ids: number) => number[]): void {
    const ids = memory.upload(targets);
    byRows('crossEntropy', size, 10, ...values(ids), size.rows, size.columns);
  }
}

function inside(block: Block, offset: number, length: number): Block {
  if (Number.isInteger(offset) && offset >= 0 && offset + length <= block.length) return block;
  throw new SiseonError({
    code: 'storageTooShort',
    kind: 'usage',
    what: 'numbers to read or write lie outside of their storage',
    expected: `0 to ${block.length}`,
    got: `${offset} to ${offset + length}`,
    next: 'Check the offset and how many there are.',
  });
}
