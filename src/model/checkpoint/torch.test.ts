import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { fuzz } from '../../platform/fuzz.testing.ts';
import { diskFolder, memoryFolder, SiseonError } from '../../platform/index.ts';
import { widened } from '../numbers.ts';
import { openTorch } from './torch.ts';

/** Written by PyTorch (samples/make.py). */
const samples = diskFolder(fileURLToPath(new URL('samples', import.meta.url)));
const sample = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`samples/${name}`, import.meta.url)));
const quarters = (count: number, start = 0): number[] => Array.from({ length: count }, (_, i) => (start + i) / 4 - 1);

async function refusal(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  try {
    const tensors = await openTorch(memoryFolder({ 'x.bin': bytes }), 'x.bin');
    for (const tensor of tensors.values()) await tensor.read();
    return 'none';
  } catch (error) {
    expect(error).toBeInstanceOf(SiseonError);
    return (error as SiseonError).message;
  }
}

describe.each(['zip.bin', 'old.bin'])('PyTorch’s own file %s', (file) => {
  it('has every tensor, with its type, shape and numbers', async () => {
    const read: Record<string, unknown> = {};
    for (const [name, tensor] of await openTorch(samples, file))
      read[name] = [tensor.dtype, tensor.shape, Array.from(widened(await tensor.read()))];
    expect(read).toEqual({
      plain: ['F32', [2, 3], quarters(6)],
      half: ['F16', [5], quarters(5)],
      brain: ['BF16', [5], quarters(5)],
      double: ['F64', [2], quarters(2)],
      long: ['I64', [3], [1, -2, 3]],
      flags: ['BOOL', [2], [1, 0]],
      transposed: ['F32', [3, 2], [-1, -0.25, -0.75, 0, -0.5, 0.25]],
      rows: ['F32', [2, 3], quarters(6, 3)],
      column: ['F32', [4], [-0.75, 0, 0.75, 1.5]],
      parameter: ['F32', [2], quarters(2)],
      scalar: ['F32', [], [7]],
      empty: ['F32', [0, 3], []],
    });
  });
});

it('a module’s state, an OrderedDict with attributes', async () => {
  const tensors = await openTorch(samples, 'linear.bin');
  expect([...tensors.keys()]).toEqual(['weight', 'bias']);
  expect(Array.from(widened(await tensors.get('weight')!.read()))).toEqual(quarters(6));
});

describe('nothing is run: a pickle is refused, naming what it asked for', () => {
  it.each([
    ['system.bin', /posix\.system|os\.system/],
    ['eval.bin', /__builtin__\.eval/],
    ['nested.bin', /__builtin__\.eval/],
    ['dictionary.bin', /OrderedDict with arguments/],
    ['object.bin', /copy_reg\._reconstructor|argparse\.Namespace/],
    ['protocol4.bin', /pickle protocol 4/],
    ['instance.bin', /opcode INST/],
    ['training.bin', /beside tensors it holds "(model|epoch)"/],
  ])('%s', async (file, problem) => expect(await refusal(sample(file))).toMatch(problem));

  it('100,000 nested marks, a pickle without an end, an unknown opcode', async () => {
    const zip = (pickle: string): Uint8Array<ArrayBuffer> =>
      new Uint8Array(zipSync({ 'x/data.pkl': Uint8Array.from(pickle, (c) => c.charCodeAt(0)) }, { level: 0 }));
    expect(await refusal(zip(`\x80\x02${'('.repeat(100_000)}N.`))).toContain('no dictionary of tensors');
    expect(await refusal(zip('\x80\x02}q'))).toContain('breaks off');
    expect(await refusal(zip('\x80\x02\xff.'))).toContain('opcode 0xff');
    expect(await refusal(zip('\x80\x02(Nu.'))).toContain('makes no sense');
    expect(await refusal(zip('\x80\x02ctorch\nload\n.'))).toContain('asks for torch.load');
  });
});

describe('a damaged file is refused', () => {
  const zip = sample('zip.bin');
  const text = (from: string, to: string): Uint8Array<ArrayBuffer> => {
    const latin = Array.from(zip, (byte) => String.fromCharCode(byte)).join('');
    expect(latin).toContain(from);
    return Uint8Array.from(latin.replaceAll(from, to), (c) => c.charCodeAt(0));
  };
  it.each<[string, Uint8Array<ArrayBuffer>, string]>([
    ['empty', new Uint8Array(0), 'has 0 bytes'],
    ['no file of PyTorch', new Uint8Array(100), 'no file of PyTorch'],
    ['a zip cut off', zip.slice(0, zip.length - 100), 'directory'],
    ['an old file cut off', sample('old.bin').slice(0, 1500), 'breaks off|would end at byte'],
    ['compressed', new Uint8Array(zipSync({ 'x/data.pkl': new Uint8Array(1000) })), 'compressed'],
    ['no pickle', new Uint8Array(zipSync({ 'x/code.py': new Uint8Array(9) }, { level: 0 })), 'no data.pkl'],
    // plain: BININT1 6 as the storage's count, where the file has 24 bytes.
    ['a storage that should be larger', text('cpuq\x07K\x06t', 'cpuq\x07K\x07t'), 'should have 28 bytes and has 24'],
    // plain: shape (2, 3) → (9, 3).
    ['a tensor beyond its storage', text('QK\x00K\x02K\x03', 'QK\x00K\x09K\x03'), 'reaches number'],
    ['a storage that is missing', text('zip/data/0', 'zip/data/x'), 'is missing'],
  ])('%s', async (_, bytes, problem) => expect(await refusal(bytes)).toMatch(new RegExp(problem)));

  it.each(['zip.bin', 'old.bin'])('%s: whatever bytes are changed, nothing but its own error', async (file) => {
    const sound = sample(file);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(sound.length),
        async (changes, length) => {
          const bytes = sound.slice(0, length < 20 ? sound.length : length);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          await refusal(bytes);
        },
      ),
      fuzz(300),
    );
  });
});
