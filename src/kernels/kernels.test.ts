import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { fuzz } from '../platform/fuzz.testing.ts';
import type { Activation, Attend, Heads, KeptStages, Kernels, NumberType, Storage } from './contract.ts';
import { erf, referenceKernels } from './reference.ts';
import { hasRelaxedSimd, wasmKernels, wasmModule } from './wasm.ts';

/** The definition in double precision, and the device that is held against it. */
const definition = referenceKernels('f64');
let device: Kernels & { readonly bytes: number };
beforeAll(async () => {
  device = await wasmKernels();
});

/** Numbers from a fixed stream, so that a failure can be repeated. */
function stream(seed: number): (count: number, spread?: number) => Float32Array {
  let state = seed;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
  return (count, spread = 2) => Float32Array.from({ length: count }, () => (next() + next() - 1) * spread);
}

type Inputs = Record<string, ArrayLike<number>>;
/** Runs the same kernel calls on both devices and hands back what `out` names, as the definition and the device have it. */
async function both(
  inputs: Inputs,
  outputs: Record<string, number>,
  call: (k: Kernels, s: (name: string) => Storage) => void,
) {
  const results: Record<string, Float32Array>[] = [];
  for (const k of [definition, device]) {
    const storages = new Map<string, Storage>();
    for (const [name, values] of Object.entries(inputs)) {
      storages.set(name, k.allocate(values.length));
      k.write(storages.get(name)!, values);
    }
    for (const [name, length] of Object.entries(outputs)) storages.set(name, k.allocate(length));
    call(k, (name) => storages.get(name)!);
    const result: Record<string, Float32Array> = {};
    for (const name of Object.keys(outputs)) result[name] = await k.read(storages.get(name)!);
    results.push(result);
    for (const storage of storages.values()) k.free(storage);
  }
  return { expected: results[0]!, got: results[1]! };
}

function expectClose(
  { expected, got }: { expected: Record<string, Float32Array>; got: Record<string, Float32Array> },
  absolute: number,
  relative: number,
): void {
  for (const name of Object.keys(expected))
    for (const [i, right] of expected[name]!.entries()) {
      const ours = got[name]![i]!;
      const same = Number.isFinite(right)
        ? Math.abs(ours - right) <= absolute + relative * Math.abs(right)
        : Object.is(ours, right);
      if (!same) expect.fail(`${name}[${i}]: ${ours}, defined as ${right}`);
    }
}

const odd = fc.constantFrom(1, 2, 3, 5, 7, 8, 11, 13, 16, 17, 31, 33, 64, 67);

describe('matmul', () => {
  it('agrees for odd sizes, every transposition, bias, batch and accumulation: |a − b| ≤ 1e-5 + 1e-5 |b|', async () => {
    await fc.assert(
      fc.asyncProperty(
        odd,
        odd,
        odd,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(),
        async (rows, inner, columns, leftTransposed, rightTransposed, bias, accumulate, batch, seed) => {
          const draw = stream(seed);
          const inputs = {
            left: draw(batch * rows * inner),
            right: draw(batch * inner * columns),
            bias: draw(columns),
            before: draw(batch * rows * columns),
          };
          const result = await both(inputs, { out: batch * rows * columns }, (k, s) => {
            k.write(s('out'), inputs.before);
            k.matmul({
              out: s('out'),
              left: s('left'),
              right: s('right'),
              batch,
              rows,
              inner,
              columns,
              leftTransposed,
              rightTransposed,
              accumulate,
              ...(bias && { bias: s('bias') }),
            });
          });
          expectClose(result, 1e-5, 1e-5);
        },
      ),
      fuzz(120),
    );
  });

  it('passes NaN and ∞ on, exactly', async () => {
    const left = [1, Number.NaN, 2, Infinity, 1, 0];
    const result = await both({ left, right: [1, 1, 2, 2, 3, 3] }, { out: 4 }, (k, s) =>
      k.matmul({ out: s('out'), left: s('left'), right: s('right'), rows: 2, inner: 3, columns: 2 }),
    );
    expectClose(result, 0, 0);
    expect([...result.got.out!]).toEqual([Number.NaN, Number.NaN, Infinity, Infinity]);
  });
});

describe('packed operands', () => {
  const types: NumberType[] = ['f32', 'f16', 'bf16', 'int8'];
  /** Bits of finite numbers of the type, subnormal ones among them, from a fixed stream. */
  const source = (type: NumberType, seed: number, count: number): Float32Array | Uint16Array | Int8Array => {
    const draw = stream(seed)(count);
    if (type === 'f32') return draw;
    if (type === 'int8') return Int8Array.from(draw, (x) => Math.round(63 * x));
    // Sign and fraction from the number's bits; an exponent from 0 up to 2.
    const top = type === 'f16' ? 17 : 129;
    const fraction = type === 'f16' ? 10 : 7;
    return Uint16Array.from(draw, (x, i) => {
      const bits = Math.floor(Math.abs(x) * 1e6);
      return (
        ((bits & 1) << 15) | ((i % 11 === 0 ? 0 : top - (bits % 9)) << fraction) | ((bits >> 4) & (2 ** fraction - 1))
      );
    });
  };

  it.each(types)(
    'of %s give the products of their numbers, either way round: |a − b| ≤ 1e-5 + 1e-5 |b|',
    async (type) => {
      await fc.assert(
        fc.asyncProperty(
          fc.record({ rows: odd, inner: odd, columns: odd, group: fc.constantFrom(1, 4, 8, 32) }),
          fc.record({ transposed: fc.boolean(), rightTransposed: fc.boolean(), seed: fc.nat() }),
          async ({ rows, inner, columns, group }, { transposed, rightTransposed, seed }) => {
            // What was packed as (inner, columns) may be asked for as (columns, inner).
            const [packedInner, packedColumns] = transposed === rightTransposed ? [inner, columns] : [columns, inner];
            const scaled = type === 'int8' && {
              scales: stream(seed + 1)(packedColumns * Math.ceil(packedInner / group), 0.02),
              group,
            };
            const values = source(type, seed, inner * columns);
            const shape = { type, values, inner: packedInner, columns: packedColumns, transposed, ...scaled };
            const result = await both({ left: stream(seed + 2)(rows * inner) }, { out: rows * columns }, (k, s) => {
              const right = k.pack(shape);
              k.matmul({ out: s('out'), left: s('left'), right, rows, inner, columns, rightTransposed });
              k.free(right);
            });
            expectClose(result, 1e-5, 1e-5);
          },
        ),
        fuzz(40),
      );
    },
  );

  it.each(types)('of %s read back exactly, and give their rows', async (type) => {
    const [inner, columns] = [29, 13];
    const values = source(type, 3, inner * columns);
    const scaled = type === 'int8' && { scales: new Float32Array(columns * 4).fill(0.5), group: 8 };
    const ids = Int32Array.of(12, 0, 5, 5);
    const answers: Float32Array[][] = [];
    for (const k of [definition, device]) {
      const packed = k.pack({ type, values, inner, columns, transposed: true, ...scaled });
      const out = k.allocate(ids.length * inner);
      k.gather(packed, ids, out, inner);
      answers.push([await k.read(packed), await k.read(out)]);
    }
    expect(answers[1]).toEqual(answers[0]);
  });

  it('of every f16 there is are widened exactly, ∞ and NaN included', async () => {
    const values = Uint16Array.from({ length: 65_536 }, (_, i) => i);
    const shape = { type: 'f16' as const, values, inner: 256, columns: 256, transposed: true };
    const [expected, got] = await Promise.all([definition, device].map((k) => k.read(k.pack(shape))));
    expect(got!.findIndex((x, i) => !Object.is(x, expected![i]))).toBe(-1);
    expect(got!.length).toBe(65_536);
  });

  it('of every finite f16 are widened exactly in products too, subnormal ones included, for a row alone and for five', async () => {
    const values = Uint16Array.from({ length: 65_536 }, (_, i) => i).filter((bits) => (bits & 0x7c00) !== 0x7c00);
    const shape = { type: 'f16' as const, values, inner: 1, columns: values.length };
    const expected = (await definition.read(definition.pack(shape))).map((x) => x + 0); // 0 + 1 · −0 is 0
    const right = device.pack(shape);
    for (const rows of [1, 5]) {
      const [left, out] = [device.allocate(rows), device.allocate(rows * values.length)];
      device.write(left, new Float32Array(rows).fill(1));
      device.matmul({ out, left, right, rows, inner: 1, columns: values.length });
      expect(await device.read(out, (rows - 1) * values.length)).toEqual(expected);
      for (const storage of [left, out]) device.free(storage);
    }
    device.free(right);
  });

  it.each(types)('of %s: a row alone has the bytes that it has among others, packed or not', async (type) => {
    const [rows, inner, columns, group] = [6, 203, 71, 24];
    const values = source(type, 41, inner * columns);
    const scaled = type === 'int8' && { scales: stream(42)(columns * Math.ceil(inner / group), 0.02), group };
    const packed = device.pack({ type, values, inner, columns, ...scaled });
    const [left, plain, out] = [rows * inner, inner * columns, rows * columns].map((length) => device.allocate(length));
    device.write(left!, stream(43)(rows * inner));
    device.write(plain!, await device.read(packed));
    device.matmul({ out: out!, left: left!, right: packed, rows, inner, columns });
    const first = await device.read(out!, 0, columns);
    for (const right of [packed, plain!]) {
      device.matmul({ out: out!, left: left!, right, rows: 1, inner, columns });
      expect(await device.read(out!, 0, columns)).toEqual(first);
    }
    for (const storage of [packed, left!, plain!, out!]) device.free(storage);
  });

  it('refuse what does not fit, and what they are not for', () => {
    expect(() => device.pack({ type: 'f16', values: new Uint16Array(5), inner: 2, columns: 3 })).toThrow('2 × 3');
    expect(() => device.pack({ type: 'int8', values: new Int8Array(6), inner: 2, columns: 3 })).toThrow('0 scales');
    const packed = device.pack({ type: 'f32', values: new Float32Array(6), inner: 2, columns: 3 });
    expect(() => device.scale(packed, 2, packed)).toThrow('packed operand');
    expect(() => device.write(packed, [1])).toThrow('packed operand');
    expect(() => device.gather(packed, Int32Array.of(0), device.allocate(2), 2)).toThrow('packed transposed');
  });

  it('activation and residual are applied in the product: |a − b| ≤ 1e-5 + 1e-5 |b|', async () => {
    const [rows, inner, columns] = [7, 19, 21];
    const draw = stream(31);
    const inputs = {
      left: draw(rows * inner),
      right: draw(inner * columns),
      bias: draw(columns),
      residual: draw(2 * rows * columns),
    };
    for (const activation of ['gelu', 'geluTanh', 'relu', 'silu', 'tanh'] as const) {
      const result = await both(inputs, { out: rows * columns }, (k, s) =>
        k.matmul({
          out: s('out'),
          left: s('left'),
          right: s('right'),
          bias: s('bias'),
          residual: s('residual'),
          activation,
          rows,
          inner,
          columns,
        }),
      );
      expectClose(result, 1e-5, 1e-5);
    }
  });

  it('a row alone has the bytes that it has among others, packed or not', async () => {
    const [rows, inner, columns] = [9, 1100, 37];
    const [left, values] = [stream(33)(rows * inner), stream(34)(inner * columns)];
    const [a, b, c] = [
      device.allocate(rows * inner),
      device.allocate(inner * columns),
      device.allocate(rows * columns),
    ];
    device.write(a, left);
    device.write(b, values);
    const packed = device.pack({ type: 'f32', values, inner, columns, transposed: true });
    device.matmul({ out: c, left: a, right: packed, rows, inner, columns, rightTransposed: true });
    const all = await device.read(c);
    device.write(a, left.subarray(3 * inner, 4 * inner));
    for (const right of [packed, b]) {
      device.matmul({ out: c, left: a, right, rows: 1, inner, columns, rightTransposed: true });
      expect(await device.read(c, 0, columns)).toEqual(all.slice(3 * columns, 4 * columns));
    }
  });
});

interface Case {
  readonly batch: number;
  readonly keyValueHeads: number;
  readonly group: number;
  readonly queryLength: number;
  readonly keyLength: number;
  readonly headSize: number;
  readonly valueSize: number;
  readonly softcap: number;
  readonly left: number;
  readonly right: number;
  readonly offset: number;
  readonly padded: boolean;
  readonly biased: boolean;
  readonly seed: number;
}
const cases: fc.Arbitrary<Case> = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  keyValueHeads: fc.integer({ min: 1, max: 3 }),
  group: fc.integer({ min: 1, max: 3 }),
  queryLength: fc.constantFrom(1, 2, 4, 5, 9, 13),
  keyLength: fc.constantFrom(1, 3, 7, 8, 9, 17, 33),
  headSize: fc.constantFrom(1, 3, 5, 8, 16),
  valueSize: fc.constantFrom(1, 2, 7, 8, 11),
  softcap: fc.constantFrom(0, 0, 1.5),
  left: fc.constantFrom(-1, -1, 0, 2, 9),
  right: fc.constantFrom(-1, -1, 0, 3),
  offset: fc.constantFrom(0, 0, 4, -3),
  padded: fc.boolean(),
  biased: fc.boolean(),
  seed: fc.nat(),
});

const dense = (storage: Storage, heads: number, length: number, size: number): Heads => ({
  storage,
  offset: 0,
  batchStride: heads * length * size,
  headStride: length * size,
  rowStride: size,
});

function attention(c: Case, k: Kernels, s: (name: string) => Storage): Attend {
  const heads = c.keyValueHeads * c.group;
  const draw = stream(c.seed + 1);
  const hole = (x: number): number => (x > 1 ? -Infinity : x);
  const biasRow = c.keyLength;
  return {
    batch: c.batch,
    heads,
    keyValueHeads: c.keyValueHeads,
    queryLength: c.queryLength,
    keyLength: c.keyLength,
    headSize: c.headSize,
    valueSize: c.valueSize,
    scale: 0.7,
    softcap: c.softcap,
    query: dense(s('query'), heads, c.queryLength, c.headSize),
    key: dense(s('key'), c.keyValueHeads, c.keyLength, c.headSize),
    value: dense(s('value'), c.keyValueHeads, c.keyLength, c.valueSize),
    out: dense(s('out'), heads, c.queryLength, c.valueSize),
    logSumExp: s('logSumExp'),
    visibility: {
      left: c.left,
      right: c.right,
      offsets: new Int32Array(c.batch).fill(c.offset),
      ...(c.padded && { keyLengths: Int32Array.from({ length: c.batch }, (_, b) => Math.max(0, c.keyLength - 2 - b)) }),
      ...(c.biased && {
        bias: {
          storage: bias(k, draw(c.queryLength * c.keyLength).map(hole)),
          offset: 0,
          batchStride: 0,
          headStride: 0,
          rowStride: biasRow,
          columnStride: 1,
        },
      }),
    },
  };
}
function bias(k: Kernels, values: Float32Array): Storage {
  const storage = k.allocate(values.length);
  k.write(storage, values);
  return storage;
}
const attentionSizes = (c: Case) => {
  const heads = c.keyValueHeads * c.group;
  return {
    inputs: {
      query: c.batch * heads * c.queryLength * c.headSize,
      key: c.batch * c.keyValueHeads * c.keyLength * c.headSize,
      value: c.batch * c.keyValueHeads * c.keyLength * c.valueSize,
    },
    out: c.batch * heads * c.queryLength * c.valueSize,
    rows: c.batch * heads * c.queryLength,
    square: c.batch * heads * c.queryLength * c.keyLength,
  };
};
const drawn = (c: Case): Record<'query' | 'key' | 'value', Float32Array> => {
  const { inputs } = attentionSizes(c);
  const draw = stream(c.seed);
  return { query: draw(inputs.query), key: draw(inputs.key), value: draw(inputs.value) };
};

describe('attend', () => {
  it('agrees in result and every kept stage, whatever is hidden: |a − b| ≤ 3e-6 + 1e-5 |b|', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const { out, rows, square } = attentionSizes(c);
        const squares = { dots: square, scores: square, maskedScores: square, weights: square };
        const result = await both(drawn(c), { out, logSumExp: rows, ...squares }, (k, s) => {
          const keep: KeptStages = {
            dots: s('dots'),
            scores: s('scores'),
            maskedScores: s('maskedScores'),
            weights: s('weights'),
          };
          k.attend({ ...attention(c, k, s), keep });
        });
        expectClose(result, 3e-6, 1e-5);
      }),
      fuzz(150),
    );
  });

  it('gives the same numbers, to the bit, with and without keeping', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const { out, rows, square } = attentionSizes(c);
        const run = (kept: boolean) =>
          both(drawn(c), { out, logSumExp: rows, weights: square }, (k, s) =>
            k.attend({ ...attention(c, k, s), ...(kept && { keep: { weights: s('weights') } }) }),
          );
        const [streamed, kept] = [await run(false), await run(true)];
        expect(streamed.got.out).toEqual(kept.got.out);
      }),
      fuzz(60),
    );
  });

  it('never lets a hidden key in, whatever it holds: NaN and ∞ behind the mask leave the result as it was', async () => {
    const c: Case = {
      batch: 1,
      keyValueHeads: 1,
      group: 2,
      queryLength: 5,
      keyLength: 9,
      headSize: 3,
      valueSize: 2,
      softcap: 0,
      left: -1,
      right: 0,
      offset: 0,
      padded: false,
      biased: false,
      seed: 5,
    };
    const { out, rows, square } = attentionSizes(c);
    const inputs = drawn(c);
    const run = () =>
      both(inputs, { out, logSumExp: rows, weights: square }, (k, s) =>
        k.attend({ ...attention(c, k, s), keep: { weights: s('weights') } }),
      );
    const clean = await run();
    inputs.key.fill(Number.NaN, 6 * 3);
    inputs.value.fill(Infinity, 6 * 2);
    const poisoned = await run();
    expectClose(poisoned, 3e-6, 1e-5);
    expect(poisoned.got.out).toEqual(clean.got.out);
  });

  it('gives a query alone the bytes that it has among others', async () => {
    const [heads, queryLength, keyLength, headSize, valueSize] = [3, 9, 41, 22, 19];
    const draw = stream(51);
    const [q, k, v, out] = [
      heads * queryLength * headSize,
      heads * keyLength * headSize,
      heads * keyLength * valueSize,
      heads * queryLength * valueSize,
    ].map((length) => {
      const storage = device.allocate(length);
      device.write(storage, draw(length));
      return storage;
    }) as [Storage, Storage, Storage, Storage];
    const run = async (first: number, count: number): Promise<Float32Array[]> => {
      const rows = (storage: Storage, size: number): Heads => ({
        ...dense(storage, heads, queryLength, size),
        offset: first * size,
      });
      device.attend({
        batch: 1,
        heads,
        keyValueHeads: heads,
        queryLength: count,
        keyLength,
        headSize,
        valueSize,
        scale: 0.4,
        softcap: 0,
        visibility: { left: 20, right: 0, offsets: Int32Array.of(30 + first) },
        query: rows(q, headSize),
        key: dense(k, heads, keyLength, headSize),
        value: dense(v, heads, keyLength, valueSize),
        out: rows(out, valueSize),
      });
      const all = await device.read(out);
      return Array.from({ length: heads }, (_, h) =>
        all.slice((h * queryLength + first) * valueSize, (h * queryLength + first + count) * valueSize),
      );
    };
    const together = await run(0, queryLength);
    for (const [first, count] of [
      [0, 1],
      [4, 1],
      [2, 3],
      [5, 4],
    ] as const) {
      const alone = await run(first, count);
      for (const [h, rows] of alone.entries())
        expect(rows).toEqual(together[h]!.slice(first * valueSize, (first + count) * valueSize));
    }
  });

  it('shows a NaN that can be seen', async () => {
    const c: Case = {
      batch: 1,
      keyValueHeads: 1,
      group: 1,
      queryLength: 2,
      keyLength: 3,
      headSize: 1,
      valueSize: 1,
      softcap: 0,
      left: -1,
      right: 0,
      offset: 0,
      padded: false,
      biased: false,
      seed: 1,
    };
    const result = await both(
      { query: [1, 1], key: [1, Number.NaN, 1], value: [1, 2, 3] },
      { out: 2, logSumExp: 2 },
      (k, s) => k.attend(attention(c, k, s)),
    );
    expectClose(result, 1e-6, 1e-6);
    expect([...result.got.out!]).toEqual([1, Number.NaN]);
  });
});

describe('attendBackward', () => {
  it('agrees for all three gradients: |a − b| ≤ 2e-5 + 2e-5 |b|', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (c) => {
        const { inputs, out, rows } = attentionSizes(c);
        const heads = c.keyValueHeads * c.group;
        const slope = stream(c.seed + 9)(out);
        const result = await both(
          { ...drawn(c), slope },
          { out, logSumExp: rows, queryGradient: inputs.query, keyGradient: inputs.key, valueGradient: inputs.value },
          (k, s) => {
            const task = attention(c, k, s);
            k.attend(task);
            k.attendBackward({
              ...task,
              logSumExp: s('logSumExp'),
              outGradient: dense(s('slope'), heads, c.queryLength, c.valueSize),
              queryGradient: dense(s('queryGradient'), heads, c.queryLength, c.headSize),
              keyGradient: dense(s('keyGradient'), c.keyValueHeads, c.keyLength, c.headSize),
              valueGradient: dense(s('valueGradient'), c.keyValueHeads, c.keyLength, c.valueSize),
            });
          },
        );
        expectClose(result, 2e-5, 2e-5);
      }),
      fuzz(100),
    );
  });
});

/** Heads as projections leave them, (batch, length, heads, size), with a gap before them and after every row. */
const woven = (storage: Storage, heads: number, length: number, size: number): Heads => ({
  storage,
  offset: 3,
  batchStride: length * (heads * size + 2),
  headStride: size,
  rowStride: heads * size + 2,
});
const wovenLength = (batch: number, heads: number, length: number, size: number): number =>
  3 + batch * length * (heads * size + 2);

/** One problem, both ways, with heads laid out by `woven` and any bias; `edit` may spoil the inputs. */
async function bothWays(
  shape: {
    batch: number;
    heads: number;
    keyValueHeads: number;
    queryLength: number;
    keyLength: number;
    headSize: number;
    valueSize: number;
    softcap?: number;
  },
  visibility: {
    left?: number;
    right?: number;
    keyLengths?: Int32Array;
    offsets?: Int32Array;
    bias?: { values: ArrayLike<number>; strides: [number, number, number, number] };
  } = {},
  edit: (inputs: Record<'query' | 'key' | 'value', Float32Array>) => void = () => {},
) {
  const { batch: b, heads: h, keyValueHeads: kh, queryLength: m, keyLength: n, headSize: s, valueSize: t } = shape;
  const draw = stream(n + 31 * m);
  const inputs = {
    query: draw(wovenLength(b, h, m, s)),
    key: draw(wovenLength(b, kh, n, s)),
    value: draw(wovenLength(b, kh, n, t)),
    slope: draw(wovenLength(b, h, m, t)),
    bias: visibility.bias?.values ?? [0],
  };
  edit(inputs);
  const square = b * h * m * n;
  const outputs = {
    out: inputs.slope.length,
    logSumExp: b * h * m,
    dots: square,
    scores: square,
    maskedScores: square,
    weights: square,
    streamed: inputs.slope.length,
    queryGradient: inputs.query.length,
    keyGradient: inputs.key.length,
    valueGradient: inputs.value.length,
  };
  return both(inputs, outputs, (k, x) => {
    const strides = visibility.bias?.strides;
    const task: Attend = {
      ...shape,
      softcap: shape.softcap ?? 0,
      scale: 0.6,
      logSumExp: x('logSumExp'),
      query: woven(x('query'), h, m, s),
      key: woven(x('key'), kh, n, s),
      value: woven(x('value'), kh, n, t),
      out: woven(x('out'), h, m, t),
      visibility: {
        left: visibility.left ?? -1,
        right: visibility.right ?? -1,
        ...(visibility.keyLengths && { keyLengths: visibility.keyLengths }),
        ...(visibility.offsets && { offsets: visibility.offsets }),
        ...(strides && {
          bias: {
            storage: x('bias'),
            offset: 0,
            batchStride: strides[0],
            headStride: strides[1],
            rowStride: strides[2],
            columnStride: strides[3],
          },
        }),
      },
    };
    k.attend({
      ...task,
      keep: { dots: x('dots'), scores: x('scores'), maskedScores: x('maskedScores'), weights: x('weights') },
    });
    k.attend({ ...task, out: woven(x('streamed'), h, m, t) });
    k.attendBackward({
      ...task,
      logSumExp: x('logSumExp'),
      outGradient: woven(x('slope'), h, m, t),
      queryGradient: woven(x('queryGradient'), h, m, s),
      keyGradient: woven(x('keyGradient'), kh, n, s),
      valueGradient: woven(x('valueGradient'), kh, n, t),
    });
  });
}

describe('attention, both ways, wherever the heads lie', () => {
  const shape = { batch: 2, heads: 6, keyValueHeads: 2, queryLength: 13, keyLength: 17, headSize: 5, valueSize: 7 };
  const [n, m] = [shape.keyLength, shape.queryLength];
  const holes = (count: number): Float32Array => stream(77)(count).map((x) => (x > 1 ? -Infinity : x));

  it.each<[string, number, [number, number, number, number]]>([
    ['everywhere', 12 * m * n, [6 * m * n, m * n, n, 1]],
    ['for each head and key (ALiBi)', 6 * n, [0, n, 0, 1]],
    ['for each row', m, [0, 0, 1, 0]],
    ['for each batch item and key (padding)', 2 * n, [n, 0, 0, 1]],
    ['one number', 1, [0, 0, 0, 0]],
    ['transposed', m * n, [0, 0, 1, m]],
  ])('agrees with a bias %s, −∞ in it, gaps untouched: 2e-5 + 2e-5 |b|', async (_, count, strides) => {
    const result = await bothWays(shape, { bias: { values: count === 1 ? [0.4] : holes(count), strides } });
    expectClose(result, 2e-5, 2e-5);
    expect(result.got.streamed).toEqual(result.got.out);
  });

  it('agrees at 129 queries and keys in a window with soft-cap, offsets and padding: 5e-5 + 5e-5 |b|', async () => {
    const long = {
      batch: 2,
      heads: 2,
      keyValueHeads: 1,
      queryLength: 129,
      keyLength: 129,
      headSize: 64,
      valueSize: 33,
      softcap: 5,
    };
    const result = await bothWays(long, {
      left: 40,
      right: 3,
      offsets: Int32Array.of(0, 20),
      keyLengths: Int32Array.of(129, 101),
    });
    expectClose(result, 5e-5, 5e-5);
    expect(result.got.streamed).toEqual(result.got.out);
  });

  it.each([Number.NaN, Infinity, -Infinity])(
    'keeps %s behind padding out of the result and of every gradient',
    async (poison) => {
      const padded = { ...shape, batch: 1 };
      const run = (spoil: number) =>
        bothWays(padded, { keyLengths: Int32Array.of(11) }, ({ key, value }) => {
          key.fill(spoil, 3 + 11 * (2 * 5 + 2));
          value.fill(spoil, 3 + 11 * (2 * 7 + 2));
        });
      const [clean, poisoned] = [await run(0), await run(poison)];
      for (const name of [
        'out',
        'streamed',
        'logSumExp',
        'weights',
        'maskedScores',
        'queryGradient',
        'keyGradient',
        'valueGradient',
      ]) {
        expect(poisoned.got[name], name).toEqual(clean.got[name]);
        expectClose(
          { expected: { [name]: poisoned.expected[name]! }, got: { [name]: poisoned.got[name]! } },
          2e-5,
          2e-5,
        );
      }
    },
  );

  it('gives rows that see nothing 0 weights, 0 result, 0 gradients and −∞', async () => {
    const { got, expected } = await bothWays({ ...shape, batch: 1 }, { keyLengths: Int32Array.of(0) });
    expectClose({ got, expected }, 1e-6, 1e-6);
    expect(got.logSumExp!.every((x) => x === -Infinity)).toBe(true);
    expect(
      [got.weights, got.out, got.queryGradient, got.keyGradient, got.valueGradient].every((x) =>
        x!.every((y) => y === 0),
      ),
    ).toBe(true);
  });

  it('hands NaN and +∞ in a bias on to the rows that see them, and to no other', async () => {
    const values = new Float32Array(m * n);
    values[2 * n + 4] = Number.NaN;
    values[5 * n + 1] = Infinity;
    const { got, expected } = await bothWays(
      { ...shape, batch: 1, heads: 1, keyValueHeads: 1 },
      { bias: { values, strides: [0, 0, n, 1] } },
    );
    for (const name of ['logSumExp', 'maskedScores', 'weights', 'out'])
      expectClose({ got: { [name]: got[name]! }, expected: { [name]: expected[name]! } }, 1e-5, 1e-5);
    expect([...got.logSumExp!.keys()].filter((i) => Number.isNaN(got.logSumExp![i]))).toEqual([2, 5]);
  });
});

const special = [
  0,
  -0,
  1e-30,
  -1e-30,
  1,
  -1,
  0.3,
  -0.62,
  0.63,
  5,
  -5,
  20,
  -20,
  88,
  -88,
  100,
  -100,
  Infinity,
  -Infinity,
  Number.NaN,
];

describe('row kernels', () => {
  const size = { rows: 5, columns: 7 };
  it('softmax agrees, −∞ alone gives 0, NaN and ∞ included: 1e-6', async () => {
    const rows = [...stream(3)(21, 30), ...Array(7).fill(-Infinity), 1, -Infinity, 2, Infinity, 0, 0, 0];
    expectClose(await both({ x: rows }, { out: 35 }, (k, s) => k.softmax(s('x'), s('out'), size)), 1e-6, 1e-6);
  });
  it('softmaxBackward, layerNorm, rmsNorm and their ways back agree: 1e-5', async () => {
    const draw = stream(4);
    const inputs = { x: draw(35), weight: draw(7), bias: draw(7), gradient: draw(35) };
    const outputs = {
      y: 35,
      yg: 35,
      ln: 35,
      mean: 5,
      inverse: 5,
      lng: 35,
      lnw: 7,
      lnb: 7,
      rms: 35,
      rinverse: 5,
      rmsg: 35,
      rmsw: 7,
    };
    const result = await both(inputs, outputs, (k, s) => {
      k.softmax(s('x'), s('y'), size);
      k.softmaxBackward(s('y'), s('gradient'), s('yg'), size);
      k.layerNorm(s('x'), s('weight'), s('bias'), s('ln'), s('mean'), s('inverse'), size, 1e-5);
      k.layerNormBackward(
        s('x'),
        s('weight'),
        s('mean'),
        s('inverse'),
        s('gradient'),
        s('lng'),
        s('lnw'),
        s('lnb'),
        size,
      );
      k.rmsNorm(s('x'), s('weight'), s('rms'), s('rinverse'), size, 1e-5);
      k.rmsNormBackward(s('x'), s('weight'), s('rinverse'), s('gradient'), s('rmsg'), s('rmsw'), size);
    });
    expectClose(result, 1e-5, 1e-5);
  });
  it('crossEntropy keeps its digits under logits of any size: 1e-6 |b|', async () => {
    for (const height of [1, 1e2, 1e3, 1e4]) {
      const x = stream(21)(129, 4).map((y) => y + height);
      expectClose(
        await both({ x }, { losses: 1 }, (k, s) =>
          k.crossEntropy(s('x'), Int32Array.of(40), s('losses'), { rows: 1, columns: 129 }),
        ),
        0,
        1e-6,
      );
    }
  });
  it('softmax of a long row still sums to 1: 1e-6', async () => {
    const result = await both({ x: stream(22)(40_003, 3) }, { out: 40_003 }, (k, s) =>
      k.softmax(s('x'), s('out'), { rows: 1, columns: 40_003 }),
    );
    expectClose(result, 1e-9, 2e-6);
    expect(Math.abs(result.got.out!.reduce((sum, y) => sum + y, 0) - 1)).toBeLessThan(2e-6);
  });
  it('crossEntropy and its way back agree, a negative target counts for nothing: 2e-6', async () => {
    const targets = Int32Array.of(3, -1, 0, 6, 2);
    const result = await both({ x: stream(6)(35, 9), g: stream(7)(5) }, { losses: 5, xg: 35 }, (k, s) => {
      k.crossEntropy(s('x'), targets, s('losses'), size);
      k.crossEntropyBackward(s('x'), targets, s('g'), s('xg'), size);
    });
    expectClose(result, 2e-6, 2e-6);
  });
});

describe('elementwise kernels', () => {
  const kinds: Activation[] = ['gelu', 'geluTanh', 'relu', 'silu', 'tanh'];
  it.each(kinds)('%s agrees, NaN and ±∞ included: 1e-6 + 2e-6 |b|', async (kind) => {
    const x = [...special, ...stream(8)(2000, 6)];
    expectClose(await both({ x }, { out: x.length }, (k, s) => k.activate(kind, s('x'), s('out'))), 1e-6, 2e-6);
  });
  it.each(kinds)("%s' agrees for finite numbers: 2e-6 + 2e-6 |b|", async (kind) => {
    const x = [...special.filter(Number.isFinite), ...stream(8)(2000, 6)];
    expectClose(
      await both({ x, g: stream(9)(x.length) }, { out: x.length }, (k, s) =>
        k.activateBackward(kind, s('x'), s('g'), s('out')),
      ),
      2e-6,
      2e-6,
    );
  });
  it.each(kinds)("%s' stays finite for huge numbers", async (kind) => {
    const x = [1e6, -1e6, 1e20, -1e20, 3e38, -3e38];
    expectClose(
      await both({ x, g: x.map(() => 1) }, { out: x.length }, (k, s) =>
        k.activateBackward(kind, s('x'), s('g'), s('out')),
      ),
      2e-6,
      2e-6,
    );
  });
  it('add and multiply repeat the shorter operand, scale, sumRows, sumSquares: 1e-5', async () => {
    const draw = stream(10);
    const inputs = { x: draw(35), seven: draw(7), eight: draw(40), four: draw(4), same: draw(35) };
    const result = await both(inputs, { a: 35, b: 35, c: 40, d: 35, e: 7, f: 1 }, (k, s) => {
      k.add(s('x'), s('seven'), s('a'));
      k.multiply(s('x'), s('same'), s('b'));
      k.add(s('eight'), s('four'), s('c'));
      k.scale(s('x'), -3, s('d'));
      k.sumRows(s('x'), s('e'), { rows: 5, columns: 7 });
      k.sumSquares(s('x'), s('f'));
    });
    expectClose(result, 1e-5, 1e-5);
  });
  it('gather, scatterAdd (an id twice) and rotate agree: 1e-6', async () => {
    const ids = Int32Array.of(2, 0, 2);
    const positions = Int32Array.of(3, 1, 0, 2);
    const inputs = {
      table: stream(11)(15),
      rows: stream(12)(15),
      x: stream(13)(2 * 3 * 2 * 7),
      cosine: stream(14)(8),
      sine: stream(15)(8),
    };
    for (const interleaved of [false, true])
      expectClose(
        await both(inputs, { out: 15, sum: 15, turned: 84, back: 84 }, (k, s) => {
          k.gather(s('table'), ids, s('out'), 5);
          k.scatterAdd(s('sum'), ids, s('rows'), 5);
          const task = {
            batch: 2,
            heads: 3,
            length: 2,
            headSize: 7,
            rotated: 4,
            interleaved,
            cosine: s('cosine'),
            sine: s('sine'),
            positions,
          };
          k.rotate({ ...task, input: dense(s('x'), 3, 2, 7), out: dense(s('turned'), 3, 2, 7), inverse: false });
          k.rotate({ ...task, input: dense(s('x'), 3, 2, 7), out: dense(s('back'), 3, 2, 7), inverse: true });
        }),
        1e-6,
        1e-6,
      );
  });
  it('adam agrees over one step: 1e-6', async () => {
    const draw = stream(16);
    const inputs = { gradient: draw(13), p0: draw(13), m0: draw(13), s0: draw(13).map(Math.abs) };
    const result = await both(inputs, { parameter: 13, first: 13, second: 13 }, (k, s) => {
      k.write(s('parameter'), inputs.p0);
      k.write(s('first'), inputs.m0);
      k.write(s('second'), inputs.s0);
      k.adam({
        parameter: s('parameter'),
        gradient: s('gradient'),
        first: s('first'),
        second: s('second'),
        rate: 0.01,
        beta1: 0.9,
        beta2: 0.98,
        epsilon: 1e-6,
        decay: 0.01,
        correction1: 0.19,
        correction2: 0.0396,
        gradientScale: 0.5,
      });
    });
    expectClose(result, 1e-6, 1e-6);
  });
});

describe('the definition itself', () => {
  // Abramowitz & Stegun (1964), table 7.1.
  it('has erf of 0.5, 1, 2 and 3 to 1e-10', () => {
    for (const [x, y] of [
      [0.5, 0.5204998778],
      [1, 0.8427007929],
      [2, 0.995322265],
      [3, 0.9999779095],
    ] as const)
      expect(Math.abs(erf(x) - y)).toBeLessThan(1e-10);
  });
});

describe('the WebAssembly device', () => {
  it('does not grow over 10,000 allocations of odd sizes', () => {
    const sizes = [1, 100, 1000, 37, 64];
    const once = (): void => {
      const storages = sizes.map((length) => device.allocate(length));
      for (const storage of storages) device.free(storage);
    };
    once();
    const before = device.bytes;
    for (let i = 0; i < 2000; i++) once();
    expect(device.bytes).toBe(before);
  });
  it('does not grow over 10,000 runs of products, attention and packing, of changing sizes', async () => {
    const fresh = await wasmKernels({ threads: 1 });
    const run = (i: number): void => {
      const [rows, inner, columns] = [1 + (i % 9), 1 + (i % 5), 1 + (i % 7)];
      const packed = fresh.pack({ type: 'f32', values: new Float32Array(inner * columns), inner, columns });
      const [left, out] = [fresh.allocate(rows * inner), fresh.allocate(rows * columns, false)];
      fresh.matmul({ out, left, right: packed, rows, inner, columns });
      const own = dense(left, 1, rows, inner);
      const shape = { batch: 1, heads: 1, keyValueHeads: 1, queryLength: rows, keyLength: rows };
      const visibility = { left: -1, right: 0 };
      const sizes = { headSize: inner, valueSize: inner, scale: 1, softcap: 0, visibility };
      const mixed = fresh.allocate(rows * inner, false);
      fresh.attend({ ...shape, ...sizes, query: own, key: own, value: own, out: dense(mixed, 1, rows, inner) });
      for (const storage of [packed, left, out, mixed]) fresh.free(storage);
    };
    for (let i = 0; i < 315; i++) run(i);
    const before = fresh.bytes;
    for (let i = 0; i < 10_000; i++) run(i);
    expect(fresh.bytes).toBe(before);
  });
  it('refuses storages that are freed or foreign', () => {
    const storage = device.allocate(3);
    device.free(storage);
    expect(() => device.free(storage)).toThrow('freed');
    expect(() => device.scale(definition.allocate(3), 2, device.allocate(3))).toThrow('another device');
    expect(() => device.write(device.allocate(2), [1, 2, 3])).toThrow('outside');
  });
  it('says with numbers that its memory is full, and goes on working', async () => {
    expect(() => device.allocate(2 ** 31)).toThrow(
      expect.objectContaining({
        code: 'outOfMemory',
        message: expect.stringContaining('8589934592 bytes (8.00 GiB) more'),
      }),
    );
    // What was asked for, not what it is rounded up to.
    const got = `${4 * (2 ** 30 + 1)} bytes (4.00 GiB) more`;
    expect(() => device.allocate(2 ** 30 + 1)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(got) }),
    );
    const storage = device.allocate(2);
    device.write(storage, [1, 2]);
    expect([...(await device.read(storage))]).toEqual([1, 2]);
    device.free(storage);
  });
  it('keeps its storages when the memory grows', async () => {
    const fresh = await wasmKernels();
    const storage = fresh.allocate(3);
    fresh.write(storage, [1, 2, 3]);
    const before = fresh.bytes;
    fresh.allocate(10_000_000);
    expect(fresh.bytes).toBeGreaterThan(before + 40_000_000 - 1);
    fresh.scale(storage, 2, storage);
    expect([...(await fresh.read(storage))]).toEqual([2, 4, 6]);
  });
  it('accepts storages and products of no numbers', async () => {
    const [none, out] = [device.allocate(0), device.allocate(6)];
    device.write(out, [1, 1, 1, 1, 1, 1]);
    device.scale(none, 2, none);
    device.matmul({ out, left: none, right: none, rows: 2, inner: 0, columns: 3 });
    device.matmul({ out: none, left: none, right: out, rows: 0, inner: 2, columns: 3 });
    expect([...(await device.read(out))]).toEqual([0, 0, 0, 0, 0, 0]);
  });
  describe('on an engine without it', () => {
    afterEach(() => void vi.unstubAllGlobals());
    it.each([
      ['WebAssembly', undefined],
      ['SIMD', { compile: () => Promise.reject(new Error('invalid opcode 0xfd')) }],
    ])('says that there is no %s', async (_, stub) => {
      vi.resetModules();
      vi.stubGlobal('WebAssembly', stub);
      const { wasmKernels: start } = await import('./wasm.ts');
      await expect(start()).rejects.toMatchObject({ name: 'SiseonError', code: 'noWebAssemblySimd' });
    });
  });
  it('has no start function, no data and no mutable globals, so that instances can share a memory', async () => {
    for (const shared of [false, true]) {
      const exports = WebAssembly.Module.exports(await wasmModule(shared));
      expect(exports.filter(({ kind }) => kind === 'global')).toEqual([]);
    }
    for (const { wasmBase64 } of [await import('./binary.ts'), await import('./binaryRelaxed.ts')])
      expect(sections(Uint8Array.from(atob(wasmBase64), (letter) => letter.charCodeAt(0)))).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/start|data|mutable/)]),
      );
  });
  it('fuses products only where asked and where the engine can, Node 21 and newer', async () => {
    const able = Number(process.versions.node.split('.')[0]) >= 21;
    expect(hasRelaxedSimd()).toBe(able);
    expect((await wasmKernels({ relaxed: true })).relaxed).toBe(able);
    expect((await wasmKernels()).relaxed).toBe(false);
  });
});

/** Names of the sections that would make a second instance overwrite the first. */
function sections(bytes: Uint8Array): string[] {
  const found: string[] = [];
  let at = 8;
  const number = (): number => {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = bytes[at++]!;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
      shift += 7;
    }
  };
  while (at < bytes.length) {
    const id = bytes[at++]!;
    const end = number() + at;
    if (id === 8) found.push('start');
    if (id === 11) found.push('data');
    if (id === 6) {
      const count = number();
      for (let i = 0; i < count; i++) {
        at++;
        if (bytes[at++] === 1) found.push('mutable global');
        while (bytes[at++] !== 0x0b);
      }
    }
    found.push(`section ${id}`);
    at = end;
  }
  return found;
}
