/** One GGUF file, read by Siseon and by llama.cpp: logits of every position over the whole vocabulary. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { referenceKernels } from '../../dist/kernels/index.js';
import { loadModel, writeSafetensors } from '../../dist/model/index.js';
import { blockKinds, drawBlocks, toHalf } from './blocks.mjs';
import { drawCheckpoint, drawIds } from './checkpoints.mjs';
import { converted } from './conversion.mjs';
import { vocabulary, writeGguf } from './gguf.mjs';
import { layouts as all } from './layouts.mjs';
import { llamaLogits, llamaName } from './llama.mjs';

const LENGTH = 48;
const F32 = 0;

/** ‖a − b‖₂ / ‖b‖₂, and the largest |a − b|. */
export function compare(ours, theirs) {
  let [difference, size, largest] = [0, 0, 0];
  for (let i = 0; i < theirs.length; i++) {
    difference += (ours[i] - theirs[i]) ** 2;
    size += theirs[i] ** 2;
    largest = Math.max(largest, Math.abs(ours[i] - theirs[i]));
  }
  if (ours.length !== theirs.length || !(size > 0)) throw new Error(`${ours.length} numbers beside ${theirs.length}`);
  return { error: Math.sqrt(difference / size), largest };
}

/** The file's bytes; tensors are [name, { shape, type, bytes }]. */
function fileOf({ config, architecture, metadata }, tensors) {
  const own = Object.entries({ vocab_size: config.vocab_size, ...metadata(config) });
  return writeGguf(
    {
      'general.architecture': architecture,
      ...Object.fromEntries(own.map(([key, value]) => [`${architecture}.${key}`, value])),
      ...vocabulary(config.vocab_size),
    },
    tensors,
  );
}

const plain = ([name, { shape, data }]) => [name, { shape, type: F32, bytes: data }];

async function ours(where, ids, kernels) {
  const model = await loadModel(where, { tokenizer: 'none', ...(kernels && { kernels }) });
  return (await model.run(ids)).logits;
}

export async function layouts(folder, print) {
  const rows = [];
  for (const [name, layout] of Object.entries(all)) {
    const { config } = layout;
    const tensors = drawCheckpoint(name, config);
    const file = join(folder, 'model.gguf');
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
    writeFileSync(
      join(folder, 'model.safetensors'),
      writeSafetensors([...tensors].map(([tensor, numbers]) => ({ name: tensor, ...numbers }))),
    );
    writeFileSync(file, fileOf(layout, converted(layout, tensors).map(plain)));
    const ids = drawIds(name, LENGTH, config.vocab_size);
    const theirs = await llamaLogits(file, [...ids], config.vocab_size);
    const row = {
      name,
      parameters: [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0),
      ...compare(await ours(folder, ids), theirs),
      bound: layout.gelu ? 5e-4 : 1e-5,
      fromGguf: compare(await ours(file, ids), theirs).error,
    };
    // ggml rounds what goes into gelu and what comes out to float16. Rounding likewise leaves the numbers that fall to the
    // other side of an edge.
    if (layout.gelu) row.withTable = compare(await ours(folder, ids, tabled()), theirs).error;
    rows.push(row);
    print(row);
    print({ name: '  from the GGUF file', error: row.fromGguf, bound: row.bound });
    if (layout.gelu) print({ name: '  gelu by ggml’s table', error: row.withTable, bound: 1e-4 });
  }
  return { engine: llamaName, rows };
}

/** The plain loops, with gelu as ggml's table has it, alone and in the pass of a product. */
function tabled() {
  const kernels = referenceKernels();
  const activate = (kind, x, out) => {
    if (kind !== 'geluTanh') return kernels.activate(kind, x, out);
    const given = Float32Array.from(x.numbers);
    const rounded = kernels.allocate(x.length, false);
    rounded.numbers.set(given.map(toHalf));
    kernels.activate(kind, rounded, out);
    for (let i = 0; i < given.length; i++)
      out.numbers[i] = given[i] <= -10 ? 0 : given[i] >= 10 ? given[i] : toHalf(out.numbers[i]);
    kernels.free(rounded);
  };
  const matmul = ({ activation, ...task }) => {
    if (activation !== 'geluTanh') return kernels.matmul({ ...task, ...(activation && { activation }) });
    if (task.residual || task.accumulate) throw new Error('the table knows no gelu before a sum');
    kernels.matmul(task);
    activate(activation, task.out, task.out);
  };
  return { ...kernels, activate, matmul };
}

/** Each type of numbers: the token table alone in it, which llama.cpp widens as it is, and every matrix. */
export async function blocks(folder, print) {
  const layout = {
    ...all.llama,
    config: { ...all.llama.config, hidden_size: 256, head_dim: 64, num_attention_heads: 4, intermediate_size: 512 },
  };
  const { config } = layout;
  const tensors = converted(layout, drawCheckpoint('blocks', config));
  const ids = drawIds('blocks', LENGTH, config.vocab_size);
  const file = join(folder, 'blocks.gguf');
  const rows = [];
  for (const [kind, { type }] of Object.entries(blockKinds)) {
    const drawn = ([name, { shape, data }], chosen) => {
      if (!chosen || shape.length < 2) return plain([name, { shape, data }]);
      const deviation = name.startsWith('token_embd') ? 1 : 1.4 / Math.sqrt(shape[1]);
      return [name, { shape, type, bytes: drawBlocks(`${kind} ${name}`, kind, data.length, deviation) }];
    };
    const measure = async (which) => {
      writeFileSync(
        file,
        fileOf(
          layout,
          tensors.map((tensor) => drawn(tensor, which(tensor[0]))),
        ),
      );
      return compare(await ours(file, ids), await llamaLogits(file, [...ids], config.vocab_size));
    };
    const table = await measure((name) => name === 'token_embd.weight');
    const everything = await measure(() => true);
    const row = { name: kind, ...table, bound: 1e-5, everything: everything.error };
    rows.push(row);
    print({ ...row, note: `every matrix ${everything.error.toExponential(1)} (llama.cpp rounds activations too)` });
  }
  return { engine: llamaName, rows };
}
