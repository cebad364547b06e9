/** Every measure and edit on every kind of architecture: identities, on the tiny checkpoints of test/families. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { attentionPlace, type Edit, type LayerPlace, layerStage } from '../src/attention/index.ts';
import {
  ablationSweep,
  attentionPlaces,
  attributionSweep,
  cell,
  circuits,
  compareRuns,
  directLogits,
  type Followed,
  followed,
  gradientAttention,
  integratedGradients,
  layerNorms,
  logitLens,
  patchSweep,
  pathPatch,
  readAt,
  relevance,
  rollout,
  valueZeroing,
  why,
} from '../src/lens/index.ts';
import { loadModel, type Model, readSafetensors } from '../src/model/index.ts';
import {
  attentionBands,
  attentionStages,
  headOutput,
  placeOf,
  recordedStage,
  recordTrace,
  type Trace,
} from '../src/trace/index.ts';

const folder = new URL('./families/', import.meta.url);
const names = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('__'))
  .map((entry) => entry.name);

/** |a − b| ≤ budget · (1 + |b|) */
const near = (a: number, b: number, budget: number, where = ''): void =>
  expect(Math.abs(a - b), `${where}: ${a} and ${b}`).toBeLessThanOrEqual(budget * (1 + Math.abs(b)));
const sum = (numbers: Iterable<number>): number => {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
};

describe.each(names)('%s', (name) => {
  let model: Model;
  let trace: Trace;
  let places: LayerPlace[];
  let text: { ids: number[]; decoderIds?: number[] };
  let target: Followed;
  beforeAll(async () => {
    model = await loadModel(fileURLToPath(new URL(name, folder)), { name, tokenizer: 'none' });
    const { tensors } = readSafetensors(readFileSync(new URL(`${name}/expected.safetensors`, folder)));
    const ids = (key: string): number[] => [...tensors.get(key)!.data].map(Number);
    text = { ids: ids('ids'), ...(tensors.has('decoderIds') && { decoderIds: ids('decoderIds') }) };
    trace = await recordTrace(model, text);
    places = attentionPlaces(model.architecture);
    const { classifier, head } = model.architecture;
    target = head
      ? { position: (text.decoderIds ?? text.ids).length - 2, token: 5, against: 9 }
      : {
          label: 0,
          ...(classifier?.labels.length !== 1 && { against: 1 }),
          ...(classifier?.of === 'tokens' && { position: 3 }),
        };
  });
  const lengths = (layer: LayerPlace): { heads: number; queries: number; keys: number } => {
    const [heads = 0, queries = 0] = recordedStage(trace, layerStage(layer, 'query')).shape;
    return { heads, queries, keys: recordedStage(trace, layerStage(layer, 'key')).shape[1]! };
  };
  const hasTarget = (): boolean => model.architecture.head !== null || model.architecture.classifier !== null;

  it('takes cells apart: products, rotation, bias, softmax and engine agree: 1e-5', async () => {
    for (const layer of places) {
      const { heads, queries, keys } = lengths(layer);
      const { maskedScores, weights } = await attentionStages(trace, layer);
      for (const [head, query, key] of [
        [0, queries - 1, 1],
        [heads - 1, 2, 2],
        [heads - 1, 1, keys - 1],
        [0, queries - 1, 0],
      ] as const) {
        const own = await cell(trace, model, { layer, head, query, key });
        const where = `${attentionPlace(layer)} head ${head} ${query}→${key}`;
        const at = (head * queries + query) * keys + key;
        near(sum(own.products), own.dot, 1e-12, where);
        near(own.geometry.queryNorm * own.geometry.keyNorm * own.geometry.cosine, own.dot, 1e-9, where);
        expect(own.check.largestDifference, where).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(own.score)));
        expect(own.visible, where).toBe(maskedScores.data[at] !== -Infinity);
        if (own.visible) near(own.score + own.bias, maskedScores.data[at]!, 1e-5, where);
        near(own.softmax.weight, weights.data[at]!, 1e-5, where);
        const { stack, layer: made, crossed } = placeOf(trace, layer);
        expect(own.rotation !== null, where).toBe(made.rotary !== null && !crossed);
        if (own.rotation) {
          const { unturned, change, pairs, rest, stretch } = own.rotation;
          near(sum(pairs.map(({ after }) => after)) + rest, own.dot, 1e-6, where);
          near(sum(pairs.map(({ before }) => before)) + rest, unturned, 1e-6, where);
          near(unturned + change, own.dot, 1e-9, where);
          if (query === key) near(stretch * (unturned - rest) + rest, own.dot, 1e-5, where);
        }
        expect(own.position?.kind ?? null, where).toBe(crossed ? null : (stack.positionBias?.kind ?? null));
        if (own.position?.kind === 'disentangled')
          near(own.position.contentToPosition + own.position.positionToContent, own.bias, 1e-5, where);
        near(
          own.score,
          own.softcap ? own.softcap.limit * Math.tanh(own.softcap.before / own.softcap.limit) : own.scale * own.dot,
          1e-6,
          where,
        );
      }
    }
  });

  it('says why a score is what it is: pairs of parts sum to scale · q · k, and rounding is all that is left: 2e-5', async () => {
    for (const layer of places) {
      const { heads, queries, keys } = lengths(layer);
      const [head, query, key] = [heads - 1, queries - 1, Math.min(1, keys - 1)];
      const own = await why(trace, model, { layer, head, query, key });
      const { dot, scale } = await cell(trace, model, { layer, head, query, key });
      near(own.dot, scale * dot, 1e-5, attentionPlace(layer));
      const size = sum(own.pairs.flat().map(Math.abs));
      const rest = own.queryParts.flatMap((asks, a) =>
        own.keyParts.flatMap((answers, b) => (asks === 'rest' || answers === 'rest' ? [own.pairs[a]![b]!] : [])),
      );
      for (const number of rest) expect(Math.abs(number), attentionPlace(layer)).toBeLessThanOrEqual(2e-5 * (1 + size));
    }
  });

  it('says what speaks for a token: parts sum to the logit, 2e-5 of their sizes; the lens ends at the prediction; or says why not', async () => {
    const { head } = model.architecture;
    if (!head) {
      await expect(directLogits(trace, model, { position: 1, token: 2 })).rejects.toMatchObject({ code: 'noLogits' });
      return expect(logitLens(trace, model, { position: 1 })).rejects.toMatchObject({ code: 'noLogits' });
    }
    const followedToken = { position: 3, token: 7 };
    const { layers } = await logitLens(trace, model, followedToken);
    near(Math.log(layers.at(-1)!.probability), await followed(trace, model, followedToken), 1e-5);
    if (head.softcap > 0)
      return expect(directLogits(trace, model, followedToken)).rejects.toMatchObject({ code: 'noLinearHead' });
    const { parts, logit, sum: whole } = await directLogits(trace, model, followedToken);
    const size = sum(parts.map((part) => Math.abs(part.logit)));
    expect(Math.abs(whole - logit)).toBeLessThanOrEqual(2e-5 * (1 + size));
    expect(Math.abs(parts.find((part) => part.name === 'rest')!.logit)).toBeLessThanOrEqual(2e-5 * (1 + size));
  });

  it('measures what arrives as value · W_O says by itself: 1e-5; rows of rollout sum to 1: 1e-5', async () => {
    for (const layer of places) {
      const { heads, queries, keys } = lengths(layer);
      const { stack, path, crossed } = placeOf(trace, layer);
      const [query, key] = [queries - 1, Math.min(2, keys - 1)];
      const row = await (await layerNorms(trace, model, layer)).row(query);
      const { weights } = await attentionStages(trace, layer);
      const output = await model.parameters.get(`${path}.attentionOutput.weight`)!.read();
      const values = recordedStage(trace, layerStage(layer, 'value')).data;
      const bias = await model.parameters.get(`${path}.value.bias`)?.read();
      const together = new Float64Array(stack.hiddenSize);
      for (let head = 0; head < heads; head++) {
        const keyHead = Math.floor((head * stack.keyValueHeadCount) / heads);
        const weight = weights.data[(head * queries + query) * keys + key]!;
        const own = Float64Array.from({ length: stack.hiddenSize }, (_, d) =>
          sum(
            Array.from({ length: stack.headSize }, (__, c) => {
              const value =
                values[(keyHead * keys + key) * stack.headSize + c]! - (bias?.[keyHead * stack.headSize + c] ?? 0);
              return weight * value * output[d * heads * stack.headSize + head * stack.headSize + c]!;
            }),
          ),
        );
        near(row.head(head)[key]!, Math.hypot(...own), 1e-5, path);
        for (let d = 0; d < own.length; d++) together[d]! += own[d]!;
      }
      near(row.contribution()[key]!, Math.hypot(...together), 1e-5, path);
      if (crossed) expect(() => row.withResidual()).toThrow('residual among the keys');
      else {
        expect(row.mixing()).toBeGreaterThanOrEqual(0);
        expect(row.mixing()).toBeLessThanOrEqual(1);
        // Without a norm after it, another's entry is what it is without the residual.
        if (stack.normPlacement === 'before' || stack.parallel)
          near(row.withResidual()[key]!, row.contribution()[key]!, 1e-9, path);
      }
    }
    const options = { token: trace.ids.length - 1 };
    if (!model.architecture.encoder) {
      near(sum((await rollout(trace, options)).shares), 1, 1e-5);
      near(sum((await rollout(trace, { ...options, model })).shares), 1, 1e-5);
    } else {
      near(sum((await rollout(trace, { ...options, stack: 'encoder', model })).shares), 1, 1e-5);
      const token = trace.decoderIds!.length - 1;
      for (const by of [{}, { model }]) {
        const [encoders, decoders] = await Promise.all(
          (['ids', 'decoderIds'] as const).map(async (of) => (await rollout(trace, { token, of, ...by })).shares),
        );
        expect([encoders!.length, decoders!.length]).toEqual([trace.ids.length, trace.decoderIds!.length]);
        near(sum(encoders!) + sum(decoders!), 1, 1e-5);
        expect(sum(encoders!)).toBeGreaterThan(0.01);
      }
    }
  });

  it('leads gradients back: rows sum to gradient · mixture, which differences of scaled heads confirm: 2e-3', async () => {
    if (!hasTarget()) return;
    const rows = await gradientAttention(trace, model, target);
    for (const layer of places) {
      const { heads } = lengths(layer);
      const byHead = new Float64Array(heads);
      for await (const { head, row } of rows(layer)) byHead[head]! += sum(row);
      const head = heads - 1;
      const scaled = async (factor: number): Promise<number> => {
        const edits: Edit[] = [{ kind: 'scale', stage: 'mixed', layer, head, factor }];
        return followed(await recordTrace(model, { ...text, edits }), model, target);
      };
      const step = 2 ** -8;
      near(
        byHead[head]!,
        ((await scaled(1 + step)) - (await scaled(1 - step))) / (2 * step),
        1e-3,
        attentionPlace(layer),
      );
    }
    if (model.architecture.classifier?.of === 'mean') return;
    const of = model.architecture.encoder ? 'decoderIds' : 'ids';
    const own = await relevance(trace, model, target, { of });
    expect(own[readAt(trace, target)!]).toBeGreaterThanOrEqual(1);
  });

  it('integrated gradients sum to what they explain: 5e-3 with 12 steps from 0.8 of the embeddings', async () => {
    if (!hasTarget()) return;
    for (const of of model.architecture.encoder ? (['ids', 'decoderIds'] as const) : (['ids'] as const)) {
      const stage = model.architecture.encoder
        ? of === 'ids'
          ? 'encoder.embeddings'
          : 'decoder.embeddings'
        : 'embeddings';
      const baseline = recordedStage(trace, stage).data.map((number) => number * 0.8);
      const {
        gap,
        value,
        baseline: from,
      } = await integratedGradients(trace, model, target, { steps: 12, baseline, of });
      expect(Math.abs(gap)).toBeLessThanOrEqual(5e-3 * (1 + Math.abs(value - from)));
    }
  });

  it('value zeroing: rows sum to 1, and what no query of a layer sees turns nothing: 1e-6', async () => {
    for (const layer of places) {
      const { maskedScores } = await attentionStages(trace, layer);
      const { heads, queries, keys } = lengths(layer);
      const zeroed = [0, Math.min(3, keys - 1)];
      const rows = await valueZeroing(trace, model, layer, { keys: zeroed });
      for (const [i, row] of rows.entries()) {
        if (sum(row) > 0) near(sum(row), 1, 1e-6);
        for (const [n, j] of zeroed.entries())
          if (
            Array.from({ length: heads }, (_, h) => maskedScores.data[(h * queries + i) * keys + j]).every(
              (score) => score === -Infinity,
            )
          )
            expect(row[n]).toBeLessThanOrEqual(1e-6);
      }
      expect(Math.max(...rows.flat())).toBeGreaterThan(0);
    }
  });

  it('edits at every place: the trace tells what the run did, 1e-5, and JSON replays it to the same bytes', async () => {
    for (const layer of places) {
      const { heads, queries, keys } = lengths(layer);
      const { path, stack, crossed } = placeOf(trace, layer);
      const head = heads - 1;
      const vector = (size: number): number[] => Array.from({ length: size }, (_, i) => Math.sin(i + 1));
      const edits: Edit[] = [
        { kind: 'weight', layer, head, query: queries - 1, key: 0, to: 0.6 },
        { kind: 'weight', layer, head: 0, query: 1, key: 1, times: 2 },
        { kind: 'temperature', layer, head: 0, value: 0.7 },
        { kind: 'block', layer, pairs: [[queries - 1, Math.min(1, keys - 1)]] },
        { kind: 'drop', layer, position: Math.min(2, keys - 1) },
        {
          kind: 'set',
          stage: 'value',
          layer,
          head: stack.keyValueHeadCount - 1,
          position: 0,
          vector: vector(stack.headSize),
        },
        { kind: 'scale', stage: 'query', layer, head, position: 1, factor: 1.5 },
        { kind: 'ablate', layer, head: 0, by: 'mean', vector: vector(stack.headSize) },
        { kind: 'set', stage: 'headOutput', layer, head, position: 1, vector: vector(stack.hiddenSize) },
      ];
      const run = await recordTrace(model, { ...text, edits });
      const { data } = await headOutput(run, model, layer);
      const bias = await model.parameters.get(`${path}.attentionOutput.bias`)?.read();
      const given = recordedStage(run, layerStage(layer, 'attentionOutput')).data;
      const width = stack.hiddenSize;
      for (let at = 0; at < given.length; at++) {
        let whole = bias?.[at % width] ?? 0;
        for (let h = 0; h < heads; h++) whole += data[h * given.length + at]!;
        near(given[at]!, whole, 1e-5, `${path} ${crossed}`);
      }
      const again = await recordTrace(model, { ...text, edits: JSON.parse(JSON.stringify(edits)) as Edit[] });
      for (const [stage, { data: numbers }] of run.recorded) expect(again.recorded.get(stage)!.data).toEqual(numbers);
      const own = await cell(run, model, { layer, head, query: queries - 1, key: 0 });
      expect(own.check.largestDifference).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(own.score)));
      near(own.softmax.weight, 0.6, 1e-6);
      // Bands and single heads of an edited run are those of its squares.
      const whole = await attentionStages(run, layer);
      for await (const band of attentionBands(run, layer, head))
        for (const stage of ['maskedScores', 'weights'] as const)
          for (const [at, number] of band[stage].data.entries()) {
            const theirs = whole[stage].data[head * queries * keys + at]!;
            if (number !== theirs) near(number, theirs, 1e-5, stage);
          }
    }
  });

  it('hidden from a source, a token changes nothing of its own row; patched from itself, a run stays: 1e-5', async () => {
    if (!hasTarget()) return;
    const other = await recordTrace(model, {
      ...text,
      ids: text.ids.map((id, n) => (n === text.ids.length - 3 ? (id + 5) % model.architecture.vocabularySize : id)),
    });
    const report = await patchSweep(trace, other, model, target);
    expect(report.heads.length).toBe(sum(places.map((layer) => lengths(layer).heads)));
    {
      const estimate = await attributionSweep(trace, other, model, target);
      expect(estimate.heads.map(({ layer, head }) => [layer, head])).toEqual(
        report.heads.map(({ layer, head }) => [layer, head]),
      );
    }
    const { heads, plain } = await ablationSweep(trace, model, target);
    near(plain, await followed(trace, model, target), 1e-6);
    expect(heads.length).toBe(report.heads.length);
    const [sender, receiver] = [places[0]!, places.at(-1)!];
    if (sender === receiver) return;
    const same = await pathPatch(trace, trace, model, {
      sender: { layer: sender, head: 0 },
      receiver: { layer: receiver, head: 0, stage: 'query' },
    });
    const { stages, heads: moved } = await compareRuns(trace, same);
    for (const { distance } of stages) expect(distance).toBeLessThanOrEqual(1e-5);
    for (const { weights, mixed } of moved) expect(Math.max(weights, mixed!)).toBeLessThanOrEqual(1e-5);
  });

  it('reads ranks from the parameters: from 1 to the head’s size, and copying from −1 to 1', async () => {
    const { heads } = await circuits(model);
    expect(heads.length).toBe(sum(places.map((layer) => lengths(layer).heads)));
    for (const { layer, queryKeyRank, outputValueRank, copying } of heads) {
      const { headSize } = placeOf(trace, layer).stack;
      for (const rank of [queryKeyRank, outputValueRank]) {
        expect(rank).toBeGreaterThanOrEqual(1);
        expect(rank).toBeLessThanOrEqual(headSize + 1e-6);
      }
      expect(Math.abs(copying)).toBeLessThanOrEqual(1 + 1e-9);
    }
  });
});

describe('the norms in front of a head, folded into its maps', () => {
  type Figures = Record<'queryKeyRank' | 'outputValueRank' | 'copying', number>;
  const expected = JSON.parse(readFileSync(new URL('circuits.json', folder), 'utf8')) as Record<string, Figures[]>;
  it.each([
    ['gpt2', 'LayerNorm’s centring and gain'],
    ['llama', 'RMSNorm’s gain'],
    ['qwen3', 'RMSNorm’s gain, and those of queries and keys'],
    ['gemma', 'a gain of 1 + what is stored'],
  ])('%s (%s): ranks and copying of every head as numpy has them from the files: 1e-5', async (name) => {
    const model = await loadModel(fileURLToPath(new URL(name, folder)), { name, tokenizer: 'none' });
    const { heads, copyingAgainst } = await circuits(model);
    expect(copyingAgainst).toBe('unembedding');
    expect(heads).toHaveLength(expected[name]!.length);
    for (const [n, theirs] of expected[name]!.entries())
      for (const figure of ['queryKeyRank', 'outputValueRank', 'copying'] as const)
        near(heads[n]![figure], theirs[figure], 1e-5, `head ${n}, ${figure}`);
  });
});
