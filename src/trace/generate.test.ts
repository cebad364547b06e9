import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { referenceKernels } from '../kernels/index.ts';
import { chooseToken, loadModel } from '../model/index.ts';
import { seededRandom } from '../platform/index.ts';
import {
  attentionStages,
  type GenerateOptions,
  generate,
  type NewToken,
  recordTrace,
  type TraceInput,
  TraceSession,
} from './index.ts';

const tiny = (name: string) =>
  loadModel(fileURLToPath(new URL(`../../test/families/${name}`, import.meta.url)), { name });

async function written(name: string, input: TraceInput, options: GenerateOptions = {}): Promise<NewToken[]> {
  const tokens: NewToken[] = [];
  for await (const token of generate(await tiny(name), input, options)) tokens.push(token);
  return tokens;
}

describe('choosing a token', () => {
  const logits = Float32Array.of(1, 3, 2, -Infinity).map((logit) => logit * Math.LN2); // 1 : 4 : 2 … by hand
  const drawn = (sampling: Parameters<typeof chooseToken>[1]): number[] => {
    const random = seededRandom(7);
    const counts = [0, 0, 0, 0];
    for (let n = 0; n < 7000; n++) counts[chooseToken(logits, sampling, random).id]!++;
    return counts;
  };
  it('takes the likeliest at temperature 0, with its probability: 4/7 to 1e-6', () => {
    const { id, probability } = chooseToken(logits, { temperature: 0 }, seededRandom(0));
    expect(id).toBe(1);
    expect(Math.abs(probability - 4 / 7)).toBeLessThanOrEqual(1e-6);
  });
  it('draws 1 : 4 : 2 of 7,000 at temperature 1, and 1 : 16 : 4 at ½, to four standard deviations', () => {
    for (const [temperature, shares] of [
      [1, [1 / 7, 4 / 7, 2 / 7, 0]],
      [0.5, [1 / 21, 16 / 21, 4 / 21, 0]],
    ] as const)
      for (const [id, count] of drawn({ temperature }).entries())
        expect(Math.abs(count / 7000 - shares[id]!)).toBeLessThanOrEqual(
          4 * Math.sqrt((shares[id]! * (1 - shares[id]!)) / 7000),
        );
  });
  it('draws among the two likeliest, and among those with three quarters of the probability', () => {
    expect(drawn({ temperature: 1, topK: 2 })[0]).toBe(0);
    expect(drawn({ temperature: 1, topP: 0.75 })[0]).toBe(0);
    expect(drawn({ temperature: 1, topP: 0.5 }).filter((count) => count > 0)).toEqual([7000]);
  });
});

describe('a model that writes on', () => {
  it.each(['llama', 'gemma2', 'bloom', 'mixtral'])(
    '%s says at each step what a run from the start says, greedily',
    async (name) => {
      const ids = [3, 14, 7];
      const model = await tiny(name);
      for (const { id, position, probability } of await written(name, { ids }, { maxTokens: 6 })) {
        expect(position).toBe(ids.length);
        const { logits } = await model.run(Int32Array.from(ids));
        const last = logits!.slice(-model.architecture.vocabularySize);
        expect(id).toBe(last.indexOf(Math.max(...last)));
        const total = last.reduce((sum, logit) => sum + Math.exp(logit), 0);
        expect(Math.abs(probability - Math.exp(last[id]!) / total)).toBeLessThanOrEqual(1e-6);
        ids.push(id);
      }
      expect(ids).toHaveLength(9);
    },
  );
  it('shows for each token the row of the position that said it, as the whole trace has it: 1e-6', async () => {
    const tokens = await written('gemma3_text', { ids: [3, 14, 7, 1] }, { maxTokens: 5 });
    const model = await tiny('gemma3_text');
    const ids = [3, 14, 7, 1, ...tokens.map(({ id }) => id)];
    const { weights } = await attentionStages(await recordTrace(model, { ids }), 1);
    const [heads = 0, length = 0] = weights.shape;
    for (const token of tokens) {
      const { shape, data } = await token.look(1);
      expect(shape).toEqual([heads, token.position]);
      for (let h = 0; h < heads; h++)
        for (let j = 0; j < token.position; j++)
          expect(
            Math.abs(data[h * token.position + j]! - weights.data[(h * length + token.position - 1) * length + j]!),
          ).toBeLessThanOrEqual(1e-6);
    }
  });
  it('of two stacks looks at the text through cross-attention: rows of as many keys as the text has tokens', async () => {
    const [first] = await written('bart', { ids: [3, 14, 7, 1, 11] }, { maxTokens: 2 });
    expect((await first!.look('decoder.layers.1.cross')).shape).toEqual([2, 5]);
    expect(first!.position).toBe(1);
  });
  it('writes the same with the same seed and something else with another', async () => {
    const by = async (seed: number) =>
      (await written('llama', { ids: [3, 14] }, { temperature: 1.5, seed, maxTokens: 12 })).map(({ id }) => id);
    expect(await by(1)).toEqual(await by(1));
    expect(await by(1)).not.toEqual(await by(2));
  });
  it('stops at an end token, at the last position, and when it is told to', async () => {
    const [{ id } = { id: 0 }] = await written('llama', { ids: [3, 14, 7] }, { maxTokens: 1 });
    expect(await written('llama', { ids: [3, 14, 7] }, { endTokens: [id] })).toHaveLength(1);
    const full = await written('llama', { ids: [3, 14, 7] }, { maxTokens: 99, endTokens: [] });
    expect(full.at(-1)!.position).toBe((await tiny('llama')).architecture.positionCount);
    const stop = new AbortController();
    const model = await tiny('llama');
    const seen: number[] = [];
    const reading = (async () => {
      for await (const token of generate(model, { ids: [3, 14, 7] }, { signal: stop.signal, endTokens: [] })) {
        seen.push(token.id);
        if (seen.length === 3) stop.abort();
      }
    })();
    await expect(reading).rejects.toThrow('aborted');
    expect(seen).toHaveLength(3);
  });
  it('refuses models that do not write, and settings that draw nothing', async () => {
    await expect(written('bert', { ids: [3] })).rejects.toMatchObject({ code: 'noLanguageHead' });
    for (const bad of [{ temperature: -1 }, { topK: 0 }, { topP: 1.5 }])
      await expect(written('llama', { ids: [3] }, bad)).rejects.toMatchObject({ code: 'badSampling' });
  });
});

describe('logits of the last position alone', () => {
  /** Plain loops that count the rows that go through the unembedding. */
  async function counting() {
    const kernels = referenceKernels();
    const folder = fileURLToPath(new URL('../../test/families/llama', import.meta.url));
    const vocabulary = (await tiny('llama')).architecture.vocabularySize;
    const seen = { rows: 0 };
    const matmul: typeof kernels.matmul = (task) => {
      if (task.columns === vocabulary) seen.rows += task.rows;
      kernels.matmul(task);
    };
    return { seen, model: await loadModel(folder, { kernels: { ...kernels, matmul } }) };
  }
  it('writing on computes one row of logits a token, and its traces hold none', async () => {
    const { seen, model } = await counting();
    const tokens: NewToken[] = [];
    for await (const token of generate(model, { ids: [3, 14, 7, 5] }, { maxTokens: 3, endTokens: [] }))
      tokens.push(token);
    expect(seen.rows).toBe(3);
    for (const { trace } of tokens) expect(trace.recorded.has('logits')).toBe(false);
  });
  it('a session reads anew where logits are asked for that were not kept; everything else has the same bytes', async () => {
    const { seen, model } = await counting();
    const session = new TraceSession(model);
    const ids = [3, 14, 7, 5, 9];
    const without = await session.record({ ids, logits: false });
    const last = session.lastLogits!;
    expect([seen.rows, without.recorded.has('logits')]).toEqual([1, false]);
    const whole = await session.record({ ids });
    const { data, shape } = whole.recorded.get('logits')!;
    expect([seen.rows, session.computed, shape[0]]).toEqual([6, 5, 5]);
    expect(data.slice(-last.length)).toEqual(last);
    const plain = await recordTrace(model, { ids, logits: false });
    expect(plain.recorded.has('logits')).toBe(false);
    for (const [name, stage] of plain.recorded) expect(without.recorded.get(name), name).toEqual(stage);
    // Longer without, then with: the rows are those of the whole text again.
    await session.record({ ids: [...ids, 2], logits: false });
    expect((await session.record({ ids: [...ids, 2, 4] })).recorded.get('logits')!.shape[0]).toBe(7);
    session.free();
  });
});
