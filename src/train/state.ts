/** Where a training stands: enough to go on as if nothing had happened. One safetensors file. */
import { type HostTensor, readSafetensors, writeSafetensors } from '../model/index.ts';
import { fileExists, readFile, SiseonError, writeFileAtomically } from '../platform/index.ts';

export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  /** The plan's numbers as text: another plan cannot go on from here. */
  readonly plan: string;
  readonly parameters: ReadonlyMap<string, HostTensor>;
  /** The optimizer's running means of gradients and of their squares. */
  readonly first: ReadonlyMap<string, HostTensor>;
  readonly second: ReadonlyMap<string, HostTensor>;
}

const parts = ['parameters', 'first', 'second'] as const;

/** Writes a state whole or not at all, so that an older one survives a full disk. Throws `cannotWrite`. */
export async function saveTrainingState(path: string, state: TrainingState): Promise<void> {
  const tensors = parts.flatMap((part) =>
    [...state[part]].map(([name, { shape, data }]) => ({ name: `${part}.${name}`, shape, data })),
  );
  await writeFileAtomically(path, writeSafetensors(tensors, { step: String(state.step), plan: state.plan }));
}

/** Reads a state; null where there is none. Throws `badTrainingState` and what readSafetensors throws. */
export async function loadTrainingState(path: string): Promise<TrainingState | null> {
  if (!(await fileExists(path))) return null;
  const { tensors, metadata } = readSafetensors(await readFile(path), path);
  const step = Number(metadata.step);
  const plan = metadata.plan;
  const of = { parameters: new Map(), first: new Map(), second: new Map() } as Record<
    (typeof parts)[number],
    Map<string, HostTensor>
  >;
  for (const [name, { shape, data }] of tensors) {
    const part = parts.find((prefix) => name.startsWith(`${prefix}.`));
    if (part && data instanceof Float32Array) of[part].set(name.slice(part.length + 1), { shape, data });
  }
  if (!Number.isInteger(step) || plan === undefined || of.parameters.size === 0)
    throw new SiseonError({
      code: 'badTrainingState',
      kind: 'failure',
      what: `${path} is not the state of a training`,
      expected: 'parameters, the optimizer’s means, and how many steps were done',
      next: 'Delete it to begin anew.',
    });
  return { step, plan, ...of };
}

/** Throws `stateDoesNotFit`, saying what differs, unless a state was made by this plan and holds tensors of these shapes. */
export function expectFits(
  state: TrainingState,
  plan: string,
  shapes: ReadonlyMap<string, { readonly shape: readonly number[] }>,
): void {
  const problems: string[] = [];
  const [ours, theirs] = [JSON.parse(plan), JSON.parse(state.plan)] as Record<string, unknown>[];
  for (const field of new Set([...Object.keys(ours!), ...Object.keys(theirs!)])) {
    const [now, then] = [JSON.stringify(ours![field]), JSON.stringify(theirs![field])];
    if (now !== then) problems.push(`${field} is ${now}, was ${then}`);
  }
  for (const part of parts)
    for (const [name, { shape }] of shapes) {
      const got = state[part].get(name)?.shape.join(', ');
      if (got !== shape.join(', '))
        problems.push(`${name} is [${shape.join(', ')}], was ${got === undefined ? 'absent' : `[${got}]`}`);
    }
  if (problems.length === 0) return;
  throw new SiseonError({
    code: 'stateDoesNotFit',
    kind: 'usage',
    what: `the training that was begun is another one: ${problems.slice(0, 5).join('; ')}${problems.length > 5 ? `; and ${problems.length - 5} more` : ''}`,
    next: 'Go on with the plan that it was begun with, or delete the state and begin anew.',
    details: { problems },
  });
}
