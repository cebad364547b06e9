/** The visitor's own training: it goes on while other rooms are open. */
import * as Comlink from 'comlink';
import { ask, askLong, engine, type Failure, Latest, switchModel } from '../engine/client.svelte.ts';
import type { TrainReport } from '../engine/trainer.ts';
import { here } from '../place.svelte.ts';
import type { Facts } from './lesson.ts';
import type { Settings } from './settings.ts';

class Learner {
  /** What the settings would come to. */
  readonly survey = new Latest<Facts>();
  phase = $state<'idle' | 'running' | 'paused' | 'stopped' | 'done'>('idle');
  /** What the run under way, or the last one, was begun with. */
  settings = $state.raw<Settings | null>(null);
  facts = $state.raw<Facts | null>(null);
  reports = $state.raw<readonly TrainReport[]>([]);
  /** The checkpoint that is looked at; null: the newest. */
  scrubbed = $state<number | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** Milliseconds spent, pauses left out. */
  spent = $state(0);
  /** Which run this is. */
  run = $state(0);

  at = $derived(Math.min(this.scrubbed ?? Number.POSITIVE_INFINITY, this.reports.length - 1));
  report = $derived(this.reports[this.at] ?? null);

  async begin(settings: Settings, text: string): Promise<void> {
    const run = ++this.run;
    Object.assign(this, {
      settings,
      phase: 'running',
      scrubbed: null,
      failure: null,
      spent: 0,
      reports: [],
      facts: null,
    });
    let last = performance.now();
    const tell = (report: TrainReport): void => {
      // A report of a run that was started over has nothing to say any more.
      if (this.run !== run) return;
      const now = performance.now();
      this.spent += now - last;
      last = now;
      this.reports = [...this.reports, report];
    };
    this.#wake = () => (last = performance.now());
    try {
      const facts = await ask((e) => e.trainer.survey(settings, text), null);
      if (this.run !== run) return;
      this.facts = facts;
      const finished = await askLong((e) => e.trainer.begin(settings, text, Comlink.proxy(tell)));
      if (this.run === run) this.phase = finished ? 'done' : 'stopped';
    } catch (cause) {
      if (this.run !== run) return;
      this.failure = cause as Failure;
      this.phase = this.reports.length > 0 ? 'stopped' : 'idle';
    }
  }
  /** Time spent pausing does not count. */
  #wake = (): void => {};
  async pause(): Promise<void> {
    this.phase = 'paused';
    await ask((e) => e.trainer.pause());
  }
  async resume(): Promise<void> {
    this.phase = 'running';
    this.#wake();
    await ask((e) => e.trainer.resume());
  }
  async stop(): Promise<void> {
    await ask((e) => e.trainer.stop());
  }
  /** The checkpoint that is looked at, zipped, and a name for it. */
  async zip(): Promise<{ name: string; archive: Uint8Array<ArrayBuffer> }> {
    const { at, report, settings } = this;
    const archive = await ask((e) => e.trainer.zip(at, report!.heldOut), null);
    return { name: `${settings!.task}-seed${settings!.seed}-step${report!.step}`, archive };
  }
  /** Every room looks through this checkpoint, or through a model that was kept. */
  async explore(at: number | string, sentence: string | null): Promise<void> {
    Object.assign(here, {
      query: null,
      head: null,
      changes: [],
      other: null,
      ...(sentence !== null && { text: sentence }),
    });
    await switchModel((e) => e.useCheckpoint(at), null);
    here.part = 'explore';
  }
}
export const learner = new Learner();

// Another worker knows nothing of a run in the one before it.
$effect.root(() => {
  $effect(() => {
    if (engine.worker > 1)
      Object.assign(learner, { phase: 'idle', reports: [], scrubbed: null, facts: null, run: -engine.worker });
  });
});
