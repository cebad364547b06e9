/** Every stage of every kind of model can be replaced: by what is there without a trace, by something else with effect. */
import { describe, expect, it } from 'vitest';
import { type Edit, type LayerPlace, type VectorStage, vectorStages } from '../attention/index.ts';
import { loadModel } from '../model/index.ts';
import { recordTrace, type Stage, stages, type Trace, traceStages } from '../trace/index.ts';
import { replaced } from './patch.ts';

/** One of each shape: learned, rotary, bucketed and disentangled positions; norms before, after and both; grouped heads, soft-caps, experts, parallel layers, two stacks, labels of texts and of tokens. */
const kinds = [
  'gpt2',
  'llama',
  'gemma2',
  'mixtral',
  'gpt_neox',
  'bloom',
  'bert',
  'bert-classes',
  'bert-tokens',
  'deberta-v2',
  't5',
  'mt5-tokens',
  'bart',
  'bart-classes',
];

/** Where a stage's edits take place: layer and stage of its name. */
function placeOf(name: string): { readonly stage: VectorStage; readonly layer?: LayerPlace } {
  const [, path, stage] = /^(.*layers\.\d+(?:\.cross)?)\.(\w+)$/.exec(name) ?? [];
  if (path === undefined) return { stage: name as VectorStage };
  const layer = path.includes('coder') ? (path as LayerPlace) : Number(path.split('.')[1]);
  return { stage: stage as VectorStage, layer };
}

const isChanged = (name: string): boolean => (vectorStages as readonly string[]).includes(placeOf(name).stage);
const bytes = ({ data }: Stage): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
const same = (a: Stage, b: Stage): boolean => Buffer.compare(bytes(a), bytes(b)) === 0;

describe.each(kinds)('%s', async (family) => {
  const folder = new URL(`../../test/families/${family}`, import.meta.url);
  const model = await loadModel(folder, { tokenizer: 'none' });
  const { encoder, classifier } = model.architecture;
  const input = {
    ids: classifier?.of === 'end' ? [7, 4, 9, 11, 5, classifier.endToken!] : [7, 4, 9, 11, 5, 8],
    ...(encoder && !classifier && { decoderIds: [model.architecture.decoderStart!, 6, 9, 4, 10] }),
  };
  const run = (edits: readonly Edit[]): Promise<Trace> => recordTrace(model, { ...input, edits });
  const plain = await run([]);
  const names = traceStages(plain);
  const before = await stages(plain, model, names);
  const changeable = names.filter(isChanged);

  it('names every stage that the design names', () => {
    const named = new Set(changeable.map((name) => name.split('.').at(-1)));
    for (const stage of vectorStages.map((one) => one.split('.').at(-1)!))
      if (stage !== 'classes' && stage !== 'logits') expect(named).toContain(stage);
    expect([named.has('logits'), named.has('classes')]).toEqual([
      model.architecture.head !== null,
      classifier !== null,
    ]);
  });

  it.each(changeable)('%s as it is gives the same bytes', async (name) => {
    const { shape } = before.get(name)!;
    const heads = shape.length === 3 ? Array.from({ length: shape[0]! }, (_, head) => ({ head })) : [{}];
    const edits: Edit[] = [];
    for (const head of heads)
      edits.push(...(await replaced(plain, model, { ...placeOf(name), ...head }, (row) => row)));
    const after = await stages(await run(edits), model, names);
    expect(names.filter((one) => !same(before.get(one)!, after.get(one)!))).toEqual([]);
  });

  it.each(changeable)('%s changed is what was put, moves what comes after and nothing before', async (name) => {
    const stage = before.get(name)!;
    const [head, rows, width] =
      stage.shape.length === 3
        ? ([1, stage.shape[1]!, stage.shape[2]!] as const)
        : [undefined, stage.shape.length === 1 ? 1 : stage.shape[0]!, stage.shape.at(-1)!];
    const own = head === undefined || head < stage.shape[0]! ? head : 0;
    // A text that is told by its first token is moved there.
    const position = classifier?.of === 'first' ? 0 : rows - 1;
    // Of a row of scores, the key that it looks at most.
    const first = ((own ?? 0) * rows + position) * width;
    const looks = before
      .get(name.replace(/(scores|maskedScores)$/, 'weights') as typeof name)!
      .data.subarray(first, first + width);
    const [at, by] = /cores$/.test(name) ? [looks.indexOf(Math.max(...looks)), -30] : [1, 0.75];
    const edits = await replaced(
      plain,
      model,
      { ...placeOf(name), ...(own !== undefined && { head: own }), positions: [position] },
      (row) => row.with(at, row[at]! + by),
    );
    const replayed = JSON.parse(JSON.stringify(edits)) as Edit[];
    const trace = await run(name.endsWith('maskedScores') ? edits : replayed);
    const after = await stages(trace, model, names);
    const expected = stage.data.with(first + at, stage.data[first + at]! + by);
    expect(after.get(name)!.data).toEqual(expected);
    expect(names.slice(0, names.indexOf(name)).filter((one) => !same(before.get(one)!, after.get(one)!))).toEqual([]);
    if (name === 'logits' || name === 'classes') return;
    const end = classifier ? 'classes' : 'logits';
    expect(same(before.get(end)!, after.get(end)!)).toBe(false);
  });
});
