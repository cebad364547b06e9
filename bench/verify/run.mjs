#!/usr/bin/env node
/**
 * `npm run verify [-- GROUP...]`: the same parameters in Siseon and in other engines. Groups: layouts and blocks
 * (llama.cpp, from one GGUF file), tokenizers (llama.cpp), graphs (onnxruntime). Writes results.json beside it.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocks, layouts } from './gguf-runs.mjs';
import { graphs } from './graph-runs.mjs';
import { tokenizers } from './tokenizer-runs.mjs';

const groups = { layouts, blocks, tokenizers, graphs };
const file = new URL('results.json', import.meta.url);
const results = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { groups: {} };
const folder = mkdtempSync(join(tmpdir(), 'siseon-verify-'));
const chosen = process.argv.slice(2);
let failed = false;
try {
  for (const group of chosen.length ? chosen : Object.keys(groups)) {
    const { engine, rows } = await groups[group](folder, print);
    results.groups[group] = { date: new Date().toISOString().slice(0, 10), engine, rows };
    writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exit(failed ? 1 : 0);

/** One line a row; a row past its bound fails the run. */
function print({ name, error, bound, note }) {
  const over = !(error <= bound);
  failed ||= over;
  const figures = [error.toExponential(1), over ? `ABOVE ${bound.toExponential(0)}` : '', note].filter(Boolean);
  console.log(`${name.padEnd(36)} ${figures.join('  ')}`);
}
