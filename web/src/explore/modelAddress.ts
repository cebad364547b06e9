/**
 * Models in the address: one of the hub by its name there, from where it can be fetched again; one that this browser alone
 * had by what it was called, behind the kind that says how it is opened again. No name on the hub has a colon.
 */
export interface NamedModel {
  readonly kind: 'hub' | 'files' | 'trained';
  readonly name: string;
}

export const writtenModel = ({ kind, name }: NamedModel): string => (kind === 'hub' ? name : `${kind}:${name}`);

export function readModel(written: string): NamedModel {
  const [, kind, name] = /^(files|trained):(.*)$/s.exec(written) ?? [];
  return kind === 'files' || kind === 'trained' ? { kind, name: name! } : { kind: 'hub', name: written };
}
