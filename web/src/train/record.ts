/**
 * The last training as the browser keeps it, checkpoint by checkpoint, so that a reload or a crash takes none of it away.
 * Written and read by the worker. There is one: a training that begins, in whichever window, takes the place of the one before.
 */
import { clear, createStore, get, promisifyRequest, type UseStore } from 'idb-keyval';
import type { TrainingState } from 'siseon/train';
import type { Checkpoint, Progress } from '../training/run.ts';
import type { Score } from './lesson.ts';
import type { Settings } from './settings.ts';

/** What a training tells at each of its checkpoints. */
export interface TrainReport {
  readonly step: number;
  readonly loss: number | null;
  readonly matchingLoss: number | null;
  readonly heldOut: Score;
}

/** What was begun. */
export interface Begun {
  /** No two trainings of this browser have the same, whatever they learn. */
  readonly id: string;
  readonly settings: Settings;
  readonly text: string;
}
/** What came of it so far. */
interface Written {
  readonly id: string;
  readonly reports: readonly TrainReport[];
}

/** What there is to go on with beside the last checkpoint's parameters. */
type Means = Omit<TrainingState, 'parameters'>;

/** A training that is found again, with as many checkpoints as reports. */
export interface Found extends Begun, Pick<Written, 'reports'>, Progress {}

let opened: UseStore | null = null;
const place = (): UseStore => (opened ??= createStore('siseon-training', 'last'));

/** Windows of this page, and their workers, tell each other that another training is the last now, or none. */
const windows = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('siseon-training');
/** Calls back whenever another training may have become the last one. */
export const onLast = (told: () => void): void => windows?.addEventListener('message', told);
/** Whether the browser still keeps the training of this name. */
export const isLast = async (id: string): Promise<boolean> =>
  (await get<Begun>('begun', place()).catch(() => undefined))?.id === id;

/**
 * While a training goes on, its window holds a lock of its name, which a window that is closed lets go as well. Where a browser
 * has no locks, none is known to go on.
 */
const lockName = (id: string): string => `siseon-training ${id}`;
const locks = (): LockManager | undefined => globalThis.navigator?.locks;
/** Holds it until the training is through, or has failed. One that is refused it trains without. */
export function goingOn<T>(id: string, training: Promise<T>): Promise<T> {
  const through = training.then(
    () => {},
    () => {},
  );
  locks()
    ?.request(lockName(id), () => through)
    .catch(() => {});
  return training;
}
/** Whether some window is at a training. */
export const goesOn = async (id: string): Promise<boolean> => {
  const all = await locks()
    ?.query()
    .catch(() => undefined);
  return all?.held?.some(({ name, mode }) => name === lockName(id) && mode === 'exclusive') ?? false;
};
/** Whether some window is at the training that the browser keeps, which is not this window's `own`. */
export const anotherGoesOn = async (own: string | null): Promise<boolean> => {
  const begun = await get<Begun>('begun', place()).catch(() => undefined);
  return begun !== undefined && begun.id !== own && goesOn(begun.id);
};
/** Resolves once no window is at it any more. */
export const over = async (id: string): Promise<void> => {
  await locks()?.request(lockName(id), { mode: 'shared' }, () => {});
};

export class Record {
  readonly #begun: Begun;
  #checkpoints: number;
  /** The browser took all of it so far. */
  #whole = true;

  /** `checkpoints`: so many of it are kept already. */
  constructor(begun: Begun, checkpoints = 0) {
    [this.#begun, this.#checkpoints] = [begun, checkpoints];
  }

  /** Which training it is of. */
  get id(): string {
    return this.#begun.id;
  }
  /** Resolves to whether a reload would bring the training back up to this checkpoint. */
  async add(checkpoint: Checkpoint, state: TrainingState | null, report: TrainReport): Promise<boolean> {
    if (!this.#whole) return false;
    try {
      if (this.#checkpoints === 0) await this.#begin();
      await this.#write(checkpoint, state, report);
      this.#checkpoints++;
    } catch {
      this.#whole = false;
    }
    return this.#whole;
  }
  async #begin(): Promise<void> {
    const { id } = this.#begun;
    await place()('readwrite', (store) => {
      store.clear();
      store.put(this.#begun, 'begun');
      store.put({ id, reports: [] } satisfies Written, 'written');
      return promisifyRequest(store.transaction);
    });
    windows?.postMessage(null);
  }
  /** In one transaction, so that nothing is written over a training that another window has begun, or gone on with, meanwhile. */
  #write(checkpoint: Checkpoint, state: TrainingState | null, report: TrainReport): Promise<void> {
    const [{ id }, index] = [this.#begun, this.#checkpoints];
    return place()('readwrite', async (store) => {
      const before = await promisifyRequest<Written | undefined>(store.get('written'));
      if (before?.id !== id || before.reports.length !== index) throw new Error('another window has it');
      store.put(checkpoint, index);
      if (state) {
        const { parameters: _, ...means } = state;
        store.put(means satisfies Means, 'means');
      }
      store.put({ id, reports: [...before.reports, report] } satisfies Written, 'written');
      await promisifyRequest(store.transaction);
    });
  }
}

/** null: there is none, or the browser does not give it back. */
export async function lastTraining(): Promise<Found | null> {
  try {
    const [begun, written] = [await get<Begun>('begun', place()), await get<Written>('written', place())];
    if (!begun || !written || begun.id !== written.id || written.reports.length === 0) return null;
    const found = await Promise.all(written.reports.map((_, i) => get<Checkpoint>(i, place())));
    const checkpoints = found.filter((checkpoint) => checkpoint !== undefined);
    if (checkpoints.some(({ step }, i) => step !== written.reports[i]!.step)) return null;
    if (checkpoints.length !== found.length) return null;
    const [means, { step, parameters }] = [await get<Means>('means', place()), checkpoints.at(-1)!];
    const state = means?.step === step ? { ...means, parameters } : null;
    return { ...begun, reports: written.reports, checkpoints, state };
  } catch {
    return null;
  }
}

export async function forgetTraining(): Promise<void> {
  await clear(place()).catch(() => {});
  windows?.postMessage(null);
}
