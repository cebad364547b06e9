/** Zips of the visitor's own. */
import { readArchive } from 'siseon/model';
import { SiseonError } from 'siseon/platform';

/** What a zip holds, by path. Throws `badArchive`, with the paths in its details where it is damaged. */
export function unzipped(name: string, archive: Uint8Array): Readonly<Record<string, Uint8Array>> {
  const refuse = (what: string, more: { cause: unknown } | { details: { damaged: readonly string[] } }): never => {
    throw new SiseonError({ code: 'badArchive', kind: 'usage', what: `${name} is ${what}`, ...more });
  };
  let read: ReturnType<typeof readArchive>;
  try {
    read = readArchive(archive);
  } catch (cause) {
    return refuse('no zip file', { cause });
  }
  const { files, damaged } = read;
  return damaged.length > 0 ? refuse(`damaged: ${damaged.join(', ')}`, { details: { damaged } }) : files;
}
