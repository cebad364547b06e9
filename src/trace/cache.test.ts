import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadModel, writeNpz, writeSafetensors } from '../model/index.ts';
import { openCache, recordTrace, saveTrace, stages, type TraceFormat } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'siseon-cache-'));
const saved = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
/** Rows of weights that differ by head and layer: 2 heads, 3 tokens, each looking back. */
const layer = (n: number): Float32Array =>
  Float32Array.from([1, 0, 0, 0.5, 0.5, 0, 0.25, 0.25, 0.5, 1, 0, 0, 1, 0, 0, 0, n / 4, 1 - n / 4]);
const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const twice = (data: Float32Array): Float32Array => Float32Array.from([...data.map(() => 0), ...data]);

describe('a saved cache opens without its model', () => {
  it('by the names of TransformerLens, with a batch axis and tokens in the metadata', async () => {
    const path = saved(
      'lens.safetensors',
      writeSafetensors(
        [0, 1].map((n) => ({ name: `blocks.${n}.attn.hook_pattern`, shape: [2, 2, 3, 3], data: twice(layer(n)) })),
        { tokens: JSON.stringify(['<s>', 'a', 'b']) },
      ),
    );
    const cache = await openCache(path, { batch: 1 });
    expect(cache).toMatchObject({
      names: 'TransformerLens',
      layers: [0, 1],
      headCount: 2,
      queryLength: 3,
      tokens: ['<s>', 'a', 'b'],
      largestDeviation: 0,
    });
    expect(cache.weights(1)).toEqual({ shape: [2, 3, 3], data: layer(1) });
    await expect(openCache(path, { batch: 2 })).rejects.toThrow('there is no text 2');
  });
  it('and says so where the file names another number of tokens than it has positions', async () => {
    const path = saved(
      'fewer.safetensors',
      writeSafetensors([{ name: 'blocks.0.attn.hook_pattern', shape: [2, 3, 3], data: layer(0) }], {
        tokens: JSON.stringify(['a', 'b']),
      }),
    );
    expect(await openCache(path)).toMatchObject({ tokens: ['0', '1', '2'], tokensNamed: false, tokensMismatched: 2 });
  });
  it('of an encoder-decoder by the tokens that each text has as an array of its own, of a batch those of its text', async () => {
    const path = saved(
      'pair.npz',
      writeNpz([
        { name: 'encoder_attentions.0', shape: [2, 2, 3, 3], data: twice(layer(0)) },
        {
          name: 'cross_attentions.0',
          shape: [2, 1, 2, 3],
          data: Float32Array.of(0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0.5, 0.5),
        },
        { name: 'tokens', shape: [2, 3], data: ['x', 'y', 'z', 'a', 'b', 'c'] },
        { name: 'decoderTokens', shape: [2, 2], data: ['v', 'w', '<s>', 'd'] },
      ]),
    );
    expect(await openCache(path, { batch: 1 })).toMatchObject({
      stack: 'cross',
      tokens: ['<s>', 'd'],
      keyTokens: ['a', 'b', 'c'],
      tokensNamed: true,
    });
    expect(await openCache(path, { stack: 'encoder' })).toMatchObject({ tokens: ['x', 'y', 'z'] });
  });
  it('by the names of Hugging Face, one array a layer or one for all', async () => {
    const each = saved(
      'each.npz',
      writeNpz([0, 1].map((n) => ({ name: `attentions.${n}`, shape: [1, 2, 3, 3], data: layer(n) }))),
    );
    const all = saved(
      'all.npz',
      writeNpz([{ name: 'attentions', shape: [2, 1, 2, 3, 3], data: Float32Array.from([...layer(0), ...layer(1)]) }]),
    );
    for (const path of [each, all]) {
      const cache = await openCache(path);
      expect(cache).toMatchObject({
        names: 'Hugging Face',
        layers: [0, 1],
        tokens: ['0', '1', '2'],
        tokensNamed: false,
      });
      expect(cache.weights(1).data).toEqual(layer(1));
    }
  });
  it('as a trace in JSON, where null is what was masked', async () => {
    const stages = {
      'layers.0.weights': { shape: [2, 3, 3], data: [...layer(1)] },
      'layers.0.maskedScores': { shape: [2], data: [null, 1] },
    };
    const path = saved(
      'trace.json',
      text(JSON.stringify({ stages, tokens: [{ piece: '[CLS]' }, { piece: '나' }, { piece: '##는' }] })),
    );
    expect(await openCache(path)).toMatchObject({ names: 'siseon', layers: [0], tokens: ['[CLS]', '나', '##는'] });
    expect((await openCache(path)).weights(0).data).toEqual(layer(1));
  });
  it('of a run that was interfered with, and says how', async () => {
    const model = await loadModel(fileURLToPath(new URL('../../test/families/gpt2', import.meta.url)), {
      tokenizer: 'none',
    });
    const edits = [
      { kind: 'temperature', layer: 1, value: 2 },
      { kind: 'weight', layer: 0, head: 1, query: 2, key: 0, to: 0.5 },
      { kind: 'scale', stage: 'output', layer: 0, factor: 2 },
    ] as const;
    for (const own of [edits, []]) {
      const trace = await recordTrace(model, { ids: [3, 4, 5], edits: own });
      for (const format of ['npz', 'json', 'safetensors', 'parquet'] as const) {
        const path = saved(`edited.${format}`, await saveTrace(trace, model, { stages: ['layers.0.weights'], format }));
        const said = own.length === 0 ? [] : ['temperature L1', 'weight L0 H1', 'scale output L0'];
        expect((await openCache(path)).edits).toEqual(said);
      }
    }
  });
  it('of an encoder-decoder: each of its three attentions, with the tokens of queries and keys', async () => {
    const model = await loadModel(fileURLToPath(new URL('../../test/families/bart', import.meta.url)), {
      tokenizer: 'none',
    });
    const trace = await recordTrace(model, { ids: [3, 4, 5, 1], decoderIds: [2, 7] });
    const own = {
      encoder: 'encoder.layers.0.weights',
      decoder: 'decoder.layers.0.weights',
      cross: 'decoder.layers.0.cross.weights',
    } as const;
    const held = await stages(trace, model, Object.values(own));
    for (const [file, names] of [
      ['pair.npz', 'siseon'],
      ['pair.json', 'siseon'],
      ['named.safetensors', 'huggingface'],
    ] as const) {
      const format = file.split('.')[1] as TraceFormat;
      const path = saved(file, await saveTrace(trace, model, { stages: Object.values(own), format, names }));
      for (const [stack, shape] of [
        ['encoder', [4, 4]],
        ['decoder', [2, 2]],
        ['cross', [2, 4]],
      ] as const) {
        const cache = await openCache(path, { stack });
        expect(cache).toMatchObject({ stack, stacks: ['cross', 'decoder', 'encoder'], tokensNamed: false });
        expect([cache.tokens.length, cache.keyTokens.length]).toEqual(shape);
        expect(cache.weights(0).data).toEqual(held.get(own[stack])!.data);
      }
      expect((await openCache(path)).stack).toBe('cross');
    }
    const elsewhere = { stages: 'all', format: 'npz', names: 'transformerlens' } as const;
    await expect(saveTrace(trace, model, elsewhere)).rejects.toMatchObject({
      code: 'noNames',
    });
    const one = saved('one.npz', writeNpz([{ name: 'layers.0.weights', shape: [2, 3, 3], data: layer(0) }]));
    await expect(openCache(one, { stack: 'cross' })).rejects.toMatchObject({ code: 'noSuchStack' });
  });
  it('refuses a text of a batch that is not there, where the file has no batch at all', async () => {
    const path = saved('one.npz', writeNpz([{ name: 'layers.0.weights', shape: [2, 3, 3], data: layer(0) }]));
    await expect(openCache(path, { batch: 1 })).rejects.toMatchObject({ code: 'noSuchBatch' });
  });
  it('says which rows are no distribution', async () => {
    const data = layer(0).map((number, i) => (i === 0 ? 0.75 : number));
    const cache = await openCache(saved('odd.npz', writeNpz([{ name: 'layers.0.weights', shape: [2, 3, 3], data }])));
    expect(cache.largestDeviation).toBeCloseTo(0.25, 6);
  });
  it('with some layers alone, by their own numbers; another number has nothing', async () => {
    const two = [1, 3].map((n) => ({ name: `attentions.${n}`, shape: [2, 3, 3], data: layer(n) }));
    const cache = await openCache(saved('some.npz', writeNpz(two)));
    expect(cache.layers).toEqual([1, 3]);
    expect(cache.weights(3).data).toEqual(layer(3));
    expect(() => cache.weights(0)).toThrow('expected 1, 3');
  });
  it('counts the rows that can be no weights', async () => {
    const data = layer(0);
    [data[4], data[9], data[10]] = [Number.NaN, 2, -1];
    const cache = await openCache(saved('nan.npz', writeNpz([{ name: 'attentions.0', shape: [2, 3, 3], data }])));
    expect(cache.unsoundRows).toBe(2);
  });
  it.each([
    ['x.npz', writeNpz([{ name: 'logits', shape: [1], data: new Float32Array(1) }]), 'noWeights', 'got logits'],
    [
      'y.npz',
      writeNpz([{ name: 'attentions', shape: [2, 3], data: new Float32Array(6) }]),
      'badWeightsShape',
      'got [2, 3]',
    ],
    [
      'heads.npz',
      writeNpz(
        [2, 3].map((heads, n) => ({
          name: `attentions.${n}`,
          shape: [heads, 3, 3],
          data: new Float32Array(9 * heads),
        })),
      ),
      'badWeightsShape',
      'got [3, 3, 3]',
    ],
    [
      'step.npz',
      writeNpz([{ name: 'attentions.0', shape: [2, 1, 4], data: new Float32Array(8) }]),
      'badWeightsShape',
      'as many keys as queries',
    ],
    ['z.npz', Uint8Array.of(1, 2, 3), 'badNpz', 'no zip file'],
    ['z.bin', Uint8Array.of(1, 2, 3), 'unknownFormat', 'ending in .safetensors, .npz, .json or .parquet'],
    ['z.json', text('{'), 'badJson', 'is not JSON of a trace'],
    ['y.json', text('[]'), 'badJson', 'got no stages'],
    ['x.json', text('{"stages":{"layers.0.weights":{"shape":[1,2,2],"data":[1,0,1]}}}'), 'badJson', 'and 3 numbers'],
    ['w.json', text('{"stages":{"layers.0.weights":{"shape":[1],"data":["1"]}}}'), 'badJson', 'with no numbers'],
    ['v.json', text('{"stages":{"layers.0.weights":null}}'), 'badJson', 'without shape and data'],
    ['z.safetensors', Uint8Array.of(1, 2, 3), 'badSafetensors', 'it has 3 bytes'],
  ])('refuses %s', async (name, bytes, code, said) => {
    const opening = openCache(saved(name, bytes));
    await expect(opening).rejects.toMatchObject({ code });
    await expect(opening).rejects.toThrow(said);
  });
});
