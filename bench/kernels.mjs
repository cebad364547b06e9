/** Rows about single kernels: products, softmax, norms, activations; and of products and attention what fused products and 256 bits bring. */
import { hasRelaxedSimd, wasmKernels } from '../dist/kernels/index.js';
import { attend } from './attention.mjs';
import { compare } from './measure.mjs';
import { constant, node, onnxModel, value } from './onnx.mjs';
import { jaxProducts } from './peers.mjs';
import { drawn, row } from './row.mjs';

/** Bytes of a number. */
const sizes = { f32: 4, f16: 2, bf16: 2, int8: 1 };

/**
 * left (rows × inner) · right (inner × columns). `operands`: so many products of the same left with as many right operands, one
 * after another, as a model meets its parameters; the row is for all of them.
 */
async function product(context, rows, inner, columns, { type = 'f32', operands = 1, ...rest } = {}) {
  const { kernels } = context;
  const left = drawn(rows * inner, 1.1);
  const rights = Array.from({ length: operands }, (_, i) => drawn(inner * columns, 0.7 + 0.1 * i));
  const valuesOf = (right) => {
    if (type === 'f32') return right;
    return type === 'int8' ? Int8Array.from(right, (x) => 127 * x) : new Uint16Array(right.length).fill(0x3c01);
  };
  const scales = type === 'int8' && { scales: new Float32Array(columns).fill(1 / 127) };
  const a = kernels.allocate(rows * inner);
  kernels.write(a, left);
  const pairs = rights.map((right) => ({
    right: kernels.pack({ type, values: valuesOf(right), inner, columns, ...scales }),
    out: kernels.allocate(rows * columns),
  }));
  const bytes = rows <= 16 ? operands * inner * columns * sizes[type] : 0;
  const parts = rights.map((_, i) => (operands === 1 ? 'out' : `out${i}`));
  const model = onnxModel({
    nodes: [
      ...parts.map((part, i) => node('MatMul', ['left', `right${i}`], [part])),
      ...(operands === 1 ? [] : [node('Concat', parts, ['out'], { axis: 0 })]),
    ],
    constants: rights.map((right, i) => constant(`right${i}`, [inner, columns], right)),
    inputs: [value('left', [rows, inner])],
    outputs: [value('out', [operands * rows, columns])],
  });
  const same = type === 'f32';
  const result = async () => {
    const all = new Float32Array(operands * rows * columns);
    for (const [i, { out }] of pairs.entries()) all.set(await kernels.read(out), i * rows * columns);
    return all;
  };
  const made = await row(context, {
    name: `product ${rows} × ${inner} × ${columns}${same ? '' : `, ${type}`}${operands > 1 ? `, ${operands} operands in turn` : ''}`,
    flops: 2 * operands * rows * inner * columns,
    bytes,
    ours: () => {
      for (const { right, out } of pairs) kernels.matmul({ out, left: a, right, rows, inner, columns });
    },
    result: same && result,
    model,
    feeds: { left: [left, [rows, inner]] },
    output: 'out',
    // Peers keep f32: what they need for the same product.
    ...(same ? {} : { peers: context.runtimes.slice(0, 1) }),
    ...rest,
  });
  for (const storage of [a, ...pairs.flatMap(({ right, out }) => [right, out])]) kernels.free(storage);
  return made;
}

export async function products(context) {
  const rows = [];
  for (const size of [64, 128, 256, 512, 1024, 2048]) rows.push(await product(context, size, size, size));
  for (const thin of [1, 4, 16]) rows.push(await product(context, thin, 4096, 4096, { operands: 4 }));
  for (const type of ['f16', 'bf16', 'int8']) rows.push(await product(context, 1, 4096, 4096, { type, operands: 4 }));
  return rows;
}

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
