/**
 * PyTorch's own files: a zip with a pickle and the storages' bytes (since 1.6), or before that pickles one after another
 * and the storages behind them. The pickle says where tensors lie; it is read, never run.
 */
import type { Numbers } from '../../kernels/index.ts';
import { type Folder, pathIn } from '../../platform/index.ts';
import { numberTypes } from './numbers.ts';
import { badPickle, isTensor, type Pickled, type PickledTensor, readPickle } from './pickle.ts';
import { type CheckpointTensor, elementCount } from './tensors.ts';
import { readZip, type ZipEntry } from './zip.ts';

/** A pickle of a checkpoint names its tensors; it is not large. */
const PICKLE_LIMIT = 64 << 20;
const ZIP = 0x04034b50;
/** torch.serialization.MAGIC_NUMBER, the first pickle of an old file. */
const OLD_MAGIC = 0x1950a86a20f9469cfc6cn;

/** Opens a pytorch_model.bin. Throws `badPickle` and `cannotRead`. */
export async function openTorch(folder: Folder, file: string): Promise<Map<string, CheckpointTensor>> {
  const path = pathIn(folder, file);
  const refuse = (problem: string): never => {
    throw badPickle(path, problem);
  };
  const size = await folder.size(file);
  if (size < 8) refuse(`it has ${size} bytes`);
  const first = new DataView((await folder.read(file, 0, 4)).buffer);
  const { value, storages } =
    first.getUint32(0, true) === ZIP
      ? await zipped(folder, file, path, refuse)
      : await unzipped(folder, file, path, size, refuse);
  if (!(value instanceof Map)) return refuse('it holds no dictionary of tensors');
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, entry] of value) {
    if (typeof name !== 'string' || !isTensor(entry))
      return refuse(
        `beside tensors it holds ${String(JSON.stringify(name)).slice(0, 60)}; a training's state is no checkpoint`,
      );
    tensors.set(name, storedTensor(folder, file, name, entry, storages, refuse));
  }
  return tensors;
}

function storedTensor(
  folder: Folder,
  file: string,
  name: string,
  { storage, offset, shape, strides }: PickledTensor,
  storages: ReadonlyMap<string, ZipEntry>,
  refuse: (problem: string) => never,
): CheckpointTensor {
  const { width, type, read } = numberTypes[storage.dtype]!;
  const place = storages.get(storage.key);
  if (!place) return refuse(`the storage ${storage.key} of ${name} is missing`);
  if (place.end - place.start !== storage.count * width)
    refuse(`the storage of ${name} should have ${storage.count * width} bytes and has ${place.end - place.start}`);
  const count = elementCount(shape);
  // Of a view with repeated numbers (expand) no more is read than lies in the storage, but it must not be blown up either.
  if (count > storage.count) refuse(`${name} has ${count} numbers, and its storage has ${storage.count}`);
  const dense = shape.map((_, i) => elementCount(shape.slice(i + 1)));
  const isDense = shape.every((length, i) => length === 1 || strides[i] === dense[i]);
  return {
    dtype: storage.dtype,
    shape,
    bytes: count * width,
    type,
    async read() {
      if (count === 0) return read(new ArrayBuffer(0));
      const reach = isDense ? count : shape.reduce((sum, length, i) => sum + (length - 1) * strides[i]!, 1);
      const start = place.start + offset * width;
      const numbers = read((await folder.read(file, start, start + reach * width)).buffer);
      return isDense ? numbers : { type, values: gather(numbers.values, shape, strides) };
    },
  };
}

/** Numbers in the order of their indices. */
function gather<T extends Numbers['values']>(numbers: T, shape: readonly number[], strides: readonly number[]): T {
  const out = new (numbers.constructor as new (length: number) => T)(elementCount(shape));
  const index = shape.map(() => 0);
  for (let i = 0, at = 0; i < out.length; i++) {
    out[i] = numbers[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

interface Content {
  readonly value: Pickled;
  readonly storages: ReadonlyMap<string, ZipEntry>;
}

async function zipped(
  folder: Folder,
  file: string,
  path: string,
  refuse: (problem: string) => never,
): Promise<Content> {
  const entries = await readZip(folder, file, refuse);
  const pickle = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle.length !== 1) return refuse('it has no data.pkl (a TorchScript archive or no PyTorch file)');
  const top = pickle[0]!.slice(0, -'data.pkl'.length);
  const order = entries.get(`${top}byteorder`);
  if (order) {
    const text = new TextDecoder().decode(await folder.read(file, order.start, Math.min(order.end, order.start + 16)));
    if (text !== 'little') refuse(`its byte order is ${JSON.stringify(text)}, not little`);
  }
  const { start, end } = entries.get(pickle[0]!)!;
  if (end - start > PICKLE_LIMIT) refuse(`its pickle has ${end - start} bytes, more than ${PICKLE_LIMIT}`);
  const { value } = readPickle(await folder.read(file, start, end), path);
  const storages = new Map<string, ZipEntry>();
  for (const [name, entry] of entries)
    if (name.startsWith(`${top}data/`)) storages.set(name.slice(top.length + 5), entry);
  return { value, storages };
}

/** Four pickles (magic number, protocol, system, content), the storages' keys, then for each its length and bytes. */
async function unzipped(
  folder: Folder,
  file: string,
  path: string,
  size: number,
  refuse: (problem: string) => never,
): Promise<Content> {
  const bytes = await folder.read(file, 0, Math.min(size, PICKLE_LIMIT));
  if (bytes[0] !== 0x80) return refuse('it is no file of PyTorch');
  const magic = readPickle(bytes, path);
  if (magic.value !== OLD_MAGIC) return refuse('it is no file of PyTorch');
  const protocol = readPickle(bytes, path, magic.end);
  const system = readPickle(bytes, path, protocol.end);
  if (system.value instanceof Map && system.value.get('little_endian') === false)
    refuse('its byte order is not little');
  const content = readPickle(bytes, path, system.end);
  const keys = readPickle(bytes, path, content.end);
  if (!Array.isArray(keys.value)) return refuse('it does not list its storages');
  const widthOf = new Map<string, number>();
  if (content.value instanceof Map)
    for (const entry of content.value.values())
      if (isTensor(entry)) widthOf.set(entry.storage.key, numberTypes[entry.storage.dtype]!.width);
  const storages = new Map<string, ZipEntry>();
  let at = keys.end;
  for (const key of keys.value) {
    const width = typeof key === 'string' ? widthOf.get(key) : undefined;
    if (typeof key !== 'string' || width === undefined) return refuse('it lists a storage that no tensor has');
    if (at + 8 > size) return refuse('it breaks off');
    const count = Number(new DataView((await folder.read(file, at, at + 8)).buffer).getBigUint64(0, true));
    const start = at + 8;
    at = start + count * width;
    if (at > size) return refuse(`the storage ${key} would end at byte ${at}, and the file has ${size}`);
    storages.set(key, { start, end: at });
  }
  return { value: content.value, storages };
}
