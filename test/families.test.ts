import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { AttentionPlace } from '../src/attention/index.ts';
import { type Kernels, referenceKernels, wasmKernels } from '../src/kernels/index.ts';
import { goesOn, loadModel, type Model, readConfig, readSafetensors } from '../src/model/index.ts';
import {
  attentionRow,
  attentionStages,
  recordTrace,
  recordTraces,
  stages,
  TraceSession,
  traceStages,
} from '../src/trace/index.ts';

/** Tiny checkpoints with what test/families/make.py, written in NumPy without this engine, says of every stage. */
const folder = new URL('./families/', import.meta.url);
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('__'))
  .map((entry) => entry.name);
const growing = new Set(
  names.filter((name) => {
    const config: unknown = JSON.parse(readFileSync(new URL(`${name}/config.json`, folder), 'utf8'));
    return goesOn(readConfig(config as Record<string, unknown>).architecture);
  }),
);
const wasm = await wasmKernels();

/** ‖a − b‖₂ / ‖b‖₂ over finite entries; −∞ must stand in the same places. */
function distance(ours: Float32Array, theirs: ArrayLike<number>): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < ours.length; i++) {
    const right = theirs[i]!;
    if (!Number.isFinite(right)) expect(ours[i]).toBe(right);
    else {
      difference += (ours[i]! - right) ** 2;
      size += right ** 2;
    }
  }
  return Math.sqrt(difference / size);
}

const expectedOf = (name: string) => {
  const { tensors } = readSafetensors(readFileSync(new URL(`${name}/expected.safetensors`, folder)));
  const ids = (key: string): number[] | null => (tensors.has(key) ? [...tensors.get(key)!.data] : null);
  const inputs = { ids: ids('ids')!, ...(tensors.has('decoderIds') && { decoderIds: ids('decoderIds')! }) };
  return { tensors: new Map([...tensors].filter(([key]) => !key.endsWith('ds'))), inputs };
};
const load = (name: string, kernels: Kernels = wasm): Promise<Model> =>
  loadModel(fileURLToPath(new URL(name, folder)), { name, kernels });

describe.each(names)('%s', (name) => {
  it.each(['wasm', 'reference'])(
    'gives every stage and score as NumPy does in double precision, on the %s device: relative 2-norm ≤ 1e-4, −∞ in the same places',
    async (device) => {
      const model = await load(name, device === 'wasm' ? wasm : referenceKernels());
      const { tensors, inputs } = expectedOf(name);
      const trace = await recordTrace(model, inputs);
      const ours = await stages(trace, model, [...tensors.keys()]);
      for (const [stage, { shape, data }] of tensors) {
        expect(ours.get(stage as 'logits')!.shape, stage).toEqual(shape);
        expect(distance(ours.get(stage as 'logits')!.data, data), stage).toBeLessThanOrEqual(1e-4);
      }
      // Nothing that the engine shows went unchecked, but what the bias is made of (it is in maskedScores).
      const unchecked = traceStages(trace).filter((stage) => !tensors.has(stage));
      expect(unchecked.filter((stage) => !/(relativeBias|positionKey|positionQuery)$/.test(stage))).toEqual([]);
    },
  );

  it('gives one query’s row alone as the whole square has it, at every place: relative 2-norm ≤ 1e-6', async () => {
    const model = await load(name);
    const trace = await recordTrace(model, expectedOf(name).inputs);
    const places = traceStages(trace).flatMap((stage) => /^(.*)\.weights$/.exec(stage)?.[1] ?? []);
    for (const place of places as AttentionPlace[]) {
      const squares = await attentionStages(trace, place);
      const [heads = 0, queries = 0, keys = 0] = squares.weights.shape;
      for (const query of [0, 3, queries - 1]) {
        const row = await attentionRow(trace, place, query);
        for (const stage of ['scores', 'maskedScores', 'weights'] as const)
          for (let h = 0; h < heads; h++) {
            const from = (h * queries + query) * keys;
            const whole = squares[stage].data.subarray(from, from + keys);
            expect(distance(row[stage].data.subarray(h * keys, (h + 1) * keys), whole)).toBeLessThanOrEqual(1e-6);
          }
      }
    }
  });

  it('gives each of three texts run together, the shorter ones padded, what it gives alone: relative 2-norm ≤ 1e-5', async () => {
    const model = await load(name);
    const { inputs } = expectedOf(name);
    const texts = [inputs.ids.slice(0, 4), inputs.ids, inputs.ids.slice(3, 9)];
    const alone = await Promise.all(texts.map((ids) => recordTrace(model, { ...inputs, ids })));
    const together = await recordTraces(
      model,
      texts.map((ids) => ({ ...inputs, ids })),
    );
    for (const [b, trace] of together.entries()) {
      expect([...trace.recorded.keys()]).toEqual([...alone[b]!.recorded.keys()]);
      for (const [stage, { shape, data }] of trace.recorded) {
        expect(shape, stage).toEqual(alone[b]!.recorded.get(stage)!.shape);
        expect(distance(data, alone[b]!.recorded.get(stage)!.data), stage).toBeLessThanOrEqual(1e-5);
      }
    }
  });

  // An encoder reads a whole text at once; there is nothing to go on from.
  if (!growing.has(name)) return;
  it('gives the trace of a text read token by token, cut back and gone on as that of the text read at once: to the bit', async () => {
    const model = await load(name);
    const { inputs } = expectedOf(name);
    const own = inputs.decoderIds ?? inputs.ids;
    const textOf = (ids: number[]) => (inputs.decoderIds ? { ids: inputs.ids, decoderIds: ids } : { ids });
    const session = new TraceSession(model);
    const other = [...own.slice(0, 3), own[3]! - 1, 1];
    const ways = [...own.map((_, n) => own.slice(0, n + 1)), other, own.slice(0, 5), own, own];
    const computed: number[] = [];
    for (const ids of ways) {
      const trace = await session.record(textOf(ids));
      computed.push(session.computed);
      const whole = await recordTrace(model, textOf(ids));
      expect([...trace.recorded.keys()].sort()).toEqual([...whole.recorded.keys()].sort());
      for (const [stage, { shape, data }] of whole.recorded) {
        expect(trace.recorded.get(stage)!.shape, stage).toEqual(shape);
        expect(trace.recorded.get(stage)!.data, stage).toEqual(data);
      }
    }
    expect(computed).toEqual([...own.map(() => 1), 2, 2, own.length - 5, 1]);
    session.free();
  });
});
