import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { loadModel, shippedModel } from '../model/index.ts';
import { attentionStages, openCache, recordTrace, saveTrace, stages } from './index.ts';

it('a trace as Parquet reads back number by number, with head, position, key and token', async () => {
  const model = await loadModel(shippedModel);
  const trace = await recordTrace(model, { text: '철수가 사과를 먹었다' });
  const bytes = await saveTrace(trace, model, { stages: ['layers.1.weights', 'embeddings'], format: 'parquet' });
  const rows = (await parquetReadObjects({ file: bytes.buffer as ArrayBuffer })) as Record<string, unknown>[];
  const { data, shape } = (await stages(trace, model, ['layers.1.weights'])).get('layers.1.weights')!;
  const [, n = 0, keys = 0] = shape;
  const row = rows[(2 * n + 3) * keys + 1]!;
  expect(row).toMatchObject({
    stage: 'layers.1.weights',
    head: 2,
    position: 3,
    index: 1,
    token: trace.encoding!.tokens[3]!.text,
  });
  expect(row.value).toBe(data[(2 * n + 3) * keys + 1]);
  expect(rows.find(({ stage }) => stage === 'embeddings')).toMatchObject({ head: null, position: 0, index: 0 });
});

describe('opened without the model', () => {
  const place = mkdtempSync(join(tmpdir(), 'siseon-parquet-'));
  const saved = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(place, name), bytes);
    return join(place, name);
  };
  it('gives the same weights and tokens as the other formats, number by number', async () => {
    const model = await loadModel(shippedModel);
    const trace = await recordTrace(model, { text: '철수가 사과를 먹었다' });
    const whole = await openCache(
      saved('a.parquet', await saveTrace(trace, model, { stages: 'all', format: 'parquet' })),
    );
    const names = [0, 1].map((n) => `layers.${n}.weights`);
    const other = await openCache(saved('a.json', await saveTrace(trace, model, { stages: names, format: 'json' })));
    expect(whole).toMatchObject({ layers: [0, 1], headCount: 3, stack: null, tokensNamed: true });
    for (const layer of [0, 1]) expect(whole.weights(layer)).toEqual(other.weights(layer));
    expect(whole.tokens).toEqual(trace.encoding!.tokens.map(({ text }) => text));
    expect(whole.stages).toContain('layers.1.key');
  });
  it('of an encoder-decoder gives each attention; a text that is ids is numbered', async () => {
    const model = await loadModel(fileURLToPath(new URL('../../test/families/t5', import.meta.url)), {
      tokenizer: 'none',
    });
    const trace = await recordTrace(model, { ids: [3, 14, 7, 1], decoderIds: [0, 5, 6] });
    const file = saved('t5.parquet', await saveTrace(trace, model, { stages: 'all', format: 'parquet' }));
    const cross = await openCache(file);
    expect(cross).toMatchObject({ stack: 'cross', queryLength: 3, keyLength: 4, tokensNamed: false });
    const { weights } = await attentionStages(trace, 'decoder.layers.0.cross');
    expect(cross.weights(0)).toEqual(weights);
    expect((await openCache(file, { stack: 'encoder' })).layers).toEqual([0, 1]);
  });
  it('is refused where it is no such table', async () => {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    const table = (changes: Record<string, unknown[]>, without = ''): Uint8Array => {
      const columns = {
        stage: Array(2).fill('decoder.layers.0.cross.weights'),
        head: [0, 0],
        position: [0, 0],
        index: [0, 1],
        token: ['a', 'a'],
        value: [0.5, 0.5],
        ...changes,
      };
      const columnData = Object.entries(columns)
        .filter(([name]) => name !== without)
        .map(([name, data]) => ({ name, data }));
      return new Uint8Array(parquetWriteBuffer({ columnData }));
    };
    const refusal = async (bytes: Uint8Array): Promise<unknown> => {
      const error = await openCache(saved('bad.parquet', bytes)).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'badParquet' });
      return (error as { details: { problem: unknown } }).details.problem;
    };
    const whole = table({});
    expect((await openCache(saved('good.parquet', whole))).weights(0).data).toEqual(Float32Array.of(0.5, 0.5));
    expect(await refusal(table({}, 'token'))).toBe('no column token');
    expect(await refusal(table({ index: [1, 0] }))).toContain('is not the weight that comes next');
    expect(await refusal(table({ index: [0, 5] }))).toContain('row 1 of decoder.layers.0.cross.weights');
    expect(await refusal(table({ value: ['x', 'y'] }))).toContain('row 0');
    for (const cut of [0, 3, whole.length - 1, whole.length >> 1]) await refusal(whole.slice(0, cut));
  });
});
