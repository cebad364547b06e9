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

/** The best of several stretches of about 20 ms, as amount per second. */
function best(run, amount) {
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 6; i++) {
    const began = performance.now();
    run();
    fastest = Math.min(fastest, performance.now() - began);
  }
  return (amount / fastest) * 1000;
}

/** Bytes that all threads together read, and that each copies: more than the caches hold. */
const [READ, COPY] = [256 * MIB, 63 * MIB];

function measure({ bytes, threads }) {
  const memory = new WebAssembly.Memory({ initial: (READ / threads + 2 * MIB) / 65_536 });
  const { arithmetic, read, copy } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
    .exports;
  new Uint8Array(memory.buffer).fill(1);
  new Float32Array(memory.buffer, 0, 8).fill(0.9999999, 0, 4).fill(1e-7, 4);
  const rounds = 5_000_000;
  const part = READ / threads;
  return {
    gflops: best(() => arithmetic(rounds, 0), rounds * 48) / 1e9,
    read: best(() => read(MIB, part), part) / 1e9,
    copy: best(() => copy(COPY + MIB, MIB, COPY), COPY) / 1e9,
  };
}

if (!isMainThread && workerData?.limits) parentPort.postMessage(measure(workerData.limits));

/**
 * Sums over threads that run at once: GFLOP/s, GB/s read, GB/s copied (bytes copied, not read and written). `again` measures them
 * once more and keeps the better: a machine that others share is not the same from minute to minute.
 */
export async function machineLimits(threads) {
  const bytes = await compile();
  const [{ model = 'unknown' } = {}] = cpus();
  const machine = {
    processor: model.trim(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: [process.version, ...process.execArgv].join(' '),
    threads,
    gflops: 0,
    read: 0,
    copy: 0,
  };
  const again = async () => {
    const part = () =>
      new Promise((resolve, reject) => {
        const worker = new Worker(new URL(import.meta.url), { workerData: { limits: { bytes, threads } } });
        worker.once('message', resolve).once('error', reject);
      });
    const parts = await Promise.all(Array.from({ length: threads }, part));
    for (const limit of ['gflops', 'read', 'copy'])
      machine[limit] = Math.max(
        machine[limit],
        parts.reduce((total, part) => total + part[limit], 0),
      );
  };
  await again();
  return { machine, again };
}
