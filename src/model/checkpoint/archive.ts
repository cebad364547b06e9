/** A whole zip in memory, held against its checksums. */
import { unzipSync, ZipPassThrough } from 'fflate';

/**
 * What a zip holds, by path, and the paths of which the bytes have another CRC-32 than the one written beside them: the
 * library that inflates them does not look. Throws the library's error for what is no zip.
 */
export function readArchive(bytes: Uint8Array): {
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly damaged: readonly string[];
} {
  const checksums = new Map<string, number>();
  const written = writtenChecksums(bytes);
  const files = unzipSync(bytes, {
    filter: ({ name }) => {
      checksums.set(name, written.next().value!);
      return true;
    },
  });
  return { files, damaged: Object.keys(files).filter((path) => checksum(files[path]!) !== checksums.get(path)) };
}

/** The CRC-32 of each entry in the order of a zip's directory (PKWARE APPNOTE 6.3, sections 4.3.12 to 4.3.16). */
function* writtenChecksums(bytes: Uint8Array): Generator<number, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (view.getUint32(end, true) !== 0x06054b50) end--;
  let at = view.getUint32(end + 16, true);
  if (at === 0xffffffff) at = Number(view.getBigUint64(Number(view.getBigUint64(end - 12, true)) + 48, true));
  while (view.getUint32(at, true) === 0x02014b50) {
    yield view.getUint32(at + 16, true);
    at += 46 + [28, 30, 32].reduce((sum, length) => sum + view.getUint16(at + length, true), 0);
  }
}

/** CRC-32 of some bytes, as fflate makes it for what it writes. */
function checksum(bytes: Uint8Array): number {
  const file = new ZipPassThrough('');
  file.ondata = () => {};
  file.push(bytes, true);
  return file.crc >>> 0;
}
