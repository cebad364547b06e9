/** Rows about single kernels: products, attention, softmax, norms, activations. */
import { hasRelaxedSimd, wasmKernels } from '../dist/kernels/index.js';
import { compare } from './measure.mjs';
import { constant, node, onnxModel, value } from './onnx.mjs';
import { jaxProducts } from './peers.mjs';

const drawn = (length, pace = 1) => Float32Array.from({ length }, (_, i) => Math.sin(pace * i));

/** How far a peer's result is from ours at most, as a part of the largest number: what is compared must be the same. */
function difference(got, expected) {
  let [away, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    away = Math.max(away, Math.abs(got[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return away / largest;
}
const BUDGET = 1e-4;

/**
 * One row: our run; the same graph on every runtime, whose `output` must agree with ours; and `others`, runs that resolve to
 * numbers which must agree, too.
 */
async function row(
  context,
  {
    name,
    flops = 0,
    bytes = 0,
    limit,
    ours,
    result,
    model,
    feeds,
    output,
    peers = context.runtimes,
    others = {},
    ...rest
  },
) {
  const sessions = [];
  await ours();
  const expected = result && (await result());
  const agree = (peer, got) => {
    const away = expected ? difference(got, expected) : 0;
    if (!(away <= BUDGET)) throw new Error(`${name}: ${peer} differs by ${away} of the largest number`);
  };
  const runs = {};
  for (const runtime of peers) {
    const session = await runtime.session(model, feeds);
    sessions.push(session);
    if (expected) agree(runtime.name, (await session.run())[output].data);
    runs[runtime.name] = () => session.run();
  }
  for (const [other, run] of Object.entries(others)) {
    agree(other, await run());
    runs[other] = run;
  }
  const measured = await compare(ours, runs, rest);
  // The machine's limits once more beside every row: what else the machine does must not pass for a limit.
  await context.again();
  for (const session of sessions) await session.release();
  return {
    name,
    ...measured,
    ...(flops && { gflops: flops / measured.milliseconds / 1e6 }),
    ...(bytes && { gigabytes: bytes / measured.milliseconds / 1e6, ...(limit && { limit }) }),
  };
}

async function product(context, rows, inner, columns, { type = 'f32', ...rest } = {}) {
  const { kernels } = context;
  const [left, right] = [drawn(rows * inner, 1.1), drawn(inner * columns, 0.7)];
  const values =
    type === 'f32'
      ? right
      : type === 'int8'
        ? Int8Array.from(right, (x) => 127 * x)
        : new Uint16Array(right.length).fill(0x3c01);
  const scales = type === 'int8' && { scales: new Float32Array(columns).fill(1 / 127) };
  const packed = kernels.pack({ type, values, inner, columns, ...scales });
  const [a, out] = [kernels.allocate(rows * inner), kernels.allocate(rows * columns)];
  kernels.write(a, left);
  const bytes = rows <= 16 ? inner * columns * values.BYTES_PER_ELEMENT : 0;
  const model = onnxModel({
    nodes: [node('MatMul', ['left', 'right'], ['out'])],
    constants: [constant('right', [inner, columns], right)],
    inputs: [value('left', [rows, inner])],
    outputs: [value('out', [rows, columns])],
  });
  const same = type === 'f32';
  const made = await row(context, {
    name: `product ${rows} × ${inner} × ${columns}${same ? '' : `, ${type}`}`,
    flops: 2 * rows * inner * columns,
    bytes,
    limit: 'reread',
    ours: () => kernels.matmul({ out, left: a, right: packed, rows, inner, columns }),
    result: same && (() => kernels.read(out)),
    model,
    feeds: { left: [left, [rows, inner]] },
    output: 'out',
    // Peers keep f32: what they need for the same product.
    ...(same ? {} : { peers: context.runtimes.slice(0, 1) }),
    ...rest,
  });
  for (const storage of [packed, a, out]) kernels.free(storage);
  return made;
}

export async function products(context) {
  const rows = [];
  for (const size of [64, 128, 256, 512, 1024, 2048]) rows.push(await product(context, size, size, size));
  for (const thin of [1, 4, 16]) rows.push(await product(context, thin, 4096, 4096));
  for (const type of ['f16', 'bf16', 'int8']) rows.push(await product(context, 1, 4096, 4096, { type }));
  return rows;
}

/** Keys, queries and values drawn, and room for the result and what goes with it. */
function attention(kernels, { heads, keyValueHeads = heads, length, size = 64, causal = false, kept = false }) {
  const strides = (count) => ({
    offset: 0,
    batchStride: count * length * size,
    headStride: length * size,
    rowStride: size,
  });
  const of = (count, pace) => {
    const storage = kernels.allocate(count * length * size);
    const data = drawn(count * length * size, pace);
    kernels.write(storage, data);
    return { data, heads: { storage, ...strides(count) } };
  };
  const [query, key, value_] = [of(heads, 1.3), of(keyValueHeads, 0.7), of(keyValueHeads, 0.3)];
  const out = { storage: kernels.allocate(heads * length * size), ...strides(heads) };
  const weights = kept && kernels.allocate(heads * length * length);
  const task = {
    batch: 1,
    heads,
    keyValueHeads,
    queryLength: length,
    keyLength: length,
    headSize: size,
    valueSize: size,
    scale: 1 / Math.sqrt(size),
    softcap: 0,
    visibility: { left: -1, right: causal ? 0 : -1 },
    query: query.heads,
    key: key.heads,
    value: value_.heads,
    out,
    ...(kept && { keep: { weights } }),
  };
  const storages = [query.heads, key.heads, value_.heads, out].map(({ storage }) => storage);
  return {
    name: `attention ${heads}${keyValueHeads < heads ? ` (${keyValueHeads})` : ''} × ${size}, n ${length}${causal ? ', causal' : ''}${kept ? ', weights kept' : ''}`,
    task,
    data: [query.data, key.data, value_.data],
    flops: 4 * heads * length * length * size * (causal ? 0.5 : 1),
    weights,
    free: () => {
      for (const storage of kept ? [...storages, weights] : storages) kernels.free(storage);
    },
  };
}

async function attend(context, shape, rest = {}) {
  const { kernels } = context;
  const { heads, keyValueHeads = heads, length, size = 64, causal = false, kept = false } = shape;
  const { name, task, data, flops, weights, free } = attention(kernels, shape);
  const dims = [heads, keyValueHeads, keyValueHeads].map((count) => [1, count, length, size]);
  const names = ['query', 'key', 'value'];
  const model = onnxModel({
    nodes: [
      node('Attention', names, kept ? ['out', '', '', 'weights'] : ['out'], {
        is_causal: causal ? 1 : 0,
        ...(kept && { qk_matmul_output_mode: 3 }),
      }),
    ],
    inputs: names.map((key, i) => value(key, dims[i])),
    outputs: [value('out', dims[0]), ...(kept ? [value('weights', [1, heads, length, length])] : [])],
  });
  const made = await row(context, {
    name,
    flops,
    ours: () => kernels.attend(task),
    result: () => kernels.read(kept ? weights : task.out.storage),
    model,
    feeds: Object.fromEntries(names.map((key, i) => [key, [data[i], dims[i]]])),
    output: kept ? 'weights' : 'out',
    turns: 7,
    ...rest,
  });
  free();
  return made;
}

/** The gradients of query, key and value: five products where the way forth has two. */
async function backward({ kernels }, shape) {
  const { name, task, flops, free } = attention(kernels, shape);
  const { heads, length } = shape;
  const like = ({ storage, ...strides }) => ({ storage: kernels.allocate(storage.length), ...strides });
  const { keep: _, ...both } = task;
  const logSumExp = kernels.allocate(heads * length);
  kernels.attend({ ...both, logSumExp });
  const [outGradient, queryGradient, keyGradient, valueGradient] = [task.out, task.query, task.key, task.value].map(
    like,
  );
  kernels.write(outGradient.storage, drawn(outGradient.storage.length, 0.9));
  const back = { ...both, logSumExp, outGradient, queryGradient, keyGradient, valueGradient };
  const measured = await compare(() => kernels.attendBackward(back), {}, { turns: 5 });
  for (const { storage } of [outGradient, queryGradient, keyGradient, valueGradient]) kernels.free(storage);
  kernels.free(logSumExp);
  free();
  return { name: `${name}, gradients`, ...measured, gflops: (2.5 * flops) / measured.milliseconds / 1e6 };
}

export async function attentions(context) {
  const lengths = [64, 256, 512, 1024];
  const shapes = [
    ...lengths.map((length) => ({ heads: 12, length })),
    ...lengths.map((length) => ({ heads: 12, length, kept: true })),
    ...[64, 1024].map((length) => ({ heads: 12, length, causal: true })),
    ...[1, 2, 4, 8, 16, 32].map((heads) => ({ heads, length: 512 })),
    ...[1, 32].map((heads) => ({ heads, length: 64 })),
    { heads: 1, length: 1024 },
    ...[64, 512, 1024].map((length) => ({ heads: 32, keyValueHeads: 8, length })),
    { heads: 32, keyValueHeads: 8, length: 512, causal: true },
  ];
  const rows = [];
  for (const shape of shapes) rows.push(await attend(context, shape));
  rows.push(await backward(context, { heads: 12, length: 512 }));
  return rows;
}

/** Long texts, each on a device of its own, whose whole memory is noted: it grows as the length does, not as its square. */
export async function longAttentions(context) {
  const rows = [];
  const shapes = [
    { heads: 12, length: 2048 },
    { heads: 32, keyValueHeads: 8, length: 2048 },
    { heads: 1, length: 4096 },
    { heads: 12, length: 4096 },
    { heads: 1, length: 8192 },
    { heads: 1, length: 16_384 },
  ];
  for (const shape of shapes)
    for (const causal of [false, true]) {
      const measure = async (peers) => {
        const kernels = await wasmKernels({ threads: context.threads });
        try {
          const made = await attend({ ...context, kernels }, { ...shape, causal }, { peers, turns: 3 });
          return { ...made, note: `${(kernels.bytes / 2 ** 20).toFixed(0)} MiB` };
        } finally {
          kernels.close();
        }
      };
      try {
        rows.push(await measure(context.runtimes.slice(0, 1)));
      } catch (reason) {
        const made = await measure([]);
        rows.push({ ...made, note: `${made.note}; onnxruntime-web refuses: ${shortly(reason)}` });
      }
    }
  return rows;
}

/** The end of what an error says, without the call stack. */
const shortly = (reason) =>
  String(reason?.message ?? reason)
    .split('\n')[0]
    .trim()
    .slice(-60);

/** What fused products bring, on an engine that has them (Node 22 or newer), and jax-js, which needs one, too. */
export async function newer(context) {
  if (!hasRelaxedSimd()) throw new Error(`the group newer needs Node 22 or newer, not ${process.version}`);
  const kernels = await wasmKernels({ threads: context.threads, relaxed: true });
  const fused = { ...context, kernels, runtimes: context.runtimes.slice(0, 1) };
  const jax = await jaxProducts();
  const rows = [];
  const sizes = [512, 1024];
  const products = sizes.map((size) => jax(drawn(size * size, 1.1), drawn(size * size, 0.7), size));
  // Compiled before onnxruntime-web gives Node a global Worker, by which jax-js takes it for a browser's.
  for (const runs of products) for (const run of Object.values(runs)) await run();
  for (const [i, size] of sizes.entries()) {
    const plain = await product({ ...context, runtimes: [] }, size, size, size);
    const others = products[i];
    rows.push({ ...plain, name: `${plain.name}, plain` });
    const made = await product(fused, size, size, size, { others });
    rows.push({ ...made, name: `${made.name}, fused` });
  }
  for (const kept of [false, true])
    for (const length of [512, 1024]) {
      const shape = { heads: 12, length, kept };
      const plain = await attend({ ...context, runtimes: [] }, shape);
      rows.push({ ...plain, name: `${plain.name}, plain` });
      const made = await attend(fused, shape);
      rows.push({ ...made, name: `${made.name}, fused` });
    }
  return rows;
}

/** The plain kernels where the engine computes with 256 bits what they write in pairs of 128: the bytes stay the same. */
export async function wide(context) {
  const web = { ...context, runtimes: context.runtimes.slice(0, 1) };
  const rows = [];
  for (const size of [512, 1024]) rows.push(await product(web, size, size, size));
  for (const kept of [false, true])
    for (const length of [512, 1024]) rows.push(await attend(web, { heads: 12, length, kept }));
  return rows;
}

export async function small(context) {
  const { kernels } = context;
  const [rows, columns] = [1024, 768];
  const [x, w, out, mean, inverse] = [rows * columns, columns, rows * columns, rows, rows].map((length) =>
    kernels.allocate(length),
  );
  const [data, weight] = [drawn(rows * columns, 1.7).map((number) => 3 * number), drawn(columns, 0.1)];
  kernels.write(x, data);
  kernels.write(w, weight);
  const common = {
    feeds: { x: [data, [rows, columns]] },
    output: 'out',
    result: () => kernels.read(out),
    bytes: 8 * rows * columns,
  };
  const graph = (nodes, constants = []) =>
    onnxModel({ nodes, constants, inputs: [value('x', [rows, columns])], outputs: [value('out', [rows, columns])] });
  const scalar = new Float32Array(rows * columns);
  return [
    await row(context, {
      ...common,
      name: `softmax ${rows} × ${columns}`,
      ours: () => kernels.softmax(x, out, { rows, columns }),
      model: graph([node('Softmax', ['x'], ['out'], { axis: -1 })]),
    }),
    await row(context, {
      ...common,
      name: `layer norm ${rows} × ${columns}`,
      ours: () => kernels.layerNorm(x, w, w, out, mean, inverse, { rows, columns }, 1e-5),
      model: graph(
        [node('LayerNormalization', ['x', 'w', 'w'], ['out'], { epsilon: { float: 1e-5 } })],
        [constant('w', [columns], weight)],
      ),
    }),
    await row(context, {
      ...common,
      name: `GELU ${rows} × ${columns}`,
      ours: () => kernels.activate('gelu', x, out),
      model: graph([node('Gelu', ['x'], ['out'])]),
    }),
    {
      name: `softmax ${rows} × ${columns} on one thread, and Math.exp alone in a loop`,
      ...(await (async () => {
        const one = await wasmKernels({ threads: 1 });
        const [from, to] = [one.allocate(rows * columns), one.allocate(rows * columns)];
        one.write(from, data);
        return compare(() => one.softmax(from, to, { rows, columns }), {
          'Math.exp': () => {
            for (let i = 0; i < scalar.length; i++) scalar[i] = Math.exp(data[i]);
          },
        });
      })()),
    },
  ];
}
