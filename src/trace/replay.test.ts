import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Edit } from '../attention/index.ts';
import { loadModel, shippedModel } from '../model/index.ts';
import { readSavedRun, recordedStage, recordTrace, saveTrace } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'siseon-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));
const family = (name: string): string => fileURLToPath(new URL(`../../test/families/${name}`, import.meta.url));
const python = spawnSync('python3', ['-c', 'import numpy']).status === 0;

describe.each(['safetensors', 'npz', 'json'] as const)('a trace saved as %s', (format) => {
  it('replays with its edits to the same bytes, decoder and all', async () => {
    const model = await loadModel(family('bart'), { tokenizer: 'none' });
    const edits: Edit[] = [
      { kind: 'ablate', layer: 'decoder.layers.0.cross', head: 1, by: 'zero' },
      { kind: 'weight', layer: 'encoder.layers.0', head: 0, query: 2, key: 1, to: 0.3 },
      { kind: 'set', stage: 'decoder.embeddings', position: 1, vector: Array(model.architecture.hiddenSize).fill(0.1) },
      { kind: 'drop', position: 3 },
    ];
    const trace = await recordTrace(model, { ids: [3, 5, 7, 9, 4], decoderIds: [2, 6, 8], edits });
    const path = join(folder, `run.${format}`);
    writeFileSync(path, await saveTrace(trace, model, { stages: 'all', format }));
    const run = await readSavedRun(path);
    expect(run).toMatchObject({ model: model.name, fingerprint: model.fingerprint, edits });
    const again = await recordTrace(model, run.input);
    for (const [name, { data }] of trace.recorded) expect(again.recorded.get(name)!.data, name).toEqual(data);
  });
  it('replays of a model with one stack, from a text as from ids', async () => {
    const model = await loadModel(shippedModel);
    const edits: Edit[] = [{ kind: 'temperature', layer: 0, value: 2 }];
    for (const input of [{ text: '철수가 사과를 먹었다' }, { ids: [2, 9, 8, 3] }]) {
      const trace = await recordTrace(model, { ...input, edits });
      const path = join(folder, `one.${format}`);
      writeFileSync(path, await saveTrace(trace, model, { stages: 'all', format }));
      const run = await readSavedRun(path);
      expect(run.text).toBe('text' in input ? input.text : null);
      const again = await recordTrace(model, run.input);
      for (const [name, { data }] of trace.recorded) expect(again.recorded.get(name)!.data, name).toEqual(data);
    }
  });
  it('keeps tables of its edits number by number, as arrays where there are arrays', async () => {
    const model = await loadModel(family('bart'), { tokenizer: 'none' });
    const n = 19;
    const square = (round: (number: number) => number): number[][] =>
      Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => round(1 / (1 + i + j))));
    const at = {
      kind: 'set',
      stage: 'weights',
      layer: 'encoder.layers.0',
      positions: Array.from({ length: n }, (_, i) => i),
    } as const;
    const edits: Edit[] = [
      { ...at, head: 1, vectors: square(Math.fround) },
      // What single precision would round stays as it is.
      { ...at, head: 0, vectors: square((number) => number) },
      // What is masked is −∞, which JSON has no number for.
      { kind: 'set', stage: 'maskedScores', layer: 'decoder.layers.0', head: 1, position: 0, vector: [0.5, -Infinity] },
      { kind: 'drop', position: 2 },
    ];
    const ids = Array.from({ length: n }, (_, i) => 3 + (i % 7));
    const trace = await recordTrace(model, { ids, decoderIds: [2, 6], edits });
    const path = join(folder, `tables.${format}`);
    const bytes = await saveTrace(trace, model, { stages: ['logits'], format });
    writeFileSync(path, bytes);
    const run = await readSavedRun(path);
    expect(run.edits).toEqual(edits);
    const again = await recordTrace(model, run.input);
    expect(again.recorded.get('logits')).toEqual(trace.recorded.get('logits'));
    const text = new TextDecoder('latin1').decode(bytes);
    expect([text.includes('edits.0.vectors'), text.includes('edits.1.vectors')]).toEqual([format !== 'json', false]);
  });
  it('that is none is refused', async () => {
    const path = join(folder, `other.${format}`);
    const model = await loadModel(family('gpt2'), { tokenizer: 'none' });
    const trace = await recordTrace(model, { ids: [3, 5] });
    const bytes = await saveTrace(trace, model, { stages: ['logits'], format });
    writeFileSync(path, format === 'json' ? '{"ids": [1, 2]}' : bytes.subarray(0, bytes.length >> 1));
    await expect(readSavedRun(path)).rejects.toMatchObject({ kind: 'failure' });
  });
});

describe.skipIf(!python)('what a Python user opens with numpy', () => {
  /** What a program prints about a file. */
  const inPython = (program: string, path: string): unknown =>
    JSON.parse(
      execFileSync('python3', ['-c', `import json, numpy as np\nf = np.load(${JSON.stringify(path)})\n${program}`], {
        encoding: 'utf8',
      }),
    );

  it('by the names of Hugging Face is what BertViz and CircuitsVis take: [1, head, query, key] and tokens', async () => {
    const model = await loadModel(shippedModel);
    const trace = await recordTrace(model, { text: '철수가 사과를 먹었다' });
    const path = join(folder, 'views.npz');
    const stages = trace.model.architecture.layers.map((_, n) => `layers.${n}.weights`);
    writeFileSync(path, await saveTrace(trace, model, { stages, format: 'npz', names: 'huggingface' }));
    const { layerCount, headCount } = model.architecture;
    const n = trace.ids.length;
    const found = inPython(
      `attention = [f[f"attentions.{n}"] for n in range(${layerCount})]
print(json.dumps(dict(shapes=[list(a.shape) for a in attention], circuits=list(attention[0][0].shape), tokens=f["tokens"].tolist(),
  sums=float(max(abs(a.sum(-1) - 1).max() for a in attention)))))`,
      path,
    ) as { shapes: number[][]; circuits: number[]; tokens: string[]; sums: number };
    expect(found.shapes).toEqual(Array(layerCount).fill([1, headCount, n, n]));
    expect(found.circuits).toEqual([headCount, n, n]);
    expect(found.tokens).toEqual(trace.encoding!.tokens.map(({ piece }) => piece));
    expect(found.sums).toBeLessThanOrEqual(1e-6);
  });
  it('by the names of TransformerLens has its shapes, and q · k gives the pattern: 1e-5', async () => {
    const model = await loadModel(family('gpt2'), { tokenizer: 'none' });
    const trace = await recordTrace(model, { ids: [3, 9, 4, 7, 5] });
    const path = join(folder, 'hooks.npz');
    writeFileSync(path, await saveTrace(trace, model, { stages: 'all', format: 'npz', names: 'transformerlens' }));
    const found = inPython(
      `q, k = f["blocks.0.attn.hook_q"][0], f["blocks.0.attn.hook_k"][0]
s = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(q.shape[-1]) + np.triu(np.full((q.shape[0],) * 2, -np.inf), 1)
w = np.exp(s - s.max(-1, keepdims=True)); w /= w.sum(-1, keepdims=True)
z = np.einsum("hqk,khd->qhd", w, f["blocks.0.attn.hook_v"][0])
print(json.dumps(dict(pattern=float(abs(w - f["blocks.0.attn.hook_pattern"][0]).max()), mixed=float(abs(z - f["blocks.0.attn.hook_z"][0]).max()),
  result=list(f["blocks.0.attn.hook_result"].shape), attn=float(abs(f["blocks.0.attn.hook_result"].sum(2) - f["blocks.0.hook_attn_out"]).max()))))`,
      path,
    ) as { pattern: number; mixed: number; result: number[]; attn: number };
    const { headCount, hiddenSize } = model.architecture;
    expect(found.pattern).toBeLessThanOrEqual(1e-5);
    expect(found.mixed).toBeLessThanOrEqual(1e-5);
    expect(found.result).toEqual([1, 5, headCount, hiddenSize]);
    const bias = await model.parameters.get('layers.0.attentionOutput.bias')!.read();
    expect(found.attn).toBeLessThanOrEqual(Math.max(...bias.map(Math.abs)) + 1e-5);
  });
});

it('says which stages have a name elsewhere, and that rotated queries are hook_rot_q', async () => {
  const model = await loadModel(family('llama'), { tokenizer: 'none' });
  const trace = await recordTrace(model, { ids: [3, 9, 4] });
  for (const format of ['json', 'parquet'] as const)
    await expect(saveTrace(trace, model, { stages: 'all', format, names: 'huggingface' })).rejects.toMatchObject({
      code: 'namesNotInFormat',
    });
  await expect(
    saveTrace(trace, model, { stages: ['layers.0.scores'], format: 'npz', names: 'transformerlens' }),
  ).rejects.toMatchObject({ code: 'noNames', message: expect.stringContaining('layers.0.weights') });
  const bytes = await saveTrace(trace, model, {
    stages: ['layers.0.query'],
    format: 'safetensors',
    names: 'transformerlens',
  });
  expect(new TextDecoder().decode(bytes)).toContain('blocks.0.attn.hook_rot_q');
  expect(recordedStage(trace, 'layers.0.query').shape.length).toBe(3);
});
