/** Where the visitor is: the one state that every part shares, kept in the address. */
import type { Look } from 'siseon/lens';
import { ask, engine, Latest } from './engine/client.svelte.ts';
import type { ModelFacts } from './engine/engine.ts';
import { readLookup } from './library/address.ts';
import { overwriteGetLocale } from './paraglide/runtime.js';
import { fromHash, type LongTexts, longestText, type Place, toHash } from './permalink.ts';
import { ownLanguage } from './settings.svelte.ts';
import { readTraining } from './train/address.ts';

/** Texts that are too long for the address, for this window: it is opened again with them. */
const longTexts = 'siseon-long-texts';
function rememberedTexts(): LongTexts {
  try {
    const kept = JSON.parse(sessionStorage.getItem(longTexts) ?? '{}') as Readonly<Record<string, unknown>>;
    const { text, other, question } = kept;
    return {
      ...(typeof text === 'string' && { text }),
      ...(typeof other === 'string' && { other }),
      ...(typeof question === 'string' && { lookup: { question } }),
    };
  } catch {
    return {};
  }
}
function rememberTexts(texts: Readonly<Record<string, string | null>>): void {
  try {
    sessionStorage.setItem(longTexts, JSON.stringify(texts));
  } catch {
    // A browser that stores nothing has them as long as the page is open.
  }
}

/** The address that the page was opened at, and the place. */
export const openedAt = location.hash;
export const remembered = rememberedTexts();
export const first = fromHash(openedAt, ownLanguage(), remembered);

class Here implements Required<Place> {
  language = $state(first.language);
  part = $state(first.part);
  text = $state(first.text);
  query = $state(first.query);
  head = $state(first.head);
  unit = $state(first.unit);
  cell = $state.raw(first.cell);
  other = $state(first.other);
  changes = $state.raw(first.changes);
  /** Those that came with the address: they are of the model that it names. */
  brought = $state.raw<Place['changes']>(first.changes);
  lens = $state(first.lens);
  bare = $state(first.bare);
  before = $state(first.before);
  reach = $state(first.reach);
  model = $state(first.model);
  beside = $state(first.beside);
  besideHead = $state.raw(first.besideHead);
  training = $state.raw(first.training ?? readTraining(new URLSearchParams()));
  checkpoint = $state.raw(first.checkpoint ?? null);
  lookup = $state.raw(first.lookup ?? readLookup(new URLSearchParams()));
}
export const here = new Here();
overwriteGetLocale(() => here.language);

/** What the sentence's query looks at in the head chosen. */
export const gaze = new Latest<Look>();

/** Whether a model has a head. */
export const hasHead = (model: ModelFacts | null, at: { readonly layer: number; readonly head: number }): boolean =>
  model !== null && at.layer < model.layers && at.head < model.heads;

/** The head that is asked about. One that an address names of a model that is still to be opened waits for that one. */
export const chosenHead = () => (here.head && hasHead(engine.model, here.head) ? { ...here.head } : {});

export const choice = () => ({ ...(here.query !== null && { query: here.query }), ...chosenHead() });

/** Keeps address and picture in step with the state; called once, inside the page's own component. */
export function follow(): void {
  let shown = here.part;
  $effect(() => {
    const hash = toHash(here);
    if (hash === location.hash) return;
    // Another part is another page to go back to; a letter typed is not.
    if (here.part === shown) history.replaceState(null, '', hash);
    else history.pushState(null, '', hash);
    shown = here.part;
  });
  $effect(() => {
    const read = (): void => {
      const place = fromHash(location.hash, here.language, here);
      shown = place.part;
      const { training } = place;
      // A text that was too long for the address is still here.
      const text = training?.text || here.training.text;
      // An address that names no model is read through the one that is open.
      const model = place.model ?? (engine.model?.shipped ? null : here.model);
      Object.assign(here, place, { model, brought: place.changes }, training && { training: { ...training, text } });
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
    const { text, other } = here;
    const { question } = here.lookup;
    if (Math.max(text.length, other?.length ?? 0, question?.length ?? 0) > longestText)
      rememberTexts({ text, other, question });
  });
  $effect(() => {
    document.documentElement.lang = here.language;
  });
}
