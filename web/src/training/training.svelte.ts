/** The run that the visitor watches: it goes on while other parts are open. */
import * as Comlink from 'comlink';
import { ask, askLong, engine, type Failure, switchModel } from '../engine/client.svelte.ts';
import { writtenModel } from '../explore/modelAddress.ts';
import * as m from '../paraglide/messages.js';
import { here } from '../place.svelte.ts';
import type { Report } from './course.ts';

class Training {
  seed = $state(1);
  phase = $state<'idle' | 'running' | 'paused' | 'done'>('idle');
  reports = $state.raw<readonly Report[]>([]);
  /** The report that is looked at; null: the newest. */
  scrubbed = $state<number | null>(null);
  chosenHead = $state<number | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** Milliseconds spent, pauses left out. */
  spent = $state(0);
  /** The page looks through the model of this run. */
  used = $state(false);

  at = $derived(this.scrubbed ?? this.reports.length - 1);
  report = $derived(this.reports[this.at] ?? null);
  /** Unless the visitor chose: the head that looks at objects most, now. */
  head = $derived.by(() => {
    if (this.chosenHead !== null) return this.chosenHead;
    const heads = this.reports.at(-1)?.heads ?? [];
    return heads.reduce((best, { onObject }, i) => (onObject > heads[best]!.onObject ? i : best), 0);
  });

  async start(seed: number): Promise<void> {
    if (this.used) await this.useShipped();
    Object.assign(this, { seed, phase: 'running', scrubbed: null, chosenHead: null, failure: null, spent: 0 });
    this.reports = [];
    let last = performance.now();
    const tell = (report: Report): void => {
      // A report of a run that was started over has nothing to say any more.
      if (this.seed !== seed) return;
      const now = performance.now();
      this.spent += Math.min(now - last, 1000);
      last = now;
      this.reports = [...this.reports, report];
    };
    try {
      const finished = await askLong((e) => e.train(seed, Comlink.proxy(tell)));
      if (finished && this.seed === seed) this.phase = 'done';
    } catch (cause) {
      if (this.seed !== seed) return;
      this.failure = cause as Failure;
      this.phase = 'idle';
    }
  }
  async pause(): Promise<void> {
    this.phase = 'paused';
    await ask((e) => e.pause());
  }
  async resume(): Promise<void> {
    this.phase = 'running';
    await ask((e) => e.resume());
  }
  async use(): Promise<void> {
    const [at, head] = [this.at, this.head];
    // A head chosen in one model says nothing of another.
    here.head = null;
    const { seed } = this;
    const { step } = this.reports[at]!;
    await switchModel(async (e) => {
      const facts = await e.useTrained(at, head);
      return {
        ...facts,
        trained: facts.name,
        get name() {
          return m.training_name({ seed, step });
        },
      };
    });
    here.model = writtenModel({ kind: 'trained', name: engine.model!.trained! });
    this.used = true;
  }
  async useShipped(): Promise<void> {
    Object.assign(here, { head: null, model: null });
    await switchModel((e) => e.useShipped());
    this.used = false;
  }
}
export const training = new Training();

// Another worker knows nothing of a run in the one before it.
$effect.root(() => {
  $effect(() => {
    if (engine.worker > 1) Object.assign(training, { phase: 'idle', reports: [], scrubbed: null, used: false });
  });
});
