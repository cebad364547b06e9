/** Rows about single kernels: products, attention, softmax, norms, activations. */
import { wasmKernels } from '../dist/kernels/index.js';
import { compare } from './measure.mjs';
import { constant, node, onnxModel, value } from './onnx.mjs';

const drawn = (length, pace = 1) => Float32Array.from({ length }, (_, i) => Math.sin(pace * i));

/** Every peer's largest difference from ours, so that what is compared is the same. */
function difference(got, expected) {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(got[i] - expected[i]));
  return largest;
}

/** One row: our run, and the same graph on every runtime, whose first output must agree with ours to `budget`. */
async function row(
  context,
  { name, flops = 0, bytes = 0, ours, result, model, feeds, output, budget = 1e-4, peers, ...rest },
) {
  const sessions = {};
  await ours();
  const expected = result && (await result());
  for (const runtime of peers ?? context.runtimes) {
    const session = await runtime.session(model, feeds);
    if (expected) {
      const got = (await session.run())[output].data;
      const away = difference(got, expected);
      if (!(away <= budget)) throw new Error(`${name}: ${runtime.name} differs by ${away}`);
    }
    sessions[runtime.name] = session;
  }
  const runs = Object.fromEntries(Object.entries(sessions).map(([key, session]) => [key, () => session.run()]));
  const measured = await compare(ours, runs, rest);
  for (const session of Object.values(sessions)) await session.release();
  return {
    name,
    ...measured,
    ...(flops && { gflops: flops / measured.milliseconds / 1e6 }),
    ...(bytes && { gigabytes: bytes / measured.milliseconds / 1e6 }),
  };
}

async function product(context, rows, inner, columns, type = 'f32') {
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
    ours: () => kernels.matmul({ out, left: a, right: packed, rows, inner, columns }),
    result: same && (() => kernels.read(out)),
    model,
    feeds: { left: [left, [rows, inner]] },
    output: 'out',
    budget: 1e-3,
    // Peers keep f32: what they need for the same product.
    ...(same ? {} : { peers: context.runtimes.slice(0, 1) }),
  });
  for (const storage of [packed, a, out]) kernels.free(storage);
  return made;
}

export async function products(context) {
  const rows = [];
  for (const size of [64, 128, 256, 512, 1024, 2048]) rows.push(await product(context, size, size, size));
  for (const thin of [1, 4, 16]) rows.push(await product(context, thin, 4096, 4096));
  for (const type of ['f16', 'bf16', 'int8']) rows.push(await product(context, 1, 4096, 4096, type));
  return rows;
}

async function attend(
  context,
  { heads, keyValueHeads = heads, length, size = 64, causal = false, kept = false, peers },
) {
  const { kernels } = context;
  const of = (count, pace) => {
    const storage = kernels.allocate(count * length * size);
    const data = drawn(count * length * size, pace);
    kernels.write(storage, data);
    return {
      data,
      heads: { storage, offset: 0, batchStride: count * length * size, headStride: length * size, rowStride: size },
    };
  };
  const [query, key, value_] = [of(heads, 1.3), of(keyValueHeads, 0.7), of(keyValueHeads, 0.3)];
  const out = kernels.allocate(heads * length * size);
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
    out: { storage: out, offset: 0, batchStride: heads * length * size, headStride: length * size, rowStride: size },
    ...(kept && { keep: { weights } }),
  };
  const shape = (count) => [1, count, length, size];
  const outputs = kept ? ['out', '', '', 'weights'] : ['out'];
  const model = onnxModel({
    nodes: [
      node('Attention', ['query', 'key', 'value'], outputs, {
        is_causal: causal ? 1 : 0,
        ...(kept && { qk_matmul_output_mode: 3 }),
      }),
    ],
    inputs: [value('query', shape(heads)), value('key', shape(keyValueHeads)), value('value', shape(keyValueHeads))],
    outputs: [value('out', shape(heads)), ...(kept ? [value('weights', [1, heads, length, length])] : [])],
  });
  const before = kernels.bytes;
  const made = await row(context, {
    name: `attention ${heads}${keyValueHeads < heads ? ` (${keyValueHeads})` : ''} × ${size}, n ${length}${causal ? ', causal' : ''}${kept ? ', weights kept' : ''}`,
    flops: 4 * heads * length * length * size * (causal ? 0.5 : 1),
    ours: () => kernels.attend(task),
    result: () => kernels.read(kept ? weights : out),
    model,
    feeds: {
      query: [query.data, shape(heads)],
      key: [key.data, shape(keyValueHeads)],
      value: [value_.data, shape(keyValueHeads)],
    },
    output: kept ? 'weights' : 'out',
    ...(length > 2048 ? { peers: [], turns: 3 } : { turns: 5 }),
    ...(peers && { peers }),
  });
  const scratchMiB = (kernels.bytes - before) / 2 ** 20;
  for (const { heads: of_ } of [query, key, value_]) kernels.free(of_.storage);
  for (const storage of [out, weights]) if (storage) kernels.free(storage);
  return { ...made, scratchMiB };
}

export async function attentions(context) {
  const rows = [];
  for (const length of [64, 256, 512, 1024]) rows.push(await attend(context, { heads: 12, length }));
  for (const length of [512, 1024]) rows.push(await attend(context, { heads: 12, length, kept: true }));
  rows.push(await attend(context, { heads: 32, keyValueHeads: 8, length: 512, causal: true }));
  return rows;
}

export async function longAttentions(context) {
  const rows = [];
  for (const causal of [false, true]) rows.push(await attend(context, { heads: 12, length: 2048, causal, peers: [] }));
  for (const causal of [false, true]) rows.push(await attend(context, { heads: 1, length: 16_384, causal }));
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
