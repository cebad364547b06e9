/** Files of the hub on disk, as Python's huggingface_hub lays them: blobs by checksum, snapshots that link to them, refs. */
import type { FileHandle } from 'node:fs/promises';
import { builtin } from './builtin.ts';
import { diskFolder } from './disk.ts';
import { SiseonError } from './errors.ts';
import { fileExists, reasonOf, writeFileAtomically } from './files.ts';
import type { Draft, HubCache } from './hubCache.ts';
import { wait } from './patience.ts';

/** A lock whose owner has not touched it for this long is taken over, if it may still be running after four times as long; ms. */
const STALE = 15_000;

/** `root`: the model's own folder, as `…/hub/models--klue--bert-base`. */
export function diskCache(root: string): HubCache {
  const snapshot = (commit: string): string => `${root}/snapshots/${commit}`;
  const lackAt = (commit: string, file: string): string => `${root}/.no_exist/${commit}/${file}`;
  return {
    name: root,
    async commitOf(revision) {
      const { readFile } = builtin('node:fs/promises');
      return readFile(`${root}/refs/${revision}`, 'utf8').then(
        (text) => text.trim(),
        () => null,
      );
    },
    async remember(revision, commit) {
      // A cache that others own may be read alone.
      if ((await this.commitOf(revision)) === commit) return;
      await write(`${root}/refs/${revision}`, commit);
    },
    kept: (commit) => ({ ...diskFolder(snapshot(commit)), list: () => filesBelow(snapshot(commit)) }),
    lacks: (commit, file) => fileExists(lackAt(commit, file)),
    async noteLack(commit, file) {
      await write(lackAt(commit, file), '').catch(() => {});
    },
    async keep(commit, file, { size, checksum }, fill, signal) {
      const { stat } = builtin('node:fs/promises');
      const blob = `${root}/blobs/${checksum}`;
      await folderOf(blob);
      const there = (): Promise<boolean> =>
        stat(blob).then(
          (about) => about.size === size,
          () => false,
        );
      const release = (await there()) ? null : await lock(`${blob}.lock`, there, signal);
      try {
        if (release && !(await there())) await fillFile(blob, fill);
      } finally {
        await release?.();
      }
      await link(`${snapshot(commit)}/${file}`, `${'../'.repeat(file.split('/').length + 1)}blobs/${checksum}`);
    },
  };
}

/** Names of the files in a folder and those below it; none where there is no folder. */
async function filesBelow(folder: string): Promise<string[]> {
  const { readdir } = builtin('node:fs/promises');
  const { join, relative } = builtin('node:path');
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = found.filter((entry) => !entry.isDirectory());
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll('\\', '/')).sort();
}

/** A blob appears under its name when it is whole and right; until then it is a draft, which stays for the next run. */
async function fillFile(blob: string, fill: (draft: Draft) => Promise<void>): Promise<void> {
  const { open, rename, rm } = builtin('node:fs/promises');
  const path = `${blob}.siseon.incomplete`;
  const file = await open(path, 'a+').catch((cause) => {
    throw cannotKeep(path, cause);
  });
  try {
    await fill(draftFile(path, file));
    await file.sync();
  } catch (cause) {
    if ((await file.stat()).size === 0) await rm(path, { force: true });
    throw cause;
  } finally {
    await file.close();
  }
  await rename(path, blob);
}

const draftFile = (path: string, file: FileHandle): Draft => ({
  size: async () => (await file.stat()).size,
  append: (bytes) =>
    file.appendFile(bytes).catch((cause) => {
      throw cannotKeep(path, cause);
    }),
  async clear() {
    if ((await file.stat()).size > 0) await file.truncate(0);
  },
  async digest(algorithm, prefix) {
    const { createHash } = builtin('node:crypto');
    const hash = createHash(algorithm).update(prefix);
    const part = new Uint8Array(1 << 20);
    for (let at = 0, read = -1; read !== 0; at += read) {
      read = (await file.read(part, 0, part.length, at)).bytesRead;
      hash.update(part.subarray(0, read));
    }
    return hash.digest('hex');
  },
});

/** Takes a lock file, or waits until it is free; null when what it guards came about meanwhile. */
async function lock(
  path: string,
  done: () => Promise<boolean>,
  signal?: AbortSignal,
): Promise<(() => Promise<void>) | null> {
  const { readFile, rm, utimes, writeFile } = builtin('node:fs/promises');
  const { hostname } = builtin('node:os');
  const owner = `${hostname()} ${process.pid} ${crypto.randomUUID()}`;
  for (;;) {
    signal?.throwIfAborted();
    const taken = await writeFile(path, owner, { flag: 'wx' }).then(
      () => true,
      (cause: { code?: string }) => {
        if (cause.code === 'EEXIST') return false;
        throw cannotKeep(path, cause);
      },
    );
    if (taken) {
      // Touched while it is held, so that a lock left by a killed process is told from one in use.
      const touch = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), STALE / 5);
      return async () => {
        clearInterval(touch);
        if ((await readFile(path, 'utf8').catch(() => null)) === owner) await rm(path, { force: true });
      };
    }
    if (!(await removeIfLeft(path, hostname()))) await wait(100, signal);
    if (await done()) return null;
  }
}

/** Removes a lock whose owner is gone; of several who see that, one alone removes it, and never a lock taken since. */
async function removeIfLeft(path: string, host: string): Promise<boolean> {
  const { link, readFile, rename, rm, stat } = builtin('node:fs/promises');
  const owner = await readFile(path, 'utf8').catch(() => null);
  const age = await stat(path).then(
    (about) => Date.now() - about.mtimeMs,
    () => 0,
  );
  if (owner === null) return true;
  const [where, id] = owner.split(' ');
  const patience = where !== host ? STALE : isRunning(Number(id)) ? 4 * STALE : 0;
  if (age < patience) return false;
  const claim = `${path}.${process.pid}.${crypto.randomUUID()}`;
  const claimed = await rename(path, claim).then(
    () => true,
    () => false,
  );
  if (!claimed) return false;
  if ((await readFile(claim, 'utf8').catch(() => null)) !== owner) await link(claim, path).catch(() => {});
  await rm(claim, { force: true });
  return true;
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (cause) {
    return (cause as { code?: string }).code === 'EPERM';
  }
}

/** A snapshot's entry: a link to its blob, as Python makes it; a copy where links are not allowed. */
async function link(path: string, target: string): Promise<void> {
  const { copyFile, symlink } = builtin('node:fs/promises');
  const { dirname, join } = builtin('node:path');
  await folderOf(path);
  await symlink(target, path)
    .catch(async (cause: { code?: string }) => {
      if (cause.code !== 'EEXIST') await copyFile(join(dirname(path), target), path);
    })
    .catch((cause) => {
      throw cannotKeep(path, cause);
    });
}

async function folderOf(path: string): Promise<void> {
  const { mkdir } = builtin('node:fs/promises');
  const { dirname } = builtin('node:path');
  await mkdir(dirname(path), { recursive: true }).catch((cause) => {
    throw cannotKeep(dirname(path), cause);
  });
}

async function write(path: string, text: string): Promise<void> {
  await folderOf(path);
  await writeFileAtomically(path, new TextEncoder().encode(text)).catch((cause) => {
    throw cannotKeep(path, (cause as SiseonError).cause);
  });
}

function cannotKeep(path: string, cause: unknown): SiseonError {
  return new SiseonError({
    code: 'cannotWrite',
    kind: 'failure',
    what: `cannot write ${path}: ${reasonOf(cause)}`,
    next: 'Make room there, or set HF_HOME to a folder that can be written to; what came is kept.',
    details: { path },
    cause,
  });
}
