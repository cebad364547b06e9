/** Models that the address names while the page looks through another: which they are, and how they are opened. */
import { engine } from '../engine/client.svelte.ts';
import { shippedName } from '../engine/shippedName.ts';
import * as m from '../paraglide/messages.js';
import { here } from '../place.svelte.ts';
import { type NamedModel, readModel } from './modelAddress.ts';

/** Names of trained models follow the language; but there is none to be mixed up with. */
export function missing(): NamedModel | null {
  const named = here.model === null ? null : readModel(here.model);
  if (!named || !engine.model) return null;
  const there = named.kind === 'trained' ? !engine.model.shipped : engine.model.name === named.name;
  return there ? null : named;
}

export function missingBeside(): NamedModel | null {
  return here.beside === null || here.beside === shippedName || engine.beside ? null : readModel(here.beside);
}

export const howToOpen = ({ kind, name }: NamedModel): string =>
  ({ hub: m.own_address, files: m.own_address_files, trained: m.own_address_trained })[kind]({ name });

export const howToPutBeside = ({ kind, name }: NamedModel): string =>
  ({ hub: m.own_address_beside, files: m.own_address_beside_files, trained: m.own_address_beside_trained })[kind]({
    name,
  });
