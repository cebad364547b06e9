/**
 * Files of the hub in a browser, kept from visit to visit by its Cache API: contents in parts, so that a download goes on
 * where it stopped, and a file's entry only when it is whole and right. Without that API (a page that is not on https or
 * localhost) they are kept while the page is open.
 */
import { SiseonError } from './errors.ts';
import { blobFolder, cannotRead, type Folder } from './folders.ts';
import type { Draft, HubCache } from './hubCache.ts';
import { problemOf } from './patience.ts';

/** Name of the browser's cache that holds everything below. */
const NAME = 'siseon-models';
/** Bytes of a part; the last one is shorter. */
const PART = 4 << 20;

/** What is used of the Cache API. Keys are addresses that nothing is ever fetched from. */
type Store = Pick<Cache, 'match' | 'put' | 'delete'> & { keys(): Promise<readonly { readonly url: string }[]> };

const held = new Map<string, Blob>();
const memory: Store = {
  match: async (key) => {
    const blob = held.get(String(key));
    return blob && entry(blob);
  },
  put: async (key, response) => void held.set(String(key), await response.blob()),
  delete: async (key) => held.delete(String(key)),
  keys: async () => [...held.keys()].map((url) => ({ url })),
};

const openStore = async (): Promise<Store> =>
  typeof caches === 'undefined' ? memory : caches.open(NAME).catch(() => memory);

const entry = (content: Blob): Response => new Response(content, { headers: { 'x-bytes': String(content.size) } });
const bytesOf = (response: Response): number => Number(response.headers.get('x-bytes'));

export interface KeptModel {
  /** As on the hub: `owner/name`. */
  readonly name: string;
  /** The address of the hub that it came from: the public one, or a mirror. */
  readonly endpoint: string;
  /** Of the browser's storage. */
  readonly bytes: number;
  /** Of the files that were asked for, with those that are not here yet: as many as `bytes` where the model is whole. */
  readonly total: number;
}

/** Models of the hub that this browser keeps for this origin, begun ones too; none in Node, where they are on disk. */
export async function keptModels(): Promise<KeptModel[]> {
  const store = await openStore();
  const models = new Map<string, { name: string; endpoint: string; came: Sizes; asked: Sizes }>();
  for (const { url } of await store.keys()) {
    const name = nameIn(url);
    const [, part] = /\/blobs\/([^/]+)\/\d+\?/.exec(url) ?? [];
    const response = name !== null && (part || url.includes('/facts/')) && (await store.match(url));
    if (!response) continue;
    const endpoint = endpointIn(url);
    const key = `${name} ${endpoint}`;
    const model = models.get(key) ?? { name, endpoint, came: new Map(), asked: new Map() };
    models.set(key, model);
    if (part) model.came.set(part, (model.came.get(part) ?? 0) + bytesOf(response));
    else {
      const [checksum = '', size] = (await response.text()).split(' ');
      model.asked.set(checksum, Number(size));
    }
  }
  return (
    [...models]
      // What was only asked about has entries, and nothing of a file.
      .filter(([, { came }]) => came.size > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { name, endpoint, came, asked }]) => ({
        name,
        endpoint,
        bytes: sumOf(came),
        // Contents that commits share are here once, and asked for once.
        total: sumOf(new Map([...came, ...asked])),
      }))
  );
}

/** Bytes by checksum. */
type Sizes = Map<string, number>;
const sumOf = (sizes: Sizes): number => [...sizes.values()].reduce((sum, size) => sum + size, 0);

/** Removes what the browser keeps of a model, from one hub where it is named, or of all. */
export async function forgetModels(name?: string, endpoint?: string): Promise<void> {
  const store = await openStore();
  for (const { url } of await store.keys()) {
    const own = nameIn(url) !== null && (name === undefined || nameIn(url) === name);
    if (own && (endpoint === undefined || endpointIn(url) === endpoint)) await store.delete(url);
  }
}

/** The model that an entry belongs to. */
const nameIn = (url: string): string | null => new URL(url).searchParams.get('kept');
/** The hub that it came from. */
const endpointIn = (url: string): string => /^(.*?)\/(?:refs|snapshots|blobs|lacks|facts)\//.exec(url)?.[1] ?? '';

export function pageCache(endpoint: string, model: string): HubCache {
  const key = (...path: string[]): string =>
    `${endpoint}/${path.map(encodeURIComponent).join('/')}?kept=${encodeURIComponent(model)}`;
  const read = async (...path: string[]): Promise<string | null> =>
    (await (await openStore()).match(key(...path)))?.text() ?? null;
  const write = async (text: string, ...path: string[]): Promise<void> => put(await openStore(), key(...path), text);
  const partsOf = (checksum: string) => (part: number) => key('blobs', checksum, String(part));
  /** An entry says how many parts its content has. */
  const entryOf = async (commit: string, file: string): Promise<readonly [string, number] | null> => {
    const [checksum, parts] = (await read('snapshots', commit, file))?.split(' ') ?? [];
    return checksum === undefined ? null : [checksum, Number(parts)];
  };

  /** Of a commit that a revision has left: what was not fetched of it never will be. */
  async function forgetFacts(commit: string): Promise<void> {
    const store = await openStore();
    const begin = key('facts', commit).split('?')[0]!;
    for (const { url } of await store.keys())
      if (url.startsWith(`${begin}/`) && nameIn(url) === model) await store.delete(url);
  }

  async function content(commit: string, file: string): Promise<Blob> {
    const known = await entryOf(commit, file);
    const store = await openStore();
    const parts = known
      ? await Promise.all(Array.from({ length: known[1] }, (_, part) => store.match(partsOf(known[0])(part))))
      : [undefined];
    const blobs = await Promise.all(parts.map((part) => part?.blob()));
    if (blobs.every((blob) => blob !== undefined)) return new Blob(blobs);
    throw cannotRead(`${model}/${file}`, 'the browser does not keep it (any more)');
  }

  function kept(commit: string): Folder {
    const opened = new Map<string, Promise<Blob>>();
    const folder = async (file: string): Promise<Folder> => {
      const blob = opened.get(file) ?? content(commit, file);
      opened.set(file, blob);
      return blobFolder(new Map([[file, await blob]]), model);
    };
    const begin = key('snapshots', commit).split('?')[0]!;
    return {
      name: model,
      async list() {
        const urls = (await (await openStore()).keys()).map(({ url }) => url);
        const own = urls.filter((url) => url.startsWith(`${begin}/`) && nameIn(url) === model);
        return own.map((url) => decodeURIComponent(url.slice(begin.length + 1).split('?')[0]!)).sort();
      },
      has: async (file) => (await entryOf(commit, file)) !== null,
      size: async (file) => (await folder(file)).size(file),
      read: async (file, start, end) => (await folder(file)).read(file, start, end),
      close: async () => opened.clear(),
    };
  }

  return {
    name: 'the browser’s storage',
    commitOf: (revision) => read('refs', revision),
    async remember(revision, commit) {
      const before = await read('refs', revision);
      await write(commit, 'refs', revision);
      if (before !== null && before !== commit) await forgetFacts(before);
    },
    kept,
    lacks: async (commit, file) => (await read('lacks', commit, file)) !== null,
    noteLack: (commit, file) => write('', 'lacks', commit, file).catch(() => {}),
    noteFacts: (commit, file, { size, checksum }) =>
      write(`${checksum} ${size}`, 'facts', commit, file).catch(() => {}),
    async keep(commit, file, { checksum }, fill, signal) {
      const alone = async (): Promise<void> => {
        let parts = await read('blobs', checksum, 'parts');
        if (parts === null) {
          const draft = await PartsDraft.open(await openStore(), partsOf(checksum));
          try {
            await fill(draft);
          } finally {
            await draft.flush();
          }
          parts = String(draft.parts);
          await write(parts, 'blobs', checksum, 'parts');
        }
        await write(`${checksum} ${parts}`, 'snapshots', commit, file);
      };
      // One page or worker of this origin at a time.
      await (navigator.locks?.request(key('blobs', checksum), { ...(signal && { signal }) }, alone) ?? alone());
    },
  };
}

async function put(store: Store, key: string, content: BlobPart | Blob): Promise<void> {
  try {
    await store.put(key, entry(content instanceof Blob ? content : new Blob([content])));
  } catch (cause) {
    const full = (cause as { name?: string }).name === 'QuotaExceededError';
    throw new SiseonError({
      code: 'cannotWrite',
      kind: 'failure',
      what: `the browser cannot keep the model: ${full ? 'its storage for this page is full' : problemOf(cause)}`,
      next: 'Forget models that are kept (forgetModels), or make room on the disk; what came is kept.',
      details: { path: key },
      cause,
    });
  }
}

/** Parts of a content, in order; the last ones are in memory until they make a part, or until the draft is left. */
class PartsDraft implements Draft {
  readonly #store: Store;
  readonly #keyOf: (part: number) => string;
  #parts: number;
  #bytes: number;
  #rest: Uint8Array<ArrayBuffer>[] = [];
  #restBytes = 0;

  private constructor(store: Store, keyOf: (part: number) => string, parts: number, bytes: number) {
    this.#store = store;
    this.#keyOf = keyOf;
    this.#parts = parts;
    this.#bytes = bytes;
  }

  static async open(store: Store, keyOf: (part: number) => string): Promise<PartsDraft> {
    let parts = 0;
    let bytes = 0;
    for (let one = await store.match(keyOf(0)); one; one = await store.match(keyOf(++parts))) bytes += bytesOf(one);
    return new PartsDraft(store, keyOf, parts, bytes);
  }

  get parts(): number {
    return this.#parts;
  }

  async size(): Promise<number> {
    return this.#bytes + this.#restBytes;
  }

  async append(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    this.#rest.push(bytes);
    this.#restBytes += bytes.length;
    if (this.#restBytes >= PART) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#restBytes === 0) return;
    await put(this.#store, this.#keyOf(this.#parts), new Blob(this.#rest));
    this.#parts++;
    this.#bytes += this.#restBytes;
    this.#rest = [];
    this.#restBytes = 0;
  }

  async clear(): Promise<void> {
    for (; this.#parts > 0; this.#parts--) await this.#store.delete(this.#keyOf(this.#parts - 1));
    this.#bytes = 0;
    this.#rest = [];
    this.#restBytes = 0;
  }

  async digest(algorithm: 'sha1' | 'sha256', prefix: string): Promise<string> {
    await this.flush();
    const { utf8ToBytes, bytesToHex } = await import('@noble/hashes/utils.js');
    const make =
      algorithm === 'sha256'
        ? (await import('@noble/hashes/sha2.js')).sha256
        : (await import('@noble/hashes/legacy.js')).sha1;
    const hash = make.create().update(utf8ToBytes(prefix));
    for (let part = 0; part < this.#parts; part++) {
      const bytes = await (await this.#store.match(this.#keyOf(part)))!.arrayBuffer();
      hash.update(new Uint8Array(bytes));
    }
    return bytesToHex(hash.digest());
  }
}
