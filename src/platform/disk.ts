/** A folder on disk, read by position: what is not asked for is never in memory. */
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

export function diskFolder(path: string): Folder {
  const folder = path.replace(/(?<=.)\/+$/, '');
  const open = new Map<string, Promise<FileHandle>>();
  const full = (file: string): string => `${folder}/${file}`;
  const fail = (file: string, cause: unknown): never => {
    throw cannotRead(full(file), reasonOf(cause), cause);
  };
  const handle = (file: string): Promise<FileHandle> => {
    const opened = open.get(file) ?? openFile(full(file));
    open.set(file, opened);
    return opened.catch((cause) => {
      open.delete(file);
      return fail(file, cause);
    });
  };
  const size = async (file: string): Promise<number> => {
    const about = await (await handle(file)).stat();
    return about.size;
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
    size,
    async read(file, start = 0, end) {
      const stop = end ?? (await size(file));
      const opened = await handle(file);
      const bytes = new Uint8Array(stop - start);
      for (let done = 0; done < bytes.length; ) {
        const length = Math.min(LARGEST_READ, bytes.length - done);
        const { bytesRead } = await opened.read(bytes, done, length, start + done).catch((cause) => fail(file, cause));
        if (bytesRead === 0) throw cannotRead(full(file), `it ends at byte ${start + done}, before ${stop}`);
        done += bytesRead;
      }
      return bytes;
    },
    async close() {
      const all = [...open.values()];
      open.clear();
      for (const opened of all) await opened.then((file) => file.close()).catch(() => {});
    },
  };
}
