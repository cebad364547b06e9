/** Another sentence is written: what was done to a head stays, what was done to words waits for their sentence. */
import type { Change } from './engine/change.ts';
import { here } from './place.svelte.ts';

const ofHeads = ({ kind }: Change): boolean => kind === 'silence' || kind === 'temperature';

class Aside {
  /** Changes to words of a sentence that is not there any more, and the sentence; null: there are none. */
  bound = $state.raw<{ readonly text: string; readonly changes: readonly Change[] } | null>(null);
}
export const aside = new Aside();

/** The sentence is this one from now on. What was put aside for it comes back. */
export function write(text: string): void {
  if (text === here.text) return;
  const [stay, bound] = [here.changes.filter(ofHeads), here.changes.filter((change) => !ofHeads(change))];
  if (bound.length > 0) aside.bound = { text: here.text, changes: bound };
  const back = aside.bound?.text === text ? aside.bound.changes : [];
  if (back.length > 0) aside.bound = null;
  Object.assign(here, { text, query: null, cell: null, changes: [...stay, ...back] });
}
