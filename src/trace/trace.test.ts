import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { referenceKernels } from '../kernels/index.ts';
import { loadModel, readSafetensors, shippedModel } from '../model/index.ts';
import { recordTrace, saveTrace, stages, type TraceInput, traceStages } from './index.ts';

const checkpoint = new URL('../../../shared/data/checkpoints/nano-gpt-sort', import.meta.url);

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

describe.skipIf(!existsSync(checkpoint))('a trained GPT in Hugging Face layout (the file beside the project)', () => {
  it.each(['wasm', 'reference'])(
    'gives every stage and the logits as double precision does, on the %s device: relative 2-norm ≤ 1e-5',
    async (device) => {
      const { tensors } = readSafetensors(readFileSync(new URL(`${checkpoint.href}/expected.safetensors`)));
      const model = await loadModel(checkpoint, device === 'reference' ? { kernels: referenceKernels() } : {});
      const trace = await recordTrace(model, { ids: tensors.get('ids')!.data });
      const names = [...tensors.keys()].filter((name) => name !== 'ids');
      const ours = await stages(trace, model, names);
      expect(names.length).toBe(28);
      for (const name of names) {
        const { shape, data } = tensors.get(name)!;
        expect(ours.get(name as 'logits')!.shape, name).toEqual(shape);
        expect(distance(ours.get(name as 'logits')!.data, data), name).toBeLessThanOrEqual(1e-5);
      }
    },
  );
});

describe('what a run is given', async () => {
  const model = await loadModel(shippedModel);
  const run = (input: unknown): Promise<unknown> => recordTrace(model, input as TraceInput);
  it.each([
    [{ ids: [1.5, 2] }, '1.5'],
    [{ ids: [Number.NaN] }, 'NaN'],
    [{ ids: ['3', 'x'] }, '"3"'],
    [{ ids: [null] }, 'null'],
    [{ ids: [1e10] }, '10000000000'],
    [{ ids: [-1] }, '-1'],
  ])('%j holds what is no token id: %s', async (input, got) => {
    await expect(run(input)).rejects.toMatchObject({ code: 'idOutOfRange', parts: { got } });
  });
  it.each([
    [{ text: '가', ids: [1] }, 'text: "가", ids: [1]'],
    [{}, 'neither'],
    [null, 'neither'],
    [{ text: 5 }, 'text: 5'],
    [{ text: null }, 'text: null'],
    [{ ids: 5 }, 'ids: 5'],
  ])('%j is not one of the two', async (input, got) => {
    await expect(run(input)).rejects.toMatchObject({ code: 'textOrIds', parts: { got } });
  });
});

describe('a trace of the Korean model', async () => {
  const model = await loadModel(shippedModel);
  const trace = await recordTrace(model, { text: '철수가 사과를 맛있게 먹었다' });
  const { layerCount, headCount, hiddenSize } = model.architecture;
  const n = trace.ids.length;

  it('has weights whose rows sum to 1 (1e-6) and head outputs that sum to the attention output (relative 1e-5)', async () => {
    for (let layer = 0; layer < layerCount; layer++) {
      const got = await stages(trace, model, [
        `layers.${layer}.weights`,
        `layers.${layer}.headOutput`,
        `layers.${layer}.attentionOutput`,
      ]);
      const [weights, heads, output] = [...got.values()].map(({ data }) => data) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      for (let row = 0; row < headCount * n; row++)
        expect(Math.abs(weights.subarray(row * n, (row + 1) * n).reduce((a, b) => a + b, 0) - 1)).toBeLessThanOrEqual(
          1e-6,
        );
      const bias = await model.parameters.get(`layers.${layer}.attentionOutput.bias`)!.read();
      const sum = output.map(
        (_, i) =>
          bias[i % hiddenSize]! +
          Array.from({ length: headCount }, (_, h) => heads[h * n * hiddenSize + i]!).reduce((a, b) => a + b, 0),
      );
      expect(distance(Float32Array.from(sum), output)).toBeLessThanOrEqual(1e-5);
    }
  });

  it('gives the same bytes twice', async () => {
    const again = await recordTrace(model, { text: '철수가 사과를 맛있게 먹었다' });
    for (const [name, { data }] of trace.recorded) expect(again.recorded.get(name)!.data).toEqual(data);
  });

  it('saves every stage by name in safetensors, npz and JSON, the numbers unchanged', async () => {
    const names = traceStages(trace);
    const { tensors, metadata } = readSafetensors(
      await saveTrace(trace, model, { stages: 'all', format: 'safetensors' }),
    );
    expect([...tensors.keys()]).toEqual([...names, 'ids']);
    expect(metadata.text).toBe('철수가 사과를 맛있게 먹었다');
    const weights = (await stages(trace, model, ['layers.1.weights'])).get('layers.1.weights')!.data;
    expect(tensors.get('layers.1.weights')!.data).toEqual(weights);
    const json = JSON.parse(
      new TextDecoder().decode(await saveTrace(trace, model, { stages: ['layers.1.weights'], format: 'json' })),
    ) as { stages: Record<string, { data: number[] }> };
    expect(Float32Array.from(json.stages['layers.1.weights']!.data)).toEqual(weights);
    expect((await saveTrace(trace, model, { stages: ['logits'], format: 'npz' })).slice(0, 2)).toEqual(
      new Uint8Array([0x50, 0x4b]),
    );
  });

  it('refuses a stage that is not there, and a model that did not make it', async () => {
    await expect(stages(trace, model, ['layers.9.weights'])).rejects.toThrow('no stage "layers.9.weights"');
    const other = { fingerprint: 'x', name: 'other' } as typeof model;
    await expect(stages(trace, other, ['layers.0.headOutput'])).rejects.toThrow('another model');
  });

  it('refuses no tokens, ids out of range and texts that are too long, saying how many', async () => {
    await expect(recordTrace(model, { ids: [] })).rejects.toThrow('no text');
    await expect(recordTrace(model, { ids: [999_999] })).rejects.toThrow('not in the vocabulary');
    await expect(recordTrace(model, { text: '먹었다 '.repeat(200) })).rejects.toThrow('at most 128 tokens, got 602');
  });
});
