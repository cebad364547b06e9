/** Models that the visitor keeps: zipped, in the browser's own store. They survive a reload, and every window lists the same. */
import { del, get, set, update } from 'idb-keyval';
import { ask, type Failure } from '../engine/client.svelte.ts';
import { download } from '../pieces/download.ts';

export interface Kept {
  /** Also its name in the worker. */
  readonly id: string;
  readonly name: string;
  readonly bytes: number;
}

const listName = 'siseon-kept';
const archiveName = (id: string): string => `${listName}-${id}`;

class Models {
  list = $state.raw<readonly Kept[]>([]);
  /** The browser refused to keep a zip that was loaded: most likely it has no more room. */
  full = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** Whether the list has been read. */
  known = $state(false);
  #opened = false;

  async open(): Promise<void> {
    if (this.#opened) return;
    this.#opened = true;
    await this.renew();
    this.known = true;
  }
  /** The list as it is kept: another window may have written it. */
  async renew(): Promise<void> {
    if (this.#opened) this.list = (await get<readonly Kept[]>(listName).catch(() => undefined)) ?? this.list;
  }
  /** Changes the list as it is kept, whatever another window has done to it since it was read here. */
  async #write(change: (list: readonly Kept[]) => readonly Kept[]): Promise<void> {
    await update<readonly Kept[]>(listName, (list = []) => (this.list = change(list)));
    windows?.postMessage(null);
  }

  /** Resolves to what it is called here, or to null where the browser refused to keep it. */
  async add(name: string, archive: Uint8Array): Promise<string | null> {
    await this.open();
    let id: string | null = null;
    try {
      // Two models of one name are told apart, also where two windows keep one each at once: the list is changed by one alone.
      await this.#write((list) => {
        const taken = new Set(list.map((kept) => kept.id));
        id = name;
        for (let n = 2; taken.has(id); n++) id = `${name} (${n})`;
        return [...list, { id, name: id, bytes: archive.length }];
      });
      await set(archiveName(id!), archive);
    } catch {
      if (id !== null) await this.remove(id);
      return null;
    }
    return id;
  }
  /** A zip of the visitor's own: only what the engine can read is kept. */
  async load(file: File): Promise<void> {
    [this.failure, this.full] = [null, false];
    try {
      const archive = new Uint8Array(await file.arrayBuffer());
      const name = file.name.replace(/\.zip$/, '');
      await ask((e) => e.trainer.hold(name, archive), null);
      this.full = (await this.add(name, archive)) === null;
    } catch (cause) {
      this.failure = cause as Failure;
    }
  }
  /** The one that the visitor removed last, which this window can bring back to its place. */
  removed = $state.raw<{ readonly kept: Kept; readonly place: number; readonly archive: Uint8Array } | null>(null);
  async takeAway(id: string): Promise<void> {
    const place = this.list.findIndex((one) => one.id === id);
    const one = this.list[place];
    const archive = await get<Uint8Array>(archiveName(id)).catch(() => undefined);
    await this.remove(id);
    this.removed = one && archive ? { kept: one, place, archive } : null;
  }
  async bringBack(): Promise<void> {
    const { removed } = this;
    if (!removed) return;
    const { kept: one, place, archive } = removed;
    this.full = false;
    // Its name may have been given to another meanwhile.
    if (this.list.some(({ id }) => id === one.id)) this.full = (await this.add(one.name, archive)) === null;
    else
      try {
        await set(archiveName(one.id), archive);
        await this.#write((list) => list.toSpliced(place, 0, one));
      } catch {
        this.full = true;
      }
    if (!this.full) this.removed = null;
  }
  /** Of one that was never whole, too: a zip that found no room. */
  async remove(id: string): Promise<void> {
    await this.#write((list) => list.filter((kept) => kept.id !== id)).catch(() => {});
    await del(archiveName(id)).catch(() => {});
  }
  async save(id: string): Promise<void> {
    const archive = await get<Uint8Array<ArrayBuffer>>(archiveName(id));
    if (archive) download(new Blob([archive], { type: 'application/zip' }), `${id}.zip`);
  }
  /** Hands a kept model to the worker. Rejects with `keptLost` where the store lost or broke it. */
  async hold(id: string): Promise<void> {
    const lost = (cause?: Failure): Failure => ({
      code: 'keptLost',
      details: { name: id },
      message: cause?.message ?? id,
    });
    const archive = await get<Uint8Array>(archiveName(id)).catch(() => undefined);
    if (!archive) throw lost();
    await ask((e) => e.trainer.hold(id, archive), null).catch((cause: Failure) => {
      throw cause.code === 'badArchive' ? lost(cause) : cause;
    });
  }
}
export const kept = new Models();

/** Windows of this page tell each other that the list was written. */
const windows = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(listName);
windows?.addEventListener('message', () => void kept.renew());
