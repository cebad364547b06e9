import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeNpz } from './npy.ts';

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
