/**
 * One file of the hub into its cache: resumed where an earlier run stopped, checked by size and checksum, and safe when
 * two processes want it at once. A blob appears under its name only when it is whole and right.
 */
import type { FileHandle } from 'node:fs/promises';
import { SiseonError } from './errors.ts';
import { isPassing, pause, wait } from './patience.ts';

export interface Blob {
  /** For errors. */
  readonly name: string;
  readonly url: string;
  readonly size: number;
  /** SHA-256 (64 hex digits) or git's SHA-1 of a blob (40); another etag is no checksum. */
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface DownloadOptions {
  readonly firstWait: number;
  readonly attempts: number;
  readonly signal?: AbortSignal;
  /** Bytes of the file that are there. */
  readonly onProgress: (done: number) => void;
}

/** A lock whose owner has not touched it for this long is taken over; milliseconds. */
const STALE = 15_000;

export function hubFailure(
  code: string,
  what: string,
  next: string,
  cause?: unknown,
  details: object = {},
): SiseonError {
  return new SiseonError({ code, kind: 'failure', what, next, cause, details: { ...details } });
}

/** Fetches a blob to `path`, unless it is there. Throws `hubUnavailable`, `hubRefused`, `hubDamaged` and `cannotWrite`. */
export async function downloadBlob(path: string, blob: Blob, options: DownloadOptions): Promise<void> {
  const { stat } = await import('node:fs/promises');
  const there = (): Promise<boolean> =>
    stat(path).then(
      (about) => about.size === blob.size,
      () => false,
    );
  if (await there()) return options.onProgress(blob.size);
  const release = await lock(`${path}.lock`, there, options.signal);
  if (!release) return options.onProgress(blob.size);
  try {
    if (!(await there())) await fetchWhole(path, blob, options);
  } finally {
    await release();
  }
}

/** Takes a lock file, or waits until it is free; null when what it guards came about meanwhile. */
async function lock(
  path: string,
  done: () => Promise<boolean>,
  signal?: AbortSignal,
): Promise<(() => Promise<void>) | null> {
  const { open, rm, stat, utimes } = await import('node:fs/promises');
  for (;;) {
    signal?.throwIfAborted();
    const file = await open(path, 'wx').catch((cause: { code?: string }) => {
      if (cause.code === 'EEXIST') return null;
      throw cannotKeep(path, cause);
    });
    if (file) {
      await file.close();
      // Touched while it is held, so that a lock left by a killed process is told from one in use.
      const touch = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), STALE / 5);
      return async () => {
        clearInterval(touch);
        await rm(path, { force: true });
      };
    }
    const age = await stat(path).then(
      (about) => Date.now() - about.mtimeMs,
      () => 0,
    );
    if (age > STALE) await rm(path, { force: true });
    else await wait(100, signal);
    if (await done()) return null;
  }
}

async function fetchWhole(path: string, blob: Blob, options: DownloadOptions): Promise<void> {
  const { open, rename, rm } = await import('node:fs/promises');
  const draft = `${path}.siseon.incomplete`;
  for (let round = 0; ; round++) {
    const file = await open(draft, 'a+').catch((cause) => {
      throw cannotKeep(draft, cause);
    });
    let right: boolean;
    try {
      await fillFile(file, blob, options);
      right = await matches(file, blob);
      if (right) await file.sync();
    } finally {
      await file.close();
    }
    if (right) {
      await rename(draft, path);
      return;
    }
    // A rest of an earlier run may have been bad: once more from the beginning.
    await rm(draft, { force: true });
    if (round === 1)
      throw hubFailure(
        'hubDamaged',
        `${blob.name} came twice with other bytes than its checksum ${blob.etag} says`,
        'The server or what is in between damages it; try again later, or fetch it by other means.',
      );
  }
}

/** Appends until the file has all its bytes; a connection that breaks goes on where it stopped. */
async function fillFile(file: FileHandle, blob: Blob, options: DownloadOptions): Promise<void> {
  const { attempts, firstWait, signal } = options;
  let failures = 0;
  let furthest = 0;
  for (;;) {
    signal?.throwIfAborted();
    let { size: done } = await file.stat();
    if (done > blob.size) {
      await file.truncate(0);
      done = 0;
    }
    options.onProgress(done);
    if (done === blob.size) return;
    let response: Response | null = null;
    let problem = '';
    try {
      response = await fetch(blob.url, {
        headers: { ...blob.headers, ...(done > 0 && { range: `bytes=${done}-` }) },
        ...(signal && { signal }),
      });
      if (response.ok || response.status === 416) await append(file, response, done, blob, options);
      else problem = `the server answered ${response.status}`;
      await response.body?.cancel().catch(() => {});
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof SiseonError) throw cause;
      problem = cause instanceof Error ? cause.message : String(cause);
    }
    if (response && !response.ok && response.status !== 416 && !isPassing(response.status))
      throw hubFailure(
        'hubRefused',
        `${blob.name} is not given out: ${problem}`,
        'Set HF_TOKEN to a token that may read it.',
      );
    // Only more than ever before is progress: a server that begins anew and breaks off again is not waited for forever.
    const reached = (await file.stat()).size;
    failures = reached > Math.max(done, furthest) ? 0 : failures + 1;
    furthest = Math.max(furthest, reached, done);
    if (failures >= attempts)
      throw hubFailure(
        'hubUnavailable',
        `${blob.name} could not be fetched: ${problem || 'the connection broke off'}, ${attempts} times`,
        'What came is kept; the same command goes on from there.',
      );
    if (problem || failures > 0) await wait(pause(response, failures, firstWait), signal);
  }
}

/** Writes an answer's body at the end of the file; an answer that begins elsewhere begins the file anew. */
async function append(
  file: FileHandle,
  response: Response,
  done: number,
  blob: Blob,
  options: DownloadOptions,
): Promise<void> {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  const continues = response.status === 206 && range !== null && Number(range[1]) === done;
  if (!continues) {
    await file.truncate(0);
    if (response.status !== 200) return;
  }
  let written = continues ? done : 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    written += chunk.length;
    if (written > blob.size) {
      await file.truncate(0);
      throw hubFailure(
        'hubDamaged',
        `${blob.name} is longer than its ${blob.size} bytes`,
        'The server or what is in between damages it; try again later.',
      );
    }
    await file.appendFile(chunk);
    options.onProgress(written);
  }
}

/** Whether the file is what its etag says. */
async function matches(file: FileHandle, { etag, size }: Blob): Promise<boolean> {
  if ((await file.stat()).size !== size) return false;
  const { createHash } = await import('node:crypto');
  const hash = /^[0-9a-f]{64}$/.test(etag)
    ? createHash('sha256')
    : /^[0-9a-f]{40}$/.test(etag)
      ? createHash('sha1')
      : null;
  if (!hash) return true;
  if (etag.length === 40) hash.update(`blob ${size}\0`);
  const part = new Uint8Array(1 << 20);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(part, 0, part.length, at);
    if (bytesRead === 0) return false;
    hash.update(part.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest('hex') === etag;
}

function cannotKeep(path: string, cause: unknown): SiseonError {
  return new SiseonError({
    code: 'cannotWrite',
    kind: 'failure',
    what: `cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: 'Set HF_HOME to a folder that can be written to.',
    cause,
  });
}
