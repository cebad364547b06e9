import { parquetReadObjects } from 'hyparquet';
import { expect, it } from 'vitest';
import { loadModel, shippedModel } from '../model/index.ts';
import { recordTrace, saveTrace, stages } from './index.ts';

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
