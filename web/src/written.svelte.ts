/**
 * Another sentence is written: what was done to a head stays, what was done to words waits for their sentence. Another model
 * is opened: all that was done waits for the one before.
 */
import type { Change } from './engine/change.ts';
import { engine } from './engine/client.svelte.ts';
import { readChange, writtenChange } from './explore/written.ts';
import type { Place } from './permalink.ts';
import { here } from './place.svelte.ts';

/** Whether it is of a head as a whole, whatever sentence it reads. */
export const ofHeads = (change: Change): change is Extract<Change, { kind: 'silence' | 'temperature' }> =>
  change.kind === 'silence' || change.kind === 'temperature';

/** What was done while a sentence was there that is not there any more. */
export interface Aside {
  readonly text: string;
  /** Whose tokens they count: the model as the address has it, or the room "Train". */
  readonly model: string;
  /** All, in their order: an edit is made of what those before it left. */
  readonly changes: readonly Change[];
  /** What was done to heads waits as well: the model went with the sentence. */
  readonly whole: boolean;
  /** The cell that was pinned. */
  readonly cell: Place['cell'];
}

/** A text as the model reads it: most make nothing of a blank at the end, to others it is a token. */
const asRead = (text: string): string =>
  engine.model?.readsBlanks === false ? text.replace(/[ \t\n]+/g, ' ').trim() : text;
/** Whether two texts are one sentence to the model. */
export const same = (one: string, other: string): boolean => asRead(one) === asRead(other);

type Waiting = Pick<Aside, 'changes' | 'whole'>;
/** Those that are not there meanwhile. */
export const waiting = ({ changes, whole }: Waiting): readonly Change[] =>
  whole ? changes : changes.filter((change) => !ofHeads(change));

/** Of a head one change of a kind is there at a time, whatever it says. */
const called = (change: Change): string =>
  'head' in change && ofHeads(change) ? `${change.kind} ${change.layer} ${change.head}` : writtenChange(change);

/** What waited stands again before what it stood before. */
export function rejoined(present: readonly Change[], back: Waiting): Change[] {
  const all = [...present];
  const place = (change: Change): number => all.findIndex((other) => called(other) === called(change));
  const returning = new Set(waiting(back));
  back.changes.forEach((_, i) => {
    const [change, ...later] = back.changes.slice(back.changes.length - 1 - i) as [Change, ...Change[]];
    if (!returning.has(change) || place(change) >= 0) return;
    const next = later.map(place).find((at) => at >= 0);
    all.splice(next ?? all.length, 0, change);
  });
  return all;
}

const storeName = 'siseon-aside';
const train = 'train:';
const modelNow = (): string => (here.part === 'train' ? train : (here.model ?? ''));

/** Of every sentence that was interfered with in this window, the one left last at the end; a reload brings them back. */
class Asides {
  #all = $state.raw<readonly Aside[]>(remembered());
  /** Those of the model that is looked through. */
  list = $derived(this.#all.filter(({ model }) => model === modelNow()));

  /** How many wait for another model. */
  elsewhere = $derived(
    this.#all.reduce(
      (sum, each) => sum + (each.model === modelNow() || each.model === train ? 0 : waiting(each).length),
      0,
    ),
  );

  put({ text, changes, cell }: Pick<Aside, 'text' | 'changes' | 'cell'>, whole = false, model = modelNow()): void {
    const put = { text, model, changes, whole, cell };
    if (waiting(put).length === 0) return;
    const before = this.#all.find((each) => same(each.text, text) && each.model === model);
    const all = before ? { whole: whole || before.whole, changes: rejoined(changes, before) } : {};
    this.#write([...this.#others(text, model), { ...put, ...all }]);
  }
  /** What was put aside of a text, which is then put aside no more. */
  take(text: string): Waiting & Pick<Aside, 'cell'> {
    const found = this.list.find((each) => same(each.text, text));
    if (found) this.#write(this.#others(text));
    return found ?? { changes: [], whole: false, cell: null };
  }
  /** Forgets those of one text, or of all, of the model that is looked through. */
  drop(text?: string): void {
    this.#write(this.#others(text));
  }

  #others(text?: string, model = modelNow()): Aside[] {
    return this.#all.filter((each) => each.model !== model || (text !== undefined && !same(each.text, text)));
  }
  #write(all: readonly Aside[]): void {
    this.#all = all;
    try {
      const plain = all.map(({ changes, ...each }) => ({ ...each, changes: changes.map(writtenChange) }));
      sessionStorage.setItem(storeName, JSON.stringify(plain));
    } catch {
      // A browser that stores nothing has them as long as the page is open.
    }
  }
}

function remembered(): Aside[] {
  try {
    const list = JSON.parse(sessionStorage.getItem(storeName) ?? '[]') as (Aside & { changes: string[] })[];
    return list
      .map(({ text, model, changes, whole, cell }) => ({
        text: `${text}`,
        model: `${model}`,
        changes: changes.flatMap(readChange),
        whole: whole === true,
        cell,
      }))
      .filter((each) => waiting(each).length > 0);
  } catch {
    return [];
  }
}
export const aside = new Asides();

/** The sentence is this one from now on. What was put aside for it comes back. */
export function write(text: string): void {
  if (text === here.text) return;
  // The same sentence, and all that was done to it stays.
  if (same(text, here.text)) {
    here.text = text;
    return;
  }
  aside.put(here);
  const back = aside.take(text);
  Object.assign(here, { text, query: null, cell: back.cell, changes: rejoined(here.changes.filter(ofHeads), back) });
}

/** Brings back what was put aside of a text, and the text where it is not there. */
export function bringBack(text: string): void {
  if (!same(text, here.text)) {
    write(text);
    return;
  }
  const back = aside.take(text);
  Object.assign(here, { changes: rejoined(here.changes, back), cell: here.cell ?? back.cell });
}

/** Another model from now on (null: the one that comes along). What was chosen or done in the one before says nothing of it. */
export function readThrough(model: string | null): void {
  if (model === here.model) return;
  aside.put(here, true);
  Object.assign(here, { head: null, cell: null, changes: [], model });
  bringBack(here.text);
}
