/** Another sentence is written: what was done to a head stays, what was done to words waits for their sentence. */
import type { Change } from './engine/change.ts';
import { engine } from './engine/client.svelte.ts';
import { readChange, writtenChange } from './explore/written.ts';
import type { Place } from './permalink.ts';
import { here } from './place.svelte.ts';

const ofHeads = ({ kind }: Change): boolean => kind === 'silence' || kind === 'temperature';

/** Changes to words of a sentence that is not there any more. */
export interface Aside {
  readonly text: string;
  /** Whose tokens they count: the model as the address has it, or the room "Train". */
  readonly model: string;
  readonly changes: readonly Change[];
  /** The cell that was pinned. */
  readonly cell: Place['cell'];
}

/** A text as the model reads it: most make nothing of a blank at the end, to others it is a token. */
const asRead = (text: string): string =>
  engine.model?.readsBlanks === false ? text.replace(/[ \t\n]+/g, ' ').trim() : text;
/** Whether two texts are one sentence to the model. */
export const same = (one: string, other: string): boolean => asRead(one) === asRead(other);

const storeName = 'siseon-aside';
const modelNow = (): string => (here.part === 'train' ? 'train:' : (here.model ?? ''));

/** Of every sentence that was interfered with in this window, the one left last at the end; a reload brings them back. */
class Asides {
  #all = $state.raw<readonly Aside[]>(remembered());
  /** Those of the model that is looked through. */
  list = $derived(this.#all.filter(({ model }) => model === modelNow()));

  put(text: string, changes: readonly Change[], cell: Place['cell']): void {
    const model = modelNow();
    const before = this.#all.find((each) => same(each.text, text) && each.model === model)?.changes ?? [];
    // What was put aside twice is there once.
    const all = new Map([...before, ...changes].map((change) => [writtenChange(change), change]));
    this.#write([...this.#others(text), { text, model, changes: [...all.values()], cell }]);
  }
  /** What was put aside of a text, which is then put aside no more. */
  take(text: string): Pick<Aside, 'changes' | 'cell'> {
    const found = this.list.find((each) => same(each.text, text));
    if (found) this.#write(this.#others(text));
    return found ?? { changes: [], cell: null };
  }
  /** Forgets those of one text, or of all, of the model that is looked through. */
  drop(text?: string): void {
    this.#write(this.#others(text));
  }

  #others(text?: string): Aside[] {
    const model = modelNow();
    return this.#all.filter((each) => each.model !== model || (text !== undefined && !same(each.text, text)));
  }
  #write(all: readonly Aside[]): void {
    this.#all = all;
    try {
      const plain = all.map(({ text, model, changes, cell }) => [text, model, changes.map(writtenChange), cell]);
      sessionStorage.setItem(storeName, JSON.stringify(plain));
    } catch {
      // A browser that stores nothing has them as long as the page is open.
    }
  }
}

function remembered(): Aside[] {
  try {
    const list = JSON.parse(sessionStorage.getItem(storeName) ?? '[]') as [string, string, string[], Place['cell']?][];
    return list
      .map(([text, model, changes, cell = null]) => ({
        text: `${text}`,
        model: `${model}`,
        changes: changes.flatMap(readChange),
        cell,
      }))
      .filter(({ changes }) => changes.length > 0);
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
  const [stay, bound] = [here.changes.filter(ofHeads), here.changes.filter((change) => !ofHeads(change))];
  if (bound.length > 0) aside.put(here.text, bound, here.cell);
  const { changes, cell } = aside.take(text);
  Object.assign(here, { text, query: null, cell, changes: [...stay, ...changes] });
}

/** Brings back what was put aside of a text, and the text where it is not there. */
export function bringBack(text: string): void {
  if (!same(text, here.text)) {
    write(text);
    return;
  }
  const { changes, cell } = aside.take(text);
  Object.assign(here, { changes: [...here.changes, ...changes], cell: here.cell ?? cell });
}
