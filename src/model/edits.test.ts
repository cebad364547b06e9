import { beforeAll, describe, expect, it } from 'vitest';
import type { Edit } from '../attention/index.ts';
import { referenceKernels, wasmKernels } from '../kernels/index.ts';
import { configReader, families, Model } from './index.ts';

/** A tiny BERT with parameters sin(3.7 i): 1 layer, 2 heads of 4. */
const config = {
  model_type: 'bert',
  architectures: ['BertForMaskedLM'],
  vocab_size: 11,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 8,
  max_position_embeddings: 8,
  type_vocab_size: 1,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
  tie_word_embeddings: true,
};
const family = families.get('bert')!;
const architecture = family.architecture(configReader(config));
const parameters = new Map(
  family.parameters(architecture, new Set()).map(({ name, shape }, n) => [
    name,
    {
      shape,
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(3.7 * i + n)),
    },
  ]),
);
const ids = Int32Array.of(2, 7, 9, 3);

describe.each(['wasm', 'reference'] as const)('an edit on the %s device', (device) => {
  let model: Model;
  beforeAll(async () => {
    const kernels = device === 'wasm' ? await wasmKernels() : referenceKernels();
    model = await Model.create(
      { name: 'tiny', family, architecture, tokenizer: null, metadata: {}, parameters },
      kernels,
    );
  });
  const stages = async (edits: Parameters<Model['run']>[2] = []) => {
    const found = new Map<string, Float32Array>();
    const pending: Promise<void>[] = [];
    const { logits } = await model.run(
      ids,
      (name, _, values) => void pending.push(values.then((data) => void found.set(name, data))),
      edits,
    );
    await Promise.all(pending);
    return { found, logits: logits! };
  };
  it.each(['query', 'key', 'value'] as const)(
    'of a %s that sets what is there changes nothing, exactly',
    async (stage) => {
      const { found, logits } = await stages();
      // [head, position, size]: head 1, position 2.
      const vector = [...found.get(`layers.0.${stage}`)!.subarray((1 * 4 + 2) * 4, (1 * 4 + 3) * 4)];
      const same = await stages([{ kind: 'set', stage, layer: 0, head: 1, position: 2, vector }]);
      expect(same.logits).toEqual(logits);
    },
  );
  it('is seen in its own stage and in all that follows, and nowhere before', async () => {
    const before = await stages();
    const after = await stages([{ kind: 'set', stage: 'value', layer: 0, head: 0, position: 1, vector: [9, 8, 7, 6] }]);
    expect([...after.found.get('layers.0.value')!.subarray(4, 8)]).toEqual([9, 8, 7, 6]);
    for (const name of ['embeddings', 'layers.0.input', 'layers.0.query', 'layers.0.key'])
      expect(after.found.get(name), name).toEqual(before.found.get(name));
    for (const name of ['layers.0.attentionOutput', 'layers.0.output', 'logits'])
      expect(after.found.get(name), name).not.toEqual(before.found.get(name));
  });
  it.each([
    ['a layer', { layer: 1 }],
    ['a head', { head: 2 }],
    ['a position', { position: 4 }],
    ['a vector too short', { vector: [1] }],
    ['no number', { vector: [1, 2, 3, Number.NaN] }],
  ])('that names %s which is not there is refused', async (_, wrong) => {
    const edit = {
      kind: 'set',
      stage: 'value',
      layer: 0,
      head: 0,
      position: 0,
      vector: [1, 2, 3, 4],
      ...wrong,
    } as const;
    await expect(model.run(ids, undefined, [edit])).rejects.toMatchObject({ code: 'badEdit' });
  });
  const row = [1, 2, 3, 4];
  const set = { kind: 'set', stage: 'value', layer: 0, head: 0, position: 0, vector: row };
  it.each([
    ['nothing', null],
    ['a number', 3],
    ['a kind that is none', { kind: 'bogus', layer: 0 }],
    ['a slip of a field', { kind: 'temperature', layer: 0, heads: [0], value: 2 }],
    ['a block of nothing', { kind: 'block', layer: 0 }],
    ['a block of no pairs', { kind: 'block', layer: 0, pairs: [[1, 2, 3]] }],
    ['an ablation by nothing', { kind: 'ablate', layer: 0, head: 0 }],
    ['a mean that is missing', { kind: 'ablate', layer: 0, head: 0, by: 'mean' }],
    ['a set of nothing', { kind: 'set', stage: 'value', layer: 0, head: 0 }],
    ['positions without vectors', { kind: 'patch', stage: 'value', layer: 0, head: 0, positions: [1] }],
    ['a weight without a wish', { kind: 'weight', layer: 0, head: 0, query: 1, key: 0 }],
    ['no list', undefined],
    ['a vector and vectors', { ...set, positions: [0], vectors: [[1, 2, 3, 4]] }],
    ['a position twice', { kind: 'set', stage: 'value', layer: 0, head: 0, positions: [0, 0], vectors: [row, row] }],
    ['infinite in single precision', { ...set, vector: [1e39, 0, 0, 0] }],
    ['a factor that is', { kind: 'scale', stage: 'value', layer: 0, head: 0, factor: 1e300 }],
    ['a vector by zero', { kind: 'ablate', layer: 0, head: 0, by: 'zero', vector: row }],
    ['a patch from nowhere', { kind: 'patch', stage: 'value', layer: 0, head: 0, positions: [1], vectors: [row] }],
    ['a yes in words', { kind: 'weight', layer: 0, head: 0, query: 1, key: 0, to: 0.5, renormalize: 'no' }],
    ['two wishes for one weight', { kind: 'weight', layer: 0, head: 0, query: 1, key: 0, to: 0.5, times: 2 }],
  ])('that is %s is refused', async (_, wrong) => {
    const edits = (wrong === undefined ? {} : [wrong]) as unknown as Edit[];
    await expect(model.run(ids, undefined, edits)).rejects.toMatchObject({ code: 'badEdit' });
  });
  it('is printed short, with what JSON has no word for by its name', async () => {
    const edit = {
      kind: 'set',
      stage: 'input',
      layer: 0,
      position: 0,
      vector: [Number.NaN, ...Array(7).fill(1), 2],
    } as const;
    await expect(model.run(ids, undefined, [edit as unknown as Edit])).rejects.toThrow('["NaN",1,1,1,"… 9 in all"]');
    const unknown = { kind: 'bogus' } as unknown as Edit;
    await expect(model.run(ids, undefined, [unknown])).rejects.toThrow('one of set, scale, patch, ablate');
  });
});
