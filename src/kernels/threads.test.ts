import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Kernels, Storage } from './contract.ts';
import { type WasmKernels, wasmKernels } from './wasm.ts';

const counts = [1, 2, 3];
let devices: WasmKernels[] = [];
beforeAll(async () => {
  devices = await Promise.all(counts.map((threads) => wasmKernels({ threads })));
});
afterAll(() => {
  for (const device of devices) device.close();
});

const wave = (length: number, pace: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(pace * i));

/** What each device computes of the same inputs. */
async function onAll(
  inputs: Record<string, Float32Array>,
  outputs: Record<string, number>,
  call: (k: Kernels, s: Record<string, Storage>) => void,
): Promise<Record<string, Float32Array>[]> {
  return Promise.all(
    devices.map(async (k) => {
      const storages: Record<string, Storage> = {};
      for (const [name, values] of Object.entries(inputs)) {
        storages[name] = k.allocate(values.length);
        k.write(storages[name], values);
      }
      for (const [name, length] of Object.entries(outputs)) storages[name] = k.allocate(length);
      call(k, storages);
      const results: Record<string, Float32Array> = {};
      for (const name of Object.keys(outputs)) results[name] = await k.read(storages[name]!);
      for (const storage of Object.values(storages)) k.free(storage);
      return results;
    }),
  );
}

const expectSameBytes = (got: Record<string, Float32Array>, expected: Record<string, Float32Array>): void => {
  for (const [name, numbers] of Object.entries(expected))
    expect(Buffer.compare(Buffer.from(got[name]!.buffer), Buffer.from(numbers.buffer)), name).toBe(0);
};

describe('threads', () => {
  it('give the same bytes at any count: products, norms, elementwise', async () => {
    const [rows, inner, columns] = [211, 307, 173];
    const inputs = {
      left: wave(rows * inner, 1.3),
      right: wave(inner * columns, 0.7),
      bias: wave(columns, 0.3),
      gradient: wave(rows * columns, 2.1),
    };
    const size = { rows, columns };
    const outputs = {
      out: rows * columns,
      norm: rows * columns,
      mean: rows,
      inverse: rows,
      back: rows * columns,
      weightGradient: columns,
      biasGradient: columns,
      sums: columns,
      active: rows * columns,
    };
    // Again and again, so that the threads, which start late, are surely among those that compute.
    for (let round = 0; round < 5; round++) {
      const [one, ...others] = await onAll(inputs, outputs, (k, s) => {
        k.matmul({ out: s.out!, left: s.left!, right: s.right!, bias: s.bias!, rows, inner, columns });
        k.layerNorm(s.out!, s.bias!, s.bias!, s.norm!, s.mean!, s.inverse!, size, 1e-5);
        const gradients = [s.back!, s.weightGradient!, s.biasGradient!] as const;
        k.layerNormBackward(s.out!, s.bias!, s.mean!, s.inverse!, s.gradient!, ...gradients, size);
        k.sumRows(s.norm!, s.sums!, size);
        k.activate('gelu', s.norm!, s.active!);
      });
      for (const other of others) expectSameBytes(other, one!);
    }
  });

  it('give the same bytes at any count: attention and its gradients', async () => {
    const [batch, heads, keyValueHeads, length, headSize] = [3, 4, 2, 67, 24];
    const shape = {
      batch,
      heads,
      keyValueHeads,
      queryLength: length,
      keyLength: length,
      headSize,
      valueSize: headSize,
    };
    const inputs = {
      query: wave(batch * length * heads * headSize, 1.1),
      key: wave(batch * length * keyValueHeads * headSize, 0.9),
      value: wave(batch * length * keyValueHeads * headSize, 0.4),
      gradient: wave(batch * length * heads * headSize, 0.2),
    };
    const outputs = {
      out: inputs.query.length,
      logSumExp: batch * heads * length,
      weights: batch * heads * length * length,
      queryGradient: inputs.query.length,
      keyGradient: inputs.key.length,
      valueGradient: inputs.key.length,
    };
    for (let round = 0; round < 5; round++) {
      const [one, ...others] = await onAll(inputs, outputs, (k, s) => {
        const of = (storage: Storage, count: number) => ({
          storage,
          offset: 0,
          batchStride: length * count * headSize,
          headStride: headSize,
          rowStride: count * headSize,
        });
        const task = {
          ...shape,
          scale: 0.3,
          softcap: 0,
          visibility: { left: -1, right: 0 },
          query: of(s.query!, heads),
          key: of(s.key!, keyValueHeads),
          value: of(s.value!, keyValueHeads),
          out: of(s.out!, heads),
          logSumExp: s.logSumExp!,
        };
        k.attend({ ...task, keep: { weights: s.weights! } });
        k.attendBackward({
          ...task,
          outGradient: of(s.gradient!, heads),
          queryGradient: of(s.queryGradient!, heads),
          keyGradient: of(s.keyGradient!, keyValueHeads),
          valueGradient: of(s.valueGradient!, keyValueHeads),
        });
      });
      for (const other of others) expectSameBytes(other, one!);
    }
  });

  it('say how many they are, and go on alone after close', async () => {
    const device = await wasmKernels({ threads: 2 });
    expect(device).toMatchObject({ threads: 2, notice: null });
    const [rows, inner, columns] = [128, 128, 128];
    const [left, right, out] = [wave(rows * inner, 1), wave(inner * columns, 2), new Float32Array(rows * columns)].map(
      (values) => {
        const storage = device.allocate(values.length);
        device.write(storage, values);
        return storage;
      },
    ) as [Storage, Storage, Storage];
    const run = async (): Promise<Float32Array> => {
      device.matmul({ out, left, right, rows, inner, columns });
      return device.read(out);
    };
    const before = await run();
    device.close();
    expect(device).toMatchObject({ threads: 1, notice: expect.stringContaining('ended by close') });
    device.scale(out, 0, out);
    expectSameBytes({ out: await run() }, { out: before });
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 65, 1000])('cannot be %d', async (threads) => {
    await expect(wasmKernels({ threads })).rejects.toMatchObject({ name: 'SiseonError', code: 'badThreads' });
  });

  it('are not asked for by another name', async () => {
    const error = { code: 'unknownOption', parts: { expected: 'one of threads, workerUrl, relaxed' } };
    await expect(wasmKernels({ thread: 1 } as object)).rejects.toMatchObject(error);
  });

  it('can be more than there are cores: 64', async () => {
    const device = await wasmKernels({ threads: 64 });
    const [rows, columns] = [64, 512];
    const [left, right, out] = [rows * rows, rows * columns, rows * columns].map((length) => device.allocate(length));
    device.write(
      left!,
      new Float32Array(rows * rows).map((_, i) => (i % (rows + 1) === 0 ? 2 : 0)),
    );
    device.write(right!, wave(rows * columns, 1));
    for (let i = 0; i < 3; i++) device.matmul({ out: out!, left: left!, right: right!, rows, inner: rows, columns });
    expect(await device.read(out!)).toEqual(wave(rows * columns, 1).map((x) => 2 * x));
    device.close();
  });

  it('compute alone, with a notice, where memory cannot be shared', async () => {
    const { SharedArrayBuffer: kept } = globalThis;
    Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
    try {
      const device = await wasmKernels({ threads: 2 });
      expect(device.threads).toBe(1);
      expect(device.notice).toMatch('no SharedArrayBuffer');
      const storage = device.allocate(2);
      device.write(storage, [1, 2]);
      device.scale(storage, 3, storage);
      expect([...(await device.read(storage))]).toEqual([3, 6]);
    } finally {
      globalThis.SharedArrayBuffer = kept;
    }
  });

  it('meet no memory.copy or memory.fill, which trap in a thread that started while the memory grew', () => {
    const folder = new URL('./assembly/', import.meta.url);
    const sources = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8'));
    expect(sources.length).toBeGreaterThan(10);
    for (const source of sources) expect(source.replace(/\/\/.*/g, '')).not.toMatch(/memory\s*\.\s*(copy|fill)/);
  });

  it('let a Node process exit by itself', () => {
    const script = `
      import { wasmKernels } from ${JSON.stringify(new URL('../../dist/kernels/index.js', import.meta.url).href)};
      const device = await wasmKernels({ threads: 2 });
      const [a, b] = [device.allocate(256 * 256), device.allocate(256 * 256)];
      for (let i = 0; i < 20; i++) device.matmul({ out: b, left: a, right: a, rows: 256, inner: 256, columns: 256 });
      console.log(device.threads);`;
    const node = [...['--input-type=module', '-e'], script];
    expect(execFileSync(process.execPath, node, { encoding: 'utf8', timeout: 20_000 })).toBe('2\n');
  });
});
