import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { referenceKernels } from '../kernels/index.ts';
import { configReader, families, loadModel, Model, readSafetensors } from '../model/index.ts';
import { generate, logitRows, recordTrace, saveTrace, stages, type Trace, TraceSession, traceStages } from './index.ts';

const folder = new URL('../../test/families/', import.meta.url);
const tiny = (name: string) => fileURLToPath(new URL(name, folder));
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('__'))
  .map((entry) => entry.name);

/** Plain loops that count the rows that go through the unembedding. */
async function counting() {
  const kernels = referenceKernels();
  const vocabulary = (await loadModel(tiny('llama'))).architecture.vocabularySize;
  const seen = { rows: 0 };
  const matmul: typeof kernels.matmul = (task) => {
    if (task.columns === vocabulary) seen.rows += task.rows;
    kernels.matmul(task);
  };
  return { seen, model: await loadModel(tiny('llama'), { kernels: { ...kernels, matmul } }) };
}

/** Rows of logits that were computed all at once. */
const rowsOf = ({ recorded }: Trace, positions: readonly number[]): Float32Array => {
  const { data, shape } = recorded.get('logits')!;
  return Float32Array.from(positions.flatMap((p) => [...data.subarray(p * shape[1]!, (p + 1) * shape[1]!)]));
};

describe('logits where they are asked for', () => {
  it.each(names)('%s: a row has the same bytes from all, from some, and read out of the last states', async (name) => {
    const model = await loadModel(tiny(name), { name, tokenizer: 'none' });
    const { tensors } = readSafetensors(readFileSync(new URL(`${name}/expected.safetensors`, folder)));
    const read = (what: string): number[] => [...(tensors.get(what)?.data ?? [])].map(Number);
    const text = { ids: read('ids'), ...(tensors.has('decoderIds') && { decoderIds: read('decoderIds') }) };
    const ids = Int32Array.from(text.ids);
    const decoderIds = text.decoderIds && Int32Array.from(text.decoderIds);
    const without = await recordTrace(model, { ...text, logits: false });
    expect(without.recorded.has('logits')).toBe(false);
    if (!model.architecture.head) {
      await expect(logitRows(without, model, [0])).rejects.toMatchObject({ code: 'noLogits' });
      return;
    }
    const whole = await recordTrace(model, text);
    const last = (text.decoderIds ?? text.ids).length - 1;
    const asked = [last, 0, 1];
    const run = async (logits: 'last' | 'none' | readonly number[]) =>
      (await model.run(ids, undefined, [], { logits, ...(decoderIds && { decoderIds }) })).logits;
    expect(await run(asked)).toEqual(rowsOf(whole, asked));
    expect(await run('last')).toEqual(rowsOf(whole, [last]));
    expect([await run('none'), await run([])]).toEqual([null, null]);
    expect((await logitRows(whole, model, asked)).data).toEqual(rowsOf(whole, asked));
    expect((await logitRows(without, model, asked)).data).toEqual(rowsOf(whole, asked));
    for (const [stage, numbers] of without.recorded) expect(whole.recorded.get(stage), stage).toEqual(numbers);
    await expect(run([last + 1])).rejects.toMatchObject({ code: 'tokenOutOfRange' });
    await expect(logitRows(without, model, [-1])).rejects.toMatchObject({ code: 'tokenOutOfRange' });
  });

  it('of an edited run: those of that run', async () => {
    const model = await loadModel(tiny('llama'));
    const edits = [{ kind: 'scale', stage: 'output', layer: 1, factor: 1.5 }] as const;
    const [whole, without] = [
      await recordTrace(model, { ids: [3, 14, 7], edits }),
      await recordTrace(model, { ids: [3, 14, 7], edits, logits: false }),
    ];
    expect((await logitRows(without, model, [2, 1])).data).toEqual(rowsOf(whole, [2, 1]));
  });

  it('of a model wider than a block of the product, 40 rows beside 1: the same bytes', async () => {
    const family = families.get('gpt2')!;
    const sizes = { n_embd: 1104, n_head: 3, n_layer: 1, n_positions: 40, vocab_size: 301 };
    const architecture = family.architecture(
      configReader({ model_type: 'gpt2', architectures: ['GPT2LMHeadModel'], ...sizes }),
    );
    let step = 0;
    const drawn = (shape: readonly number[]): Float32Array =>
      new Float32Array(shape.reduce((a, b) => a * b, 1)).map(() => 0.05 * Math.sin(1.7 * step++));
    const parameters = new Map(
      family
        .parameters(architecture, new Set(['wte.weight']))
        .map(({ name, shape }) => [name, { shape, data: drawn(shape) }]),
    );
    const model = await Model.create({
      name: 'wide',
      family,
      architecture,
      tokenizer: null,
      metadata: {},
      parameters,
    });
    const ids = Array.from({ length: 40 }, (_, i) => (7 * i) % 301);
    const whole = await recordTrace(model, { ids });
    for (const position of [0, 23, 39])
      expect((await logitRows(whole, model, [position])).data).toEqual(
        (await model.run(Int32Array.from(ids), undefined, [], { logits: [position] })).logits,
      );
  });

  it('only as many rows go through the unembedding as are asked for; writing on takes one a token', async () => {
    const { seen, model } = await counting();
    const tokens: Trace[] = [];
    for await (const { trace } of generate(model, { ids: [3, 14, 7, 5] }, { maxTokens: 3, endTokens: [] }))
      tokens.push(trace);
    expect(seen.rows).toBe(3);
    for (const trace of tokens) expect(trace.recorded.has('logits')).toBe(false);
    const trace = await recordTrace(model, { ids: [3, 14, 7, 5, 9], logits: false });
    expect(seen.rows).toBe(3);
    await logitRows(trace, model, [4, 2]);
    expect(seen.rows).toBe(5);
  });

  it('a session reads anew where logits are asked for that were not kept; everything else has the same bytes', async () => {
    const { seen, model } = await counting();
    const session = new TraceSession(model);
    const ids = [3, 14, 7, 5, 9];
    const without = await session.record({ ids, logits: false });
    expect([seen.rows, without.recorded.has('logits')]).toEqual([0, false]);
    const whole = await session.record({ ids });
    expect([seen.rows, session.computed, whole.recorded.get('logits')!.shape[0]]).toEqual([5, 5, 5]);
    const plain = await recordTrace(model, { ids, logits: false });
    for (const [name, stage] of plain.recorded) expect(without.recorded.get(name), name).toEqual(stage);
    // Longer without, then with: the rows are those of the whole text again.
    const longer = await session.record({ ids: [...ids, 2], logits: false });
    expect((await logitRows(longer, model, [1])).data).toEqual(rowsOf(whole, [1]));
    expect((await session.record({ ids: [...ids, 2, 4] })).recorded.get('logits')!.shape[0]).toBe(7);
    session.free();
    await expect(session.record({ ids })).rejects.toMatchObject({ name: 'SiseonError', code: 'cacheFreed' });
  });

  it('as a stage by name they are had from either trace, and saved the same', async () => {
    const model = await loadModel(tiny('gpt2'));
    const [whole, without] = [
      await recordTrace(model, { ids: [1, 2, 3] }),
      await recordTrace(model, { ids: [1, 2, 3], logits: false }),
    ];
    expect(new Set(traceStages(without))).toEqual(new Set(traceStages(whole)));
    expect((await stages(without, model, ['logits'])).get('logits')).toEqual(whole.recorded.get('logits'));
    const saved = (trace: Trace) => saveTrace(trace, model, { stages: ['logits', 'layers.0.weights'], format: 'npz' });
    expect(await saved(without)).toEqual(await saved(whole));
  });
});
