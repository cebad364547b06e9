/** Models that the visitor keeps: zipped, in the browser's own store. They survive a reload. */
import { del, get, set } from 'idb-keyval';
import { ask, type Failure } from '../engine/client.svelte.ts';
import { download } from '../explore/exports.ts';

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
  /** The browser refused to keep one: most likely it has no more room. */
  full = $state(false);
  failure = $state.raw<Failure | null>(null);
  #opened = false;

  async open(): Promise<void> {
    if (this.#opened) return;
    this.#opened = true;
    this.list = (await get<readonly Kept[]>(listName).catch(() => undefined)) ?? [];
  }

  async add(name: string, archive: Uint8Array): Promise<void> {
    this.full = false;
    // Two models of one name are told apart.
    const taken = new Set(this.list.map((kept) => kept.id));
    let id = name;
    for (let n = 2; taken.has(id); n++) id = `${name} (${n})`;
    const list = [...this.list, { id, name: id, bytes: archive.length }];
    try {
      await set(archiveName(id), archive);
      await set(listName, list);
      this.list = list;
    } catch {
      await del(archiveName(id)).catch(() => {});
      this.full = true;
    }
  }
  /** A zip of the visitor's own: only what the engine can read is kept. */
  async load(file: File): Promise<void> {
    this.failure = null;
    try {
      const archive = new Uint8Array(await file.arrayBuffer());
      const name = file.name.replace(/\.zip$/, '');
      await ask((e) => e.trainer.hold(name, archive), null);
      await this.add(name, archive);
    } catch (cause) {
      this.failure = cause as Failure;
    }
  }
  async remove(id: string): Promise<void> {
    this.list = this.list.filter((kept) => kept.id !== id);
    await set(listName, this.list).catch(() => {});
    await del(archiveName(id)).catch(() => {});
  }
  async save(id: string): Promise<void> {
    const archive = await get<Uint8Array<ArrayBuffer>>(archiveName(id));
    if (archive) download(new Blob([archive], { type: 'application/zip' }), `${id}.zip`);
  }
  /** Hands a kept model to the worker. */
  async hold(id: string): Promise<void> {
    const archive = await get<Uint8Array>(archiveName(id));
    await ask((e) => e.trainer.hold(id, archive ?? new Uint8Array(0)), null);
  }
}
export const kept = new Models();
