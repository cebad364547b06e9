/** NumPy's .npy (numpy.lib.format) and .npz (a zip of them): written in format 1.0, read in all. */
import { zipSync } from 'fflate';
import { SiseonError } from '../../platform/index.ts';
import { halfToFloat } from '../numbers.ts';
import { readArchive } from './archive.ts';

export interface NpyEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | readonly string[];
}

/** Texts as NumPy keeps them: four bytes a character, all as long as the longest, filled up with zeros. */
function characters(texts: readonly string[]): { readonly descr: string; readonly bytes: Uint8Array } {
  const points = texts.map((text) => Array.from(text, (character) => character.codePointAt(0)!));
  const width = Math.max(1, ...points.map((own) => own.length));
  const all = new Uint32Array(texts.length * width);
  for (const [n, own] of points.entries()) all.set(own, n * width);
  return { descr: `<U${width}`, bytes: new Uint8Array(all.buffer) };
}

/** The bytes of one .npy file: little-endian, C order. */
export function writeNpy({ shape, data: given }: NpyEntry): Uint8Array {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const { descr, bytes: data } =
    given instanceof Float32Array || given instanceof Int32Array
      ? {
          descr: given instanceof Float32Array ? '<f4' : '<i4',
          bytes: new Uint8Array(given.buffer, given.byteOffset, given.byteLength),
        }
      : characters(given);
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(length + data.byteLength).fill(32, 10, length);
  bytes.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, (length - 10) & 255, (length - 10) >> 8]);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[length - 1] = 10;
  bytes.set(data, length);
  return bytes;
}

/** The bytes of an .npz file; the same entries give the same bytes (no time stamp, no compression). */
export function writeNpz(entries: readonly NpyEntry[]): Uint8Array {
  const files = Object.fromEntries(entries.map((entry) => [`${entry.name}.npy`, writeNpy(entry)]));
  return zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) });
}

/** An array read from a file: numbers as float32 or int32, or strings. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | readonly string[];
}

/**
 * The arrays of an .npz file, by name. Throws `badNpz`, naming the file, the array and what is wrong: no zip, no .npy
 * inside, bytes whose CRC-32 is not the one written beside them, a type other than numbers, booleans and text, Fortran
 * order, a size that does not fit the shape.
 */
export function readNpz(bytes: Uint8Array, file = 'the file'): Map<string, NpyArray> {
  let archive: ReturnType<typeof readArchive>;
  try {
    archive = readArchive(bytes);
  } catch (cause) {
    throw badNpz(file, `it is no zip file (${cause instanceof Error ? cause.message : String(cause)})`);
  }
  const { files, damaged } = archive;
  return new Map(
    Object.entries(files).map(([entry, content]) => {
      const name = entry.replace(/\.npy$/, '');
      if (damaged.includes(entry))
        throw badNpz(file, `${name} is damaged: its checksum (CRC-32) is another than the one written beside it`);
      return [name, readNpy(content, (problem) => badNpz(file, `${name} ${problem}`))];
    }),
  );
}

const badNpz = (file: string, problem: string): SiseonError =>
  new SiseonError({
    code: 'badNpz',
    kind: 'failure',
    what: `${file} is no sound .npz file: ${problem}`,
    next: 'Save it again with numpy.savez.',
    details: { file, problem },
  });

/** One .npy file of version 1, 2 or 3 (numpy.lib.format). */
function readNpy(bytes: Uint8Array, refuse: (problem: string) => SiseonError): NpyArray {
  const magic = bytes.length >= 10 && bytes[0] === 0x93 && new TextDecoder().decode(bytes.subarray(1, 6)) === 'NUMPY';
  if (!magic) throw refuse('does not begin as an array does');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [start, length] = bytes[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  if (start + length > bytes.length) throw refuse('is cut off in its header');
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const dimensions = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (type === undefined || dimensions === undefined) throw refuse('has a header without type or shape');
  if (/'fortran_order':\s*True/.test(header)) throw refuse('is in Fortran order; save numpy.ascontiguousarray of it');
  const shape = dimensions
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const count = shape.reduce((product, size) => product * size, 1);
  const body = bytes.slice(start + length);
  const [, letters] = /^[<|]U(\d+)$/.exec(type) ?? [];
  const width = letters === undefined ? npyWidths[type] : 4 * Number(letters);
  if (width === undefined) throw refuse(`has the type ${type}, not one of ${Object.keys(npyWidths).join(', ')}, <U…`);
  if (body.length !== count * width)
    throw refuse(`with shape (${shape.join(', ')}) of ${type} needs ${count * width} bytes and has ${body.length}`);
  return {
    shape,
    data: letters === undefined ? npyNumbers(type, body.buffer) : npyText(body.buffer, count, Number(letters)),
  };
}

const npyWidths: Readonly<Record<string, number>> = {
  '<f4': 4,
  '<f8': 8,
  '<f2': 2,
  '<i4': 4,
  '<i8': 8,
  '|u1': 1,
  '|b1': 1,
};

function npyNumbers(type: string, buffer: ArrayBuffer): Float32Array | Int32Array {
  if (type === '<f4') return new Float32Array(buffer);
  if (type === '<f8') return Float32Array.from(new Float64Array(buffer));
  if (type === '<f2') return Float32Array.from(new Uint16Array(buffer), halfToFloat);
  if (type === '<i4') return new Int32Array(buffer);
  if (type === '<i8') return Int32Array.from(new BigInt64Array(buffer), Number);
  return Int32Array.from(new Uint8Array(buffer));
}

/** UCS-4, each text filled up with zeros. */
function npyText(buffer: ArrayBuffer, count: number, letters: number): string[] {
  const points = new Uint32Array(buffer);
  return Array.from({ length: count }, (_, i) =>
    String.fromCodePoint(...points.subarray(i * letters, (i + 1) * letters).filter((point) => point !== 0)),
  );
}
