/** The machine's own limits, on as many threads at once as the kernels use: SIMD peak, reading, copying. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import asc from 'assemblyscript/asc';

const MIB = 2 ** 20;

async function compile() {
  const folder = mkdtempSync(join(tmpdir(), 'siseon-bench-'));
  const outFile = join(folder, 'limits.wasm');
  const source = fileURLToPath(new URL('limits.ts', import.meta.url));
  const options = [
    '-O3',
    '--runtime',
    'stub',
    '--noAssert',
    '--importMemory',
    '--enable',
    'simd',
    '--enable',
    'bulk-memory',
  ];
  const { error } = await asc.main([source, '--outFile', outFile, ...options]);
  if (error) throw error;
  const bytes = readFileSync(outFile);
  rmSync(folder, { recursive: true });
  return bytes;
}

/** The best of several stretches of about 40 ms, as amount per second. */
function best(run, amount) {
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 12; i++) {
    const began = performance.now();
    run();
    fastest = Math.min(fastest, performance.now() - began);
  }
  return (amount / fastest) * 1000;
}

function measure(bytes) {
  const memory = new WebAssembly.Memory({ initial: (130 * MIB) / 65_536 });
  const { arithmetic, read, copy } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
    .exports;
  new Uint8Array(memory.buffer).fill(1);
  new Float32Array(memory.buffer, 0, 8).fill(0.9999999, 0, 4).fill(1e-7, 4);
  const rounds = 10_000_000;
  return {
    gflops: best(() => arithmetic(rounds, 0), rounds * 48) / 1e9,
    read: best(() => read(MIB, 128 * MIB), 128 * MIB) / 1e9,
    copy: best(() => copy(65 * MIB, MIB, 64 * MIB), 64 * MIB) / 1e9,
  };
}

if (!isMainThread && workerData?.limits) parentPort.postMessage(measure(workerData.limits));

/** Sums over threads that run at once: GFLOP/s, GB/s read, GB/s copied (bytes copied, not read and written). */
export async function machineLimits(threads) {
  const bytes = await compile();
  const parts = await Promise.all(
    Array.from(
      { length: threads },
      () =>
        new Promise((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), { workerData: { limits: bytes } });
          worker.once('message', resolve).once('error', reject);
        }),
    ),
  );
  const sum = (key) => parts.reduce((total, part) => total + part[key], 0);
  const [{ model = 'unknown' } = {}] = cpus();
  return {
    processor: model.trim(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    threads,
    gflops: sum('gflops'),
    read: sum('read'),
    copy: sum('copy'),
  };
}
