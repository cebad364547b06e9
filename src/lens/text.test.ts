import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel, type Model } from '../model/index.ts';
import { recordTrace, type Trace } from '../trace/index.ts';
import {
  directLogits,
  gradientAttention,
  gradientAttentionByToken,
  integratedGradients,
  logitLens,
  relevance,
  residualStream,
  valueZeroing,
  why,
} from './index.ts';
import { knownModel, letters } from './known.testing.ts';
import { close, expected, tinyIds, tinyModel } from './tiny.testing.ts';

const target = { position: 4, token: 2, against: 5 };
const tokens = [...tinyIds.keys()];

describe.each(['gpt2', 'bert'] as const)('numpy agrees on a tiny %s', (kind) => {
  let model: Model;
  let trace: Trace;
  const theirs = expected[kind]! as Record<string, never> & {
    gradients: {
      times: number[][][][];
      relevance: number[];
      integrated: number[];
      mixed: number[][][][];
      baseline: number;
      value: number;
    };
    why: Record<string, Record<string, number>>;
    zeroing: number[][][];
    lens: number[][];
    direct: Record<string, number>;
  };
  beforeAll(async () => {
    model = await tinyModel(kind);
    trace = await recordTrace(model, { ids: tinyIds });
  });

  it('about gradient × attention, by finite differences: 2e-5', async () => {
    const rows = await gradientAttention(trace, model, target);
    const total = new Array<number>(tokens.length).fill(0);
    for (const layer of [0, 1]) {
      const ours: number[][][] = [[], [], []];
      for await (const { head, query, row } of rows(layer)) ours[head]![query] = [...row];
      close(ours, theirs.gradients.times[layer], 2e-5, `layer ${layer}`);
      for (const head of ours) for (const row of head) for (const [j, number] of row.entries()) total[j]! += number;
    }
    close([...(await gradientAttentionByToken(trace, model, target))], total, 1e-6);
  });
  it('about relevance propagation: 2e-5', async () =>
    close([...(await relevance(trace, model, target))], theirs.gradients.relevance, 2e-5));
  it('about gradients of every mixture: 2e-5', async () => {
    const logits = new Map([
      [2, 1],
      [5, -1],
    ]);
    const { gradients, value } = await model.gradients(tinyIds, { position: 4, logits }, (name) =>
      name.endsWith('.mixed'),
    );
    expect(Math.abs(value - theirs.gradients.value)).toBeLessThanOrEqual(1e-5);
    for (const layer of [0, 1])
      close(
        [...gradients.get(`layers.${layer}.mixed`)!],
        theirs.gradients.mixed[layer]!.flat(2),
        2e-5,
        `layer ${layer}`,
      );
  });
  it('about integrated gradients, and they tell how far they are from complete: 1e-4', async () => {
    const ours = await integratedGradients(trace, model, target, { steps: 8, baseline: 'zero' });
    close([...ours.attributions], theirs.gradients.integrated, 1e-4);
    close(
      { value: ours.value, baseline: ours.baseline },
      { value: theirs.gradients.value, baseline: theirs.gradients.baseline },
      1e-5,
    );
    const sum = ours.attributions.reduce((a, b) => a + b, 0);
    expect(ours.gap).toBeCloseTo(sum - (ours.value - ours.baseline), 6);
    const finer = await integratedGradients(trace, model, target, { steps: 64 });
    expect(Math.abs(finer.gap)).toBeLessThan(Math.max(0.02, Math.abs(ours.gap)));
  });
  it('about value zeroing: 1e-4', async () => {
    for (const layer of [0, 1])
      close(await valueZeroing(trace, model, layer), theirs.zeroing[layer], 1e-4, `layer ${layer}`);
  });
  it('about the logit lens at every layer: 1e-5', async () => {
    const { token, layers } = await logitLens(trace, model, { position: 4, token: 2 });
    expect(token).toBe(2);
    for (const [n, row] of theirs.lens.entries()) {
      close(layers[n]!.probability, row[2], 1e-5, `layer ${n}`);
      close(layers[n]!.best.probability, Math.max(...row), 1e-5, `layer ${n}`);
      expect(layers[n]!.rank).toBe(row.filter((other) => other > row[2]!).length);
    }
  });
  it('about why a score is what it is, pair by pair, summing to the score: 1e-5', async () => {
    const ours = await why(trace, model, { layer: 1, head: 2, query: 5, key: 3 });
    expect(Math.abs(ours.dot - ours.score)).toBeLessThanOrEqual(1e-5);
    for (const [a, query] of ours.queryParts.entries())
      for (const [b, key] of ours.keyParts.entries())
        close(ours.pairs[a]![b], theirs.why[query]?.[key] ?? 0, 1e-5, `${query} with ${key}`);
    expect(ours.queryParts.length).toBe(Object.keys(theirs.why).length + 1);
  });
  it('about what speaks for a token by itself, through BERT’s layer with an activation too: 1e-5', async () => {
    const { parts, sum, logit } = await directLogits(trace, model, target);
    expect(Math.abs(sum - logit)).toBeLessThanOrEqual(1e-5);
    for (const { name, logit: own } of parts) close(own, theirs.direct[name] ?? 0, 1e-5, name);
  });
});

describe('known heads', () => {
  const ids = ['c', 'a', 'b', 'c'].map((letter) => letters.indexOf(letter));
  it('why: the previous-token head matches positions with positions, and nothing else', async () => {
    const model = await knownModel();
    const trace = await recordTrace(model, { ids });
    const { pairs, queryParts, keyParts, dot } = await why(trace, model, { layer: 0, head: 0, query: 3, key: 2 });
    const at = pairs[queryParts.indexOf('position')]![keyParts.indexOf('position')]!;
    expect(at / dot).toBeCloseTo(1, 5);
  });
  it('why: the induction head asks by token, and is answered by what the previous-token head wrote', async () => {
    const model = await knownModel();
    const trace = await recordTrace(model, { ids });
    const { pairs, queryParts, keyParts, dot } = await why(trace, model, { layer: 1, head: 0, query: 3, key: 1 });
    const at = pairs[queryParts.indexOf('token')]![keyParts.indexOf('L0·H0')]!;
    expect(at / dot).toBeCloseTo(1, 4);
  });
  it('direct logits: the induction head speaks for what followed last time', async () => {
    const model = await knownModel();
    const trace = await recordTrace(model, { ids });
    const { parts } = await directLogits(trace, model, { position: 3, token: letters.indexOf('a') });
    const strongest = parts.reduce((a, b) => (b.logit > a.logit ? b : a));
    expect(strongest.name).toBe('L1·H0');
  });
  it('a stream’s parts sum to it, whatever the rest', async () => {
    const model = await knownModel();
    const trace = await recordTrace(model, { ids });
    const parts = await (await residualStream(trace, model)).parts('last', 3);
    const rest = parts.find(({ name }) => name === 'rest')!;
    expect(Math.max(...rest.vector.map(Math.abs))).toBeLessThan(1e-5);
  });
});

describe('integrated gradients from a text that says nothing', () => {
  const family = (name: string) =>
    loadModel(new URL(`../../test/families/${name}`, import.meta.url), { tokenizer: 'none' });
  it.each(['llama', 'gemma2', 'qwen3', 'bert', 'gpt2'])(
    '%s: sum to what they explain, norms in front or not: 2e-2 of it with 32 steps, a third of that with 64',
    async (name) => {
      const model = await family(name);
      const trace = await recordTrace(model, { ids: [7, 4, 9, 11, 5, 8] });
      const led = (steps: number, baseline: 'mean' | 'zero') =>
        integratedGradients(trace, model, { position: 2, token: 3, against: 4 }, { steps, baseline });
      const [rough, fine] = [await led(32, 'mean'), await led(64, 'mean')];
      const explained = 1 + Math.abs(rough.value - rough.baseline);
      expect(Math.abs(rough.gap)).toBeLessThanOrEqual(2e-2 * explained);
      expect(Math.abs(fine.gap)).toBeLessThanOrEqual((2e-2 / 3) * explained);
    },
  );
  it('and from 0 they do not, where a norm comes first: x / ‖x‖ leaps there', async () => {
    const model = await family('gemma2');
    const trace = await recordTrace(model, { ids: [7, 4, 9, 11, 5, 8] });
    const { gap } = await integratedGradients(
      trace,
      model,
      { position: 5, token: 3, against: 4 },
      { steps: 64, baseline: 'zero' },
    );
    expect(Math.abs(gap)).toBeGreaterThan(1);
  });
  it.each(['llama', 'gemma2', 'opt', 'gpt2', 't5'])(
    '%s: at each position the mean of what every token of the vocabulary would stand there as: 1e-6',
    async (name) => {
      const model = await family(name);
      const { vocabularySize, hiddenSize, encoder, decoderStart } = model.architecture;
      const prefix = encoder ? 'encoder.' : '';
      const mean = new Float64Array(3 * hiddenSize);
      for (let id = 0; id < vocabularySize; id++) {
        const { recorded } = await recordTrace(model, {
          ids: [id, id, id],
          ...(encoder && { decoderIds: [decoderStart!] }),
        });
        for (const [at, number] of recorded.get(`${prefix}embeddings`)!.data.entries())
          mean[at]! += number / vocabularySize;
      }
      const ours = await model.meanEmbeddings(prefix, 3);
      expect(Math.max(...ours.map((number, at) => Math.abs(number - mean[at]!)))).toBeLessThanOrEqual(1e-6);
    },
  );
});
