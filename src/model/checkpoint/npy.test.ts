import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readNpz, writeNpz } from './npy.ts';

const python = ['/usr/bin/python3', 'python3'].find((name) => spawnSync(name, ['-c', 'import numpy']).status === 0);
const entries = [
  { name: 'layers.0.weights', shape: [2, 1, 3], data: Float32Array.of(0, 1, 0.5, -Infinity, 2, 3) },
  { name: 'ids', shape: [2], data: Int32Array.of(4, -5) },
];

it('repeats byte for byte', () => expect(writeNpz(entries)).toEqual(writeNpz(entries)));

it.skipIf(!python)('opens in NumPy with names, shapes, types and numbers', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'siseon-')), 'x.npz');
  writeFileSync(file, writeNpz(entries));
  const code =
    'import numpy,sys; z=numpy.load(sys.argv[1]); print([(n,z[n].dtype.str,z[n].shape,z[n].ravel().tolist()) for n in z.files])';
  expect(execFileSync(python!, ['-c', code, file], { encoding: 'utf8' }).trim()).toBe(
    "[('layers.0.weights', '<f4', (2, 1, 3), [0.0, 1.0, 0.5, -inf, 2.0, 3.0]), ('ids', '<i4', (2,), [4, -5])]",
  );
});

it('reads back what it wrote', () => {
  for (const { name, shape, data } of entries) expect(readNpz(writeNpz(entries)).get(name)).toEqual({ shape, data });
});

it('refuses an array of which one byte is another, naming it', () => {
  const bytes = writeNpz(entries);
  const weights = new Uint8Array(entries[0]!.data.buffer);
  const at = bytes.findIndex((_, start) => weights.every((byte, i) => bytes[start + i] === byte));
  for (let byte = at; byte < at + weights.length; byte++) {
    const damaged = bytes.slice();
    damaged[byte]! ^= 0x40;
    expect(() => readNpz(damaged, 'x.npz')).toThrow(
      /x\.npz is no sound .* layers\.0\.weights is damaged: its checksum/,
    );
  }
  expect(readNpz(bytes).size).toBe(2);
});

it.skipIf(!python)('reads what NumPy writes: halves, doubles, long integers, booleans, text', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'siseon-')), 'y.npz');
  const code = `import numpy,sys
numpy.savez_compressed(sys.argv[1], h=numpy.array([[0.5,-2]],'f2'), d=numpy.array([1/3]), i=numpy.array([-7]), b=numpy.array([True,False]), t=numpy.array(['가','ab']), n=numpy.array(3.0,'f4'))`;
  execFileSync(python!, ['-c', code, file]);
  expect(Object.fromEntries(readNpz(readFileSync(file)))).toEqual({
    h: { shape: [1, 2], data: Float32Array.of(0.5, -2) },
    d: { shape: [1], data: Float32Array.of(1 / 3) },
    i: { shape: [1], data: Int32Array.of(-7) },
    b: { shape: [2], data: Int32Array.of(1, 0) },
    t: { shape: [2], data: ['가', 'ab'] },
    n: { shape: [], data: Float32Array.of(3) },
  });
});

it.skipIf(!python).each([
  ['x=numpy.array([1+2j])', 'has the type <c16'],
  ['x=numpy.asfortranarray(numpy.ones((2,3)))', 'Fortran order'],
])('refuses %s', (array, said) => {
  const file = join(mkdtempSync(join(tmpdir(), 'siseon-')), 'z.npz');
  execFileSync(python!, ['-c', `import numpy,sys; numpy.savez(sys.argv[1], ${array})`, file]);
  expect(() => readNpz(readFileSync(file))).toThrow(said);
});
