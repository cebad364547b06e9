/** Models that the address names while the page looks through another: which they are, and how they are opened. */
import { engine } from '../engine/client.svelte.ts';
import { shippedName } from '../engine/shippedName.ts';
import * as m from '../paraglide/messages.js';
import { here } from '../place.svelte.ts';
import { type NamedModel, readModel } from './modelAddress.ts';

/** The room "Train" looks through its own. */
export function missing(): NamedModel | null {
  const named = here.model === null || here.part === 'train' ? null : readModel(here.model);
  if (!named || !engine.model) return null;
  return (engine.model.trained ?? engine.model.name) === named.name ? null : named;
}

/** The page looks through the model that the address is of: its own, where the address names none. */
export const isThrough = (): boolean =>
  missing() === null && (here.part === 'train' || here.model !== null || engine.model?.shipped === true);

export function missingBeside(): NamedModel | null {
  return here.beside === null || here.beside === shippedName || engine.beside ? null : readModel(here.beside);
}

export const howToOpen = ({ kind, name }: NamedModel): string =>
  ({ hub: m.own_address, files: m.own_address_files, trained: m.own_address_trained })[kind]({ name });

export const howToPutBeside = ({ kind, name }: NamedModel): string =>
  ({ hub: m.own_address_beside, files: m.own_address_beside_files, trained: m.own_address_beside_trained })[kind]({
    name,
  });
