#!/usr/bin/env node
/**
 * One run of a model from its file, in a process of its own: `once.mjs ours|web|native FILE LENGTH VOCABULARY`. Prints the
 * largest logit of the last position, and the most memory that the process had, in MiB.
 */
const [engine, file, length, vocabulary] = process.argv.slice(2);
const threads = 2;
const ids = Int32Array.from({ length: Number(length) }, (_, i) => (i * 7919) % Number(vocabulary));

async function ours() {
  const [{ loadModel }, { wasmKernels }] = await Promise.all([
    import('../dist/model/index.js'),
    import('../dist/kernels/index.js'),
  ]);
  const model = await loadModel(file, { tokenizer: 'none', kernels: await wasmKernels({ threads }) });
  return (await model.run(ids, undefined, [], { logits: 'last' })).logits;
}

async function onnxruntime(name, provider) {
  const imported = await import(name);
  const ort = imported.default?.InferenceSession ? imported.default : imported;
  if (provider === 'wasm') ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(file, {
    executionProviders: [provider],
    intraOpNumThreads: threads,
  });
  const input = new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [ids.length]);
  return (await session.run({ ids: input }, ['logits'])).logits.data;
}

const engines = {
  ours,
  web: () => onnxruntime('onnxruntime-web', 'wasm'),
  native: () => onnxruntime('onnxruntime-node', 'cpu'),
};
const logits = await engines[engine]();
const largest = logits.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY);
console.log(JSON.stringify({ largest, peakMiB: process.resourceUsage().maxRSS / 1024 }));
process.exit(0);
