/**
 * A model of the Hugging Face hub as a folder: Python's cache (blobs, snapshots, refs) and its environment variables
 * HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE. A file is fetched when it is first asked for.
 */
import { diskFolder } from './disk.ts';
import { type Blob, downloadBlob, hubFailure } from './download.ts';
import { SiseonError } from './errors.ts';
import type { Folder } from './folders.ts';
import { type NetworkOptions, networkFolder } from './network.ts';
import { patientFetch } from './patience.ts';

export interface HubProgress {
  /** The file that something came of. */
  readonly file: string;
  /** Bytes of all files that are being fetched. */
  readonly done: number;
  readonly total: number;
  /** Seconds left at the speed so far; null until that is known. */
  readonly secondsLeft: number | null;
}

export interface HubOptions {
  /** Branch, tag or commit; `main` unless said. A commit that is in the cache is not asked for again. */
  readonly revision?: string;
  readonly onProgress?: (progress: HubProgress) => void;
  readonly signal?: AbortSignal;
  /** Patience: how often a failing request is made (5), and how long before the second time (300 ms). */
  readonly attempts?: number;
  readonly firstWait?: number;
  /** Instead of the process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Files fetched at once. */
const AT_ONCE = 4;
const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** Whether a text can name a model of the hub: `name` or `owner/name`. */
export const isHubName = (text: string): boolean =>
  /^[\w-][\w.-]*(\/[\w-][\w.-]*)?$/.test(text) && !text.includes('..');

/** The same in a browser, which has no files: by fetch, kept in its cache. */
export function hubAddress(
  model: string,
  { revision = 'main', ...options }: NetworkOptions & { readonly revision?: string } = {},
): Folder {
  return networkFolder(`https://huggingface.co/${model}/resolve/${encodeURIComponent(revision)}/`, {
    name: model,
    cache: 'siseon-models',
    ...options,
  });
}

/** A model of the hub, in whichever way this place can keep it. */
export const hubModel = (model: string, options: HubOptions = {}): Folder =>
  typeof process === 'undefined' || !process.versions?.node
    ? hubAddress(model, {
        ...(options.revision && { revision: options.revision }),
        ...(options.signal && { signal: options.signal }),
        onProgress: (progress) => options.onProgress?.({ ...progress, secondsLeft: null }),
      })
    : hubFolder(model, options);

/** Throws, when a file is asked for, `hubNotFound`, `hubRefused`, `hubUnavailable`, `hubOffline`, `hubDamaged`, `cannotWrite`. */
export function hubFolder(model: string, options: HubOptions = {}): Folder {
  const hub = new Hub(model, options);
  return {
    name: model,
    list: async () => [...(await hub.snapshot()).files].sort(),
    has: async (file) => (await hub.snapshot()).files.has(file),
    size: (file) => hub.size(file),
    async read(file, start, end) {
      return (await hub.fetched(file)).read(file, start, end);
    },
    prefetch: (files) => hub.prefetch(files),
    close: () => hub.close(),
  };
}

interface Snapshot {
  readonly commit: string;
  readonly files: ReadonlySet<string>;
  readonly disk: Folder;
}

class Hub {
  readonly #model: string;
  readonly #options: HubOptions;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #fetch: typeof fetch;
  readonly #endpoint: string;
  readonly #revision: string;
  readonly #progress = new Progress();
  readonly #blobs = new Map<string, Promise<Blob>>();
  readonly #fetching = new Map<string, Promise<void>>();
  #snapshot: Promise<Snapshot> | undefined;

  constructor(model: string, options: HubOptions) {
    this.#model = model;
    this.#options = options;
    this.#environment = options.environment ?? process.env;
    this.#endpoint = (this.#environment.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
    this.#revision = options.revision ?? 'main';
    const { attempts = 5, firstWait = 300, signal } = options;
    this.#fetch = patientFetch({ attempts, firstWait, ...(signal && { signal }) });
  }

  async #cache(): Promise<string> {
    const { join } = await import('node:path');
    const { homedir } = await import('node:os');
    const { HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = this.#environment;
    const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
    return join(HF_HUB_CACHE || join(home, 'hub'), `models--${this.#model.replaceAll('/', '--')}`);
  }

  async #token(): Promise<string | undefined> {
    const { HF_TOKEN, HF_TOKEN_PATH, HF_HOME, XDG_CACHE_HOME } = this.#environment;
    if (HF_TOKEN) return HF_TOKEN;
    const { join } = await import('node:path');
    const { homedir } = await import('node:os');
    const { readFile } = await import('node:fs/promises');
    const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface');
    return readFile(HF_TOKEN_PATH || join(home, 'token'), 'utf8').then(
      (text) => text.trim() || undefined,
      () => undefined,
    );
  }

  get #offline(): boolean {
    return /^(1|on|yes|true)$/i.test(this.#environment.HF_HUB_OFFLINE ?? '');
  }

  /** The commit that is read, and its files: from the cache for a known commit or offline, else from the hub. */
  snapshot(): Promise<Snapshot> {
    this.#snapshot ??= this.#findSnapshot();
    return this.#snapshot;
  }

  async #findSnapshot(): Promise<Snapshot> {
    const cache = await this.#cache();
    const { mkdir, readFile, writeFile } = await import('node:fs/promises');
    const known = isCommit(this.#revision)
      ? this.#revision
      : await readFile(`${cache}/refs/${this.#revision}`, 'utf8').then(
          (text) => text.trim(),
          () => null,
        );
    if (known && (this.#offline || isCommit(this.#revision))) {
      const cached = await this.#cached(`${cache}/snapshots/${known}`);
      if (cached && (this.#offline || cached.has('config.json')))
        return { commit: known, files: cached, disk: diskFolder(`${cache}/snapshots/${known}`) };
    }
    if (this.#offline)
      throw hubFailure(
        'hubOffline',
        `${this.#model} (${this.#revision}) is not in the cache ${cache}, and HF_HUB_OFFLINE forbids to fetch it`,
        'Unset HF_HUB_OFFLINE, or set HF_HOME to the folder that has it.',
      );
    const { modelInfo } = await import('@huggingface/hub');
    const token = await this.#token();
    const { sha, filePaths } = await modelInfo({
      name: this.#model,
      revision: this.#revision,
      additionalFields: ['sha', 'filePaths'],
      hubUrl: this.#endpoint,
      fetch: this.#fetch,
      ...(token && { accessToken: token }),
    }).catch((cause) => this.#fail(cause));
    if (!isCommit(String(sha)) || !Array.isArray(filePaths))
      throw hubFailure('hubUnavailable', `${this.#endpoint} does not answer as a hub does`, 'Check HF_ENDPOINT.');
    if (!isCommit(this.#revision)) {
      const ref = `${cache}/refs/${this.#revision}`;
      await mkdir(ref.slice(0, ref.lastIndexOf('/')), { recursive: true });
      await writeFile(ref, sha);
    }
    // A name that leads out of the snapshot is none of a model.
    const files = filePaths.filter((file) => !/(^|\/)\.\.?(\/|$)|^\/|\\/.test(file));
    return { commit: sha, files: new Set(files), disk: diskFolder(`${cache}/snapshots/${sha}`) };
  }

  async #cached(folder: string): Promise<Set<string> | null> {
    const { readdir } = await import('node:fs/promises');
    return readdir(folder, { recursive: true }).then(
      (files) => new Set(files.map((file) => file.replaceAll('\\', '/'))),
      () => null,
    );
  }

  async size(file: string): Promise<number> {
    const { disk } = await this.snapshot();
    return (await disk.has(file)) ? disk.size(file) : (await this.#about(file)).size;
  }

  /** The snapshot's folder, with the file in it. */
  async fetched(file: string): Promise<Folder> {
    const fetching = this.#fetching.get(file) ?? this.#fetchFile(file);
    this.#fetching.set(file, fetching);
    await fetching.catch((cause) => {
      this.#fetching.delete(file);
      throw cause;
    });
    return (await this.snapshot()).disk;
  }

  /** Fetches several files, a few at once. */
  async prefetch(files: readonly string[]): Promise<void> {
    const { files: known, disk } = await this.snapshot();
    const queue: string[] = [];
    for (const file of files) if (known.has(file) && !(await disk.has(file))) queue.push(file);
    // All sizes first, so that the total is right from the first byte on.
    await Promise.all(queue.map(async (file) => this.#progress.expect(file, (await this.#about(file)).size)));
    const worker = async (): Promise<void> => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) await this.fetched(file);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  async close(): Promise<void> {
    if (this.#snapshot) await (await this.#snapshot.catch(() => null))?.disk.close();
  }

  #about(file: string): Promise<Blob> {
    const known = this.#blobs.get(file) ?? this.#ask(file);
    this.#blobs.set(file, known);
    return known;
  }

  async #ask(file: string): Promise<Blob> {
    const { commit } = await this.snapshot();
    if (this.#offline)
      throw hubFailure(
        'hubOffline',
        `${file} of ${this.#model} is not in the cache`,
        'Unset HF_HUB_OFFLINE to fetch it.',
      );
    const { fileDownloadInfo } = await import('@huggingface/hub');
    const token = await this.#token();
    const about = await fileDownloadInfo({
      repo: { type: 'model', name: this.#model },
      path: file,
      revision: commit,
      hubUrl: this.#endpoint,
      fetch: this.#fetch,
      ...(token && { accessToken: token }),
    }).catch((cause) => this.#fail(cause));
    const etag = about?.etag.replace(/^W\//, '').replaceAll('"', '') ?? '';
    if (!about || !/^[\w.-]+$/.test(etag))
      throw hubFailure('hubNotFound', `${this.#model} has no ${file}`, 'Check the name and the revision.');
    const url = `${this.#endpoint}/${this.#model}/resolve/${commit}/${file.split('/').map(encodeURIComponent).join('/')}`;
    // Across to another host fetch itself leaves the token behind.
    return {
      name: `${this.#model}/${file}`,
      url,
      size: about.size,
      etag,
      headers: token ? { authorization: `Bearer ${token}` } : {},
    };
  }

  async #fetchFile(file: string): Promise<void> {
    const { disk } = await this.snapshot();
    if (await disk.has(file)) return;
    const blob = await this.#about(file);
    const cache = await this.#cache();
    const { mkdir } = await import('node:fs/promises');
    await mkdir(`${cache}/blobs`, { recursive: true });
    this.#progress.expect(file, blob.size);
    const { onProgress, signal, attempts = 5, firstWait = 300 } = this.#options;
    await downloadBlob(`${cache}/blobs/${blob.etag}`, blob, {
      attempts,
      firstWait,
      ...(signal && { signal }),
      onProgress: (done) => onProgress?.(this.#progress.tell(file, done)),
    });
    await link(`${disk.name}/${file}`, `${'../'.repeat(file.split('/').length + 1)}blobs/${blob.etag}`);
  }

  #fail(cause: unknown): never {
    this.#options.signal?.throwIfAborted();
    if (cause instanceof SiseonError) throw cause;
    const status = (cause as { statusCode?: number }).statusCode;
    const what = `${this.#model} (${this.#revision}) at ${this.#endpoint}`;
    if (status === 401 || status === 403)
      throw hubFailure(
        'hubRefused',
        `${what} is not given out (${status}): it is private, gated, or there is no such model`,
        'Check the name; accept its terms on its page where it has some, and set HF_TOKEN to a token that may read it.',
        cause,
        { model: this.#model },
      );
    if (status === 404)
      throw hubFailure(
        'hubNotFound',
        `${what} is not there`,
        'Check the name and the revision; for a folder, give its path.',
        cause,
        {
          model: this.#model,
        },
      );
    const problem = status ? `it answered ${status}` : cause instanceof Error ? cause.message : String(cause);
    throw hubFailure(
      'hubUnavailable',
      `${what} could not be reached: ${problem}`,
      'Try again, or set HF_HUB_OFFLINE=1 to read what is in the cache.',
      cause,
      {
        model: this.#model,
      },
    );
  }
}

/** A snapshot's entry: a link to its blob, as Python makes it; a copy where links are not allowed. */
async function link(path: string, target: string): Promise<void> {
  const { copyFile, mkdir, symlink } = await import('node:fs/promises');
  const { dirname, join } = await import('node:path');
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, path).catch(async (cause: { code?: string }) => {
    if (cause.code !== 'EEXIST') await copyFile(join(dirname(path), target), path);
  });
}

/** How much of all files has come, and how long the rest will take. */
class Progress {
  readonly #files = new Map<string, { total: number; done: number; begun: number | null }>();
  readonly #start = performance.now();

  expect(file: string, total: number): void {
    if (!this.#files.has(file)) this.#files.set(file, { total, done: 0, begun: null });
  }

  tell(file: string, bytes: number): HubProgress {
    const own = this.#files.get(file)!;
    // What an earlier run left says nothing of the speed.
    own.begun ??= bytes;
    own.done = bytes;
    let [done, total, came] = [0, 0, 0];
    for (const one of this.#files.values()) {
      done += one.done;
      total += one.total;
      came += one.done - (one.begun ?? one.done);
    }
    const seconds = (performance.now() - this.#start) / 1000;
    return { file, done, total, secondsLeft: came > 0 && seconds > 0.5 ? ((total - done) * seconds) / came : null };
  }
}
