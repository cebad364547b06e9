/**
 * The safetensors format (huggingface/safetensors, README "Format"): 8 bytes of header length, a JSON header, then the
 * bytes of every tensor, one after another. What a hostile file could get wrong is checked before a byte is believed.
 */
import { type Folder, pathIn, SiseonError } from '../../platform/index.ts';
import { widened } from '../numbers.ts';
import { numberTypes } from './numbers.ts';
import type { CheckpointTensor } from './tensors.ts';

export type TensorData = Float32Array | Int32Array;

export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Floats as float32, whole numbers as int32. */
  readonly data: TensorData;
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const HEADER_LIMIT = 100_000_000;

interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

type Refuse = (problem: string) => never;

const refusal =
  (file: string): Refuse =>
  (problem) => {
    throw new SiseonError({
      code: 'badSafetensors',
      kind: 'failure',
      what: `${file} is no sound safetensors file: ${problem}`,
      next: 'It is truncated or damaged; fetch it again.',
      details: { file, problem },
    });
  };

/**
 * Reads a whole file. Throws `badSafetensors`, naming the file and what is wrong: too short, header longer than the file,
 * not JSON, a name twice, unknown type, bad shape or offsets, sizes that do not match, bytes shared or owned by nobody.
 */
export function readSafetensors(bytes: Uint8Array, file = 'the file'): SafetensorsFile {
  const refuse = refusal(file);
  const bodyStart = headerEnd(bytes, bytes.length, refuse);
  const { entries, metadata } = readHeader(bytes.subarray(8, bodyStart), refuse);
  checkCovered(entries, bytes.length - bodyStart, refuse);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, start, end } of entries)
    tensors.set(name, {
      dtype,
      shape,
      data: widen(dtype, new Uint8Array(bytes.subarray(bodyStart + start, bodyStart + end)), (problem) =>
        refuse(`${name} ${problem}`),
      ),
    });
  return { tensors, metadata };
}

/** Reads a file's header alone; a tensor's bytes are read when it is asked for. Throws `badSafetensors` and `cannotRead`. */
export async function openSafetensors(folder: Folder, file: string): Promise<Map<string, CheckpointTensor>> {
  const name = pathIn(folder, file);
  const kept = (await folder.keptAt?.(file)) ?? name;
  const refuse = refusal(kept === name ? name : `${name} (${kept})`);
  const size = await folder.size(file);
  const bodyStart = headerEnd(await folder.read(file, 0, Math.min(8, size)), size, refuse);
  const { entries } = readHeader(await folder.read(file, 8, bodyStart), refuse);
  checkCovered(entries, size - bodyStart, refuse);
  return new Map(
    entries.map(({ name, dtype, shape, start, end }) => [
      name,
      {
        dtype,
        shape,
        bytes: end - start,
        type: numberTypes[dtype]!.type,
        read: async () =>
          numberTypes[dtype]!.read((await folder.read(file, bodyStart + start, bodyStart + end)).buffer),
      },
    ]),
  );
}

/** Where the header ends and the tensors begin, from a file's first bytes. */
function headerEnd(first: Uint8Array, size: number, refuse: Refuse): number {
  if (size < 8) return refuse(`it has ${size} bytes, and its first 8 should say how long the header is`);
  if (new TextDecoder().decode(first.subarray(0, 8)) === 'version ')
    refuse('it begins as a Git LFS pointer does, which stands for the file; git lfs pull brings the file itself');
  const length = new DataView(first.buffer, first.byteOffset, first.byteLength).getBigUint64(0, true);
  if (length > HEADER_LIMIT) refuse(`its header would be ${length} bytes long, more than ${HEADER_LIMIT}`);
  const end = 8 + Number(length);
  if (end > size) refuse(`its header would end at byte ${end}, but the file has ${size}`);
  return end;
}

/** Every byte of the body belongs to one tensor. */
function checkCovered(entries: readonly HeaderEntry[], bodyLength: number, refuse: Refuse): void {
  let covered = 0;
  for (const { name, start, end } of entries.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (end > bodyLength) refuse(`${name} would end at byte ${end}, and there are ${bodyLength}`);
    if (start < covered) refuse(`${name} shares bytes with another tensor`);
    if (start > covered) refuse(`bytes ${covered} to ${start} belong to no tensor`);
    covered = end;
  }
  if (covered !== bodyLength) refuse(`bytes ${covered} to ${bodyLength} belong to no tensor`);
}

function readHeader(bytes: Uint8Array, refuse: Refuse): { entries: HeaderEntry[]; metadata: Record<string, string> } {
  let text = '';
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(text);
  } catch {
    refuse('its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) refuse('its header is no JSON object');
  const repeated = repeatedName(text);
  if (repeated !== null) refuse(`its header names ${repeated} twice`);
  const entries: HeaderEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header as Record<string, unknown>)) {
    if (name === '__metadata__') {
      if (
        typeof value !== 'object' ||
        value === null ||
        !Object.values(value).every((item) => typeof item === 'string')
      )
        refuse('__metadata__ holds something other than strings');
      metadata = value as Record<string, string>;
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
    const width =
      typeof dtype === 'string' && Object.hasOwn(numberTypes, dtype) ? numberTypes[dtype]!.width : undefined;
    if (width === undefined)
      refuse(
        `${name} has the type ${String(JSON.stringify(dtype)).slice(0, 40)}, not one of ${Object.keys(numberTypes).join(', ')}`,
      );
    const whole = (list: unknown): list is number[] =>
      Array.isArray(list) && list.every((item) => Number.isSafeInteger(item) && item >= 0);
    if (!whole(shape)) return refuse(`${name} has a shape that is no list of whole numbers`);
    if (!whole(offsets) || offsets.length !== 2)
      return refuse(`${name} has data_offsets that are no pair of whole numbers`);
    const [start = 0, end = 0] = offsets;
    const size = shape.reduce((product, length) => product * length, width!);
    if (!Number.isSafeInteger(size)) refuse(`${name} has a shape too large to count`);
    if (end - start !== size)
      refuse(`${name} with shape [${shape.join(', ')}] of ${dtype} needs ${size} bytes and has ${end - start}`);
    entries.push({ name, dtype: dtype as string, shape, start, end });
  }
  return { entries, metadata };
}

/** JSON.parse keeps the last of two equal names without a word; this finds the first repeated one of the outermost object. */
function repeatedName(text: string): string | null {
  const seen = new Set<string>();
  let depth = 0;
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs)) {
    const part = match[0];
    if (part === '{' || part === '[') depth++;
    else if (part === '}' || part === ']') depth--;
    else if (depth === 1 && match[1] !== undefined) {
      const name = JSON.parse(part.slice(0, part.length - match[1].length)) as string;
      if (seen.has(name)) return name;
      seen.add(name);
    }
  }
  return null;
}

function widen(dtype: string, bytes: Uint8Array<ArrayBuffer>, refuse: Refuse): TensorData {
  const { buffer } = bytes;
  if (dtype === 'I64')
    return Int32Array.from(new BigInt64Array(buffer), (number) =>
      BigInt.asIntN(32, number) === number ? Number(number) : refuse(`holds ${number}, beyond 32 bits`),
    );
  if (dtype === 'I32') return new Int32Array(buffer);
  const numbers = widened(numberTypes[dtype]!.read(buffer));
  return /^[FB]/.test(dtype) && dtype !== 'BOOL' ? numbers : Int32Array.from(numbers);
}

/** The bytes of a file: Float32Array as F32, Int32Array as I32, in the order given, header padded to 8 bytes. */
export function writeSafetensors(
  tensors: Iterable<{ readonly name: string; readonly shape: readonly number[]; readonly data: TensorData }>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  const list = [...tensors];
  let offset = 0;
  for (const { name, shape, data } of list) {
    header[name] = {
      dtype: data instanceof Float32Array ? 'F32' : 'I32',
      shape,
      data_offsets: [offset, offset + data.byteLength],
    };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + offset).fill(32, 8, 8 + headerLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(json, 8);
  let at = 8 + headerLength;
  for (const { data } of list) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}
