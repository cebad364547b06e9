/** Rows about attention: streaming, kept, causal, grouped, backward, long. */
import { wasmKernels } from '../dist/kernels/index.js';
import { compare } from './measure.mjs';
import { node, onnxModel, value } from './onnx.mjs';
import { drawn, row } from './row.mjs';

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

export async function attend(context, shape, rest = {}) {
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
