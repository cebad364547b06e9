/** Where the visitor is: the one state that every part shares, kept in the address. */
import type { Look } from 'siseon/lens';
import { ask, engine, Latest } from './engine/client.svelte.ts';
import { readLookup } from './library/address.ts';
import { overwriteGetLocale } from './paraglide/runtime.js';
import { fromHash, type Place, toHash } from './permalink.ts';
import { readTraining } from './train/address.ts';

/** The place that the page was opened at. */
export const first = fromHash(location.hash, 'ko');

class Here {
  language = $state(first.language);
  part = $state(first.part);
  text = $state(first.text);
  query = $state(first.query);
  head = $state(first.head);
  unit = $state(first.unit);
  other = $state(first.other);
  changes = $state.raw(first.changes);
  lens = $state(first.lens);
  bare = $state(first.bare);
  model = $state(first.model);
  beside = $state(first.beside);
  besideHead = $state.raw(first.besideHead);
  training = $state.raw(first.training ?? readTraining(new URLSearchParams()));
  lookup = $state.raw(first.lookup ?? readLookup(new URLSearchParams()));

  get place(): Place {
    const {
      language,
      part,
      text,
      query,
      head,
      unit,
      other,
      changes,
      lens,
      bare,
      model,
      beside,
      besideHead,
      training,
      lookup,
    } = this;
    return {
      language,
      part,
      text,
      query,
      head,
      unit,
      other,
      changes,
      lens,
      bare,
      model,
      beside,
      besideHead,
      training,
      lookup,
    };
  }
}
export const here = new Here();
overwriteGetLocale(() => here.language);

/** What the sentence's query looks at in the head chosen. */
export const gaze = new Latest<Look>();

export const choice = () => ({
  ...(here.query !== null && { query: here.query }),
  ...(here.head ?? {}),
});

/** Keeps address and picture in step with the state; called once, inside the page's own component. */
export function follow(): void {
  let shown = here.part;
  $effect(() => {
    const hash = toHash(here.place);
    if (hash === location.hash) return;
    // Another part is another page to go back to; a letter typed is not.
    if (here.part === shown) history.replaceState(null, '', hash);
    else history.pushState(null, '', hash);
    shown = here.part;
  });
  $effect(() => {
    const read = (): void => {
      const place = fromHash(location.hash, here.language);
      shown = place.part;
      const { training } = place;
      // A text that was too long for the address is still here.
      const text = training?.text || here.training.text;
      Object.assign(here, place, training && { training: { ...training, text } });
    };
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  });
  $effect(() => {
    const { text } = here;
    engine.characters = text.length;
    const asked = choice();
    if (engine.version > 0 && !engine.failure)
      void gaze.ask(() => ask((e) => e.reading.look({ text, changes: [] }, asked)));
  });
  $effect(() => {
    document.documentElement.lang = here.language;
  });
}
