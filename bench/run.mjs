#!/usr/bin/env node
/**
 * `npm run bench [-- GROUP...]`: prints one table, and writes it to results.json and docs/performance.md, where groups that do
 * not run keep what they had.
 * On Node 22 and newer, without groups, those that need it. Groups: products, attention, long, small, gpt2-64, -256, -1024,
 * newer and newer-gpt2-64, -256, -1024 (on Node 22 or newer), wide and wide-gpt2-64, -256, -1024 (on Node 24, with the option
 * --experimental-wasm-revectorize), bert-64, -256, -1024, token, llama, training, process.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { hasRelaxedSimd, wasmKernels } from '../dist/kernels/index.js';
import { attentions, longAttentions } from './attention.mjs';
import { newer, products, small, wide } from './kernels.mjs';
import { machineLimits } from './machine.mjs';
import { spread } from './measure.mjs';
import { bert, besideLlama, gpt2, oneMore } from './models.mjs';
import { onnxRuntimes } from './peers.mjs';
import { processes } from './processes.mjs';
import { writeTables } from './table.mjs';
import { training } from './training.mjs';

const REVECTORIZE = '--experimental-wasm-revectorize';
const revectorized = process.execArgv.includes(REVECTORIZE);

const groups = {
  products,
  attention: attentions,
  long: longAttentions,
  small,
  newer,
  'gpt2-64': (context) => gpt2(context, 64),
  'gpt2-256': (context) => gpt2(context, 256),
  'gpt2-1024': (context) => gpt2(context, 1024),
  'newer-gpt2-64': (context) => fused(context, (own) => gpt2(own, 64)),
  'newer-gpt2-256': (context) => fused(context, (own) => gpt2(own, 256)),
  'newer-gpt2-1024': (context) => fused(context, (own) => gpt2(own, 1024)),
  wide: (context) => doubled(context, wide),
  'wide-gpt2-64': (context) => doubled(context, (own) => gpt2(own, 64)),
  'wide-gpt2-256': (context) => doubled(context, (own) => gpt2(own, 256)),
  'wide-gpt2-1024': (context) => doubled(context, (own) => gpt2(own, 1024)),
  'bert-64': (context) => bert(context, 64),
  'bert-256': (context) => bert(context, 256),
  'bert-1024': (context) => bert(context, 1024),
  token: oneMore,
  llama: besideLlama,
  training,
  process: processes,
};

/** The same rows with fused products, on an engine that has them. */
async function fused(context, measure) {
  if (!hasRelaxedSimd()) throw new Error(`fused products need Node 22 or newer, not ${process.version}`);
  const kernels = await wasmKernels({ threads, relaxed: true });
  const rows = await measure({ ...context, kernels });
  kernels.close();
  return rows.map((row) => ({ ...row, name: `${row.name}, fused` }));
}

/** The same rows, plain, in an engine that was told to compute with 256 bits; onnxruntime-web runs in the same. */
async function doubled(context, measure) {
  if (!revectorized) throw new Error(`these rows need Node 24 or newer and its option ${REVECTORIZE}`);
  const rows = await measure(context);
  return rows.map((row) => ({ ...row, name: `${row.name}, 256-bit` }));
}

/** Computes until every thread has a core to itself, as far as the machine has them free: threads begin where they were started. */
function settle({ kernels }) {
  const size = 512;
  const [left, right, out] = [0, 1, 2].map(() => kernels.allocate(size * size));
  for (const began = performance.now(); performance.now() - began < 3000; )
    kernels.matmul({ out, left, right, rows: size, inner: size, columns: size });
  for (const storage of [left, right, out]) kernels.free(storage);
}

const threads = Math.min(2, availableParallelism());
const { machine, again } = await machineLimits(threads);
const context = { again, threads, kernels: await wasmKernels({ threads }), runtimes: await onnxRuntimes(threads) };
const file = new URL('results.json', import.meta.url);
const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { groups: {} };
const chosen = process.argv.slice(2);
// What is measured on a newer Node stands beside what was measured before on the oldest one that is supported.
const prefix = revectorized ? 'wide' : hasRelaxedSimd() ? 'newer' : '';
for (const group of chosen.length
  ? chosen
  : Object.keys(groups).filter((group) => (/^(newer|wide)/.exec(group)?.[0] ?? '') === prefix)) {
  settle(context);
  const rows = await groups[group](context);
  await again();
  for (const row of rows) {
    if (row.gflops) row.ofPeak = row.gflops / machine.gflops;
    if (row.gigabytes) row.ofRead = row.gigabytes / machine.read;
  }
  before.groups[group] = { date: new Date().toISOString().slice(0, 10), machine: { ...machine }, spread, rows };
  writeFileSync(file, `${JSON.stringify(before, null, 2)}\n`);
  writeTables(before.groups);
  print(group, rows);
}
process.exit(0);

function print(group, rows) {
  console.log(
    `\n${group}: SIMD peak ${machine.gflops.toFixed(1)} GFLOP/s, reading ${machine.read.toFixed(1)} GB/s, ${machine.threads} threads`,
  );
  for (const { name, milliseconds, peers = {}, gflops, ofPeak, gigabytes, ofRead, note } of rows) {
    const figures = [
      gflops && `${gflops.toFixed(1)} GFLOP/s, ${(100 * ofPeak).toFixed(0)}% of the peak`,
      gigabytes && `${gigabytes.toFixed(1)} GB/s, ${(100 * ofRead).toFixed(0)}% of reading`,
      note,
    ].filter(Boolean);
    console.log(`  ${name.padEnd(56)} ${milliseconds.toFixed(3).padStart(10)} ms  ${figures.join('; ')}`);
    for (const [peer, { milliseconds: time, ratio, least, most }] of Object.entries(peers))
      console.log(
        `    ${peer.padEnd(54)} ${time.toFixed(3).padStart(10)} ms  × ${ratio.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`,
      );
  }
}
