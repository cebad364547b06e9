import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { referenceKernels } from '../kernels/index.ts';
import { compareRuns } from '../lens/index.ts';
import { configReader, families, type HostTensor, Model, writeSafetensors } from '../model/index.ts';
import { read, tensor } from '../tensor/index.ts';
import { recordTrace } from '../trace/index.ts';
import {
  AdamW,
  bertConfig,
  bertPlan,
  corrupt,
  learningRate,
  loadTrainingState,
  normal,
  saveTrainingState,
  seededRandom,
  type TrainingPlan,
  train,
} from './index.ts';
import type { Match } from './matching.ts';

describe('corrupting', () => {
  it('chooses, masks and replaces in the parts asked for (10,000 tokens, ±0.02), never a special token', () => {
    const random = seededRandom(3);
    const ids = Int32Array.from({ length: 10_000 }, (_, i) => (i % 10 === 0 ? 2 : 50));
    const { ids: corrupted, targets } = corrupt(
      ids,
      { chosen: 0.3, masked: 0.5, replaced: 0.3 },
      { maskId: 4, firstToken: 5, replacement: () => 60 },
      random,
    );
    const count = (test: (i: number) => boolean): number => [...ids.keys()].filter(test).length;
    const chosen = count((i) => targets[i]! >= 0);
    expect(Math.abs(chosen / 9000 - 0.3)).toBeLessThan(0.02);
    expect(Math.abs(count((i) => corrupted[i] === 4) / chosen - 0.5)).toBeLessThan(0.03);
    expect(Math.abs(count((i) => corrupted[i] === 60) / chosen - 0.3)).toBeLessThan(0.03);
    expect(count((i) => ids[i] === 2 && (targets[i]! >= 0 || corrupted[i] !== 2))).toBe(0);
    expect(count((i) => targets[i]! >= 0 && targets[i] !== 50)).toBe(0);
  });
});

it('the rate rises in a line and falls to 0', () => {
  const plan = { rate: 1, warmUp: 4, steps: 12 };
  expect([0, 3, 4, 8, 12].map((step) => learningRate(step, plan))).toEqual([0.25, 1, 1, 0.5, 0]);
});

it('normal numbers have mean 0 and the deviation asked for (20,000, ±0.02)', () => {
  const random = seededRandom(1);
  const numbers = Array.from({ length: 20_000 }, () => normal(random, 1));
  expect(Math.abs(numbers.reduce((a, b) => a + b, 0) / 20_000)).toBeLessThan(0.02);
  expect(Math.abs(Math.sqrt(numbers.reduce((a, b) => a + b * b, 0) / 20_000) - 1)).toBeLessThan(0.02);
});

it('the first step of AdamW is −rate · (sign of the gradient + decay · parameter), biases without decay: 1e-6', async () => {
  const kernels = referenceKernels();
  const [matrix, bias] = [tensor(kernels, [1, 2], [2, -4]), tensor(kernels, [2], [2, -4])];
  const optimizer = new AdamW(kernels, [matrix, bias], { beta1: 0.9, beta2: 0.99, epsilon: 1e-12, decay: 0.5 });
  const gradient = tensor(kernels, [1, 2], [3, -0.1]);
  optimizer.step(
    new Map([
      [matrix, gradient],
      [bias, gradient],
    ]),
    () => 0.1,
  );
  const near = (ours: Float32Array, theirs: number[]): void =>
    ours.forEach((number, i) => void expect(Math.abs(number - theirs[i]!)).toBeLessThanOrEqual(1e-6));
  near(await read(matrix), [2 - 0.1 * (1 + 1), -4 - 0.1 * (-1 - 2)]);
  near(await read(bias), [1.9, -3.9]);
});

describe('training', () => {
  const plan: TrainingPlan = {
    ...bertPlan(bertConfig({ layers: 1, heads: 2, hidden: 16, inner: 32, positions: 16 }, 15)),
    seed: 1,
    steps: 150,
    batchSize: 32,
    rate: 0.01,
    warmUp: 10,
    decay: 0.01,
    corruption: { chosen: 0.3, masked: 0.5, replaced: 0.3 },
    maskId: 4,
    firstToken: 5,
  };
  // Two tokens that always come together: what is hidden can be told from its neighbour.
  const pairs = (random: () => number): number[] => {
    const token = 5 + Math.floor(random() * 5);
    return [2, token, token + 5, 3];
  };
  it('learns what can be learned, and repeats to the byte', async () => {
    const losses: number[] = [];
    const first = await train(plan, pairs, ({ loss }) => void losses.push(loss));
    const mean = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;
    expect(mean(losses.slice(0, 5))).toBeGreaterThan(2);
    expect(mean(losses.slice(-20))).toBeLessThan(1);
    const second = await train(plan, pairs);
    for (const [name, { data }] of first) expect(second.get(name)!.data, name).toEqual(data);
  });
  it('two of its moments are compared: the later one has turned what is hidden to its partner, and a moment is as itself', async () => {
    const config = bertConfig({ layers: 1, heads: 2, hidden: 16, inner: 32, positions: 16 }, 15);
    const family = families.get('bert')!;
    const architecture = family.architecture(configReader(config));
    const momentOf = (parameters: ReadonlyMap<string, HostTensor>): Promise<Model> =>
      Model.create({ name: 'moment', family, architecture, tokenizer: null, metadata: {}, parameters });
    let early: Model | undefined;
    const last = await train(plan, pairs, undefined, {
      keep: {
        every: 1,
        save: async ({ step, parameters }) => {
          if (step === 1) early = await momentOf(parameters);
        },
      },
    });
    // The partner of token 5 is 10.
    const ids = Int32Array.of(2, 5, 4, 3);
    const [before, after] = [await recordTrace(early!, { ids }), await recordTrace(await momentOf(last), { ids })];
    const { heads, predictions } = await compareRuns(before, after);
    expect(Math.max(...heads.map(({ weights }) => weights))).toBeGreaterThan(0.05);
    expect(predictions[2]!.divergence).toBeGreaterThan(0.5);
    const logits = (trace: typeof after): Float32Array =>
      (trace.recorded.get('logits')!.data as Float32Array).slice(30, 45);
    expect(logits(after).indexOf(Math.max(...logits(after)))).toBe(10);
    const same = await compareRuns(after, after);
    for (const { weights } of same.heads) expect(weights).toBe(0);
    for (const { divergence } of same.predictions) expect(Math.abs(divergence)).toBeLessThan(1e-6);
  });
  it('stops when the loss is no number, and says at which step', async () => {
    await expect(train({ ...plan, rate: 1e30, warmUp: 1 }, pairs)).rejects.toThrow(
      /the loss is (NaN|Infinity) at step \d+/,
    );
  });
  it('goes on from any state to the same bytes, through a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siseon-train-'));
    const path = join(folder, 'training.safetensors');
    expect(await loadTrainingState(path)).toBeNull();
    const short = { ...plan, steps: 30 };
    const whole = await train(short, pairs, undefined, {
      keep: { every: 20, save: (state) => saveTrainingState(path, state) },
    });
    const resume = await loadTrainingState(path);
    expect(resume?.step).toBe(20);
    const steps: number[] = [];
    const resumed = await train(short, pairs, ({ step }) => void steps.push(step), { resume });
    expect(steps[0]).toBe(21);
    for (const [name, { data }] of whole) expect(resumed.get(name)!.data, name).toEqual(data);
  });
  it('refuses a state of another plan or shape, and one that is none, saying what differs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siseon-train-'));
    const path = join(folder, 'training.safetensors');
    const short = { ...plan, steps: 4 };
    await train(short, pairs, undefined, { keep: { every: 2, save: (state) => saveTrainingState(path, state) } });
    const resume = await loadTrainingState(path);
    await expect(train({ ...short, rate: 0.02 }, pairs, undefined, { resume })).rejects.toThrow(
      /rate is 0\.02, was 0\.01/,
    );
    const wider = {
      ...short,
      ...bertPlan(bertConfig({ layers: 1, heads: 2, hidden: 20, inner: 32, positions: 16 }, 15)),
    };
    await expect(train(wider, pairs, undefined, { resume })).rejects.toThrow(/\[15, 20\], was \[15, 16\]/);
    writeFileSync(path, writeSafetensors([{ name: 'x', shape: [1], data: Float32Array.of(1) }]));
    await expect(loadTrainingState(path)).rejects.toMatchObject({ code: 'badTrainingState' });
  });
  it('leaves the last sound state when the loss is no number', async () => {
    const steps: number[] = [];
    await expect(
      train({ ...plan, rate: 1e30, warmUp: 40 }, pairs, undefined, {
        keep: {
          every: 1,
          save: async ({ step, parameters }) => {
            steps.push(step);
            for (const { data } of parameters.values()) expect(data.every(Number.isFinite)).toBe(true);
          },
        },
      }),
    ).rejects.toMatchObject({ code: 'lossNotFinite' });
  });
  it('matches texts that belong together: from chance, ln 5, to below 0.1', async () => {
    const matches = (): Match[] =>
      [5, 6, 7, 8, 9].map((token) => ({ query: { ids: [2, token, 3] }, key: { ids: [2, token + 5, 3], at: [1] } }));
    const losses: number[] = [];
    await train({ ...plan, matching: 1 }, pairs, ({ matchingLoss }) => void losses.push(matchingLoss!), { matches });
    expect(Math.abs(losses[0]! - Math.log(5))).toBeLessThan(0.5);
    expect(losses.at(-1)!).toBeLessThan(0.1);
  });
});
