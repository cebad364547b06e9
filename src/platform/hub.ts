/**
 * A model of the Hugging Face hub as a folder, in Node and in browsers; a file is fetched when it is first asked for. Node
 * keeps it in Python's cache and heeds HF_HOME, HF_HUB_CACHE, HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE; a browser keeps it
 * in its own storage (`keptModels`, `forgetModels`).
 */
import { download, hubFailure, type Source } from './download.ts';
import { SiseonError } from './errors.ts';
import type { Folder } from './folders.ts';
import type { HubCache, HubFile } from './hubCache.ts';
import { diskCache } from './hubDisk.ts';
import { pageCache } from './hubPage.ts';
import { type HubProgress, Progress } from './hubProgress.ts';
import { type Environment, endpointOf, folderOfModel, isOffline, tokenOf } from './hubSettings.ts';
import { inNode } from './machine.ts';
import { type Patience, patientFetch, problemOf } from './patience.ts';

export interface HubOptions {
  /** Branch, tag or commit; `main` unless said. Of a commit nothing is asked for again that is kept. */
  readonly revision?: string;
  /** Who asks, for models that are not for everyone; in Node HF_TOKEN or what logging in left, unless said. */
  readonly token?: string;
  readonly onProgress?: (progress: HubProgress) => void;
  /** Called where the hub does not answer, or refuses, and what is kept of the model is read instead. */
  readonly onKept?: (kept: { readonly commit: string; readonly why: SiseonError }) => void;
  /** What came until it is aborted stays for the next time. */
  readonly signal?: AbortSignal;
  /** How often a failing request is made (5), how long before the second time (300 ms), and what silence is a failure (30 s). */
  readonly attempts?: number;
  readonly firstWait?: number;
  readonly silence?: number;
  /** Instead of the process's environment; HF_ENDPOINT counts in a browser too. */
  readonly environment?: Environment;
}

/** Files fetched at once. */
const AT_ONCE = 4;
const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);
/** A name that leads out of its folder is none of a file's, nor of a revision's. */
const leadsOut = (path: string): boolean => /(^|\/)\.\.?(\/|$)|^\/|\\|\0/.test(path);

/** Whether a text can name a model of the hub: `name` or `owner/name`. */
export const isHubName = (text: string): boolean =>
  /^[\w-][\w.-]*(\/[\w-][\w.-]*)?$/.test(text) && !text.includes('..');

/** Throws, when a file is asked for, `hubNotFound`, `hubRefused`, `hubUnavailable`, `hubOffline`, `hubDamaged`, `cannotWrite`, and the signal's reason. */
export function hubModel(model: string, options: HubOptions = {}): Folder {
  const environment = options.environment ?? (inNode ? process.env : {});
  const cache = async (): Promise<HubCache> =>
    inNode ? diskCache(folderOfModel(model, environment)) : pageCache(endpointOf(environment), model);
  return hubFolder(model, { ...options, environment }, cache);
}

/** The same with a cache of one's choice. */
export function hubFolder(
  model: string,
  options: HubOptions & { readonly environment: Environment },
  cache: () => Promise<HubCache>,
): Folder {
  const hub = new Hub(model, options, cache);
  return {
    name: model,
    list: () => hub.list(),
    has: (file) => hub.has(file),
    size: (file) => hub.size(file),
    async read(file, start, end) {
      return (await hub.fetched(file)).read(file, start, end);
    },
    keptAt: async (file) => `${(await hub.fetched(file)).name}/${file}`,
    prefetch: (files) => hub.prefetch(files),
    absence: () => hub.unasked,
    close: () => hub.close(),
  };
}

interface Snapshot {
  readonly commit: string;
  readonly cache: HubCache;
  readonly kept: Folder;
}

class Hub {
  readonly #model: string;
  readonly #options: HubOptions & { readonly environment: Environment };
  readonly #patience: Patience;
  readonly #endpoint: string;
  readonly #revision: string;
  readonly #cache: () => Promise<HubCache>;
  readonly #progress = new Progress();
  readonly #fetching = new Map<string, Promise<void>>();
  #snapshot: Promise<Snapshot> | undefined;
  #index: Promise<ReadonlyMap<string, HubFile> | null> | undefined;
  /** Why the hub was not asked for what is kept of the model. */
  unasked: SiseonError | null = null;

  constructor(
    model: string,
    options: HubOptions & { readonly environment: Environment },
    cache: () => Promise<HubCache>,
  ) {
    this.#model = model;
    this.#options = options;
    this.#cache = cache;
    this.#endpoint = endpointOf(options.environment);
    this.#revision = options.revision ?? 'main';
    const { attempts = 5, firstWait = 300, silence = 30_000, signal } = options;
    this.#patience = { attempts, firstWait, silence, ...(signal && { signal }) };
  }

  async list(): Promise<readonly string[]> {
    const index = await this.#files();
    return index ? [...index.keys()].sort() : (await this.#found()).kept.list().then((list) => list ?? []);
  }

  async has(file: string): Promise<boolean> {
    const { commit, cache, kept } = await this.#found();
    if (await kept.has(file)) return true;
    if (await cache.lacks(commit, file)) return false;
    const index = await this.#files();
    if (index && !index.has(file)) await cache.noteLack(commit, file);
    return index?.has(file) ?? false;
  }

  async size(file: string): Promise<number> {
    const { kept } = await this.#found();
    return (await kept.has(file)) ? kept.size(file) : (await this.#about(file)).size;
  }

  /** The folder of what is kept, with the file in it. */
  async fetched(file: string, signal = this.#options.signal): Promise<Folder> {
    const fetching = this.#fetching.get(file) ?? this.#fetch(file, signal);
    this.#fetching.set(file, fetching);
    await fetching.catch((cause) => {
      this.#fetching.delete(file);
      throw cause;
    });
    return (await this.#found()).kept;
  }

  /** Fetches several files, a few at once; where one fails, the others stop too. */
  async prefetch(files: readonly string[]): Promise<void> {
    const { kept } = await this.#found();
    const queue: string[] = [];
    for (const file of files) if (!(await kept.has(file)) && (await this.has(file))) queue.push(file);
    // All sizes first, so that the total is right from the first byte on.
    for (const file of queue) this.#progress.expect(file, (await this.#about(file)).size);
    const stop = new AbortController();
    const { signal } = this.#options;
    const either = signal ? AbortSignal.any([stop.signal, signal]) : stop.signal;
    const worker = async (): Promise<void> => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift())
        await this.fetched(file, either).catch((cause) => stop.abort(cause));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    either.throwIfAborted();
  }

  async close(): Promise<void> {
    if (this.#snapshot) await (await this.#snapshot.catch(() => null))?.kept.close();
  }

  #found(): Promise<Snapshot> {
    this.#snapshot ??= this.#find();
    return this.#snapshot;
  }

  /** The commit that is read: a kept one where it was named, or where the hub cannot be asked; else what the hub says. */
  async #find(): Promise<Snapshot> {
    const [cache, revision, { environment }] = [await this.#cache(), this.#revision, this.#options];
    if (leadsOut(revision)) throw this.#notFound();
    const at = (commit: string): Snapshot => ({ commit, cache, kept: cache.kept(commit) });
    const known = isCommit(revision) ? revision : await cache.commitOf(revision);
    const held = known !== null && (await isHeld(cache.kept(known)));
    if (isOffline(environment)) {
      this.unasked = hubFailure(
        'hubOffline',
        `${this.#model} (${revision}) is not in the cache ${cache.name}${held ? ' as a whole' : ''}, and HF_HUB_OFFLINE forbids to fetch it`,
        'Unset HF_HUB_OFFLINE, or set HF_HOME to the folder that has it.',
        undefined,
        { model: this.#model },
      );
      if (held) return at(known);
      throw this.unasked;
    }
    if (held && isCommit(revision)) return at(known);
    try {
      const commit = await this.#ask(held ? 2 : this.#patience.attempts);
      if (!isCommit(revision)) await cache.remember(revision, commit);
      return at(commit);
    } catch (cause) {
      if (!held) throw cause;
      this.#readKept(known, cause);
      return at(known);
    }
  }

  /** From now on what is kept has to do; throws where the failure is of another kind than the hub's silence or refusal. */
  #readKept(commit: string, why: unknown): void {
    if (!(why instanceof SiseonError) || !['hubUnavailable', 'hubRefused'].includes(why.code)) throw why;
    this.unasked = why;
    this.#options.onKept?.({ commit, why });
  }

  /** The commit that a revision is. */
  async #ask(attempts: number): Promise<string> {
    const { modelInfo } = await import('@huggingface/hub');
    const { sha } = await modelInfo({
      name: this.#model,
      revision: this.#revision,
      additionalFields: ['sha'],
      ...(await this.#asking(attempts)),
    }).catch((cause) => this.#fail(cause));
    if (typeof sha === 'string' && isCommit(sha)) return sha;
    throw this.#noHub();
  }

  /** Every file of the commit, as the hub says; null where it cannot be asked and what is kept has to do. */
  #files(): Promise<ReadonlyMap<string, HubFile> | null> {
    this.#index ??= this.#listed();
    return this.#index;
  }

  async #listed(): Promise<ReadonlyMap<string, HubFile> | null> {
    const { commit, kept } = await this.#found();
    if (this.unasked) return null;
    const held = await isHeld(kept);
    const { listFiles } = await import('@huggingface/hub');
    const files = new Map<string, HubFile>();
    try {
      const all = listFiles({
        repo: { type: 'model', name: this.#model },
        recursive: true,
        revision: commit,
        ...(await this.#asking(held ? 2 : this.#patience.attempts)),
      });
      for await (const { type, path, oid, size, lfs } of all) {
        if (type !== 'file' || leadsOut(path)) continue;
        const checksum = lfs?.oid ?? oid ?? '';
        if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(checksum) || !Number.isSafeInteger(size)) throw this.#noHub();
        files.set(path, { size: lfs?.size ?? size, checksum });
      }
      return files;
    } catch (cause) {
      const failure = await this.#fail(cause).catch((error: unknown) => error);
      if (!held) throw failure;
      this.#readKept(commit, failure);
      return null;
    }
  }

  async #about(file: string): Promise<HubFile> {
    const about = (await this.#files())?.get(file);
    if (about) {
      const { commit, cache } = await this.#found();
      await cache.noteFacts?.(commit, file, about);
      return about;
    }
    if (!this.unasked)
      throw hubFailure('hubNotFound', `${this.#model} has no ${file}`, 'Check the name and the revision.', undefined, {
        model: this.#model,
      });
    throw this.unasked;
  }

  async #fetch(file: string, signal?: AbortSignal): Promise<void> {
    const { commit, cache, kept } = await this.#found();
    if (await kept.has(file)) return;
    const facts = await this.#about(file);
    this.#progress.expect(file, facts.size);
    const token = await this.#token();
    const onProgress = (done: number): void => this.#options.onProgress?.(this.#progress.tell(file, done));
    const source: Source = {
      ...facts,
      name: `${this.#model}/${file}`,
      url: `${this.#endpoint}/${this.#model}/resolve/${commit}/${file.split('/').map(encodeURIComponent).join('/')}`,
      // Across to another host fetch itself leaves the token behind.
      headers: token ? { authorization: `Bearer ${token}` } : {},
      refusal: (status, url) => {
        const { host } = new URL(url || this.#endpoint);
        if (status !== 404 && host !== new URL(this.#endpoint).host) return this.#heldBack(file, status, host);
        return status === 404 ? this.#notFound(file) : this.#refused(status, token !== undefined);
      },
    };
    const options = { ...this.#patience, ...(signal && { signal }), onProgress };
    await cache.keep(commit, file, facts, (draft) => download(draft, source, options), signal);
    onProgress(facts.size);
  }

  /** Throws `badHubToken`, without the token: messages end up in logs. */
  async #token(): Promise<string | undefined> {
    const { token: given, environment } = this.#options;
    const token = given || (await tokenOf(environment));
    if (token === undefined || /^hf_[\x21-\x7e]+$/.test(token)) return token;
    throw new SiseonError({
      code: 'badHubToken',
      kind: 'usage',
      what: 'HF_TOKEN, or what logging in left, is no token of the hub',
      expected: 'hf_ and letters and digits, on one line',
      got: `${token.length} characters of another form`,
      next: 'Copy it anew from the hub’s settings, or unset it for public models.',
      details: { length: token.length },
    });
  }

  async #asking(attempts: number): Promise<{ hubUrl: string; fetch: typeof fetch; accessToken?: string }> {
    const token = await this.#token();
    const fetch = patientFetch({ ...this.#patience, attempts });
    return { hubUrl: this.#endpoint, fetch, ...(token && { accessToken: token }) };
  }

  async #fail(cause: unknown): Promise<never> {
    this.#options.signal?.throwIfAborted();
    if (cause instanceof SiseonError) throw cause;
    const status = (cause as { statusCode?: number }).statusCode;
    if (status === 401 || status === 403) throw this.#refused(status, (await this.#token()) !== undefined, cause);
    if (status === 404) throw this.#notFound();
    const badAddress = (cause as { cause?: { code?: string } }).cause?.code === 'ERR_INVALID_URL';
    if (cause instanceof SyntaxError || badAddress) throw this.#noHub(cause);
    const problem = status ? `it answered ${status}` : problemOf(cause);
    throw hubFailure(
      'hubUnavailable',
      `${this.#model} (${this.#revision}) could not be had from ${this.#endpoint}: ${problem}`,
      'Check the connection and try again; a model that is in the cache is read without.',
      cause,
      { model: this.#model, endpoint: this.#endpoint, problem },
    );
  }

  #refused(status: number, withToken: boolean, cause?: unknown): SiseonError {
    const page = `${this.#endpoint}/${this.#model}`;
    const next = !withToken
      ? `Check the name. If it is right: sign in at ${page}, accept its terms where it has some, and set HF_TOKEN to a token that may read it.`
      : status === 401
        ? `Check the name, and HF_TOKEN (or what logging in left): the token is not known, or its account may not see this model.`
        : `Accept the terms at ${page} with the account of HF_TOKEN, and let the token read gated models.`;
    return hubFailure(
      'hubRefused',
      `${this.#model} is not given out (${status}): it is private, gated, or there is no such model`,
      next,
      cause,
      { model: this.#model, page, status, withToken },
    );
  }

  /** The hub let the file go, and the host that keeps its bytes does not. */
  #heldBack(file: string, status: number, host: string): SiseonError {
    const problem = `the host of its files, ${host}, answered ${status}`;
    return hubFailure(
      'hubUnavailable',
      `${this.#model}/${file} could not be fetched: ${problem}, though the hub gives the model out`,
      'The address that the hub gave ran out, or a proxy or firewall lets this host through to nobody; try again, or fetch it by other means.',
      undefined,
      { model: this.#model, name: `${this.#model}/${file}`, endpoint: this.#endpoint, host, status, problem },
    );
  }

  #notFound(file?: string): SiseonError {
    return hubFailure(
      'hubNotFound',
      `${file ? `${file} of ` : ''}${this.#model} (${this.#revision}) is not there at ${this.#endpoint}`,
      'Check the name and the revision; for a folder, give its path.',
      undefined,
      { model: this.#model },
    );
  }

  #noHub(cause?: unknown): SiseonError {
    return hubFailure(
      'hubUnavailable',
      `${this.#endpoint} does not answer as a hub does`,
      'Check HF_ENDPOINT, and whether a proxy or a sign-in page answers in its place.',
      cause,
      { model: this.#model, endpoint: this.#endpoint, problem: 'it does not answer as a hub does' },
    );
  }
}

/** Whether enough is kept to be a model. */
async function isHeld(kept: Folder): Promise<boolean> {
  return ((await kept.list().catch(() => null)) ?? []).length > 0;
}
