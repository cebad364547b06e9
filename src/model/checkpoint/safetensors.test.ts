import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzz } from '../../platform/fuzz.testing.ts';
import { memoryFolder, SiseonError } from '../../platform/index.ts';
import { openSafetensors, readSafetensors, writeSafetensors } from './safetensors.ts';

/** A file from its header and body, the header's length right unless said. */
function file(header: string, body = new Uint8Array(), length = new TextEncoder().encode(header).length): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  bytes.set(body, 8 + text.length);
  return bytes;
}
const entry = (start: number, end: number, shape = '[1]', dtype = 'F32'): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${start},${end}]}`;

describe('a hostile file is refused, naming file and fault', () => {
  it.each([
    ['too short', new Uint8Array(5), 'has 5 bytes'],
    ['a header longer than the file', file('{}', new Uint8Array(), 900), 'end at byte 908'],
    ['an absurd header length', file('{}', new Uint8Array(), 2 ** 40), 'more than 100000000'],
    ['no JSON', file('{"a":'), 'not JSON'],
    ['a list for a header', file('[]'), 'no JSON object'],
    ['a name twice', file(`{"a":${entry(0, 4)},"a":${entry(0, 4)}}`, new Uint8Array(4)), 'names a twice'],
    ['an unknown type', file(`{"a":${entry(0, 4, '[1]', 'F7')}}`, new Uint8Array(4)), 'has the type "F7"'],
    ['a negative shape', file(`{"a":${entry(0, 4, '[-1]')}}`, new Uint8Array(4)), 'shape that is no list'],
    ['a fractional shape', file(`{"a":${entry(0, 4, '[1.5]')}}`, new Uint8Array(4)), 'shape that is no list'],
    [
      'a shape too large to count',
      file(`{"a":${entry(0, 4, '[9007199254740991,9007199254740991]')}}`, new Uint8Array(4)),
      'too large',
    ],
    ['three offsets', file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', new Uint8Array(8)), 'no pair'],
    ['a size that does not match', file(`{"a":${entry(0, 4, '[2]')}}`, new Uint8Array(4)), 'needs 8 bytes and has 4'],
    [
      'a truncated body',
      file(`{"a":${entry(0, 8, '[2]')}}`, new Uint8Array(4)),
      'would end at byte 8, and there are 4',
    ],
    ['overlapping tensors', file(`{"a":${entry(0, 4)},"b":${entry(2, 6)}}`, new Uint8Array(6)), 'shares bytes'],
    [
      'a hole',
      file(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, new Uint8Array(12)),
      'bytes 4 to 8 belong to no tensor',
    ],
    ['trailing bytes', file(`{"a":${entry(0, 4)}}`, new Uint8Array(6)), 'bytes 4 to 6 belong to no tensor'],
    ['metadata that is not text', file('{"__metadata__":{"a":1}}'), 'other than strings'],
    [
      'an id beyond 32 bits',
      file(`{"a":${entry(0, 8, '[1]', 'I64')}}`, new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0])),
      'beyond 32 bits',
    ],
  ] as const)('%s', (_, bytes, problem) => {
    let caught: unknown;
    try {
      readSafetensors(bytes, 'x.safetensors');
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(SiseonError);
    expect((caught as SiseonError).code).toBe('badSafetensors');
    expect((caught as SiseonError).message).toContain('x.safetensors');
    expect((caught as SiseonError).message).toContain(problem);
  });

  it('throws nothing but its own error, whatever byte is changed', () => {
    const sound = writeSafetensors(
      [
        { name: 'a', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
        { name: 'b', shape: [2], data: Int32Array.of(7, 8) },
      ],
      { note: 'x' },
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        fc.nat(sound.length),
        (changes, length) => {
          const bytes = sound.slice(0, length === 0 ? sound.length : length);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          try {
            readSafetensors(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(SiseonError);
          }
        },
      ),
      fuzz(500),
    );
  });
});

it('a Git LFS pointer is called so', () => {
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n';
  expect(() => readSafetensors(new TextEncoder().encode(pointer))).toThrow('as a Git LFS pointer does');
});

describe('a sound file', () => {
  it('comes back as it was written, from a Buffer too', () => {
    const bytes = writeSafetensors(
      [
        { name: 'scores', shape: [2, 2], data: Float32Array.of(1, -Infinity, Number.NaN, -0) },
        { name: 'ids', shape: [3], data: Int32Array.of(1, -2, 3) },
      ],
      { text: '철수가' },
    );
    for (const copy of [bytes, Buffer.concat([Buffer.alloc(1), bytes]).subarray(1)]) {
      const { tensors, metadata } = readSafetensors(copy);
      expect(metadata).toEqual({ text: '철수가' });
      expect(tensors.get('scores')).toEqual({
        dtype: 'F32',
        shape: [2, 2],
        data: Float32Array.of(1, -Infinity, Number.NaN, -0),
      });
      expect(tensors.get('ids')!.data).toEqual(Int32Array.of(1, -2, 3));
    }
    expect(new DataView(bytes.buffer).getBigUint64(0, true) % 8n).toBe(0n);
  });
  it('widens half types exactly: 1.5, −2 and the smallest half', () => {
    const half = new Uint8Array(new Uint16Array([0x3e00, 0xc000, 1]).buffer);
    expect(readSafetensors(file(`{"a":${entry(0, 6, '[3]', 'F16')}}`, half)).tensors.get('a')!.data).toEqual(
      Float32Array.of(1.5, -2, 2 ** -24),
    );
    const brain = new Uint8Array(new Uint16Array([0x3fc0, 0xc000]).buffer);
    expect(readSafetensors(file(`{"a":${entry(0, 4, '[2]', 'BF16')}}`, brain)).tensors.get('a')!.data).toEqual(
      Float32Array.of(1.5, -2),
    );
  });
  it('that was cut short where it is kept is named with its place', async () => {
    const cut = memoryFolder({ 'a.safetensors': new Uint8Array(file(`{"a":${entry(0, 8, '[2]')}}`)) }, 'owner/model');
    const kept = { ...cut, keptAt: async () => '/cache/snapshots/c0ffee/a.safetensors' };
    await expect(openSafetensors(kept, 'a.safetensors')).rejects.toThrow(
      /^owner\/model\/a\.safetensors \(\/cache\/snapshots\/c0ffee\/a\.safetensors\) is no sound/,
    );
    await expect(openSafetensors(cut, 'a.safetensors')).rejects.toThrow(/^owner\/model\/a\.safetensors is no sound/);
  });
});
