/** NumPy's .npy (format 1.0, numpy.lib.format) and .npz (a zip of them). */
import { zipSync } from 'fflate';

export interface NpyEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** The bytes of one .npy file: little-endian, C order. */
export function writeNpy({ shape, data }: NpyEntry): Uint8Array {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${data instanceof Float32Array ? '<f4' : '<i4'}', 'fortran_order': False, 'shape': (${dims}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(length + data.byteLength).fill(32, 10, length);
  bytes.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, (length - 10) & 255, (length - 10) >> 8]);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[length - 1] = 10;
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), length);
  return bytes;
}

/** The bytes of an .npz file; the same entries give the same bytes (no time stamp, no compression). */
export function writeNpz(entries: readonly NpyEntry[]): Uint8Array {
  const files = Object.fromEntries(entries.map((entry) => [`${entry.name}.npy`, writeNpy(entry)]));
  return zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) });
}
