/** Rows about whole models: a GPT-2-small-sized one with drawn parameters, and training the Korean one. */
import { configReader, DeviceParameters, decode, families, fromHost, transform } from '../dist/model/index.js';
import { operations, scope } from '../dist/tensor/index.js';
import { compare } from './measure.mjs';
import { constant, node, onnxModel, value } from './onnx.mjs';

const sizes = { n_embd: 768, n_head: 12, n_layer: 12, n_positions: 1024, vocab_size: 50_257 };

/** The architecture and drawn parameters, [output, input]. */
export function gpt2Small() {
  const family = families.get?.('gpt2') ?? Object.values(families).find(({ modelType }) => modelType === 'gpt2');
  const architecture = family.architecture(
    configReader({ model_type: 'gpt2', architectures: ['GPT2LMHeadModel'], ...sizes }),
  );
  const parameters = new Map(
    family
      .parameters(architecture, new Set(['wte.weight']))
      .map(({ name, shape }) => [name, { shape, data: drawn(name, shape) }]),
  );
  return { architecture, parameters };
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

/** The same as an ONNX graph of one length: logits of the last position, and every layer's attention weights. */
function gpt2Graph(parameters, length) {
  const { n_embd: hidden, n_head: heads, n_layer: layers } = sizes;
  const constants = [];
  const nodes = [];
  const add = (name) => {
    const { shape, data } = parameters.get(name);
    constants.push(constant(name, shape, data));
    return name;
  };
  const linear = (from, name, to) =>
    nodes.push(node('Gemm', [from, add(`${name}.weight`), add(`${name}.bias`)], [to], { transB: 1 }));
  const norm = (from, name, to) =>
    nodes.push(
      node('LayerNormalization', [from, add(`${name}.weight`), add(`${name}.bias`)], [to], {
        epsilon: { float: 1e-5 },
      }),
    );
  const shape = (name, dims) => constants.push(constant(name, [dims.length], BigInt64Array.from(dims, BigInt)));
  shape('three', [1, length, hidden]);
  shape('two', [length, hidden]);
  constants.push(constant('last', [1], BigInt64Array.of(BigInt(length - 1))));
  nodes.push(node('Gather', [add('embeddings.token'), 'ids'], ['tokens']));
  constants.push(
    constant('positions', [length, hidden], parameters.get('embeddings.position').data.slice(0, length * hidden)),
  );
  nodes.push(node('Add', ['tokens', 'positions'], ['x0']));
  for (let n = 0; n < layers; n++) {
    const [at, it] = [`layers.${n}`, `l${n}`];
    norm(`x${n}`, `${at}.attentionNorm`, `${it}n`);
    for (const stage of ['query', 'key', 'value']) {
      linear(`${it}n`, `${at}.${stage}`, `${it}${stage}`);
      nodes.push(node('Reshape', [`${it}${stage}`, 'three'], [`${it}${stage}3`]));
    }
    const attributes = { is_causal: 1, q_num_heads: heads, kv_num_heads: heads, qk_matmul_output_mode: 3 };
    nodes.push(
      node(
        'Attention',
        ['query', 'key', 'value'].map((stage) => `${it}${stage}3`),
        [`${it}mixed`, '', '', `weights${n}`],
        attributes,
      ),
    );
    nodes.push(node('Reshape', [`${it}mixed`, 'two'], [`${it}mixed2`]));
    linear(`${it}mixed2`, `${at}.attentionOutput`, `${it}a`);
    nodes.push(node('Add', [`x${n}`, `${it}a`], [`${it}x`]));
    norm(`${it}x`, `${at}.outputNorm`, `${it}m`);
    linear(`${it}m`, `${at}.inner`, `${it}i`);
    nodes.push(node('Gelu', [`${it}i`], [`${it}g`], { approximate: 'tanh' }));
    linear(`${it}g`, `${at}.outer`, `${it}o`);
    nodes.push(node('Add', [`${it}x`, `${it}o`], [`x${n + 1}`]));
  }
  norm(`x${layers}`, 'finalNorm', 'final');
  nodes.push(node('Gather', ['final', 'last'], ['end'], { axis: 0 }));
  nodes.push(node('Gemm', ['end', 'embeddings.token'], ['logits'], { transB: 1 }));
  const outputs = [value('logits', [1, sizes.vocab_size])];
  for (let n = 0; n < layers; n++) outputs.push(value(`weights${n}`, [1, heads, length, length]));
  return onnxModel({ nodes, constants, inputs: [value('ids', [length], 7)], outputs });
}

/** One run of ours: logits of the last position and, with `weights`, every layer's attention weights, all as copies. */
function runOurs(kernels, device, architecture, ids, weights) {
  const length = ids.length;
  const { headCount: heads, headSize } = architecture;
  const pending = scope(kernels, () => {
    const o = operations(kernels);
    const seen = new Map();
    const last = transform(o, device, architecture, { ids, batch: 1, length }, (name, tensor) => {
      const [, layer, stage] = /^layers\.(\d+)\.(query|key|value|attentionOutput)$/.exec(name) ?? [];
      if (stage) seen.set(`${layer}.${stage}`, tensor);
      if (stage !== 'attentionOutput' || !weights) return;
      const of = (which) => ({
        storage: seen.get(`${layer}.${which}`).storage,
        offset: 0,
        batchStride: length * heads * headSize,
        headStride: headSize,
        rowStride: heads * headSize,
      });
      const square = kernels.allocate(heads * length * length, false);
      const visibility = { left: -1, right: 0 };
      const shape = {
        batch: 1,
        heads,
        keyValueHeads: heads,
        queryLength: length,
        keyLength: length,
        headSize,
        valueSize: headSize,
      };
      const mixed = kernels.allocate(length * heads * headSize, false);
      kernels.attend({
        ...shape,
        scale: 1 / Math.sqrt(headSize),
        softcap: 0,
        visibility,
        query: of('query'),
        key: of('key'),
        value: of('value'),
        out: { ...of('value'), storage: mixed },
        keep: { weights: square },
      });
      weights.push(kernels.read(square));
      for (const storage of [square, mixed]) kernels.free(storage);
    });
    return kernels.read(decode(o, device, architecture, o.embed(last, Int32Array.of(length - 1))).storage);
  });
  return pending;
}

export async function gpt2(context, length) {
  const { kernels } = context;
  const { architecture, parameters } = gpt2Small();
  const { tensors: device } = await DeviceParameters.from(kernels, architecture, fromHost(parameters));
  const ids = Int32Array.from({ length }, (_, i) => (i * 7919) % sizes.vocab_size);
  const graph = gpt2Graph(parameters, length);
  const peers = {};
  const sessions = [];
  const ours = async () => {
    const weights = [];
    const logits = await runOurs(kernels, device, architecture, ids, weights);
    return { logits, weights: await Promise.all(weights) };
  };
  const expected = await ours();
  let away = 0;
  for (const runtime of context.runtimes) {
    const session = await runtime.session(graph, { ids: [BigInt64Array.from(ids, BigInt), [length]] });
    sessions.push(session);
    const got = await session.run();
    for (const [name, numbers] of [
      ['logits', expected.logits],
      ...expected.weights.map((data, n) => [`weights${n}`, data]),
    ])
      for (let i = 0; i < numbers.length; i++) away = Math.max(away, Math.abs(got[name].data[i] - numbers[i]));
    // A graph's outputs are handed over as copies here as there.
    peers[runtime.name] = async () => Object.values(await session.run()).map(({ data }) => data.length);
  }
  if (!(away <= 1e-3)) throw new Error(`GPT-2 of ${length} tokens: outputs differ by ${away}`);
  const measured = await compare(ours, peers, { turns: length > 500 ? 3 : 5, milliseconds: 1 });
  const alone = await compare(
    () => runOurs(kernels, device, architecture, ids, null),
    {},
    { turns: 3, milliseconds: 1 },
  );
  for (const session of sessions) await session.release();
  return [
    { name: `GPT-2-small-sized, ${length} tokens, attention weights out`, ...measured, difference: away },
    { name: `GPT-2-small-sized, ${length} tokens, logits alone`, ...alone },
  ];
}

/** One more token after `length` others, from the cache of keys and values. */
export async function oneMore(context, length = 255) {
  const { kernels } = context;
  const { architecture, parameters } = gpt2Small();
  const { tensors: device } = await DeviceParameters.from(kernels, architecture, fromHost(parameters));
  const { tensor } = await import('../dist/tensor/index.js');
  const layers = architecture.layers.map(() => ({
    key: tensor(kernels, [1024, 768]),
    value: tensor(kernels, [1024, 768]),
  }));
  const ids = Int32Array.from({ length: length + 1 }, (_, i) => (i * 7919) % sizes.vocab_size);
  const run = (from, to) =>
    scope(kernels, () => {
      const o = operations(kernels);
      const batch = { ids: ids.slice(from, to), batch: 1, length: to - from, cache: { length: from, layers } };
      const last = transform(o, device, architecture, batch);
      return kernels.read(decode(o, device, architecture, o.embed(last, Int32Array.of(to - from - 1))).storage);
    });
  const whole = await run(0, length + 1);
  await run(0, length);
  const step = await run(length, length + 1);
  const same = step.every((number, i) => number === whole[i]);
  const measured = await compare(
    () => run(length, length + 1),
    { 'ours, from the beginning': () => run(0, length + 1) },
    { turns: 5, milliseconds: 1 },
  );
  const bytes = [...parameters].reduce(
    (sum, [name, { data }]) => sum + (name === 'embeddings.position' ? 0 : 4 * data.length),
    0,
  );
  const gigabytes = bytes / measured.milliseconds / 1e6;
  return [{ name: `one more token after ${length} (same bytes: ${same})`, ...measured, gigabytes }];
}
