/** Rows about whole models: GPT-2-small-sized and BERT-base-sized ones with drawn parameters, all at once and token by token. */
import { configReader, DeviceParameters, decode, families, fromHost, transform } from '../dist/model/index.js';
import { operations, scope, tensor } from '../dist/tensor/index.js';
import { gguf } from './ggml.mjs';
import { bertGraph, gpt2Graph } from './graphs.mjs';
import { compare } from './measure.mjs';
import { agree, besides } from './peers.mjs';

const base = { hidden: 768, heads: 12, layers: 12, inner: 3072, positions: 1024 };
export const gpt2Sizes = { ...base, vocabulary: 50_257 };
const bertSizes = { ...base, vocabulary: 30_522 };

/** A family's architecture and drawn parameters, [output, input]. */
function drawnModel(modelType, fields, tensors) {
  const family = families.get(modelType);
  const architecture = family.architecture(configReader({ model_type: modelType, ...fields }));
  const parameters = new Map(
    family
      .parameters(architecture, new Set(tensors))
      .map(({ name, shape }) => [name, { shape, data: drawn(name, shape) }]),
  );
  return { architecture, parameters };
}

/** As published it reads 1,024 positions. */
export function gpt2Small(positions = gpt2Sizes.positions) {
  state = 1;
  const { hidden, heads, layers, vocabulary } = gpt2Sizes;
  const sizes = { n_embd: hidden, n_head: heads, n_layer: layers, n_positions: positions, vocab_size: vocabulary };
  return drawnModel('gpt2', { architectures: ['GPT2LMHeadModel'], ...sizes }, ['wte.weight']);
}

/** The same model as files of other formats. */
export const ggufOf = () => gguf(gpt2Small().parameters, gpt2Sizes);
export const gpt2OnnxOf = (length) => gpt2Graph(gpt2Small().parameters, gpt2Sizes, length);

function bertBase() {
  const { hidden, heads, layers, inner, positions, vocabulary } = bertSizes;
  return drawnModel('bert', {
    architectures: ['BertModel'],
    vocab_size: vocabulary,
    hidden_size: hidden,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    intermediate_size: inner,
    max_position_embeddings: positions,
    type_vocab_size: 2,
    hidden_act: 'gelu',
    layer_norm_eps: 1e-12,
  });
}

/** Linear maps with deviation 1/√inputs, embeddings 0.05, norms 1, biases 0; uniform, from a linear congruence. */
let state = 1;
export function drawn(name, shape) {
  const data = new Float32Array(shape.reduce((size, length) => size * length, 1));
  if (shape.length === 1) return data.fill(name.endsWith('orm.weight') ? 1 : 0);
  const spread = (name.startsWith('embeddings.') ? 0.05 : 1 / Math.sqrt(shape[1])) * Math.sqrt(12);
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = (state / 4294967296 - 0.5) * spread;
  }
  return data;
}

export const drawnIds = (length, vocabulary) => Int32Array.from({ length }, (_, i) => (i * 7919) % vocabulary);

/** Attention as the operations have it, and with it every weight, kept in the same pass: copies of them go to `out`. */
const keeping = (kernels, out) => (_, task) => {
  const { query, key, value, batch, heads, keyValueHeads, scale, visibility } = task;
  const [length, size] = [query.shape[0], query.shape[1] / heads];
  const place = (x) => ({
    storage: x.storage,
    offset: 0,
    batchStride: x.storage.length,
    headStride: size,
    rowStride: x.shape[1],
  });
  const mixed = tensor(kernels, query.shape);
  // Every number is written, so nothing is cleared first.
  const weights = kernels.allocate(heads * length * length, false);
  kernels.attend({
    batch,
    heads,
    keyValueHeads,
    queryLength: length,
    keyLength: length,
    headSize: size,
    valueSize: size,
    scale,
    softcap: 0,
    visibility,
    query: place(query),
    key: place(key),
    value: place(value),
    out: place(mixed),
    keep: { weights },
  });
  out.push(kernels.read(weights));
  kernels.free(weights);
  return mixed;
};

/** One run of ours, its outputs as copies; with `weights`, every layer's attention weights as well. */
async function runOurs(kernels, device, architecture, ids, weights) {
  const length = ids.length;
  const kept = [];
  const pending = scope(kernels, () => {
    const o = operations(kernels);
    const mix = weights ? keeping(kernels, kept) : undefined;
    const last = transform(o, device, architecture, { ids, batch: 1, length }, undefined, mix);
    const out = architecture.head ? decode(o, device, architecture, o.embed(last, Int32Array.of(length - 1))) : last;
    return kernels.read(out.storage);
  });
  return [await pending, ...(await Promise.all(kept))];
}

/** Products and sums of a run: linear maps, scores and mixtures that are visible, the head's one row. */
function operationsOf({ layers, hidden, inner, vocabulary }, length, causal) {
  const maps = 2 * length * layers * (4 * hidden * hidden + 2 * hidden * inner);
  const pairs = causal ? (length * (length + 1)) / 2 : length * length;
  return maps + 4 * layers * pairs * hidden + (causal ? 2 * hidden * vocabulary : 0);
}

const bigints = (ids) => [BigInt64Array.from(ids, BigInt), [ids.length]];

async function wholeModel(context, length, { label, sizes, model, graph, says, causal }) {
  const { kernels } = context;
  const { architecture, parameters } = model();
  const device = await DeviceParameters.from(kernels, architecture, fromHost(parameters));
  const ids = drawnIds(length, sizes.vocabulary);
  const run = (weights) => runOurs(kernels, device.tensors, architecture, ids, weights);
  const bytes = graph(parameters, sizes, length);
  const { runtimes } = context;
  const feeds = { ids: bigints(ids) };
  const [said, ...weights] = await run(true);
  const outputs = { [says]: said, ...Object.fromEntries(weights.map((each, n) => [`weights${n}`, each])) };
  const { peers, difference, release } = await besides(runtimes, bytes, feeds, outputs, label);
  const turns = length > 500 ? 3 : 7;
  const measured = await compare(() => run(true), peers, { turns, milliseconds: 1 });
  const alone = await compare(() => run(false), {}, { turns: 3, milliseconds: 1 });
  await release();
  device.free();
  const rate = ({ milliseconds }) => operationsOf(sizes, length, causal) / milliseconds / 1e6;
  const title = `${label}, ${length} tokens`;
  return [
    { name: `${title}, attention weights out`, ...measured, gflops: rate(measured), difference },
    { name: `${title}, ${says} alone`, ...alone, gflops: rate(alone) },
  ];
}

export const gpt2 = (context, length) =>
  wholeModel(context, length, {
    label: 'GPT-2-small-sized',
    sizes: gpt2Sizes,
    model: gpt2Small,
    graph: gpt2Graph,
    says: 'logits',
    causal: true,
  });

export const bert = (context, length) =>
  wholeModel(context, length, {
    label: 'BERT-base-sized',
    sizes: bertSizes,
    model: bertBase,
    graph: bertGraph,
    says: 'hidden',
    causal: false,
  });

/** [position, heads · size] → (1, heads, position, size), as the graph has it. */
function headsFirst(data, positions, heads) {
  const size = data.length / positions / heads;
  const out = new Float32Array(data.length);
  for (let i = 0; i < positions; i++)
    for (let h = 0; h < heads; h++)
      out.set(data.subarray((i * heads + h) * size, (i * heads + h + 1) * size), (h * positions + i) * size);
  return [out, [1, heads, positions, size]];
}

/** Our runs of tokens `from` to `to` with what came before them kept as keys and values: logits of the last. */
function continuing(kernels, device, architecture, ids) {
  const { hidden, positions } = gpt2Sizes;
  const layers = architecture.layers.map(() => ({
    key: tensor(kernels, [positions, hidden]),
    value: tensor(kernels, [positions, hidden]),
  }));
  const run = (from, to) =>
    scope(kernels, () => {
      const o = operations(kernels);
      const continued = [{ first: 0, count: to - from, cache: { length: from, layers } }];
      const batch = { ids: ids.slice(from, to), batch: 1, length: to - from, continued };
      const last = transform(o, device, architecture, batch);
      return kernels.read(decode(o, device, architecture, o.embed(last, Int32Array.of(to - from - 1))).storage);
    });
  const free = () => {
    for (const { key, value } of layers) for (const { storage } of [key, value]) kernels.free(storage);
  };
  return { layers, run, free };
}

/** Beside llama.cpp, which has no attention weights to give: a text from the beginning, and one more token. */
export async function besideLlama({ kernels, threads }) {
  const { architecture, parameters } = gpt2Small();
  const device = await DeviceParameters.from(kernels, architecture, fromHost(parameters));
  // Loaded only here: the other groups run where it is not installed.
  const { llamaName, llamaPeer } = await import('./llama.mjs');
  const peer = await llamaPeer(parameters, gpt2Sizes, threads);
  const rows = [];
  for (const length of [64, 256, 1024]) {
    const ids = drawnIds(length, gpt2Sizes.vocabulary);
    const ours = () => runOurs(kernels, device.tensors, architecture, ids, false);
    // llama.cpp takes GELU from a table of f16.
    const difference = agree(`${length} tokens`, 'llama.cpp', await peer.logits(ids), (await ours())[0], 5e-3);
    const turns = length > 500 ? 3 : 5;
    const measured = await compare(ours, { [llamaName]: () => peer.prompt(ids) }, { turns, milliseconds: 1 });
    const gflops = operationsOf(gpt2Sizes, length, true) / measured.milliseconds / 1e6;
    rows.push({ name: `GPT-2-small-sized, ${length} tokens, logits alone`, ...measured, gflops, difference });
  }
  const ids = drawnIds(256, gpt2Sizes.vocabulary);
  const { run, free } = continuing(kernels, device.tensors, architecture, ids);
  await run(0, 255);
  await peer.prompt(ids.subarray(0, 255));
  const next = { [llamaName]: () => peer.next(ids[255]) };
  const measured = await compare(() => run(255, 256), next, { turns: 9, milliseconds: 50 });
  rows.push({ name: 'one more token after 255', ...measured });
  free();
  device.free();
  await peer.release();
  return rows;
}

/** One more token after `length` others, from the cache of keys and values: logits out. */
export async function oneMore(context, length = 255) {
  const { kernels } = context;
  const { architecture, parameters } = gpt2Small();
  const device = await DeviceParameters.from(kernels, architecture, fromHost(parameters));
  const { hidden, heads, vocabulary } = gpt2Sizes;
  const ids = drawnIds(length + 1, vocabulary);
  const { layers, run, free } = continuing(kernels, device.tensors, architecture, ids);
  const whole = await run(0, length + 1);
  await run(0, length);
  const step = await run(length, length + 1);
  if (!step.every((number, i) => number === whole[i]))
    throw new Error('from the cache other bytes than from the beginning');
  const feeds = { ids: bigints(ids.slice(length)) };
  for (const [n, { key, value }] of layers.entries()) {
    feeds[`pastKey${n}`] = headsFirst(await kernels.read(key.storage, 0, length * hidden), length, heads);
    feeds[`pastValue${n}`] = headsFirst(await kernels.read(value.storage, 0, length * hidden), length, heads);
  }
  const graph = gpt2Graph(parameters, gpt2Sizes, 1, length);
  const { peers, release, difference } = await besides(context.runtimes, graph, feeds, { logits: step }, 'one more');
  const measured = await compare(() => run(length, length + 1), peers, { turns: 9, milliseconds: 50 });
  await context.again();
  const beginning = await compare(() => run(0, length + 1), {}, { turns: 3, milliseconds: 1 });
  await release();
  free();
  device.free();
  // Every parameter is read once, but of the positions one row, and the cache.
  const numbers = [...parameters].reduce(
    (sum, [name, { data }]) => sum + (name === 'embeddings.position' ? 0 : data.length),
    2 * gpt2Sizes.layers * length * hidden,
  );
  const name = `one more token after ${length}, the same bytes as from the beginning`;
  return [
    { name, ...measured, gigabytes: (4 * numbers) / measured.milliseconds / 1e6, difference },
    { name: `the same ${length + 1} tokens from the beginning`, ...beginning },
  ];
}
