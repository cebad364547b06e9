/**
 * One file of the hub: goes on where an earlier run stopped, through broken connections, and is right at the end by size
 * and checksum.
 */
import { SiseonError } from './errors.ts';
import type { Draft, HubFile } from './hubCache.ts';
import { isPassing, type Patience, pause, problemOf, wait, whileHeard } from './patience.ts';

export interface Source extends HubFile {
  /** For errors. */
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The error for an answer that will not change: 401, 403, 404; from `url`, which may be another host's than was asked. */
  refusal(status: number, url: string): SiseonError;
}

export interface DownloadOptions extends Patience {
  /** Bytes of the file that are there. */
  readonly onProgress: (done: number) => void;
}

export function hubFailure(
  code: string,
  what: string,
  next: string,
  cause?: unknown,
  details: object = {},
): SiseonError {
  return new SiseonError({ code, kind: 'failure', what, next, cause, details: { ...details } });
}

/** Fills a draft until it is the file. Throws `hubUnavailable`, `hubDamaged`, `cannotWrite`, the source's refusal and the signal's reason. */
export async function download(draft: Draft, source: Source, options: DownloadOptions): Promise<void> {
  for (let round = 0; ; round++) {
    await fill(draft, source, options);
    if (await isRight(draft, source)) return;
    // A rest of an earlier run may have been bad: once more from the beginning.
    await draft.clear();
    if (round === 1)
      throw hubFailure(
        'hubDamaged',
        `${source.name} came twice with other bytes than its checksum ${source.checksum} says`,
        'The server or what is in between (a proxy, a sign-in page) damages it; try again later, or fetch it by other means.',
        undefined,
        { name: source.name },
      );
  }
}

/** Appends until the draft has all bytes; a connection that breaks goes on where it stopped. */
async function fill(draft: Draft, source: Source, options: DownloadOptions): Promise<void> {
  const { attempts, firstWait, signal } = options;
  let failures = 0;
  let furthest = 0;
  for (;;) {
    signal?.throwIfAborted();
    if ((await draft.size()) > source.size) await draft.clear();
    const done = await draft.size();
    options.onProgress(done);
    if (done === source.size) return;
    const { problem, retryAfter } = await attempt(draft, done, source, options);
    // Only more than ever before is progress: a server that begins anew and breaks off again is not waited for forever.
    const reached = await draft.size();
    failures = reached > Math.max(done, furthest) ? 0 : failures + 1;
    furthest = Math.max(furthest, reached, done);
    if (failures >= attempts)
      throw hubFailure(
        'hubUnavailable',
        `${source.name} could not be fetched: ${problem || 'the connection broke off'}, ${attempts} times`,
        'What came is kept; the same command goes on from there.',
        undefined,
        { name: source.name, problem: problem || 'the connection broke off' },
      );
    if (problem || failures > 0) await wait(pause(retryAfter, failures, firstWait), signal);
  }
}

interface Outcome {
  /** Empty: the answer was taken, as far as it came. */
  readonly problem: string;
  readonly retryAfter: string | null;
}

/** Asks once for what is missing, and appends what comes. */
async function attempt(draft: Draft, done: number, source: Source, options: DownloadOptions): Promise<Outcome> {
  const heard = whileHeard(options.silence, options.signal);
  try {
    const response = await fetch(source.url, {
      // The bytes as they are: lengths and ranges of a compressed answer are not the file's.
      headers: { ...source.headers, 'accept-encoding': 'identity', ...(done > 0 && { range: `bytes=${done}-` }) },
      cache: 'no-store',
      signal: heard.signal,
    });
    const { status, headers } = response;
    try {
      if (response.ok || status === 416) await append(draft, response, done, source, options, heard.touch);
      else if (!isPassing(status)) throw source.refusal(status, response.url);
      return {
        problem: response.ok || status === 416 ? '' : `the server answered ${status}`,
        retryAfter: headers.get('retry-after'),
      };
    } finally {
      await response.body?.cancel().catch(() => {});
    }
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (cause instanceof SiseonError) throw cause;
    return { problem: problemOf(cause), retryAfter: null };
  } finally {
    heard.stop();
  }
}

/** Appends an answer's body; an answer that begins elsewhere, or is a compressed piece, begins the draft anew. */
async function append(
  draft: Draft,
  response: Response,
  done: number,
  source: Source,
  options: DownloadOptions,
  touch: () => void,
): Promise<void> {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  const plain = !response.headers.get('content-encoding');
  const continues = response.status === 206 && plain && range !== null && Number(range[1]) === done;
  if (!continues) {
    await draft.clear();
    if (response.status !== 200) return;
  }
  let written = continues ? done : 0;
  const reader = response.body!.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    touch();
    written += part.value.length;
    if (written > source.size) {
      await draft.clear();
      throw hubFailure(
        'hubDamaged',
        `${source.name} is longer than its ${source.size} bytes`,
        'The server or what is in between (a proxy, a sign-in page) damages it; try again later.',
        undefined,
        { name: source.name },
      );
    }
    await draft.append(part.value);
    options.onProgress(written);
  }
}

/** Whether the draft is what the hub says of it. */
async function isRight(draft: Draft, { checksum, size }: HubFile): Promise<boolean> {
  if ((await draft.size()) !== size) return false;
  const found =
    checksum.length === 64 ? await draft.digest('sha256', '') : await draft.digest('sha1', `blob ${size}\0`);
  return found === checksum;
}
