/** Rows about single kernels: products, softmax, norms, activations; and of products and attention what fused products and 256 bits bring. */
import { hasRelaxedSimd, wasmKernels } from '../dist/kernels/index.js';
import { attend } from './attention.mjs';
import { compare } from './measure.mjs';
import { constant, node, onnxModel, value } from './onnx.mjs';
import { jaxProducts } from './peers.mjs';
import { drawn, row } from './row.mjs';

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
