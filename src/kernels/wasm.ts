/** The WebAssembly device: one instance and one memory of its own, one thread, in Node and in browsers. */
import { SiseonError } from '../platform/errors.ts';
import { wasmBase64 } from './binary.ts';
import type { Activation, Kernels } from './contract.ts';
import type { Exports } from './exports.ts';
import { keepLargest } from './largest.ts';
import { type Block, LinearMemory } from './memory.ts';
import { attend, attendBackward } from './wasm-attention.ts';

const kinds: Record<Activation, number> = { gelu: 0, geluTanh: 1, relu: 2, silu: 3, tanh: 4 };

let compiled: Promise<WebAssembly.Module> | undefined;

/** The compiled kernels, for tests and for starting several instances. */
export function wasmModule(): Promise<WebAssembly.Module> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<WebAssembly.Module> {
  try {
    // Where there is no WebAssembly at all, this throws too: a ReferenceError.
    return await WebAssembly.compile(Uint8Array.from(atob(wasmBase64), (letter) => letter.charCodeAt(0)));
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

/** A new device with a memory of its own. Throws `noWebAssemblySimd`. */
export async function wasmKernels(): Promise<Kernels & { readonly bytes: number }> {
  const module = await wasmModule();
  const memory = new LinearMemory();
  const instance = await WebAssembly.instantiate(module, { env: { memory: memory.memory } });
  const e = instance.exports as unknown as Exports;
  const p = (storage: Parameters<LinearMemory['pointer']>[0]): number => memory.pointer(storage);

  /** Whole numbers in scratch after `before` numbers of other scratch: their pointer. */
  const upload = (values: Int32Array, before = 0): { scratch: number; ids: number } => {
    const start = (before + 3) & ~3;
    const scratch = memory.scratch(start + values.length);
    const ids = scratch + 4 * start;
    new Int32Array(memory.memory.buffer, ids, values.length).set(values);
    return { scratch, ids };
  };

  return {
    name: 'wasm',
    get bytes() {
      return memory.bytes;
    },
    allocate: (length) => memory.allocate(length),
    free: (storage) => memory.free(memory.block(storage)),
    write(storage, values, offset = 0) {
      const block = inside(memory.block(storage), offset, values.length);
      memory.numbers.set(values, block.pointer / 4 + offset);
    },
    read(storage, offset = 0, length = storage.length - offset) {
      const block = inside(memory.block(storage), offset, length);
      const start = block.pointer / 4 + offset;
      return Promise.resolve(memory.numbers.slice(start, start + length));
    },

    matmul({ out, left, right, bias, batch = 1, rows, inner, columns, leftTransposed, rightTransposed, accumulate }) {
      const scratch = memory.scratch(inner * ((columns + 7) & ~7) + 4 * inner + 32);
      for (let b = 0; b < batch; b++)
        e.matmul(
          p(out) + 4 * b * rows * columns,
          p(left) + 4 * b * rows * inner,
          leftTransposed ? 1 : inner,
          leftTransposed ? rows : 1,
          p(right) + 4 * b * inner * columns,
          rightTransposed ? 1 : columns,
          rightTransposed ? inner : 1,
          bias ? p(bias) : 0,
          rows,
          inner,
          columns,
          accumulate ? 1 : 0,
          scratch,
        );
    },
    attend: (task) => attend(e, memory, task),
    attendBackward: (task) => attendBackward(e, memory, task),
    rotate({ input, out, batch, heads, length, headSize, rotated, interleaved, inverse, cosine, sine, positions }) {
      const half = rotated / 2;
      for (let b = 0; b < batch; b++)
        for (let i = 0; i < length; i++) {
          const table = 4 * half * positions[b * length + i]!;
          for (let h = 0; h < heads; h++) {
            const from =
              p(input.storage) +
              4 * (input.offset + b * input.batchStride + h * input.headStride + i * input.rowStride);
            const to = p(out.storage) + 4 * (out.offset + b * out.batchStride + h * out.headStride + i * out.rowStride);
            e.rotateRow(
              from,
              to,
              p(cosine) + table,
              p(sine) + table,
              half,
              headSize,
              interleaved ? 1 : 0,
              inverse ? 1 : 0,
            );
          }
        }
    },

    softmax: (x, out, { rows, columns }) =>
      void e.softmaxRows(p(x), p(out), rows, columns, memory.scratch(columns + 8)),
    softmaxBackward: (y, gradient, xGradient, { rows, columns }) =>
      void e.softmaxBackward(p(y), p(gradient), p(xGradient), rows, columns),
    layerNorm: (x, weight, bias, out, mean, inverse, { rows, columns }, epsilon) =>
      void e.layerNorm(p(x), p(weight), bias ? p(bias) : 0, p(out), p(mean), p(inverse), rows, columns, epsilon),
    layerNormBackward(x, weight, mean, inverse, gradient, xGradient, weightGradient, biasGradient, { rows, columns }) {
      zero(weightGradient);
      if (biasGradient) zero(biasGradient);
      e.normBackward(
        p(x),
        p(weight),
        p(mean),
        p(inverse),
        p(gradient),
        p(xGradient),
        p(weightGradient),
        biasGradient ? p(biasGradient) : 0,
        rows,
        columns,
      );
    },
    rmsNorm: (x, weight, out, inverse, { rows, columns }, epsilon) =>
      void e.rmsNorm(p(x), p(weight), p(out), p(inverse), rows, columns, epsilon),
    rmsNormBackward(x, weight, inverse, gradient, xGradient, weightGradient, { rows, columns }) {
      zero(weightGradient);
      e.normBackward(p(x), p(weight), 0, p(inverse), p(gradient), p(xGradient), p(weightGradient), 0, rows, columns);
    },

    activate: (kind, x, out) => void e.activate(kinds[kind], p(x), p(out), x.length),
    activateBackward: (kind, x, gradient, xGradient) =>
      void e.activateBackward(kinds[kind], p(x), p(gradient), p(xGradient), x.length),
    add: (left, right, out) => void e.combine(0, p(left), p(right), p(out), left.length, right.length),
    multiply: (left, right, out) => void e.combine(1, p(left), p(right), p(out), left.length, right.length),
    scale: (x, factor, out) => void e.scale(p(x), factor, p(out), x.length),
    keepLargest: (x, out, size, count, fill) =>
      keepLargest(memory.numbers, p(x) / 4, memory.numbers, p(out) / 4, size, count, fill),
    sumRows(x, out, { rows, columns }) {
      zero(out);
      e.sumRows(p(x), p(out), rows, columns, memory.scratch(columns));
    },
    sumSquares(x, out) {
      const sum = e.sumSquares(p(x), x.length);
      memory.numbers[p(out) / 4] = sum;
    },

    gather: (table, ids, out, columns) => void e.gather(p(table), upload(ids).ids, p(out), ids.length, columns),
    scatterAdd: (table, ids, rows, columns) =>
      void e.scatterAdd(p(table), upload(ids).ids, p(rows), ids.length, columns),
    crossEntropy(logits, targets, losses, { rows, columns }) {
      const { scratch, ids } = upload(targets, columns + 8);
      e.crossEntropy(p(logits), ids, p(losses), 0, 0, rows, columns, scratch);
    },
    crossEntropyBackward(logits, targets, gradient, logitsGradient, { rows, columns }) {
      const { scratch, ids } = upload(targets, columns + 8);
      e.crossEntropy(p(logits), ids, 0, p(gradient), p(logitsGradient), rows, columns, scratch);
    },
    adam: (s) =>
      void e.adam(
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
  };

  function zero(storage: Parameters<LinearMemory['pointer']>[0]): void {
    const start = p(storage) / 4;
    memory.numbers.fill(0, start, start + storage.length);
  }
}

function inside(block: Block, offset: number, length: number): Block {
  if (offset >= 0 && offset + length <= block.length) return block;
  throw new RangeError(`numbers ${offset} to ${offset + length} lie outside of a storage of ${block.length}`);
}
