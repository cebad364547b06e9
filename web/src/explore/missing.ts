/** Models that the address names while the page looks through another: which they are, and how they are opened. */
import { engine } from '../engine/client.svelte.ts';
import { shippedName } from '../engine/shippedName.ts';
import * as m from '../paraglide/messages.js';
import { here } from '../place.svelte.ts';
import { readMoment } from '../train/moment.ts';
import { momentName } from '../train/names.ts';
import { readCourseMoment } from '../training/courseMoment.ts';
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

/** As it is told: a checkpoint by task, seed and step, or by seed and step the one of Learn. */
export function titleOf({ kind, name }: NamedModel): string {
  const moment = kind === 'trained' ? readMoment(name) : null;
  const course = kind === 'trained' ? readCourseMoment(name) : null;
  return moment ? momentName(moment) : course ? m.training_name(course) : name;
}

export const howToOpen = (named: NamedModel): string =>
  ({ hub: m.own_address, bare: m.own_address_bare, files: m.own_address_files, trained: m.own_address_trained })[
    named.kind
  ]({ name: titleOf(named) });

export const howToPutBeside = (named: NamedModel): string =>
  ({
    hub: m.own_address_beside,
    bare: m.own_address_beside_bare,
    files: m.own_address_beside_files,
    trained: m.own_address_beside_trained,
  })[named.kind]({ name: titleOf(named) });
