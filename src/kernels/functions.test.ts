import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Activation } from './contract.ts';
import { activations, erf } from './reference.ts';

type Over = (to: number, from: number, count: number) => void;
type Name = 'exp' | 'expBelow' | 'tanh' | 'erf' | 'logs';

const COUNT = 262_144;
const FROM = 65_536;
const TO = FROM + 8 * COUNT;

let functions: Record<Name, Over> & {
  constants(): void;
  activationConstants(): void;
  activateEach(kind: number, to: number, from: number, count: number): void;
  activateAll(kind: number, to: number, from: number, count: number, scratch: number): void;
};
let memory: WebAssembly.Memory;
const folder = mkdtempSync(join(tmpdir(), 'siseon-functions-'));

beforeAll(async () => {
  const source = fileURLToPath(new URL('assembly/functions.testing.ts', import.meta.url));
  const outFile = join(folder, 'functions.wasm');
  const features = ['simd', 'bulk-memory'].flatMap((feature) => ['--enable', feature]);
  const options = ['-O3', '--noAssert', '--runtime', 'stub', '--importMemory', ...features];
  const { error } = await asc.main([source, '--outFile', outFile, ...options]);
  if (error) throw error;
  memory = new WebAssembly.Memory({ initial: 128 });
  const { instance } = await WebAssembly.instantiate(readFileSync(outFile), { env: { memory } });
  functions = instance.exports as unknown as typeof functions;
  functions.constants();
  functions.activationConstants();
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a function makes of numbers, rounded to f32 on the way in. */
function applied(name: Exclude<Name, 'logs'>, numbers: Float32Array): Float32Array {
  const [from, to] = [FROM, TO].map((at) => new Float32Array(memory.buffer, at, numbers.length)) as [
    Float32Array,
    Float32Array,
  ];
  from.set(numbers);
  functions[name](name === 'expBelow' ? FROM : TO, name === 'expBelow' ? TO : FROM, numbers.length);
  return (name === 'expBelow' ? from : to).slice();
}

/** Evenly from `low` to `high`, both among them. */
const evenly = (low: number, high: number): Float32Array =>
  Float32Array.from({ length: COUNT }, (_, i) => low + ((high - low) * i) / (COUNT - 1));

/** The largest error in units of the last place of f32 (2⁻²³ of the power of two below the true number). */
function ulps(numbers: Float32Array, got: Float32Array, truth: (x: number) => number): number {
  let worst = 0;
  for (const [i, x] of numbers.entries()) {
    const y = truth(x);
    if (y === 0) continue;
    const unit = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(y)))) - 23);
    worst = Math.max(worst, Math.abs(got[i]! - y) / unit);
  }
  return worst;
}

const wide = evenly(-87.336, 88.72);
const below = evenly(-87.336, 0);
/** Around 0 every size down to 1e-30, where a sum would lose what a product keeps. */
const tiny = Float32Array.from({ length: COUNT }, (_, i) => (i % 2 ? -1 : 1) * 10 ** (-30 * (i / COUNT)));

describe('functions on four lanes, over 262,144 numbers, against double precision', () => {
  it.each<[string, number, Exclude<Name, 'logs'>, Float32Array, (x: number) => number]>([
    ['exp, −87.3 to 88.7', 1, 'exp', wide, Math.exp],
    ['exp in passes, −87.3 to 0', 1, 'expBelow', below, Math.exp],
    ['tanh, −10 to 10', 1.5, 'tanh', evenly(-10, 10), Math.tanh],
    ['tanh, −1 to 1 down to 1e-30', 1.5, 'tanh', tiny, Math.tanh],
    ['erf, −4 to 4', 7.5, 'erf', evenly(-4, 4), erf],
    ['erf, −1 to 1 down to 1e-30', 7.5, 'erf', tiny, erf],
  ])('%s: at most %d ulp', (_, budget, name, numbers, truth) => {
    expect(ulps(numbers, applied(name, numbers), truth)).toBeLessThanOrEqual(budget);
  });
  it.each<[string, number, number, number, number, number]>([
    ['gelu', 0, 1.4e-6, 4.2, 7, 8],
    ['geluTanh', 1, 4.5e-7, 2, 4.2, 8],
    ['silu', 3, 1.2e-6, 2, 2, 12],
  ])(
    '%s (kind %d): off by at most %d, %d ulp from 0 on, %d ulp from −1 to 0, over −%d to as much',
    (name, kind, most, from0, from1, end) => {
      for (const [low, high, budget] of [
        [-end, -1, Number.POSITIVE_INFINITY],
        [-1, 0, from1],
        [0, end, from0],
      ] as const) {
        const numbers = evenly(low, high);
        new Float32Array(memory.buffer, FROM, COUNT).set(numbers);
        functions.activateAll(kind, TO, FROM, COUNT, 4096);
        const got = new Float32Array(memory.buffer, TO, COUNT).slice();
        const truth = activations[name as Activation];
        expect(ulps(numbers, got, truth)).toBeLessThanOrEqual(budget);
        expect(numbers.reduce((worst, x, i) => Math.max(worst, Math.abs(got[i]! - truth(x))), 0)).toBeLessThan(most);
      }
    },
  );
  it('tanh of −0 is −0, as of every number that small it is the number', () => {
    const numbers = Float32Array.of(0, -0, 1e-30, -1e-30);
    expect([...applied('tanh', numbers)]).toEqual([...numbers]);
  });
  it('exp in passes has the bits of exp, where the result is a normal number, 0, NaN or the exponent −∞', () => {
    const numbers = Float32Array.of(...below.subarray(0, 4000), 0, -0, -87.33655, -88, -1e9, -Infinity, NaN, -1e-30);
    const padded = new Float32Array(numbers.length + (4 - (numbers.length % 4)));
    padded.set(numbers);
    expect(applied('expBelow', padded)).toEqual(applied('exp', padded));
  });
  it.each([
    ['gelu', 0],
    ['geluTanh', 1],
    ['silu', 3],
    ['tanh', 4],
  ])('%s of many numbers has the bits of %s of four, over −100 to 100, tiny, huge and special ones', (_, kind) => {
    const special = [
      0,
      -0,
      Number.NaN,
      Infinity,
      -Infinity,
      3e38,
      -3e38,
      1e-40,
      87,
      -87,
      -88,
      -88.7,
      -88.8,
      40,
      -40,
      2,
    ];
    const numbers = Float32Array.of(
      ...special,
      ...tiny.subarray(0, 4000),
      ...evenly(-100, 100).filter((_, i) => i % 16 === 0),
    );
    const bits = (at: number): Float32Array => new Float32Array(memory.buffer, at, numbers.length);
    bits(FROM).set(numbers);
    functions.activateEach(kind, TO, FROM, numbers.length);
    const each = bits(TO).slice();
    functions.activateAll(kind, TO, FROM, numbers.length, 4096);
    expect(bits(TO)).toEqual(each);
  });
  it('log in double precision, 1e-38 to 3e38: at most 2 ulp of f64', () => {
    const numbers = Float64Array.from({ length: COUNT }, (_, i) => 10 ** (-38 + (76.47 * i) / COUNT));
    new Float64Array(memory.buffer, FROM, COUNT).set(numbers);
    functions.logs(TO, FROM, COUNT);
    const got = new Float64Array(memory.buffer, TO, COUNT);
    let worst = 0;
    for (const [i, x] of numbers.entries()) {
      const y = Math.log(x);
      worst = Math.max(worst, Math.abs(got[i]! - y) / 2 ** (Math.floor(Math.log2(Math.abs(y))) - 52));
    }
    expect(worst).toBeLessThanOrEqual(2);
  });
});
