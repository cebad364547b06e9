import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Kernels, referenceKernels, wasmKernels } from '../kernels/index.ts';
import { fuzz } from '../platform/fuzz.testing.ts';
import { type AttentionParts, attention, rotaryTables, runOnnxOperator, softLookup } from './index.ts';
import type { Mask } from './masks.ts';
import { narrow, rounding, widen } from './onnxTypes.ts';

const array = (shape: readonly number[], numbers: readonly number[]) => ({ shape, data: Float32Array.from(numbers) });
const filled = (shape: readonly number[], seed: number) =>
  array(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + 12.9898 * i) * 2),
  );
const e = Math.E;

/** Attention in double precision, from the formula alone; 4 axes, mask as a function. */
function naive(
  { query, key, value, scale, softcap = 0 }: AttentionParts,
  bias: (b: number, h: number, i: number, j: number) => number,
): number[] {
  const [B, H, n, d] = query.shape as [number, number, number, number];
  const [, G, m, w] = value.shape as [number, number, number, number];
  const out: number[] = [];
  for (let b = 0; b < B; b++)
    for (let h = 0; h < H; h++)
      for (let i = 0; i < n; i++) {
        const g = b * G + Math.floor((h * G) / H);
        const scores = Array.from({ length: m }, (_, j) => {
          let dot = 0;
          for (let c = 0; c < d; c++)
            dot += query.data[((b * H + h) * n + i) * d + c]! * key.data[(g * m + j) * d + c]!;
          dot *= scale ?? 1 / Math.sqrt(d);
          return (softcap ? softcap * Math.tanh(dot / softcap) : dot) + bias(b, h, i, j);
        });
        const parts = scores.map((score) => Math.exp(score - Math.max(...scores)) || 0);
        const total = parts.reduce((a, c) => a + c, 0) || 1;
        for (let c = 0; c < w; c++)
          out.push(parts.reduce((sum, part, j) => sum + (part / total) * value.data[(g * m + j) * w + c]!, 0));
      }
  return out;
}

const close = (got: ArrayLike<number>, expected: ArrayLike<number>, budget: number): void => {
  expect(got.length).toBe(expected.length);
  for (let i = 0; i < got.length; i++)
    if (got[i] !== expected[i])
      expect(Math.abs(got[i]! - expected[i]!), `number ${i}: ${got[i]} for ${expected[i]}`).toBeLessThanOrEqual(budget);
};

describe.each([
  ['reference', async () => referenceKernels()],
  ['wasm', wasmKernels],
] as const)('attention on the %s device', (_, start) => {
  let kernels: Kernels;
  beforeAll(async () => {
    kernels = await start();
  });
  const run = (parts: AttentionParts) => attention({ ...parts, kernels });
  const one = {
    query: array([1, 1, 1, 1], [1]),
    key: array([1, 1, 2, 1], [0, 1]),
    value: array([1, 1, 2, 2], [1, 0, 0, 1]),
  };

  it('weighs dot products 0 and 1 as [1, e] / (1 + e)', async () => {
    const { output, weights, dots } = await run({ ...one, keep: ['weights', 'dots'] });
    close(dots!.data, [0, 1], 0);
    close(weights!.data, [1 / (1 + e), e / (1 + e)], 1e-7);
    close(output.data, [1 / (1 + e), e / (1 + e)], 1e-7);
  });

  it('divides dot products by √headSize unless told otherwise', async () => {
    const query = array([1, 1, 1, 4], [2, 0, 0, 0]);
    const key = array([1, 1, 2, 4], [0, 5, 5, 5, 1, 0, 0, 0]);
    const { weights } = await run({ ...one, query, key, keep: ['weights'] });
    close(weights!.data, [1 / (1 + e), e / (1 + e)], 1e-7);
    close((await run({ ...one, query, key, scale: 0, keep: ['weights'] })).weights!.data, [0.5, 0.5], 0);
  });

  const sizes = { query: filled([2, 6, 5, 7], 1), key: filled([2, 3, 11, 7], 2), value: filled([2, 3, 11, 13], 3) };

  it('streams what it keeps (budget 1e-6)', async () => {
    for (const parts of [
      {},
      { causal: true },
      { softcap: 1.5 },
      { window: { left: 2, right: 3 } },
      { keyLengths: [4, 9], causal: true },
      { mask: filled([6, 1, 11], 4) },
    ]) {
      const kept = await run({ ...sizes, ...parts, keep: ['dots', 'scores', 'maskedScores', 'weights'] });
      close((await run({ ...sizes, ...parts })).output.data, kept.output.data, 1e-6);
      for (const stage of ['dots', 'scores', 'maskedScores', 'weights'] as const)
        expect(kept[stage]!.shape).toEqual([2, 6, 5, 11]);
    }
  });

  it('reads three axes through strides: the same numbers as four', async () => {
    const flat = ({ shape, data }: { shape: readonly number[]; data: Float32Array }) => {
      const [B, H, n, d] = shape as [number, number, number, number];
      return array(
        [B, n, H * d],
        Array.from({ length: data.length }, (_, at) => {
          const [c, h, i, b] = [at % d, Math.floor(at / d) % H, Math.floor(at / d / H) % n, Math.floor(at / d / H / n)];
          return data[((b * H + h) * n + i) * d + c]!;
        }),
      );
    };
    const four = await run(sizes);
    const three = await run({
      query: flat(sizes.query),
      key: flat(sizes.key),
      value: flat(sizes.value),
      heads: 6,
      keyValueHeads: 3,
    });
    expect(three.output).toEqual(flat(four.output));
    expect(three.presentKey).toEqual(sizes.key);
  });

  it('continues from a past as if all had come at once (budget 1e-6)', async () => {
    const parts = {
      query: filled([1, 2, 5, 3], 1),
      key: filled([1, 2, 5, 3], 2),
      value: filled([1, 2, 5, 7], 3),
      causal: true,
    };
    const rows = ({ shape, data }: { shape: readonly number[]; data: Float32Array }, from: number, to: number) => {
      const [, H, n, d] = shape as [number, number, number, number];
      return array(
        [1, H, to - from, d],
        Array.from({ length: H }, (_, h) => Array.from(data.subarray((h * n + from) * d, (h * n + to) * d))).flat(),
      );
    };
    const whole = await run(parts);
    const past = await run({
      query: rows(parts.query, 0, 3),
      key: rows(parts.key, 0, 3),
      value: rows(parts.value, 0, 3),
      causal: true,
    });
    const rest = await run({
      query: rows(parts.query, 3, 5),
      key: rows(parts.key, 3, 5),
      value: rows(parts.value, 3, 5),
      causal: true,
      pastKey: past.presentKey,
      pastValue: past.presentValue,
    });
    close(rest.output.data, rows(whole.output, 3, 5).data, 1e-6);
    expect(rest.presentKey).toEqual(whole.presentKey);
  });

  it('gives all 0 where nothing is visible, whatever the hidden numbers are', async () => {
    const mask: Mask = { shape: [2, 2], data: [false, false, true, true] };
    const poisoned = {
      query: array([1, 1, 2, 1], [1, 1]),
      key: array([1, 1, 2, 1], [0, 1]),
      value: array([1, 1, 2, 1], [3, 5]),
    };
    const { output, weights, maskedScores } = await run({ ...poisoned, mask, keep: ['weights', 'maskedScores'] });
    close(weights!.data, [0, 0, 1 / (1 + e), e / (1 + e)], 1e-7);
    expect([...maskedScores!.data]).toEqual([-Infinity, -Infinity, 0, 1]);
    expect(output.data[0]).toBe(0);
    const hidden = await run({
      ...poisoned,
      value: array([1, 1, 2, 1], [3, NaN]),
      mask: { shape: [2], data: [true, false] },
    });
    expect([...hidden.output.data]).toEqual([3, 3]);
  });

  it('agrees with a naive double-precision formula (budget 2e-6), masks of every rank', async () => {
    const length = fc.integer({ min: 1, max: 7 });
    const problem = fc.record({
      B: fc.integer({ min: 1, max: 3 }),
      G: fc.integer({ min: 1, max: 2 }),
      share: fc.integer({ min: 1, max: 3 }),
      n: length,
      m: length,
      d: length,
      w: length,
      seed: fc.integer({ min: 0, max: 9999 }),
      rank: fc.integer({ min: 0, max: 4 }),
      ones: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
      short: fc.boolean(),
      boolean: fc.boolean(),
      causal: fc.boolean(),
      left: fc.integer({ min: -1, max: 3 }),
      right: fc.integer({ min: -1, max: 3 }),
      softcap: fc.constantFrom(0, 1.5),
      lengths: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        problem,
        async ({
          B,
          G,
          share,
          n,
          m,
          d,
          w,
          seed,
          rank,
          ones,
          short,
          boolean,
          causal,
          left,
          right,
          softcap,
          lengths,
        }) => {
          const H = G * share;
          const columns = short ? Math.ceil(m / 2) : m;
          const shape = [ones[0] ? 1 : B, ones[1] ? 1 : H, ones[2] ? 1 : n, columns].slice(4 - rank);
          const numbers = filled(shape, seed + 3).data;
          const mask: Mask = { shape, data: boolean ? Array.from(numbers, (x) => x > -0.5) : numbers };
          const keyLengths = Array.from({ length: B }, (_, b) => (seed + 3 * b) % (m + 1));
          const parts = {
            query: filled([B, H, n, d], seed),
            key: filled([B, G, m, d], seed + 1),
            value: filled([B, G, m, w], seed + 2),
            softcap,
            causal,
            window: { left, right },
            ...(lengths && { keyLengths }),
            ...(rank > 0 && { mask }),
          };
          const full = [1, 1, 1, 1, ...shape].slice(-4);
          const expected = naive(parts, (b, h, i, j) => {
            const p = i + (lengths ? keyLengths[b]! - n : 0);
            if (
              (lengths && j >= keyLengths[b]!) ||
              (left >= 0 && j < p - left) ||
              (right >= 0 && j > p + right) ||
              (causal && j > p)
            )
              return -Infinity;
            if (rank === 0) return 0;
            if (j >= columns) return -Infinity;
            const at =
              [b, h, i].reduce((sum, index, axis) => sum * full[axis]! + (full[axis] === 1 ? 0 : index), 0) * columns +
              j;
            return boolean ? (mask.data[at] ? 0 : -Infinity) : numbers[at]!;
          });
          close((await run(parts)).output.data, expected, 2e-6);
        },
      ),
      fuzz(300),
    );
  });

  it.each([
    ['shapeMismatch', { key: filled([2, 3, 11, 5], 2) }],
    ['shapeMismatch', { value: filled([2, 3, 7, 13], 2) }],
    ['shapeMismatch', { query: { shape: [2, 6, 5, 7], data: new Float32Array(3) } }],
    ['badHeads', { query: filled([2, 5, 5, 7], 2) }],
    ['halfPast', { pastKey: filled([2, 3, 2, 7], 1) }],
    [
      'pastAndKeyLengths',
      { pastKey: filled([2, 3, 2, 7], 1), pastValue: filled([2, 3, 2, 13], 1), keyLengths: [1, 2] },
    ],
    ['badWindow', { window: { left: -2 } }],
    ['badMask', { mask: filled([5, 12], 1) }],
    ['badMask', { mask: filled([4, 11], 1) }],
    ['badKeyLengths', { keyLengths: [1] }],
    ['badScale', { scale: NaN }],
    ['unknownSquare', { keep: ['sums' as 'dots'] }],
  ])('refuses with %s', async (code, parts) => {
    await expect(run({ ...sizes, ...parts })).rejects.toMatchObject({ name: 'SiseonError', kind: 'usage', code });
  });

  it.each([
    ['attention has no option casual', 'Did you mean causal?', { casual: true }],
    ['attention has no option key_lengths', 'Did you mean keyLengths?', { key_lengths: [1, 1] }],
    ['the window has no option size', 'Leave it away.', { window: { size: 3 } }],
  ])('refuses with unknownOption: %s', async (what, next, parts) => {
    const error = { code: 'unknownOption', message: expect.stringMatching(`${what}.*${next.replace('?', '\\?')}`) };
    await expect(run({ ...sizes, ...(parts as object) })).rejects.toMatchObject(error);
  });

  it('asks for heads where three axes do not say them', async () => {
    const x = filled([1, 2, 6], 1);
    await expect(run({ query: x, key: x, value: x })).rejects.toMatchObject({ code: 'headsMissing' });
  });

  it('answers no keys with zeros', async () => {
    const { output } = await run({
      query: filled([1, 1, 2, 3], 1),
      key: array([1, 1, 0, 3], []),
      value: array([1, 1, 0, 5], []),
    });
    expect(output).toEqual(array([1, 1, 2, 5], Array(10).fill(0)));
  });

  it('looks up softly: [1, e] / (1 + e), ranked, mixed', async () => {
    const entries = [
      { label: '전자제품', key: [0, 1], value: [1, 0, 0] },
      { label: '과일 요리', key: [1, 0], value: [0, 1, 2] },
    ];
    const found = await softLookup([1, 0], entries, { scale: 1, kernels });
    close(found.weights, [1 / (1 + e), e / (1 + e)], 1e-7);
    close(found.mixture, [1 / (1 + e), e / (1 + e), (2 * e) / (1 + e)], 1e-6);
    expect(found.ranking.map(({ label, index }) => [label, index])).toEqual([
      ['과일 요리', 1],
      ['전자제품', 0],
    ]);
    const plain = await softLookup(
      [2, 0],
      entries.map(({ key }) => key),
      entries.map(({ value }) => value),
      { scale: 1, temperature: 2, kernels },
    );
    close(plain.weights, found.weights, 1e-7);
  });
});

describe('softLookup', () => {
  it.each([
    ['noEntries', [1], []],
    ['shapeMismatch', [1], [{ label: 'a', key: [1, 2], value: [1] }]],
    [
      'shapeMismatch',
      [1],
      [
        { label: 'a', key: [1], value: [1] },
        { label: 'b', key: [1], value: [] },
      ],
    ],
  ])('refuses with %s', async (code, query, entries) => {
    await expect(softLookup(query, entries)).rejects.toMatchObject({ code });
  });
  it('refuses keys and values that do not pair, and a temperature of 0', async () => {
    await expect(softLookup([1], [[1]], [[1]], { temprature: 2 } as object)).rejects.toMatchObject({
      code: 'unknownOption',
      parts: { next: 'Did you mean temperature?' },
    });
    await expect(softLookup([1], [[1]], [])).rejects.toMatchObject({ code: 'shapeMismatch' });
    await expect(softLookup([1], [[1]], [[1]], { temperature: 0 })).rejects.toMatchObject({ code: 'badTemperature' });
  });
});

describe('positions and types', () => {
  it('turns by position · base^(−2c / rotated)', () => {
    const { cosine, sine } = rotaryTables(3, 4, 100);
    close(cosine, [1, 1, Math.cos(1), Math.cos(0.1), Math.cos(2), Math.cos(0.2)], 1e-7);
    close(sine, [0, 0, Math.sin(1), Math.sin(0.1), Math.sin(2), Math.sin(0.2)], 1e-7);
    expect(() => rotaryTables(3, 5)).toThrow(/even/);
  });

  it('rounds to half precision: every half stays itself, ties go to even', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const [half] = widen({ dtype: 'float16', shape: [1], data: Uint16Array.of(bits) });
      if (!Number.isNaN(half)) expect(narrow('float16', [1], [half!]).data[0]).toBe(bits);
    }
    const round = rounding('float16');
    expect([1 + 2 ** -11, 1 + 3 * 2 ** -11, 65519, 65520, 2 ** -25, 2 ** -24].map(round)).toEqual([
      1,
      1 + 2 ** -9,
      65504,
      Infinity,
      0,
      2 ** -24,
    ]);
    expect([1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.4e38].map(rounding('bfloat16'))).toEqual([1, 1 + 2 ** -6, Infinity]);
  });
});

describe('runOnnxOperator', () => {
  const f = (shape: readonly number[], numbers: readonly number[]) => narrow('float32', shape, numbers);
  const x = f([1, 2, 1, 2], [1, 2, 3, 4]);
  const kernels = referenceKernels();
  it.each([
    ['badHeads', 25, { q_num_heads: 2, kv_num_heads: 2 }, [x, x, x]],
    ['badWindow', 25, { left_window_size: -2 }, [x, x, x]],
    ['badAttribute', 24, { left_window_size: 2 }, [x, x, x]],
    ['badAttribute', 23, { qk_matmul_output_mode: 4 }, [x, x, x]],
    ['badAttribute', 23, { softmax_precision: 7 }, [x, x, x]],
    ['missingInput', 23, {}, [x, x]],
    ['pastAndKeyLengths', 24, {}, [x, x, x, undefined, x, x, narrow('int64', [1], [1])]],
    ['headsMissing', 23, {}, [f([1, 1, 2], [1, 2]), f([1, 1, 2], [1, 2]), f([1, 1, 2], [1, 2])]],
  ])('refuses Attention with %s', async (code, opset, attributes, inputs) => {
    await expect(runOnnxOperator({ op: 'Attention', opset, attributes, inputs, kernels })).rejects.toMatchObject({
      code,
    });
  });

  it('returns raw dot products in mode 0 even under a soft-cap', async () => {
    const outputs = await runOnnxOperator({
      op: 'Attention',
      attributes: { softcap: 0.5, scale: 1 },
      inputs: [x, x, x],
      kernels,
    });
    expect([...widen(outputs[3]!)]).toEqual([5, 25]);
  });

  it('weighs together all axes from the given one before opset 13', async () => {
    const [y] = await runOnnxOperator({
      op: 'Softmax',
      opset: 11,
      attributes: { axis: 1 },
      inputs: [f([1, 2, 2], [0, 0, 0, 0])],
      kernels,
    });
    expect([...widen(y!)]).toEqual([0.25, 0.25, 0.25, 0.25]);
  });
});
