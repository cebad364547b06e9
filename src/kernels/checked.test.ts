import { describe, expect, it } from 'vitest';
import type { Attend, Heads, Kernels, Matmul, Storage } from './contract.ts';
import { referenceKernels } from './reference.ts';
import { wasmKernels } from './wasm.ts';

const devices: [string, Kernels][] = [
  ['the definition', referenceKernels()],
  ['the WebAssembly device', await wasmKernels({ threads: 1 })],
];

type Storages = (name: string) => Storage;
/** A call of a kernel, and the lengths that its storages must have at least. */
interface Call {
  readonly needs: Readonly<Record<string, number>>;
  readonly run: (k: Kernels, s: Storages) => void;
}

const size = { rows: 3, columns: 5 };
const whole = size.rows * size.columns;

/** Two heads of 3 and 4 rows in batches of 2, with a gap of one number before and between rows. */
const heads = (storage: Storage, count: number, rows: number, width: number): Heads => ({
  storage,
  offset: 1,
  batchStride: count * rows * (width + 1),
  headStride: rows * (width + 1),
  rowStride: width + 1,
});
const headed = (count: number, rows: number, width: number): number => 2 * count * rows * (width + 1);
const shape = {
  batch: 2,
  heads: 4,
  keyValueHeads: 2,
  queryLength: 3,
  keyLength: 7,
  headSize: 5,
  valueSize: 6,
  scale: 1,
  softcap: 0,
};
const [queries, keys, values, mixed] = [headed(4, 3, 5), headed(2, 7, 5), headed(2, 7, 6), headed(4, 3, 6)];
const attended = (s: Storages): Omit<Attend, 'visibility'> => ({
  ...shape,
  query: heads(s('query'), 4, 3, 5),
  key: heads(s('key'), 2, 7, 5),
  value: heads(s('value'), 2, 7, 6),
  out: heads(s('out'), 4, 3, 6),
});

const calls: Record<string, Call> = {
  matmul: {
    needs: { out: 2 * 3 * 7, left: 2 * 3 * 5, right: 2 * 5 * 7, bias: 7, residual: 2 * 3 * 7 },
    run: (k, s) => {
      const [out, left, right, bias, residual] = [s('out'), s('left'), s('right'), s('bias'), s('residual')];
      k.matmul({ out, left, right, bias, residual, batch: 2, rows: 3, inner: 5, columns: 7 });
    },
  },
  attend: {
    needs: {
      ...{ query: queries, key: keys, value: values, out: mixed, logSumExp: 24, bias: 3 * 7 },
      ...{ dots: 168, scores: 168, maskedScores: 168, weights: 168 },
    },
    run: (k, s) => {
      const keep = { dots: s('dots'), scores: s('scores'), maskedScores: s('maskedScores'), weights: s('weights') };
      const bias = { storage: s('bias'), offset: 0, batchStride: 0, headStride: 0, rowStride: 7, columnStride: 1 };
      k.attend({ ...attended(s), visibility: { left: -1, right: 0, bias }, logSumExp: s('logSumExp'), keep });
    },
  },
  attendBackward: {
    needs: {
      ...{ query: queries, key: keys, value: values, out: mixed, logSumExp: 24 },
      ...{ outGradient: mixed, queryGradient: queries, keyGradient: keys, valueGradient: values },
    },
    run: (k, s) =>
      k.attendBackward({
        ...attended(s),
        visibility: { left: -1, right: -1 },
        logSumExp: s('logSumExp'),
        outGradient: heads(s('outGradient'), 4, 3, 6),
        queryGradient: heads(s('queryGradient'), 4, 3, 5),
        keyGradient: heads(s('keyGradient'), 2, 7, 5),
        valueGradient: heads(s('valueGradient'), 2, 7, 6),
      }),
  },
  rotate: {
    needs: { input: queries, out: queries },
    run: (k, s) => {
      const [cosine, sine] = [k.allocate(9 * 2), k.allocate(9 * 2)];
      k.rotate({
        ...{ batch: 2, heads: 4, length: 3, headSize: 5, rotated: 4, interleaved: false, inverse: false },
        ...{ input: heads(s('input'), 4, 3, 5), out: heads(s('out'), 4, 3, 5), cosine, sine },
        positions: Int32Array.of(0, 1, 8, 2, 3, 4),
      });
    },
  },
  softmax: { needs: { x: whole, out: whole }, run: (k, s) => k.softmax(s('x'), s('out'), size) },
  softmaxBackward: {
    needs: { y: whole, g: whole, out: whole },
    run: (k, s) => k.softmaxBackward(s('y'), s('g'), s('out'), size),
  },
  layerNorm: {
    needs: { x: whole, w: 5, b: 5, out: whole, mean: 3, inverse: 3 },
    run: (k, s) => k.layerNorm(s('x'), s('w'), s('b'), s('out'), s('mean'), s('inverse'), size, 1e-5),
  },
  layerNormBackward: {
    needs: { x: whole, w: 5, mean: 3, inverse: 3, g: whole, xg: whole, wg: 5, bg: 5 },
    run: (k, s) =>
      k.layerNormBackward(s('x'), s('w'), s('mean'), s('inverse'), s('g'), s('xg'), s('wg'), s('bg'), size),
  },
  rmsNorm: {
    needs: { x: whole, w: 5, out: whole, inverse: 3 },
    run: (k, s) => k.rmsNorm(s('x'), s('w'), s('out'), s('inverse'), size, 1e-5),
  },
  rmsNormBackward: {
    needs: { x: whole, w: 5, inverse: 3, g: whole, xg: whole, wg: 5 },
    run: (k, s) => k.rmsNormBackward(s('x'), s('w'), s('inverse'), s('g'), s('xg'), s('wg'), size),
  },
  activate: { needs: { out: 5 }, run: (k, s) => k.activate('gelu', k.allocate(5), s('out')) },
  activateBackward: {
    needs: { g: 5, xg: 5 },
    run: (k, s) => k.activateBackward('silu', k.allocate(5), s('g'), s('xg')),
  },
  add: { needs: { out: 6 }, run: (k, s) => k.add(k.allocate(6), k.allocate(3), s('out')) },
  multiply: { needs: { out: 6 }, run: (k, s) => k.multiply(k.allocate(6), k.allocate(2), s('out')) },
  scale: { needs: { out: 5 }, run: (k, s) => k.scale(k.allocate(5), 2, s('out')) },
  keepLargest: { needs: { x: whole, out: whole }, run: (k, s) => k.keepLargest(s('x'), s('out'), size, 2, 0) },
  sumRows: { needs: { x: whole, out: 5 }, run: (k, s) => k.sumRows(s('x'), s('out'), size) },
  sumSquares: { needs: { out: 1 }, run: (k, s) => k.sumSquares(k.allocate(5), s('out')) },
  gather: { needs: { out: 6 }, run: (k, s) => k.gather(k.allocate(12), Int32Array.of(0, 3), s('out'), 3) },
  scatterAdd: { needs: { rows: 6 }, run: (k, s) => k.scatterAdd(k.allocate(12), Int32Array.of(3, 0), s('rows'), 3) },
  crossEntropy: {
    needs: { logits: whole, losses: 3 },
    run: (k, s) => k.crossEntropy(s('logits'), Int32Array.of(4, -1, 0), s('losses'), size),
  },
  crossEntropyBackward: {
    needs: { logits: whole, g: 3, out: whole },
    run: (k, s) => k.crossEntropyBackward(s('logits'), Int32Array.of(4, -1, 0), s('g'), s('out'), size),
  },
  adam: {
    needs: { gradient: 5, first: 5, second: 5 },
    run: (k, s) =>
      k.adam({
        ...{ parameter: k.allocate(5), gradient: s('gradient'), first: s('first'), second: s('second') },
        ...{ rate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, decay: 0, correction1: 1, correction2: 1 },
        gradientScale: 1,
      }),
  },
};

/** What a kernel can do without. */
const optional = new Set(['bias', 'residual', 'logSumExp', 'dots', 'scores', 'maskedScores', 'weights']);

describe.each(devices)('%s', (_, k) => {
  const all = Object.entries(calls).flatMap(([kernel, call]) =>
    Object.keys(call.needs).map((name) => [kernel, name, call] as const),
  );
  it.each(all)('%s refuses %s of one number too few, and writes nothing', async (_, short, { needs, run }) => {
    const full = new Map(Object.entries(needs).map(([name, length]) => [name, k.allocate(length)]));
    run(k, (name) => full.get(name)!);
    const storages = new Map(
      Object.entries(needs).map(([name, length]) => [name, k.allocate(name === short ? length - 1 : length)]),
    );
    for (const storage of storages.values()) k.write(storage, new Float32Array(storage.length).fill(0.5));
    expect(() => run(k, (name) => storages.get(name)!)).toThrow(expect.objectContaining({ code: 'storageTooShort' }));
    for (const storage of storages.values()) expect(new Set(await k.read(storage)).size).toBeLessThanOrEqual(1);
  });

  it.each(all)('%s refuses to do without %s, by its name', (kernel, missing, { needs, run }) => {
    if (optional.has(missing)) return;
    const full = new Map(Object.entries(needs).map(([name, length]) => [name, k.allocate(length)]));
    const told = expect.objectContaining({ code: 'wrongStorage', message: expect.stringContaining(`${kernel}: `) });
    expect(() => run(k, (name) => (name === missing ? (undefined as unknown as Storage) : full.get(name)!))).toThrow(
      told,
    );
  });

  it.each([
    ['sizes below 0', 'badSize', { inner: -5, columns: -3 }],
    ['sizes between two numbers', 'badSize', { inner: 1.5, columns: 10 }],
    ['groups below 0', 'badSize', { group: -1 }],
    ['too few numbers', 'packedMisfit', { columns: 4 }],
    ['numbers of another type', 'packedMisfit', { type: 'f16' as const }],
    ['no scales where the type needs them', 'packedMisfit', { type: 'int8' as const, values: new Int8Array(15) }],
    ['groups of none', 'packedMisfit', { type: 'int8' as const, values: new Int8Array(15), group: 0 }],
  ])('refuses to pack %s', (_, code, other) => {
    const source = { type: 'f32' as const, values: new Float32Array(15), inner: 5, columns: 3 };
    expect(() => k.pack({ ...source, ...other })).toThrow(expect.objectContaining({ code }));
  });

  it('keeps the largest of a row, of equal ones the first, ∞ and −∞ among them; NaN is not lost; counts that are none are refused', async () => {
    const [x, out] = [k.allocate(10), k.allocate(10)];
    k.write(x, [Infinity, 2, Infinity, -Infinity, 2, 1, Number.NaN, 5, 7, -Infinity]);
    k.keepLargest(x, out, { rows: 2, columns: 5 }, 3, -9);
    expect([...(await k.read(out))]).toEqual([Infinity, 2, Infinity, -9, -9, -9, Number.NaN, 5, 7, -9]);
    for (const count of [-1, 1.5, Number.NaN])
      expect(() => k.keepLargest(x, out, { rows: 2, columns: 5 }, count, 0)).toThrow(
        expect.objectContaining({ code: 'badSize' }),
      );
  });

  it('says what, expected and got', () => {
    const storages = { out: k.allocate(5), left: k.allocate(4), right: k.allocate(6) };
    const got =
      'matmul: out is too short for the sizes: expected 6 numbers or more, got 5. Give a longer out, or smaller sizes.';
    expect(() => k.matmul({ ...storages, rows: 2, inner: 2, columns: 3 })).toThrow(got);
  });

  it.each([
    ['sizes that are none', 'badSize', { rows: 1.5 }],
    ['sizes below 0', 'badSize', { columns: -1 }],
    ['a batch', 'packedMisfit', { batch: 2 }],
    ['another inner', 'packedMisfit', { inner: 4 }],
    ['other columns', 'packedMisfit', { columns: 2 }],
    ['the other way round', 'packedMisfit', { rightTransposed: true }],
  ])('refuses products of a packed operand with %s', (_, code, other) => {
    const right = k.pack({ type: 'f32', values: new Float32Array(15), inner: 5, columns: 3 });
    const task: Matmul = { out: k.allocate(99), left: k.allocate(99), right, rows: 2, inner: 5, columns: 3 };
    k.matmul(task);
    expect(() => k.matmul({ ...task, ...other })).toThrow(expect.objectContaining({ code }));
  });

  it('refuses an operand that was packed transposed where the product does not say so, unless its transpose fits', async () => {
    const [left, out] = [k.allocate(4), k.allocate(4)];
    k.write(left, [1, 0, 0, 1]);
    const long = k.pack({ type: 'f32', values: new Float32Array(6), inner: 2, columns: 3, transposed: true });
    const task = { out: k.allocate(9), left, rows: 2, inner: 2, columns: 3 };
    expect(() => k.matmul({ ...task, right: long })).toThrow(expect.objectContaining({ code: 'packedMisfit' }));
    const square = k.pack({ type: 'f32', values: Float32Array.of(1, 2, 3, 4), inner: 2, columns: 2, transposed: true });
    k.matmul({ out, left, right: square, rows: 2, inner: 2, columns: 2 });
    expect([...(await k.read(out))]).toEqual([1, 2, 3, 4]);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses to allocate %d numbers', (length) => {
    expect(() => k.allocate(length)).toThrow(expect.objectContaining({ code: 'badSize' }));
  });

  it('refuses activations that there are none of', () => {
    const [activation, six] = ['gelu_new' as 'gelu', k.allocate(6)];
    const unknown = expect.objectContaining({ code: 'unknownActivation' });
    const task = { out: six, left: six, right: six, rows: 2, inner: 2, columns: 2 };
    expect(() => k.matmul({ ...task, activation })).toThrow(unknown);
    expect(() => k.activate(activation, six, six)).toThrow(unknown);
    expect(() => k.activateBackward(activation, six, six, six)).toThrow(unknown);
  });

  it('refuses ids, positions and targets that name no row', () => {
    const outside = expect.objectContaining({ code: 'idOutside' });
    const [six, table, logits] = [k.allocate(6), k.allocate(12), k.allocate(15)];
    for (const id of [-1, 4]) {
      expect(() => k.gather(table, Int32Array.of(0, id), six, 3)).toThrow(outside);
      expect(() => k.scatterAdd(table, Int32Array.of(id, 0), six, 3)).toThrow(outside);
    }
    expect(() => k.crossEntropy(logits, Int32Array.of(0, 5, -1), six, size)).toThrow(outside);
    const lone = { storage: six, offset: 0, batchStride: 0, headStride: 0, rowStride: 2 };
    const turn = { batch: 1, heads: 1, length: 1, headSize: 2, rotated: 2, interleaved: false, inverse: false };
    const tables = { cosine: table, sine: table };
    expect(() => k.rotate({ ...turn, ...tables, input: lone, out: lone, positions: Int32Array.of(12) })).toThrow(
      outside,
    );
  });

  it('refuses heads that cannot share key heads, lists too short for the batch, and what cannot be repeated', () => {
    const storages = new Map(Object.entries(calls.attend!.needs).map(([name, length]) => [name, k.allocate(length)]));
    const task = attended((name) => storages.get(name)!);
    const visibility = { left: -1, right: -1 };
    const bad = (code: string) => expect.objectContaining({ code });
    expect(() => k.attend({ ...task, visibility, keyValueHeads: 3 })).toThrow(bad('badSize'));
    for (const list of ['keyLengths', 'offsets'])
      expect(() => k.attend({ ...task, visibility: { ...visibility, [list]: Int32Array.of(1) } })).toThrow(
        bad('storageTooShort'),
      );
    expect(() => k.add(k.allocate(5), k.allocate(2), k.allocate(5))).toThrow(bad('badSize'));
  });

  it('refuses results of another length where numbers stand alone: none behind the last is written', async () => {
    const [five, eight] = [k.allocate(5), k.allocate(8)];
    k.write(eight, new Array(8).fill(9));
    const refused = expect.objectContaining({ code: 'badSize' });
    expect(() => k.add(five, five, eight)).toThrow(refused);
    expect(() => k.multiply(five, five, eight)).toThrow(refused);
    expect(() => k.scale(five, 2, eight)).toThrow(refused);
    expect(() => k.activate('gelu', five, eight)).toThrow(refused);
    expect(() => k.activateBackward('gelu', five, five, eight)).toThrow(refused);
    expect([...(await k.read(eight))]).toEqual(new Array(8).fill(9));
  });

  it('refuses windows that 32 bits cannot count, soft-caps that are none, and places between two numbers', () => {
    const storages = new Map(Object.entries(calls.attend!.needs).map(([name, length]) => [name, k.allocate(length)]));
    const task = attended((name) => storages.get(name)!);
    const refused = expect.objectContaining({ code: 'badSize' });
    const open = { left: -1, right: -1 };
    for (const side of [2 ** 31 - 1, Infinity, -2, 0.5, Number.NaN]) {
      expect(() => k.attend({ ...task, visibility: { ...open, right: side } })).toThrow(refused);
      expect(() => k.attend({ ...task, visibility: { ...open, left: side } })).toThrow(refused);
    }
    const offsets = Int32Array.of(0, -(2 ** 31));
    expect(() => k.attend({ ...task, visibility: { ...open, offsets } })).toThrow(refused);
    for (const softcap of [-1, Number.NaN, Infinity])
      expect(() => k.attend({ ...task, softcap, visibility: open })).toThrow(refused);
    const query = { ...task.query, offset: 0.5 };
    const between = expect.objectContaining({ code: 'storageTooShort' });
    expect(() => k.attend({ ...task, query, visibility: open })).toThrow(between);
  });
});
