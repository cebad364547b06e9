/** A folder on disk, read by position: what is not asked for is never in memory. */
import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { builtin } from './builtin.ts';
import { reasonOf } from './files.ts';
import { cannotRead, type Folder } from './folders.ts';

/** One read asks for at most this much, since a single system call takes no more than 2 GiB. */
const LARGEST_READ = 1 << 30;

/** Opens a file; a pipe or a device, on which opening or reading may wait forever, is none. */
async function openFile(path: string): Promise<FileHandle> {
  const { open, stat } = builtin('node:fs/promises');
  const about = await stat(path);
  if (about.isFile()) return open(path, 'r');
  throw Object.assign(new Error('it is no file but a pipe or a device'), about.isDirectory() && { code: 'EISDIR' });
}

/** What tells a file from another of its name, or from itself after it was written to. */
const markOf = ({ ino, size, mtimeMs }: Stats): string => `${ino} ${size} ${mtimeMs}`;

/** A file is open only while it is read: whoever forgets to close the folder leaves nothing behind. */
export function diskFolder(path: string): Folder {
  const folder = path.replace(/(?<=.)\/+$/, '');
  /** The files as they were when they were first read: parts of two different ones are never put together. */
  const marks = new Map<string, string>();
  const full = (file: string): string => `${folder}/${file}`;
  const fail = (file: string, cause: unknown): never => {
    throw cannotRead(full(file), reasonOf(cause), cause);
  };
  const opened = async <T>(file: string, use: (handle: FileHandle, about: Stats) => Promise<T>): Promise<T> => {
    const handle = await openFile(full(file)).catch((cause) => fail(file, cause));
    try {
      const about = await handle.stat();
      if ((marks.get(file) ?? markOf(about)) !== markOf(about))
        throw cannotRead(full(file), 'it was changed while it was being read');
      marks.set(file, markOf(about));
      return await use(handle, about);
    } finally {
      await handle.close();
    }
  };
  return {
    name: folder,
    async list() {
      const { readdir } = builtin('node:fs/promises');
      return (await readdir(folder).catch((cause) => fail('', cause))).sort();
    },
    async has(file) {
      const { stat } = builtin('node:fs/promises');
      return stat(full(file)).then(
        (about) => about.isFile(),
        () => false,
      );
    },
    size: (file) => opened(file, async (_, { size }) => size),
    read: (file, start = 0, end) =>
      opened(file, async (handle, { size }) => {
        const stop = end ?? size;
        const bytes = new Uint8Array(stop - start);
        for (let done = 0; done < bytes.length; ) {
          const length = Math.min(LARGEST_READ, bytes.length - done);
          const { bytesRead } = await handle
            .read(bytes, done, length, start + done)
            .catch((cause) => fail(file, cause));
          if (bytesRead === 0) throw cannotRead(full(file), `it ends at byte ${start + done}, before ${stop}`);
          done += bytesRead;
        }
        return bytes;
      }),
    async close() {
      marks.clear();
    },
  };
}
