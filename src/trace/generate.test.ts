import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { chatText, chooseToken, loadModel, readConfig } from '../model/index.ts';
import { seededRandom } from '../platform/index.ts';
import {
  attentionStages,
  type GenerateOptions,
  generate,
  generateAll,
  type NewToken,
  recordTrace,
  type TraceInput,
} from './index.ts';
import { WrittenText } from './writtenText.ts';

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

describe('a text that is interfered with', () => {
  const likeliest = (row: Float32Array): number => row.indexOf(Math.max(...row));
  it.each(['llama', 'gemma2', 'bloom'])(
    '%s writes on as runs with the same edits say, token by token',
    async (name) => {
      const ids = [3, 14, 7];
      const row = { layer: 0, head: 1, position: 2 } as const;
      for (const edit of [
        { kind: 'set', stage: 'scores', ...row, vector: [9, -3, 2] },
        { kind: 'set', stage: 'maskedScores', ...row, vector: [9, -Infinity, 2] },
        {
          kind: 'patch',
          stage: 'weights',
          layer: 0,
          head: 1,
          positions: [2],
          vectors: [[0, 1, 0]],
          from: { model: '', text: '', positions: [2] },
        },
        { kind: 'ablate', layer: 1, head: 0, by: 'zero' },
        { kind: 'scale', stage: 'feedForward', layer: 0, factor: -2 },
      ] as const) {
        const found = await written(name, { ids, edits: [edit] }, { maxTokens: 3 });
        const model = await tiny(name);
        const own = [...ids];
        for (const { id, trace } of found) {
          // Later keys are hidden from the row that was changed.
          const wide = 'vector' in edit ? [...edit.vector] : [0, 1, 0];
          while (wide.length < own.length) wide.push(edit.stage === 'maskedScores' ? -Infinity : 0);
          const widened =
            'vector' in edit ? { ...edit, vector: wide } : 'vectors' in edit ? { ...edit, vectors: [wide] } : edit;
          const run = await recordTrace(model, { ids: own, edits: [widened] });
          const { data, shape } = run.recorded.get('logits')!;
          expect(id).toBe(likeliest(data.subarray(data.length - shape[1]!)));
          expect(trace.recorded.get('layers.1.output')!.data).toEqual(run.recorded.get('layers.1.output')!.data);
          own.push(id);
        }
        expect(found).toHaveLength(3);
      }
    },
  );
  it('logits that are put choose the token, in a text and behind what an encoder read', async () => {
    const vector = Array.from({ length: 19 }, (_, id) => (id === 5 ? 9 : 0));
    const edits = [{ kind: 'set', stage: 'logits', position: 2, vector }] as const;
    const [first, second] = await written('llama', { ids: [3, 14, 7], edits }, { maxTokens: 2 });
    const plain = await written('llama', { ids: [3, 14, 7, 5] }, { maxTokens: 1 });
    expect([first!.id, second!.id]).toEqual([5, plain[0]!.id]);
    const asked = [{ kind: 'set', stage: 'logits', position: 0, vector: vector.slice(0, 17) }] as const;
    const [begun] = await written('t5', { ids: [3, 14, 7], decoderIds: [0], edits: asked }, { maxTokens: 1 });
    expect(begun!.id).toBe(5);
  });
  it('what an encoder is looked at for is changed at every token; a head resampled by position is refused', async () => {
    const edit = {
      kind: 'set',
      stage: 'weights',
      layer: 'decoder.layers.0.cross',
      head: 0,
      position: 0,
      vector: [0, 1, 0],
    } as const;
    const found = await written('t5', { ids: [3, 14, 7], decoderIds: [0], edits: [edit] }, { maxTokens: 2 });
    for (const { trace } of found) {
      const { weights } = await attentionStages(trace, 'decoder.layers.0.cross');
      expect([...weights.data.subarray(0, 3)]).toEqual([0, 1, 0]);
    }
    const resampled = {
      kind: 'ablate',
      layer: 0,
      head: 0,
      by: 'resample',
      vectors: [
        [1, 2, 3, 4],
        [1, 2, 3, 4],
      ],
    } as const;
    await expect(written('llama', { ids: [3, 14], edits: [resampled] })).rejects.toMatchObject({ code: 'badEdit' });
    // A row that does not fit the text that was given is no row that has still to grow.
    for (const vector of [[1], [], [1, 0, 0]]) {
      const slip = { kind: 'set', stage: 'weights', layer: 0, head: 0, position: 1, vector } as const;
      await expect(written('llama', { ids: [3, 14], edits: [slip] })).rejects.toMatchObject({ code: 'badEdit' });
    }
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
  it('says what ended it, writes nothing where nothing is wanted, and refuses a text longer than its positions', async () => {
    const ids = [3, 14, 7];
    const last = async (options: GenerateOptions) => (await written('llama', { ids }, options)).at(-1)!.ended;
    const [{ id } = { id: 0 }] = await written('llama', { ids }, { maxTokens: 1 });
    expect(await last({ endTokens: [id] })).toBe('endToken');
    expect(await last({ maxTokens: 2, endTokens: [] })).toBe('maxTokens');
    expect(await last({ maxTokens: 99, endTokens: [] })).toBe('positions');
    expect(await written('llama', { ids }, { maxTokens: 0 })).toEqual([]);
    const { positionCount } = (await tiny('llama')).architecture;
    const full = Array.from({ length: positionCount }, () => 3);
    expect(await written('llama', { ids: full }, { endTokens: [] })).toHaveLength(1);
    await expect(written('llama', { ids: [...full, 3] })).rejects.toMatchObject({ code: 'textTooLong' });
  });
  it('refuses seeds that are not one a text', async () => {
    const model = await loadModel(new URL('../../test/families/llama/', import.meta.url));
    const two = generateAll(model, [{ ids: [3] }, { ids: [4] }], { seeds: [1] });
    await expect(two.next()).rejects.toMatchObject({ code: 'badSampling', parts: { got: '1 seeds' } });
  });
  it('refuses models that do not write, and settings that draw nothing', async () => {
    await expect(written('bert', { ids: [3] })).rejects.toMatchObject({ code: 'noLanguageHead' });
    for (const bad of [{ temperature: -1 }, { topK: 0 }, { topP: 1.5 }, { maxTokens: -1 }, { maxTokens: 1.5 }])
      await expect(written('llama', { ids: [3] }, bad)).rejects.toMatchObject({ code: 'badSampling' });
  });
});

const folder = new URL('../../test/families/', import.meta.url);
const writers = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('__'))
  .map(({ name }) => name)
  .filter((name) => {
    const config: unknown = JSON.parse(readFileSync(new URL(`${name}/config.json`, folder), 'utf8'));
    const { causal, head } = readConfig(config as Record<string, unknown>).architecture;
    return causal && head;
  });

describe('several texts side by side', () => {
  it('are tried with every family that writes', () => expect(writers.length).toBeGreaterThanOrEqual(19));

  it.each(writers)('%s gives each the tokens, probabilities and rows that it has alone: 1e-6', async (name) => {
    const model = await tiny(name);
    const { architecture: a } = model;
    // Of different lengths; one of them ends earlier than the others, at the model's last position or an end token.
    const room = a.encoder ? 9 : a.positionCount - 3;
    const inputs = [[3, 14, 7], [5], Array.from({ length: Math.min(room, 9) }, (_, i) => (3 * i + 2) % 11)].map(
      (ids) => ({ ids }),
    );
    const place = a.encoder ? (`decoder.layers.${a.layerCount - 1}.cross` as const) : a.layerCount - 1;
    for (const { seeds = [0, 0, 0], ...options } of [
      { temperature: 0 },
      { temperature: 1.3, topK: 7, seeds: [4, 5, 6] },
    ]) {
      const together: NewToken[][] = inputs.map(() => []);
      for await (const token of generateAll(model, inputs, { ...options, seeds, maxTokens: 5 }))
        together[token.index]!.push(token);
      for (const [i, input] of inputs.entries()) {
        const alone: NewToken[] = [];
        for await (const token of generate(model, input, { ...options, seed: seeds[i]!, maxTokens: 5 }))
          alone.push(token);
        expect(together[i]!.map(({ id, position, ended }) => [id, position, ended])).toEqual(
          alone.map(({ id, position, ended }) => [id, position, ended]),
        );
        for (const [n, token] of together[i]!.entries()) {
          expect(Math.abs(token.probability - alone[n]!.probability)).toBeLessThanOrEqual(1e-6);
          const [ours, theirs] = [await token.look(place), await alone[n]!.look(place)];
          expect(ours.shape).toEqual(theirs.shape);
          for (const [at, weight] of ours.data.entries())
            expect(Math.abs(weight - theirs.data[at]!)).toBeLessThanOrEqual(1e-6);
        }
      }
    }
  });
});

describe('the text that is written', () => {
  const pieces = ['사', '과', '<end>', 'a', 'b', '!'];
  const bytes = new TextEncoder().encode('한');
  /** Ids 0 to 5 are pieces, 10 to 12 the three bytes of one syllable. */
  const decode = (ids: readonly number[]): string =>
    new TextDecoder().decode(
      Uint8Array.from(ids.flatMap((id) => (id >= 10 ? bytes[id - 10]! : [...new TextEncoder().encode(pieces[id])]))),
    );
  const told = (before: readonly number[], ids: readonly number[], stops: readonly string[] = []): string[] => {
    const text = new WrittenText(decode, before, stops);
    const out: string[] = [];
    for (const [i, id] of ids.entries()) {
      const { text: added, stopped } = text.add(id, i === ids.length - 1);
      out.push(added + (stopped ? '|' : ''));
      if (stopped) break;
    }
    return out;
  };
  it('has a character when its bytes are complete, those of the prompt too, and never U+FFFD', () => {
    expect(told([0], [1, 10, 11, 12, 3])).toEqual(['과', '', '', '한', 'a']);
    expect(told([0, 10, 11], [12, 1])).toEqual(['한', '과']);
    expect(told([0], [1, 10, 11])).toEqual(['과', '', '']);
  });
  it('ends before a stop string, and holds back what may be the beginning of one', () => {
    expect(told([], [0, 2, 1], ['<end>'])).toEqual(['사', '|']);
    expect(told([], [0, 3, 4, 5, 1], ['ab!'])).toEqual(['사', '', '', '|']);
    expect(told([], [3, 4, 4, 0], ['ab!'])).toEqual(['', '', 'abb', '사']);
    expect(told([], [0, 3, 4], ['ab!'])).toEqual(['사', '', 'ab']);
    // The earliest of several; one in the prompt does not count.
    expect(told([3, 4, 5], [0, 3, 4, 5], ['ab!', '사a'])).toEqual(['', '|']);
  });
});

describe('a conversation', () => {
  const source = '{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}answer:';
  const of = (template: string | null) => ({
    name: 'owner/model',
    tokenizer: {
      chatTemplate: async () => (template === null ? null : { source: template, tokens: { bos_token: '<s>' } }),
    },
  });
  const messages = [{ role: 'user', content: '안녕' }];
  it('is written by the model’s template, with its tokens', async () => {
    expect(await chatText(of(source), messages)).toBe('<s>user:안녕;answer:');
  });
  it('without a template, or with one that fails, is refused by the model’s name', async () => {
    await expect(chatText(of(null), messages)).rejects.toMatchObject({
      code: 'noChatTemplate',
      message: expect.stringContaining('owner/model'),
    });
    await expect(chatText(of("{{ raise_exception('no system') }}"), messages)).rejects.toMatchObject({
      code: 'badChatTemplate',
      message: expect.stringMatching(/template of owner\/model.*no system/),
    });
  });
});
