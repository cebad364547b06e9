/** Files in Node, and `fetch` where there is none: the one place that knows the difference. */
import { builtin } from './builtin.ts';
import { SiseonError } from './errors.ts';
import { inNode } from './machine.ts';

type Path = string | URL;
const shown = (path: Path): string => decodeURIComponent(String(path).replace(/^file:\/\//, ''));
const overNetwork = (path: Path): boolean => /^(https?|blob|data):/.test(String(path));
const reasons: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'a file of that name is there',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links lead in a circle',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
  EDQUOT: 'the disk quota is used up',
};
/** What went wrong with a file, in words. */
export const reasonOf = (cause: unknown): string => {
  const code = (cause as { code?: string } | null)?.code;
  return (code && reasons[code]) || (cause instanceof Error ? cause.message : String(cause));
};

/** All bytes of a file, or of an address in the browser. Throws `cannotRead`, naming file and reason. */
export async function readFile(path: Path): Promise<Uint8Array> {
  try {
    if (overNetwork(path)) {
      const response = await fetch(path);
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      return new Uint8Array(await response.arrayBuffer());
    }
    const { readFile: read } = builtin('node:fs/promises');
    return new Uint8Array(await read(path));
  } catch (cause) {
    throw new SiseonError({
      code: 'cannotRead',
      kind: 'failure',
      what: `cannot read ${shown(path)}: ${reasonOf(cause)}`,
      details: { path: shown(path) },
      cause,
    });
  }
}

/** A file as UTF-8 text; invalid bytes throw `cannotRead`. */
export async function readText(path: Path): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    if (cause instanceof SiseonError) throw cause;
    throw new SiseonError({
      code: 'cannotRead',
      kind: 'failure',
      what: `cannot read ${shown(path)}: it is not UTF-8 text`,
      cause,
    });
  }
}

export async function fileExists(path: Path): Promise<boolean> {
  if (overNetwork(path)) return (await fetch(path, { method: 'HEAD' })).ok;
  if (!inNode) return false;
  const { access } = builtin('node:fs/promises');
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Of this process, so that two writers of one target have a draft each. */
let drafts = 0;

/**
 * Writes a file whole or not at all: into a neighbour first, then renamed over the target, so that an older file
 * survives whatever goes wrong. A link is followed; a device or pipe is written to as it is, since nothing may take its
 * place. A process that is told to end while it writes takes the neighbour away first.
 * Throws `cannotWrite`, naming target and reason.
 */
export async function writeFileAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const { open, realpath, rename, rm, stat } = builtin('node:fs/promises');
  let draft: string | null = null;
  const ending = whenEnding(() => draft);
  try {
    const target = await realpath(path).catch(() => path);
    const before = await stat(target).catch(() => null);
    if (before?.isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
    const inPlace = before !== null && !before.isFile();
    if (!inPlace) draft = `${target}.${process.pid}.${drafts++}.part`;
    const file = await open(draft ?? target, inPlace ? 'w' : 'wx');
    try {
      await file.writeFile(bytes);
      if (!inPlace) await file.sync();
    } finally {
      await file.close();
    }
    if (draft !== null) await rename(draft, target);
  } catch (cause) {
    if (draft !== null) await rm(draft, { force: true }).catch(() => {});
    throw new SiseonError({
      code: 'cannotWrite',
      kind: 'failure',
      what: `cannot write ${path}: ${reasonOf(cause)}`,
      next: 'Nothing was changed there; choose another target or make room.',
      details: { path },
      cause,
    });
  } finally {
    ending.forget();
  }
}

/** Removes a draft when the process is interrupted, then lets it end as it would have. */
function whenEnding(draft: () => string | null): { forget: () => void } {
  const { rmSync } = builtin('node:fs');
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const forget = (): void => {
    for (const signal of signals) process.off(signal, end);
  };
  const end = (signal: NodeJS.Signals): void => {
    const path = draft();
    if (path !== null) rmSync(path, { force: true });
    forget();
    // Whoever else listens decides how it goes on.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, end);
  return { forget };
}

/** Makes a folder and those above it, one after the other. Throws `cannotWrite`, also where nothing may be written into it. */
export async function makeFolder(path: string): Promise<void> {
  const { access, constants, mkdir, stat } = builtin('node:fs/promises');
  const { dirname, resolve } = builtin('node:path');
  // Not mkdir's own `recursive`: below /proc, where nothing can be made, Node 20 never comes back from it.
  const make = async (folder: string): Promise<void> => {
    const there = await stat(folder).catch(() => null);
    if (there?.isDirectory()) return;
    if (there) throw Object.assign(new Error('it is a file'), { code: 'EEXIST' });
    if (dirname(folder) !== folder) await make(dirname(folder));
    await mkdir(folder).catch((cause: { code?: string }) => {
      // Another process may have made it meanwhile.
      if (cause.code !== 'EEXIST') throw cause;
    });
  };
  const whole = resolve(path);
  await (async () => {
    await make(whole);
    await access(whole, constants.W_OK);
  })().catch((cause) => {
    throw new SiseonError({
      code: 'cannotWrite',
      kind: 'failure',
      what: `cannot make the folder ${path}: ${reasonOf(cause)}`,
      details: { path },
      cause,
    });
  });
}

/** Takes a file away; none is fine. Throws `cannotWrite`. */
export async function removeFile(path: string): Promise<void> {
  const { rm } = builtin('node:fs/promises');
  await rm(path, { force: true }).catch((cause) => {
    throw new SiseonError({
      code: 'cannotWrite',
      kind: 'failure',
      what: `cannot remove ${path}: ${reasonOf(cause)}`,
      cause,
    });
  });
}

/** What a JavaScript module exports: a path of a file, or the name of a package. Throws `cannotRead`. */
export async function importModule(name: string): Promise<Record<string, unknown>> {
  try {
    const isPath = /^\.{0,2}\//.test(name);
    const { pathToFileURL } = builtin('node:url');
    const address = isPath ? pathToFileURL(name).href : name;
    // Bundlers leave it alone: what it names is known only when it runs.
    return (await import(/* webpackIgnore: true */ /* @vite-ignore */ address)) as Record<string, unknown>;
  } catch (cause) {
    const missing = (cause as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND';
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SiseonError({
      code: 'cannotRead',
      kind: 'failure',
      what: `cannot load the module ${name}: ${missing ? reason.split(' imported from ')[0] : reason}`,
      cause,
    });
  }
}
