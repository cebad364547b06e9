/** The visitor's own library: kept by the browser, embedded by the engine, held against the question. */

import * as Comlink from 'comlink';
import { del, get, set } from 'idb-keyval';
import { unseen } from 'siseon/views';
import { ask, askLong, engine, type Failure, Latest } from '../engine/client.svelte.ts';
import type { Book, Prepared, Ranking } from '../engine/librarian.ts';
import { here } from '../place.svelte.ts';
import { fitsAddress } from './address.ts';
import { storyShelves } from './story.ts';

export interface Shelf extends Book {
  readonly id: number;
}

const storeName = 'siseon-library';
/** Typing is over after so many milliseconds. */
const calm = 250;
let next = 0;
const asShelves = (books: readonly Book[]): Shelf[] => books.map(({ tag, content }) => ({ id: next++, tag, content }));
const asBooks = (shelves: readonly Shelf[]): Book[] => shelves.map(({ tag, content }) => ({ tag, content }));
const same = (a: readonly Book[], b: readonly Book[]): boolean =>
  a.length === b.length && a.every(({ tag, content }, i) => tag === b[i]!.tag && content === b[i]!.content);

class Shelves {
  all = $state.raw<readonly Shelf[]>([]);
  phase = $state<'opening' | 'reading' | 'ready'>('opening');
  /** Texts embedded, of so many. */
  progress = $state.raw<readonly [done: number, total: number]>([0, 0]);
  failure = $state.raw<Failure | null>(null);
  /** Embedding was called off; the ranking is of the list before. */
  stopped = $state(false);
  /** The browser could not keep the library. */
  unkept = $state(false);
  /** What is shown came with a link; the visitor's own library waits. */
  linked = $state(false);
  /** What can be undone, the last at the end: what stood there before, and what was made of it. */
  #done = $state.raw<readonly { readonly before: readonly Book[]; readonly made: readonly Book[] }[]>([]);
  /** What stood there before the last of them; null once anything, in any window, has been made of it since: that would be lost. */
  before = $derived.by(() => {
    const last = this.#done.at(-1);
    return last && same(last.made, this.all) ? last.before : null;
  });
  /** What the ranking is of: the shelves that have a tag, as they were embedded. */
  ready = $state.raw<readonly Shelf[]>([]);
  prepared = $state.raw<Prepared | null>(null);
  readonly ranking = new Latest<Ranking>();
  #own: readonly Book[] = storyShelves;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Takes what the link brings, else what the browser kept, else the story's shelves; without an engine as well. */
  async open(): Promise<void> {
    if (this.phase !== 'opening') return;
    const kept = await get<readonly Book[]>(storeName).catch(() => undefined);
    this.#own = kept ?? storyShelves;
    const { books } = here.lookup;
    this.linked = books !== null && !same(books, this.#own);
    this.all = asShelves(this.linked ? books! : this.#own);
    this.phase = 'ready';
  }

  #change(all: readonly Shelf[], wait = calm): void {
    this.all = all;
    // Whoever changes what a link brought makes it their own.
    this.linked = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      void this.keep();
      void this.read();
    }, wait);
  }
  edit(id: number, change: Partial<Book>): void {
    this.#change(this.all.map((shelf) => (shelf.id === id ? { ...shelf, ...change } : shelf)));
  }
  add(): void {
    this.#change([...this.all, ...asShelves([{ tag: '', content: '' }])]);
  }
  remove(id: number): void {
    this.#undoable(
      this.all.filter((shelf) => shelf.id !== id),
      calm,
    );
  }
  take(books: readonly Book[], way: 'add' | 'replace'): void {
    if (way === 'add') this.#change([...this.all, ...asShelves(books)], 0);
    else this.#undoable(asShelves(books), 0);
  }
  #undoable(made: readonly Shelf[], wait: number): void {
    this.#done = [...this.#done, { before: this.all, made }];
    this.#change(made, wait);
  }
  /** Puts back what others were put in place of, or what was taken away. */
  undo(): void {
    const { before } = this;
    if (!before) return;
    this.#done = this.#done.slice(0, -1);
    this.#change(asShelves(before), 0);
  }
  /** Back to the story's shelves; what the browser kept of the library and its vectors is gone. */
  async clear(): Promise<void> {
    clearTimeout(this.#timer);
    this.#done = [];
    await Promise.all([del(storeName).catch(() => {}), ask((e) => e.librarian.forget()).catch(() => {})]);
    [this.#own, this.all, this.linked, this.unkept] = [storyShelves, asShelves(storyShelves), false, false];
    windows?.postMessage(null);
    await this.read();
  }
  async backToOwn(): Promise<void> {
    [this.all, this.linked] = [asShelves(this.#own), false];
    await this.read();
  }

  /** Another window has written the library: from here it must not be written over with what it was before. */
  async renew(): Promise<void> {
    if (this.phase === 'opening') return;
    const kept = await get<readonly Book[]>(storeName).catch(() => undefined);
    this.#own = kept ?? storyShelves;
    if (this.linked || same(this.#own, this.all)) return;
    clearTimeout(this.#timer);
    this.all = asShelves(this.#own);
    await this.read();
  }

  async keep(): Promise<void> {
    this.#own = asBooks(this.all);
    try {
      await set(storeName, this.#own);
      this.unkept = false;
      windows?.postMessage(null);
    } catch {
      this.unkept = true;
    }
  }

  /** Embeds what is new. A newer list, or another model, puts an end to it. */
  async read(): Promise<void> {
    const shelves = this.all.filter(({ tag }) => !unseen(tag));
    here.lookup = { ...here.lookup, books: fitsAddress(this.all) ? asBooks(this.all) : null };
    // Without an engine they are read once there is one.
    if (engine.version === 0 || engine.failure) return;
    [this.phase, this.progress, this.failure, this.stopped] = ['reading', [0, 0], null, false];
    const { all } = this;
    const tell = (done: number, total: number): void => {
      if (all === this.all) this.progress = [done, total];
    };
    try {
      const prepared = await askLong((e) => e.librarian.prepare(asBooks(shelves), Comlink.proxy(tell)));
      if (all !== this.all) return;
      if (prepared) [this.ready, this.prepared] = [shelves, prepared];
      else this.stopped = true;
    } catch (cause) {
      if (all !== this.all) return;
      this.failure = cause as Failure;
    }
    this.phase = 'ready';
  }
  async cancel(): Promise<void> {
    await ask((e) => e.librarian.cancel());
  }

  find(question: string, temperature: number): void {
    if (this.ready.length === 0 || engine.failure) return;
    void this.ranking.ask(() => ask((e) => e.librarian.find(question, temperature)));
  }
}
export const shelves = new Shelves();

/** Windows of this page tell each other that the library was written. */
const windows = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(storeName);
windows?.addEventListener('message', () => void shelves.renew());
