/**
 * A folder of files to read from, wherever it is: on disk, behind an address, or in a browser's hands. A loader asks for
 * the ranges that it needs; no whole file has to fit into memory.
 */
import { SiseonError } from './errors.ts';

export interface Folder {
  /** As a person knows it: a path, an address, a model's name. */
  readonly name: string;
  /** Names of the files in it, in order; null where the place does not say (an address). */
  list(): Promise<readonly string[] | null>;
  has(file: string): Promise<boolean>;
  /** Bytes of a file. Throws `cannotRead`. */
  size(file: string): Promise<number>;
  /** Bytes `start` to `end` (all, unless said) in a buffer of their own. Throws `cannotRead`, also where a file is shorter. */
  read(file: string, start?: number, end?: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Where a file that came from far away lies on this machine, for whoever has to remove it. */
  keptAt?(file: string): Promise<string>;
  /** Fetches what will be read, several files at once, where the place is far away. */
  prefetch?(files: readonly string[]): Promise<void>;
  /** Where the place could not be asked and what is kept of it is read: why, for whoever misses a file. */
  absence?(): SiseonError | null;
  /** Lets go of open files; reading on opens them anew. */
  close(): Promise<void>;
}

export function cannotRead(file: string, problem: string, cause?: unknown): SiseonError {
  return new SiseonError({
    code: 'cannotRead',
    kind: 'failure',
    what: `cannot read ${file}: ${problem}`,
    details: { path: file },
    cause,
  });
}

/** A file as messages name it. Files that were chosen by themselves stand in no folder (its name is empty, or the file's own). */
export const pathIn = ({ name }: Pick<Folder, 'name'>, file: string): string =>
  name === '' || name === file ? file : `${name}/${file}`;

/** Throws `cannotRead` where a file is listed and cannot be read: a link that leads nowhere, a folder, a pipe. */
export async function checkListed(folder: Folder, file: string): Promise<void> {
  const list = await folder.list().catch(() => null);
  if (list?.includes(file)) await folder.size(file);
}

/** A file of a folder as UTF-8 text. Throws `cannotRead`. */
export async function readFolderText(folder: Folder, file: string): Promise<string> {
  const bytes = await folder.read(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw cannotRead(pathIn(folder, file), 'it is not UTF-8 text', cause);
  }
}

/** Files that a browser holds: dropped, chosen, or kept in its cache. A dropped folder's files bring their paths along. */
export function blobFolder(files: ReadonlyMap<string, Blob> | Iterable<File>, name = 'the files'): Folder {
  const blobs = files instanceof Map ? (files as ReadonlyMap<string, Blob>) : byPath(files as Iterable<File>);
  return heldFolder(
    name,
    blobs,
    ({ size }) => size,
    async (blob, start, end) => blob.slice(start, end).arrayBuffer(),
  );
}

/** A folder of files that are at hand, each in whatever holds its bytes. */
function heldFolder<T>(
  name: string,
  files: ReadonlyMap<string, T>,
  sizeOf: (file: T) => number,
  read: (file: T, start: number, end: number) => Promise<ArrayBuffer>,
): Folder {
  const pathOf = (file: string): string => pathIn({ name }, file);
  const get = (file: string): T => {
    const held = files.get(file);
    if (held === undefined) throw cannotRead(pathOf(file), 'there is no such file');
    return held;
  };
  return {
    name,
    list: async () => [...files.keys()].sort(),
    has: async (file) => files.has(file),
    size: async (file) => sizeOf(get(file)),
    async read(file, start = 0, end = sizeOf(get(file))) {
      const held = get(file);
      if (end > sizeOf(held)) throw cannotRead(pathOf(file), `it ends at byte ${sizeOf(held)}, before ${end}`);
      try {
        return new Uint8Array(await read(held, start, end));
      } catch (cause) {
        throw cannotRead(pathOf(file), cause instanceof Error ? cause.message : String(cause), cause);
      }
    },
    close: async () => {},
  };
}

/** Names without the folder that all of them stand in. */
function byPath(files: Iterable<File>): Map<string, Blob> {
  const list = [...files].map((file) => [file.webkitRelativePath || file.name, file] as const);
  const top = list[0]?.[0].split('/')[0];
  const shared = list.length > 0 && list.every(([path]) => path.startsWith(`${top}/`));
  return new Map(list.map(([path, file]) => [shared ? path.slice(top!.length + 1) : path, file]));
}

/** Files in memory, by name. The bytes are not copied until they are read: they have to stay as they are. */
export function memoryFolder(
  files: Readonly<Record<string, Uint8Array<ArrayBuffer> | string>>,
  name = 'memory',
): Folder {
  const bytes = Object.entries(files).map(
    ([file, content]) => [file, typeof content === 'string' ? new TextEncoder().encode(content) : content] as const,
  );
  return heldFolder(
    name,
    new Map(bytes),
    ({ length }) => length,
    // A Buffer's own slice would be a view of memory that it shares with others.
    async ({ buffer, byteOffset }, start, end) => buffer.slice(byteOffset + start, byteOffset + end),
  );
}
