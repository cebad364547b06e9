/** What an address had and the page could not use: it is left out, which is said; the rest is as the address has it. */
import type { Change, Tokens } from './engine/change.ts';
import type { ModelFacts } from './engine/engine.ts';
import { writtenChange } from './explore/written.ts';
import { unreadable } from './permalink.ts';
import { here, openedAt } from './place.svelte.ts';

class LeftOut {
  /** As they were written. */
  list = $state.raw<readonly string[]>(unreadable(openedAt));

  /** Leaves out what is of tokens that the text does not have, or of heads that the model does not have. */
  fit(tokens: number, { layers, heads }: Pick<ModelFacts, 'layers' | 'heads'>): void {
    const has = (token: number): boolean => token < tokens;
    const all = ([, last]: Tokens): boolean => has(last);
    const fits = (change: Change): boolean => {
      if ('layer' in change && (change.layer >= layers || change.head >= heads)) return false;
      if (change.kind === 'cut') return all(change.queries) && all(change.keys);
      if (change.kind === 'weight') return has(change.query) && all(change.keys);
      return change.kind === 'drop'
        ? all(change.keys)
        : change.kind !== 'paste' || change.pairs.every(([to]) => has(to));
    };
    const { cell, changes } = here;
    const lost = changes.filter((change) => !fits(change));
    if (lost.length > 0) {
      here.changes = changes.filter(fits);
      this.list = [...this.list, ...lost.map((change) => `e=${writtenChange(change)}`)];
    }
    if (cell && !(has(cell.query) && has(cell.key))) {
      here.cell = null;
      this.list = [...this.list, `a=${cell.query}.${cell.key}`];
    }
  }
}
export const leftOut = new LeftOut();

addEventListener('hashchange', () => (leftOut.list = unreadable(location.hash)));
