import { beforeAll, describe, expect, it } from 'vitest';
import type { Model } from '../model/index.ts';
import { attentionRows, recordTrace, type Trace } from '../trace/index.ts';
import {
  circuits,
  effectiveRank,
  headsReport,
  importance,
  layerNorms,
  layerPatterns,
  type NormRow,
  patternOf,
  repeatedSequences,
  studentTail,
} from './index.ts';
import { knownModel, knownTurnedModel } from './known.testing.ts';
import { close, expected, tinyIds, tinyModel } from './tiny.testing.ts';

/** A head that has these weights; everything with a weight or below the diagonal is visible. */
const rowsOf = (weights: number[][]) => ({
  length: weights.length,
  weights: (i: number) => weights[i]!,
  maskedScores: (i: number) => weights[i]!.map((_, j) => (j > i ? -Infinity : 0)),
});

describe('the pattern of a head, on paper', () => {
  // Tokens a b a b; row 2 looks at its own token and at the one after it, row 3 at three places.
  const pattern = patternOf(
    rowsOf([
      [1, 0, 0, 0],
      [0.5, 0.5, 0, 0],
      [0.25, 0.5, 0.25, 0],
      [0, 0.5, 0.25, 0.25],
    ]),
    [1, 2, 1, 2],
    { reach: 2 },
  );
  it('has mass on itself, the previous token and the first one', () => {
    expect(pattern.self).toEqual({
      value: (1 + 0.5 + 0.25 + 0.25) / 4,
      uniform: (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4,
      count: 4,
    });
    expect(pattern.previous).toEqual({ value: (0.5 + 0.5 + 0.25) / 3, uniform: (1 / 2 + 1 / 3 + 1 / 4) / 3, count: 3 });
    expect(pattern.sink).toEqual({ value: (0.5 + 0.25 + 0) / 3, uniform: (1 / 2 + 1 / 3 + 1 / 4) / 3, count: 3 });
    expect(pattern.next.count).toBe(0);
  });
  it('has mass on duplicates and behind them, the query’s own place not counted', () => {
    // Row 2 (a): an a at 0, what follows it at 1. Row 3 (b): a b at 1, what follows it at 2.
    expect(pattern.duplicate).toEqual({ value: (0.25 + 0.5) / 2, uniform: (1 / 3 + 1 / 4) / 2, count: 2 });
    expect(pattern.induction).toEqual({ value: (0.5 + 0.25) / 2, uniform: (1 / 3 + 1 / 4) / 2, count: 2 });
  });
  it('has the entropy, the distance and the profile of its rows', () => {
    expect(pattern.entropy.value).toBeCloseTo((0 + Math.LN2 + 1.5 * Math.LN2 * 2) / 4, 12);
    expect(pattern.distance.value).toBeCloseTo((0 + 0.5 + (0.5 + 0.5) + (1 + 0.25)) / 4, 12);
    expect(pattern.profile).toEqual([
      { offset: -2, weight: (0.25 + 0.5) / 2, count: 2 },
      { offset: -1, weight: (0.5 + 0.5 + 0.25) / 3, count: 3 },
      { offset: 0, weight: 0.5, count: 4 },
      { offset: 1, weight: Number.NaN, count: 0 },
      { offset: 2, weight: Number.NaN, count: 0 },
    ]);
  });
  it('effective rank: equal values count whole, one value counts alone', () => {
    expect(effectiveRank([2, 2, 2])).toBeCloseTo(3, 12);
    expect(effectiveRank([5, 0])).toBe(1);
    expect(effectiveRank([0, 0])).toBe(0);
    expect(effectiveRank([3, 1])).toBeCloseTo(4 / 3 ** 0.75, 12);
  });
});

it('Student’s t: one degree is Cauchy’s, two have a closed form: 1e-12', () => {
  expect(studentTail(1, 1)).toBeCloseTo(0.25, 12);
  expect(studentTail(0, 7)).toBeCloseTo(0.5, 12);
  expect(studentTail(2, 2)).toBeCloseTo((1 - 2 / Math.sqrt(6)) / 2, 12);
  expect(studentTail(-2, 2)).toBeCloseTo((1 + 2 / Math.sqrt(6)) / 2, 12);
});

describe.each(['gpt2', 'bert'] as const)('numpy agrees on a tiny %s', (kind) => {
  let model: Model;
  let trace: Trace;
  const theirs = expected[kind]!;
  beforeAll(async () => {
    model = await tinyModel(kind);
    trace = await recordTrace(model, { ids: tinyIds });
  });
  it('about the logits: 1e-5', () =>
    close([...trace.recorded.get('logits')!.data], (theirs.logits as number[][]).flat(), 1e-5));
  it('about every head’s pattern: 1e-5', async () => {
    for (let layer = 0; layer < 2; layer++)
      for (const [head, { profile, ...masses }] of (await layerPatterns(trace, layer, { reach: 3 })).entries()) {
        const other = (theirs.patterns as { profile: Record<string, number> }[])[layer * 3 + head]!;
        const ours = Object.fromEntries(profile.map(({ offset, weight }) => [offset, weight]));
        close({ ...masses, profile: ours }, other, 1e-5, `L${layer}·H${head}`);
      }
  });
  it('about ranks and copying of every head: 1e-5', async () =>
    close((await circuits(model)).heads, theirs.circuits, 1e-5));
  it('about contributions, with and without the residual, and mixing: 1e-5', async () => {
    for (let layer = 0; layer < 2; layer++) {
      const ours = await layerNorms(trace, model, layer);
      const rows: NormRow[] = [];
      for await (const row of ours.rows()) rows.push(row);
      // A key by itself is a word of one token; of several the vectors are added, and only then is a length taken.
      const [row, tokens] = [rows[4]!, [1, 3, 4]];
      for (const key of tokens) close(row.word([key]), row.at(key), 1e-9);
      const into = ours.words([tokens]);
      const { weights } = await attentionRows(trace, layer, [4], undefined, ['weights']);
      const own = [0, 1, 2].map((h) => weights.data.subarray(h * ours.keys, (h + 1) * ours.keys));
      close(
        row.word(tokens).heads,
        own.map((one, h) => into(h, one)[0]!),
        1e-9,
      );
      // A row into words at once is what each word is by itself, also where the word holds the query, or is long.
      const all = Array.from({ length: ours.keys }, (_, j) => j);
      const words = [[0], [1, 3], [2, 4], all];
      const alone = words.map((one) => row.word(one));
      for (const h of own.keys())
        close(
          [...row.head(h, words)],
          alone.map(({ heads }) => heads[h]!),
          1e-9,
        );
      close(
        [...row.contribution(words)],
        alone.map(({ contribution }) => contribution),
        1e-9,
      );
      close(
        [...row.withResidual(words)],
        alone.map(({ withResidual }) => withResidual!),
        1e-5,
      );
      const last = { position: 4, token: 0 };
      if (layer === 1)
        close(
          [...(await importance('contribution', trace, model, last, { words: [tokens] }))!],
          all.map((j) => (j === 1 ? row.word(tokens).withResidual! : 0)),
          1e-9,
        );
      // All that is not the query's own, beside it: the two lengths that the mixing ratio is of.
      const others = Array.from({ length: ours.keys }, (_, j) => j).filter((j) => j !== 4);
      const [elsewhere, here] = [row.word(others).withResidual!, row.word([4]).withResidual!];
      close(elsewhere / (elsewhere + here), row.mixing(), 1e-5);
      expect([...(await ours.row(4)).contribution()]).toEqual([...rows[4]!.contribution()]);
      close(
        {
          head: [0, 1, 2].map((h) => rows.map((row) => [...row.head(h)])),
          contribution: rows.map((row) => [...row.contribution()]),
          withResidual: rows.map((row) => [...row.withResidual()]),
          mixing: rows.map((row) => row.mixing()),
        },
        (theirs.norms as unknown[])[layer],
        1e-5,
        `layer ${layer}`,
      );
    }
  });
});

it('the pattern of a head between two texts, on paper: only what needs no place of the query’s own', () => {
  // The query’s text is a c; the keys’ a b a b.
  const rows = {
    length: 2,
    weights: (i: number) =>
      [
        [0.1, 0.2, 0.3, 0.4],
        [0.4, 0.3, 0.2, 0.1],
      ][i]!,
    maskedScores: () => [0, 0, 0, 0],
  };
  const pattern = patternOf(rows, [1, 3], { keys: [1, 2, 1, 2] });
  // a stands at 0 and 2, b behind it at 1 and 3; c stands nowhere.
  close(pattern.duplicate, { value: 0.4, uniform: 0.5, count: 1 }, 1e-12);
  close(pattern.induction, { value: 0.6, uniform: 0.5, count: 1 }, 1e-12);
  close(pattern.sink, { value: 0.25, uniform: 0.25, count: 2 }, 1e-12);
  for (const name of ['self', 'previous', 'next', 'distance'] as const) expect(pattern[name].count).toBe(0);
  expect(pattern.profile.every(({ count }) => count === 0)).toBe(true);
});

describe.each([
  ['learned positions and LayerNorm (GPT-2)', knownModel],
  ['rotary positions and RMSNorm (LLaMA)', knownTurnedModel],
])('heads that are known, with %s', (_, knownModel) => {
  it('are named, each exactly as it was built, and no other', async () => {
    const model = await knownModel();
    const report = await headsReport(model, repeatedSequences(model, { count: 40, length: 11 }));
    expect(report.heads.map(({ layer, head, role }) => [layer, head, role?.name ?? null])).toEqual([
      [0, 0, 'previous'],
      [0, 1, 'copying'],
      [0, 2, 'duplicate'],
      [0, 3, null],
      [1, 0, 'induction'],
      [1, 1, null],
      [1, 2, null],
      [1, 3, null],
    ]);
    const [previous, copying, duplicate, useless, induction] = report.heads;
    expect(previous!.role!.value).toBeGreaterThan(0.999);
    expect(previous!.role!.baseline).toBeLessThan(0.2);
    expect(duplicate!.role!.value).toBeGreaterThan(0.999);
    expect(induction!.role!.value).toBeGreaterThan(0.9);
    for (const named of [previous, duplicate, induction]) expect(named!.role!.probability).toBeLessThanOrEqual(0.01);
    // What copies raises the token that it sees; the induction head copies too, as such heads do.
    expect(copying!.copying).toBeGreaterThan(0.9);
    expect(induction!.copying).toBeGreaterThan(0.9);
    expect(useless).toMatchObject({ outputValueRank: 0, queryKeyRank: 0, copying: 0 });
    expect(useless!.measures.entropy.value).toBeCloseTo(useless!.measures.entropy.uniform, 5);
  });
  it('that look at everything alike earn no name, however short the texts', async () => {
    const model = await knownModel();
    // Three tokens, all different: of the last three heads each row is even, and half of an even row is itself.
    const texts = Array.from({ length: 90 }, (_, n) => [1 + (n % 9), 1 + ((n + 1 + (Math.floor(n / 9) % 8)) % 9), 10]);
    expect(new Set(texts.map(String)).size).toBeGreaterThan(60);
    const { heads } = await headsReport(model, texts);
    const useless = heads.find(({ layer, head }) => layer === 0 && head === 3)!;
    expect(useless.measures.self.uniform).toBeGreaterThan(0.6);
    expect(Math.abs(useless.measures.self.value - useless.measures.self.uniform)).toBeLessThan(1e-6);
    expect(useless.role).toBeNull();
  });
  it('need texts for both halves, and a text that comes again is none', async () => {
    const model = await knownModel();
    await expect(headsReport(model, [[1, 2]])).rejects.toMatchObject({ code: 'tooFewTexts' });
    const same = Array.from({ length: 24 }, (_, n) => ({ text: `a b c${' '.repeat(1 + (n % 3))}a b` }));
    await expect(headsReport(model, same)).rejects.toMatchObject({ code: 'tooFewTexts' });
    const texts = repeatedSequences(model, { count: 10, length: 5 });
    const { texts: once, repeated, heads } = await headsReport(model, [...texts, ...texts]);
    expect([once, repeated]).toEqual([10, 10]);
    expect(heads).toEqual((await headsReport(model, texts)).heads);
  });
});
