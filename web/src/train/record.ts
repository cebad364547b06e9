/**
 * The last training as the browser keeps it, checkpoint by checkpoint, so that a reload or a crash takes none of it away.
 * Written and read by the worker. There is one: a training that begins, in whichever window, takes the place of the one before.
 */
import { clear, createStore, get, set, type UseStore, update } from 'idb-keyval';
import type { Checkpoint } from '../training/run.ts';
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
interface Begun {
  readonly id: string;
  readonly settings: Settings;
  readonly text: string;
}
/** What came of it so far. */
interface Written {
  readonly id: string;
  readonly reports: readonly TrainReport[];
}

/** A training that is found again, with as many checkpoints as reports. */
export interface Found extends Pick<Begun, 'settings' | 'text'>, Pick<Written, 'reports'> {
  readonly checkpoints: readonly Checkpoint[];
}

let opened: UseStore | null = null;
const place = (): UseStore => (opened ??= createStore('siseon-training', 'last'));
let count = 0;

export class Record {
  readonly #id = `${performance.timeOrigin}-${count++}`;
  readonly #settings: Settings;
  readonly #text: string;
  #checkpoints = 0;
  /** The browser took all of it so far. */
  #whole = true;

  constructor(settings: Settings, text: string) {
    [this.#settings, this.#text] = [settings, text];
  }

  /** Resolves to whether a reload would bring the training back up to this checkpoint. */
  async add(checkpoint: Checkpoint, report: TrainReport): Promise<boolean> {
    if (!this.#whole) return false;
    try {
      if (this.#checkpoints === 0) await this.#begin();
      await set(this.#checkpoints, checkpoint, place());
      await update<Written>('written', (before) => this.#after(before, report), place());
      this.#checkpoints++;
    } catch {
      this.#whole = false;
    }
    return this.#whole;
  }
  async #begin(): Promise<void> {
    await clear(place());
    const begun: Begun = { id: this.#id, settings: this.#settings, text: this.#text };
    await set('begun', begun, place());
    await set('written', { id: this.#id, reports: [] } satisfies Written, place());
  }
  #after(before: Written | undefined, report: TrainReport): Written {
    // Another window has begun a training of its own, which is the last one now.
    if (before?.id !== this.#id) throw new Error('another training has begun');
    return { id: this.#id, reports: [...before.reports, report] };
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
    return checkpoints.length === found.length ? { ...begun, reports: written.reports, checkpoints } : null;
  } catch {
    return null;
  }
}

export const forgetTraining = (): Promise<void> => clear(place()).catch(() => {});
