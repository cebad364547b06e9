/**
 * Models in the address: one of the hub by its name there, from where it can be fetched again; one that this browser alone
 * had by what it was called, behind the kind that says how it is opened again. No name on the hub has a colon.
 */
import { readRepository } from '../engine/repository.ts';
import { shippedName } from '../engine/shippedName.ts';

export interface NamedModel {
  /** `bare`: a name alone, as a few old models of the hub have; whether one is meant, nobody can tell. */
  readonly kind: 'hub' | 'bare' | 'files' | 'trained';
  readonly name: string;
}

export const writtenModel = ({ kind, name }: NamedModel): string =>
  kind === 'hub' || kind === 'bare' ? name : `${kind}:${name}`;

/** Whether it can name a model at all: of the hub's, what could be asked for there. */
export function namesModel(written: string): boolean {
  const { kind, name } = readModel(written);
  return name !== '' && (kind !== 'hub' || name === shippedName || readRepository(name) !== null);
}

export function readModel(written: string): NamedModel {
  const [, kind, name] = /^(files|trained):(.*)$/s.exec(written) ?? [];
  return kind === 'files' || kind === 'trained'
    ? { kind, name: name! }
    : { kind: written.includes('/') ? 'hub' : 'bare', name: written };
}
