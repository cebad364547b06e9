import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadModel, shippedModel } from '../src/model/index.ts';
import { recordTrace, stages } from '../src/trace/index.ts';

const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import numpy']).status === 0);

it.skipIf(!python)(
  'every stage and the logits of the Korean model agree with NumPy in double precision: relative 2-norm ≤ 1e-5',
  async () => {
    const model = await loadModel(shippedModel);
    const trace = await recordTrace(model, { text: '할머니께서 어제 시장에서 사과를 많이 사셨다.' });
    const script = fileURLToPath(new URL('bert_reference.py', import.meta.url));
    const printed = execFileSync(python!, [script, fileURLToPath(shippedModel), [...trace.ids].join()], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    const expected = JSON.parse(printed) as Record<string, { shape: number[]; data: number[] }>;
    const ours = await stages(trace, model, Object.keys(expected));
    expect(ours.size).toBe(2 + 10 * model.architecture.layerCount);
    for (const [name, { shape, data }] of ours) {
      expect(shape, name).toEqual(expected[name]!.shape);
      const theirs = expected[name]!.data;
      const difference = Math.sqrt(theirs.reduce((sum, number, i) => sum + (number - data[i]!) ** 2, 0));
      expect(difference / Math.sqrt(theirs.reduce((sum, number) => sum + number ** 2, 0)), name).toBeLessThanOrEqual(
        1e-5,
      );
    }
  },
);
