#!/usr/bin/env node
/**
 * `node bench/lens.mjs [MEASURE...]` after a build: what every measure of a long text and of a head takes, on a
 * GPT-2-small-sized model with drawn parameters and 2,048 tokens. Each measure runs in a process of its own, so that its
 * peak memory is its own; the model, its run and its trace are in it.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import * as lens from '../dist/lens/index.js';
import { families, Model, Tokenizer } from '../dist/model/index.js';
import { recordTrace } from '../dist/trace/index.js';
import { gpt2Sizes, gpt2Small } from './models.mjs';

const length = 2048;
const last = length - 1;
const target = { position: last, token: 11, against: 12 };
const head = { layer: 6, head: 3 };

/** A token a word, for what needs words: w0 to w50256. */
const tokenizer = () =>
  Tokenizer.fromJson({
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: null,
    model: {
      type: 'WordLevel',
      unk_token: 'w0',
      vocab: Object.fromEntries(Array.from({ length: gpt2Sizes.vocabulary }, (_, id) => [`w${id}`, id])),
    },
  });

const longModel = () =>
  Model.create({
    name: 'drawn',
    family: families.get('gpt2'),
    ...gpt2Small(length),
    tokenizer: tokenizer(),
    metadata: {},
  });

const textIds = (step) => Int32Array.from({ length }, (_, i) => (i * step) % gpt2Sizes.vocabulary);
const words = (ids) => Array.from(ids, (id) => `w${id}`);
/** Another run of as many tokens, as measures of two runs take it. */
const otherRun = (model) => recordTrace(model, { ids: textIds(7907), logits: false });

/** A sentence of 2,048 words, each the dependent of the one before it. */
function sentence() {
  let start = 0;
  const list = words(textIds(7919)).map((form, index) => {
    const word = {
      index,
      form,
      start,
      end: start + form.length,
      head: index === 0 ? null : index - 1,
      relation: 'dep',
    };
    start += form.length + 1;
    return word;
  });
  return { id: 'long', line: 1, text: list.map(({ form }) => form).join(' '), words: list };
}

const contributed = async (rows) => {
  let most = 0;
  for await (const row of rows) most = Math.max(most, row.withResidual()[0]);
  return most;
};

/** What is measured: a name, and what it does with a model and its trace. Where the whole is so many runs, one of them. */
const measures = {
  'the run alone': async () => {},
  'cell (pair)': (trace, model) => lens.cell(trace, model, { ...head, query: last, key: 7 }),
  why: (trace, model) => lens.why(trace, model, { ...head, query: last, key: 7 }),
  'patterns of every head': async (trace) => {
    for (let layer = 0; layer < 12; layer++) await lens.layerPatterns(trace, layer);
  },
  "one head's square": (trace) => lens.headRows(trace, head.layer, head.head),
  'QK and OV of a layer': (_, model) => lens.circuits(model, [head.layer]),
  'contributions, one row': async (trace, model) => (await lens.layerNorms(trace, model, head.layer)).row(last),
  'contributions, every row of a layer': async (trace, model) =>
    contributed((await lens.layerNorms(trace, model, head.layer)).rows()),
  rollout: (trace) => lens.rollout(trace, { token: last }),
  'contribution rollout': (trace, model) => lens.rollout(trace, { token: last, model }),
  'attention flow to 8 tokens': (trace) =>
    lens.attentionFlow(trace, { token: last, positions: [0, 1, 5, 90, 700, 1500, 2040, last] }),
  logitLens: (trace, model) => lens.logitLens(trace, model, { position: last }),
  directLogits: (trace, model) => lens.directLogits(trace, model, target),
  'gradient × attention by token': (trace, model) => lens.gradientAttentionByToken(trace, model, target),
  relevance: (trace, model) => lens.relevance(trace, model, target),
  'integrated gradients, a step': (trace, model) => lens.integratedGradients(trace, model, target, { steps: 1 }),
  'value zeroing, a token': (trace, model) => lens.valueZeroing(trace, model, head.layer, { keys: [7] }),
  'faithfulness, two words, one random order': (trace, model) =>
    lens.faithfulness(trace, model, target, new Float64Array(length), {
      orders: 1,
      units: [
        [3, 4, 5],
        [90, 91],
      ],
    }),
  'compareRuns, with another text': async (trace, model) => lens.compareRuns(trace, await otherRun(model)),
  'ablation of a head, by its mean over a text': (trace, model) =>
    lens.ablationSweep(trace, model, target, { by: 'mean', texts: [textIds(7907)] }, [head]),
  'patching of a head': async (trace, model) =>
    lens.patchSweep(trace, await otherRun(model), model, target, { heads: [head] }),
  'path patching, one sender': async (trace, model) =>
    lens.pathSweep(trace, await otherRun(model), model, target, {
      receiver: { layer: 9, head: 2, stage: 'value' },
      senders: [head],
    }),
  'attribution patching of all heads': async (trace, model) =>
    lens.attributionSweep(trace, await otherRun(model), model, target),
  'a run with a weight set, and what moved': async (trace, model) => {
    const edits = [{ kind: 'weight', ...head, query: last, key: 7, to: 0.5 }];
    return lens.compareRuns(trace, await recordTrace(model, { ids: textIds(7919), edits, logits: false }));
  },
  'treebank, a sentence of 2,048 words': (_, model) => lens.relationReport(model, [0, 1].map(sentence)),
  'similar, a text of 2,048 words': (_, model) =>
    lens.similarContexts(model, [words(textIds(7907)).join(' ')], { text: 'w3 w5', query: 'w5', ...head }),
};

if (process.argv[2] === '--one') {
  const model = await longModel();
  const ids = textIds(7919);
  const began = performance.now();
  // Logits are read out where a measure asks for them.
  const trace = await recordTrace(model, { ids, logits: false });
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
