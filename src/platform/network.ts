/** A folder behind an address: by ranges, and from the browser's cache where that was asked for. */
import { diskFolder } from './disk.ts';
import { cannotRead, type Folder } from './folders.ts';
import { inNode } from './machine.ts';

/** Files up to this size are fetched whole, once: a range for every tensor would cost more. */
const SMALL = 32 << 20;

export interface NetworkOptions {
  readonly name?: string;
  /** Name of a Cache (Cache API) that keeps whole files from visit to visit. */
  readonly cache?: string;
  /** Called as a file comes in; `total` is 0 where the server does not say. */
  readonly onProgress?: (progress: { readonly file: string; readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
}

/** A folder by its path; in a browser, which has no files, by its address as seen from the page. */
export const folderAt = (path: string): Folder =>
  inNode ? diskFolder(path) : networkFolder(new URL(path, globalThis.location.href));

/**
 * Reads files by `fetch`. Without a cache, large files are read by ranges and a server that ignores ranges is refused;
 * with one, files are kept whole (by the browser, on disk) and read from there. Throws `cannotRead` and what the signal says.
 */
export function networkFolder(address: string | URL, options: NetworkOptions = {}): Folder {
  const base = String(address).replace(/\/*$/, '/');
  const { name = base.replace(/\/$/, ''), cache, onProgress, signal } = options;
  const kept = new Map<string, Promise<Blob>>();
  const sizes = new Map<string, Promise<number | null>>();
  const init = (headers: Record<string, string> = {}): RequestInit => ({ headers, ...(signal && { signal }) });

  async function ask(file: string, request: RequestInit): Promise<Response> {
    const url = new URL(file, base).href;
    try {
      return await fetch(url, request);
    } catch (cause) {
      signal?.throwIfAborted();
      throw cannotRead(url, cause instanceof Error ? cause.message : String(cause), cause);
    }
  }
  /** What the server says that a file has; null where there is no such file. */
  const announced = (file: string): Promise<number | null> => {
    const known = sizes.get(file);
    if (known) return known;
    const asked = ask(file, { ...init(), method: 'HEAD' }).then((response) => {
      if (!response.ok) return null;
      // The length of a compressed answer is not the file's.
      const length = response.headers.get('content-encoding') ? null : response.headers.get('content-length');
      return length === null ? 0 : Number(length);
    });
    sizes.set(file, asked);
    return asked;
  };
  async function whole(file: string): Promise<Blob> {
    const url = new URL(file, base).href;
    const store = cache === undefined || typeof caches === 'undefined' ? null : await caches.open(cache);
    const before = await store?.match(url);
    if (before) return before.blob();
    const response = await ask(file, init());
    if (!response.ok || !response.body) throw cannotRead(url, `the server answered ${response.status}`);
    const total = response.headers.get('content-encoding') ? 0 : Number(response.headers.get('content-length') ?? 0);
    let done = 0;
    const counted = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          done += chunk.length;
          onProgress?.({ file, done, total });
          controller.enqueue(chunk);
        },
      }),
    );
    try {
      const copy = new Response(counted, { headers: { 'content-type': 'application/octet-stream' } });
      if (!store) return await checked(await copy.blob());
      // A cache takes a file in whole or not at all.
      await store.put(url, copy);
      return await checked(await (await store.match(url))!.blob());
    } catch (cause) {
      signal?.throwIfAborted();
      await store?.delete(url);
      throw cannotRead(url, cause instanceof Error ? cause.message : String(cause), cause);
    }
    async function checked(blob: Blob): Promise<Blob> {
      if (total > 0 && blob.size !== total) throw new Error(`${blob.size} bytes came, and ${total} were announced`);
      return blob;
    }
  }
  const keep = (file: string): Promise<Blob> => {
    const blob = kept.get(file) ?? whole(file);
    kept.set(file, blob);
    return blob.catch((cause) => {
      kept.delete(file);
      throw cause;
    });
  };
  async function isSmall(file: string): Promise<boolean> {
    if (cache !== undefined && typeof caches !== 'undefined') return true;
    const length = await announced(file);
    return length !== null && length <= SMALL;
  }
  return {
    name,
    list: async () => null,
    has: async (file) => kept.has(file) || (await announced(file)) !== null,
    async size(file) {
      if (kept.has(file) || (await isSmall(file))) return (await keep(file)).size;
      const length = await announced(file);
      if (length === null) throw cannotRead(`${base}${file}`, 'the server has no such file');
      return length;
    },
    async read(file, start = 0, end) {
      if (end === undefined || kept.has(file) || (await isSmall(file))) {
        const blob = await keep(file);
        const stop = end ?? blob.size;
        if (stop > blob.size) throw cannotRead(`${base}${file}`, `it ends at byte ${blob.size}, before ${stop}`);
        return new Uint8Array(await blob.slice(start, stop).arrayBuffer());
      }
      if (start === end) return new Uint8Array(0);
      const response = await ask(file, init({ range: `bytes=${start}-${end - 1}` }));
      if (response.status !== 206)
        throw cannotRead(`${base}${file}`, `the server answered ${response.status} to a range, where 206 is due`);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (bytes.length !== end - start)
        throw cannotRead(`${base}${file}`, `${bytes.length} bytes came, and ${end - start} were asked for`);
      return bytes;
    },
    async close() {
      kept.clear();
    },
  };
}
