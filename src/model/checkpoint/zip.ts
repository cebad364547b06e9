/** The directory of a zip file (PKWARE APPNOTE 6.3), read by ranges; only stored entries, which is what PyTorch writes. */
import type { Folder } from '../../platform/index.ts';

export interface ZipEntry {
  /** Where the entry's bytes lie in the file. */
  readonly start: number;
  readonly end: number;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
/** A directory larger than this is no checkpoint's. */
const DIRECTORY_LIMIT = 64 << 20;

/** Entries by name. `refuse` is called with what is wrong: no zip, broken off, compressed, entries outside of the file. */
export async function readZip(
  folder: Folder,
  file: string,
  refuse: (problem: string) => never,
): Promise<Map<string, ZipEntry>> {
  const size = await folder.size(file);
  const { count, start, end } = await findDirectory(folder, file, size, refuse);
  const bytes = await folder.read(file, start, end);
  const view = new DataView(bytes.buffer);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL) refuse('its directory is damaged');
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > bytes.length) refuse('its directory is damaged');
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if (view.getUint16(at + 8, true) & 1) refuse(`${name} is encrypted`);
    if (view.getUint16(at + 10, true) !== 0) refuse(`${name} is compressed, which PyTorch does not do`);
    const extra = new DataView(bytes.buffer, at + 46 + nameLength, extraLength);
    const [packed, length, offset] = sizes(view, at, extra, refuse);
    if (packed !== length) refuse(`${name} is stored in ${packed} bytes and has ${length}`);
    if (entries.has(name)) refuse(`it has ${name} twice`);
    entries.set(name, await place(folder, file, name, offset, length, start, refuse));
    at = next;
  }
  return entries;
}

async function place(
  folder: Folder,
  file: string,
  name: string,
  offset: number,
  length: number,
  limit: number,
  refuse: (problem: string) => never,
): Promise<ZipEntry> {
  if (offset + 30 > limit) refuse(`${name} lies outside of it`);
  const local = new DataView((await folder.read(file, offset, offset + 30)).buffer);
  if (local.getUint32(0, true) !== LOCAL) refuse(`${name} is not where its directory says`);
  const start = offset + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  if (start + length > limit) refuse(`${name} ends at byte ${start + length}, and its directory begins at ${limit}`);
  return { start, end: start + length };
}

/** Stored size, size and offset, from the extra field where 32 bits do not reach. */
function sizes(
  view: DataView,
  at: number,
  extra: DataView,
  refuse: (problem: string) => never,
): [number, number, number] {
  const values: [number, number, number] = [
    view.getUint32(at + 20, true),
    view.getUint32(at + 24, true),
    view.getUint32(at + 42, true),
  ];
  const needed = ([1, 0, 2] as const).filter((i) => values[i] === 0xffffffff);
  for (let i = 0; needed.length > 0; ) {
    if (i + 4 > extra.byteLength) return refuse('its directory is damaged');
    const length = extra.getUint16(i + 2, true);
    if (extra.getUint16(i, true) === 1) {
      for (const [nth, which] of needed.entries()) {
        if (nth * 8 + 8 > length || i + 12 + nth * 8 > extra.byteLength) return refuse('its directory is damaged');
        values[which] = Number(extra.getBigUint64(i + 4 + nth * 8, true));
      }
      break;
    }
    i += 4 + length;
  }
  return values;
}

async function findDirectory(
  folder: Folder,
  file: string,
  size: number,
  refuse: (problem: string) => never,
): Promise<{ count: number; start: number; end: number }> {
  const tailStart = Math.max(0, size - 65_557 - 76);
  const tail = new DataView((await folder.read(file, tailStart, size)).buffer);
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== END) at--;
  if (at < 0) return refuse('its end, with the directory, is missing');
  let count = tail.getUint16(at + 10, true);
  let length = tail.getUint32(at + 12, true);
  let start = tail.getUint32(at + 16, true);
  if (count === 0xffff || length === 0xffffffff || start === 0xffffffff) {
    if (at < 20 || tail.getUint32(at - 20, true) !== LOCATOR64) return refuse('its directory is damaged');
    const end64 = Number(tail.getBigUint64(at - 12, true));
    if (end64 + 56 > size) return refuse('its directory is damaged');
    const record = new DataView((await folder.read(file, end64, end64 + 56)).buffer);
    if (record.getUint32(0, true) !== END64) return refuse('its directory is damaged');
    count = Number(record.getBigUint64(32, true));
    length = Number(record.getBigUint64(40, true));
    start = Number(record.getBigUint64(48, true));
  }
  if (length > DIRECTORY_LIMIT || start + length > size) return refuse('its directory lies outside of it');
  return { count, start, end: start + length };
}
