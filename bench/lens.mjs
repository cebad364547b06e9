#!/usr/bin/env node
/**
 * `node bench/lens.mjs [MEASURE...]` after a build: what every measure of a long text and of a head takes, on a
 * GPT-2-small-sized model with drawn parameters and 2,048 tokens. Each measure runs in a process of its own, so that its
 * peak memory is its own; the model, its run and its trace are in it.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as lens from '../dist/lens/index.js';
import { configReader, families, Model } from '../dist/model/index.js';
import { recordTrace } from '../dist/trace/index.js';
import { drawn } from './models.mjs';

const length = 2048;
const last = length - 1;
const target = { position: last, token: 11, against: 12 };
const head = { layer: 6, head: 3 };

async function longModel() {
  const family = families.get('gpt2');
  const config = { n_embd: 768, n_head: 12, n_layer: 12, n_positions: length, vocab_size: 50_257 };
  const architecture = family.architecture(
    configReader({ model_type: 'gpt2', architectures: ['GPT2LMHeadModel'], ...config }),
  );
  const parameters = new Map(
    family
      .parameters(architecture, new Set(['wte.weight']))
      .map(({ name, shape }) => [name, { shape, data: drawn(name, shape) }]),
  );
  return Model.create({ name: 'drawn', family, architecture, tokenizer: null, metadata: {}, parameters });
}

const consumed = async (rows) => {
  let count = 0;
  for await (const _ of rows) count++;
  return count;
};

/** What is measured: a name, and what it does with a model and its trace. */
const measures = {
  'the run alone': async () => {},
  'cell (pair)': (trace, model) => lens.cell(trace, model, { ...head, query: last, key: 7 }),
  'patterns of every head': async (trace) => {
    for (let layer = 0; layer < 12; layer++) await lens.layerPatterns(trace, layer);
  },
  "one head's rows": (trace) => lens.headRows(trace, head.layer, head.head),
  'layerNorms, one row': async (trace, model) => (await lens.layerNorms(trace, model, head.layer)).row(last),
  'layerNorms, every row of a layer': async (trace, model) =>
    consumed((await lens.layerNorms(trace, model, head.layer)).rows()),
  rollout: (trace) => lens.rollout(trace, { token: last }),
  'rollout by contributions': (trace, model) => lens.rollout(trace, { token: last, model }),
  why: (trace, model) => lens.why(trace, model, { ...head, query: last, key: 7 }),
  logitLens: (trace, model) => lens.logitLens(trace, model, { position: last }),
  directLogits: (trace, model) => lens.directLogits(trace, model, target),
  'gradient × attention by token': (trace, model) => lens.gradientAttentionByToken(trace, model, target),
  relevance: (trace, model) => lens.relevance(trace, model, target),
  'integrated gradients, a step': (trace, model) => lens.integratedGradients(trace, model, target, { steps: 1 }),
  'value zeroing, a token': (trace, model) => lens.valueZeroing(trace, model, head.layer, { keys: [7] }),
  'faithfulness of a measure, two words, one order': (trace, model) =>
    lens.faithfulness(trace, model, target, new Float64Array(length), {
      orders: 1,
      units: [
        [3, 4, 5],
        [90, 91],
      ],
    }),
  'compareRuns with itself': (trace) => lens.compareRuns(trace, trace),
};

if (process.argv[2] === '--one') {
  const model = await longModel();
  const ids = Int32Array.from({ length }, (_, i) => (i * 7919) % 50_257);
  const began = performance.now();
  const trace = await recordTrace(model, { ids });
  const ran = performance.now();
  await measures[process.argv[3]](trace, model);
  const milliseconds = process.argv[3] === 'the run alone' ? ran - began : performance.now() - ran;
  console.log(JSON.stringify({ milliseconds, peakMiB: process.resourceUsage().maxRSS / 1024 }));
  process.exit();
}

const wanted = process.argv.slice(2);
console.log(`| measure, ${length} tokens | seconds | peak memory, MiB |\n| --- | ---: | ---: |`);
for (const name of Object.keys(measures).filter(
  (one) => wanted.length === 0 || wanted.some((word) => one.includes(word)),
)) {
  const { stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--one', name], {
    encoding: 'utf8',
  });
  const found = stdout.trim().split('\n').at(-1);
  if (!found) throw new Error(`${name}: ${stderr}`);
  const { milliseconds, peakMiB } = JSON.parse(found);
  console.log(`| ${name} | ${(milliseconds / 1000).toFixed(1)} | ${peakMiB.toFixed(0)} |`);
}
