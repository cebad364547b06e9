import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Kernels, referenceKernels, wasmKernels } from '../kernels/index.ts';
import { type Operations, operations, read, scope, Tape, type Tensor, tensor } from './index.ts';

/** Written by expected.py with PyTorch in double precision. */
const expected = JSON.parse(readFileSync(new URL('./expected.json', import.meta.url), 'utf8')) as Record<
  string,
  { out: number[]; gradients: number[][] }
>;

interface Operation {
  readonly shapes: readonly (readonly number[])[];
  readonly run: (o: Operations, ...inputs: [Tensor, Tensor, Tensor]) => Tensor;
}

const activation = (kind: 'gelu' | 'geluTanh' | 'relu' | 'silu' | 'tanh'): Operation => ({
  shapes: [[11]],
  run: (o, x) => o.activate(kind, o.scale(x, 3)),
});
const angles = Float64Array.from({ length: 6 }, (_, i) => Math.floor(i / 2) * ((i % 2) + 1) * 0.3);
const visibility = { left: 3, right: -1, keyLengths: Int32Array.of(7, 4) };

const cases: Record<string, Operation> = {
  matmul: {
    shapes: [
      [3, 5],
      [5, 7],
    ],
    run: (o, x, y) => o.matmul(x, y),
  },
  matmulLeftTransposed: {
    shapes: [
      [5, 3],
      [5, 7],
    ],
    run: (o, x, y) => o.matmul(x, y, { leftTransposed: true }),
  },
  matmulRightTransposed: {
    shapes: [
      [3, 5],
      [7, 5],
    ],
    run: (o, x, y) => o.matmul(x, y, { rightTransposed: true }),
  },
  matmulBothTransposed: {
    shapes: [
      [5, 3],
      [7, 5],
    ],
    run: (o, x, y) => o.matmul(x, y, { leftTransposed: true, rightTransposed: true }),
  },
  linear: { shapes: [[3, 5], [7, 5], [7]], run: (o, x, w, b) => o.linear(x, w, b) },
  add: { shapes: [[3, 5], [5]], run: (o, x, y) => o.add(x, y) },
  multiply: {
    shapes: [
      [3, 5],
      [3, 5],
    ],
    run: (o, x, y) => o.multiply(x, y),
  },
  scale: { shapes: [[3, 5]], run: (o, x) => o.scale(x, -2.5) },
  reshape: { shapes: [[3, 5]], run: (o, x) => o.scale(o.reshape(o.scale(x, 2), [5, 3]), 1) },
  gelu: activation('gelu'),
  geluTanh: activation('geluTanh'),
  relu: activation('relu'),
  silu: activation('silu'),
  tanh: activation('tanh'),
  softmax: { shapes: [[3, 7]], run: (o, x) => o.softmax(x) },
  layerNorm: { shapes: [[3, 7], [7], [7]], run: (o, x, w, b) => o.layerNorm(x, w, b, 1e-5) },
  rmsNorm: { shapes: [[3, 7], [7]], run: (o, x, w) => o.rmsNorm(x, w, 1e-5) },
  embed: { shapes: [[5, 3]], run: (o, table) => o.embed(table, Int32Array.of(4, 0, 4)) },
  attend: {
    shapes: [
      [10, 12],
      [14, 6],
      [14, 4],
    ],
    run: (o, query, key, value) =>
      o.attend({ query, key, value, batch: 2, heads: 4, keyValueHeads: 2, scale: 0.5, softcap: 1.5, visibility }),
  },
  rotate: {
    shapes: [[3, 10]],
    run: (o, x) =>
      o.rotate(x, {
        batch: 1,
        heads: 2,
        rotated: 4,
        interleaved: false,
        cosine: o.constant([3, 2], angles.map(Math.cos)),
        sine: o.constant([3, 2], angles.map(Math.sin)),
        positions: Int32Array.of(0, 1, 2),
      }),
  },
  crossEntropy: { shapes: [[5, 7]], run: (o, x) => o.crossEntropy(x, Int32Array.of(1, -1, 0, 6, 2)) },
};

const drawn = (seed: number, shape: readonly number[]): Float64Array =>
  Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + 1.7 * i));

/** Forward values, and the gradients of Σ out · cos(0.9 i), of one operation. */
async function evaluate(
  kernels: Kernels,
  { shapes, run }: Operation,
  values: readonly Float64Array[],
): Promise<{ out: Float32Array; gradients: Float32Array[] }> {
  const pending = scope(kernels, () => {
    const tape = new Tape();
    const inputs = shapes.map((shape, i) => tensor(kernels, shape, values[i]!));
    tape.watch(...inputs);
    const o = operations(kernels, tape);
    const out = run(o, ...(inputs as [Tensor, Tensor, Tensor]));
    const factors = o.constant(
      out.shape,
      Float64Array.from({ length: out.storage.length }, (_, i) => Math.cos(0.9 * i)),
    );
    const product = o.multiply(out, factors);
    // The sum as a linear map with weights 1, so that the loss is one number on the tape.
    const loss = o.linear(
      o.reshape(product, [1, out.storage.length]),
      o.constant([1, out.storage.length], new Float64Array(out.storage.length).fill(1)),
    );
    const gradients = tape.gradients(o.reshape(loss, [1, 1]), operations(kernels));
    return { out: read(out), gradients: inputs.map((input) => read(gradients.get(input)!)) };
  });
  return { out: await pending.out, gradients: await Promise.all(pending.gradients) };
}

/** One call tests an operation's forward and its gradients: against PyTorch, and against finite differences. */
async function check(kernels: Kernels, name: string, budget: number): Promise<void> {
  const operation = cases[name]!;
  const values = operation.shapes.map((shape, i) => drawn(i + 1, shape));
  const got = await evaluate(kernels, operation, values);
  const near = (ours: ArrayLike<number>, theirs: readonly number[], what: string): void => {
    expect(ours.length, what).toBe(theirs.length);
    for (const [i, number] of theirs.entries())
      expect(Math.abs(ours[i]! - number), `${what}[${i}]`).toBeLessThanOrEqual(budget * (1 + Math.abs(number)));
  };
  near(got.out, expected[name]!.out, 'out');
  for (const [i, gradient] of got.gradients.entries()) near(gradient, expected[name]!.gradients[i]!, `gradient ${i}`);
}

async function differences(kernels: Kernels, name: string): Promise<void> {
  const operation = cases[name]!;
  const values = operation.shapes.map((shape, i) => drawn(i + 1, shape));
  const { gradients } = await evaluate(kernels, operation, values);
  const step = 0.02;
  const loss = async (input: number, index: number, by: number): Promise<number> => {
    const moved = values.map((numbers, i) =>
      i === input ? numbers.map((number, j) => (j === index ? number + by : number)) : numbers,
    );
    return (await evaluate(kernels, operation, moved)).out.reduce(
      (sum, number, i) => sum + number * Math.cos(0.9 * i),
      0,
    );
  };
  for (const [input, numbers] of values.entries())
    for (let index = 0; index < numbers.length; index += 3) {
      // Five points: the error falls with the fourth power of the step, so that it may be wide enough for float32 reads.
      const slope =
        (8 * ((await loss(input, index, step)) - (await loss(input, index, -step))) -
          ((await loss(input, index, 2 * step)) - (await loss(input, index, -2 * step)))) /
        (12 * step);
      expect(Math.abs(slope - gradients[input]![index]!), `input ${input}[${index}]`).toBeLessThanOrEqual(1e-4);
    }
}

describe.each(Object.keys(cases))('%s', (name) => {
  it('agrees with PyTorch forward and backward on the reference device: 2e-7 (1 + |b|)', () =>
    check(referenceKernels('f64'), name, 2e-7));
  it('agrees with PyTorch forward and backward in WebAssembly: 2e-6 (1 + |b|)', async () =>
    check(await wasmKernels(), name, 2e-6));
  // relu has a corner that a wide difference may step over.
  if (name !== 'relu')
    it('agrees with finite differences of five points: 1e-4', () => differences(referenceKernels('f64'), name));
});

describe('the tape', () => {
  it('adds the gradients of a tensor that is used twice: d(x·x + x)/dx = 2x + 1, exactly', async () => {
    const kernels = referenceKernels('f64');
    const tape = new Tape();
    const x = tensor(kernels, [1, 1], [3]);
    tape.watch(x);
    const o = operations(kernels, tape);
    const loss = o.add(o.multiply(x, x), x);
    expect(await read(tape.gradients(loss, operations(kernels)).get(x)!)).toEqual(Float32Array.of(7));
  });
  it('refuses shapes that do not fit, saying which', () => {
    const kernels = referenceKernels();
    const o = operations(kernels);
    expect(() => o.linear(tensor(kernels, [2, 3]), tensor(kernels, [5, 4]))).toThrow(
      'linear: x has the wrong shape: expected [2, 4], got [2, 3]',
    );
    expect(() => tensor(kernels, [2, 3], [1])).toThrow('6 for [2, 3]');
  });
  it('frees what a scope allocates, even when its body throws', async () => {
    const kernels = await wasmKernels();
    const once = (): void => {
      try {
        scope(kernels, () => {
          tensor(kernels, [1000]);
          throw new Error('stop');
        });
      } catch {}
    };
    once();
    const before = kernels.bytes;
    for (let i = 0; i < 100; i++) once();
    expect(kernels.bytes).toBe(before);
  });
});
