import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { referenceKernels } from '../kernels/index.ts';
import { loadModel } from './index.ts';

const ids = Int32Array.from({ length: 11 }, (_, i) => (i * 7) % 17);

/** Plain loops that count the rows that go through maps of this many outputs. */
function counting(outputs: number) {
  const kernels = referenceKernels();
  const seen = { rows: 0 };
  const matmul: typeof kernels.matmul = (task) => {
    if (task.columns === outputs) seen.rows += task.rows;
    kernels.matmul(task);
  };
  return { seen, kernels: { ...kernels, matmul } };
}

it.each([
  // [checkpoint, width of an expert, experts, chosen by each token, layers that have experts, maps of that width]
  ['mixtral', 5, 3, 2, 2, 2],
  ['qwen3_moe', 3, 5, 2, 1, 2],
] as const)(
  '%s: only the experts that a token chose see it, and the numbers are those of all experts: to the bit',
  async (name, inner, count, chosen, layers, maps) => {
    const folder = fileURLToPath(new URL(`../../test/families/${name}`, import.meta.url));
    const few = counting(inner);
    const model = await loadModel(folder, { kernels: few.kernels });
    const { logits } = await model.run(ids);
    const every = counting(inner);
    const { peek: _, ...blind } = every.kernels;
    const whole = await (await loadModel(folder, { kernels: blind })).run(ids);
    expect(logits).toEqual(whole.logits);
    expect(few.seen.rows).toBe(maps * layers * ids.length * chosen);
    expect(every.seen.rows).toBe(maps * layers * ids.length * count);
  },
);
