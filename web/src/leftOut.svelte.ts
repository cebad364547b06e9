/** What an address had and the page could not use: it is left out, which is said; the rest is as the address has it. */
import type { Change, Tokens } from './engine/change.ts';
import { ask, engine, type Failure } from './engine/client.svelte.ts';
import type { ModelFacts } from './engine/engine.ts';
import { isThrough } from './explore/missing.ts';
import { writtenChange } from './explore/written.ts';
import { unreadable } from './permalink.ts';
import { gaze, hasHead, here, openedAt, remembered } from './place.svelte.ts';

type Paste = Extract<Change, { kind: 'paste' }>;

class LeftOut {
  /** What was asked about, and `engine.version` at the time. */
  readonly #asked = new WeakMap<Paste, number>();
  /** Pastes that the engine has answered about, and for which `engine.version`. */
  #answered = $state.raw<readonly (readonly [Paste, number])[]>([]);
  /** What came with an address and is not known to fit yet: until it is, no run is asked for with it, which might not be one. */
  pending = $derived.by((): readonly Change[] => {
    if (gaze.failure || !isThrough()) return [];
    const read = gaze.value?.text === here.text && gaze.version === engine.version;
    const known = (change: Change): boolean =>
      change.kind !== 'paste' ||
      this.#answered.some(([paste, version]) => paste === change && version === engine.version);
    return here.changes.filter((change) => here.brought.includes(change) && !(read && known(change)));
  });
  /** As they were written. */
  list = $state.raw<readonly string[]>(unreadable(openedAt, remembered));

  add(...written: readonly string[]): void {
    if (written.length > 0) this.list = [...this.list, ...written];
  }

  /** Leaves out a word that the text does not have, and a head that the model does not have. */
  fitGaze(): void {
    const { head, query } = here;
    if (query !== null && gaze.failure?.code === 'wordOutOfRange') {
      here.query = null;
      this.add(`q=${query}`);
    }
    // What is said of another model's heads waits for that one.
    if (head && engine.model && isThrough() && !hasHead(engine.model, head)) {
      here.head = null;
      this.add(`h=${head.layer}.${head.head}`);
    }
  }

  /** Leaves out a head that the model beside does not have. */
  fitBeside(model: ModelFacts): void {
    const { besideHead } = here;
    if (!besideHead || hasHead(model, besideHead)) return;
    here.besideHead = null;
    this.add(`nh=${besideHead.layer}.${besideHead.head}`);
  }

  /** Leaves out what is of tokens that the text does not have, or of heads that the model does not have, once both have been read. */
  fit(): void {
    const [{ value: look }, { model }, { cell, changes }] = [gaze, engine, here];
    if (!look || !model || look.text !== here.text || gaze.version !== engine.version) return;
    if (gaze.failure || !isThrough()) return;
    const tokens = look.keys.reduce((sum, key) => sum + key.tokens.length, 0);
    this.#drop(changes.filter((change) => !fits(change, tokens, model)));
    if (cell && !(cell.query < tokens && cell.key < tokens)) {
      here.cell = null;
      this.add(`a=${cell.query}.${cell.key}`);
    }
    for (const change of changes) if (change.kind === 'paste') void this.#fitPaste(change);
  }

  /** Whether the sentence that vectors are taken from has the tokens, the engine knows. */
  async #fitPaste(change: Paste): Promise<void> {
    const { version } = engine;
    if (this.#asked.get(change) === version) return;
    this.#asked.set(change, version);
    const taken = change.pairs.map(([, from]) => from);
    const lost = await ask((e) => e.reading.tokenTexts(change.from, taken)).then(
      () => false,
      ({ code }: Failure) => code !== 'workerLost',
    );
    if (lost && version === engine.version) this.#drop([change]);
    this.#answered = [...this.#answered.filter(([, of]) => of === engine.version), [change, version]];
  }

  #drop(lost: readonly Change[]): void {
    const gone = here.changes.filter((change) => lost.includes(change));
    if (gone.length === 0) return;
    here.changes = here.changes.filter((change) => !lost.includes(change));
    this.add(...gone.map((change) => `e=${writtenChange(change)}`));
  }
}
export const leftOut = new LeftOut();

/** Whether a text of so many tokens and a model have what a change is made to. */
export function fits(change: Change, tokens: number, model: ModelFacts): boolean {
  const has = (token: number): boolean => token < tokens;
  const all = ([, last]: Tokens): boolean => has(last);
  if ('layer' in change && !hasHead(model, change)) return false;
  if (change.kind === 'cut') return all(change.queries) && all(change.keys);
  if (change.kind === 'weight') return has(change.query) && all(change.keys);
  return change.kind === 'drop' ? all(change.keys) : change.kind !== 'paste' || change.pairs.every(([to]) => has(to));
}

addEventListener('hashchange', () => (leftOut.list = unreadable(location.hash, here)));
