/** The visitor's own training: it goes on while other rooms are open. */
import * as Comlink from 'comlink';
import { ask, askLong, engine, type Failure, Latest, switchModel } from '../engine/client.svelte.ts';
import type { ModelFacts } from '../engine/engine.ts';
import type { At, FreshReport } from '../engine/trainer.ts';
import { writtenModel } from '../explore/modelAddress.ts';
import * as m from '../paraglide/messages.js';
import { storySentence } from '../permalink.ts';
import { first, here } from '../place.svelte.ts';
import type { Training } from './address.ts';
import type { Facts } from './lesson.ts';
import { taskNames } from './names.ts';
import type { TrainReport } from './record.ts';
import type { Settings } from './settings.ts';

/** What the panels are asked about: the page has its own, and the room "Train" has another. */
const scene = () => {
  const { text, query, head, cell, changes, other, beside, besideHead } = here;
  return { text, query, head, cell, changes, other, beside, besideHead };
};
type Scene = ReturnType<typeof scene>;
const same = (a: Scene, b: Scene): boolean => JSON.stringify(a) === JSON.stringify(b);
/** Languages that the page's own model speaks as well. */
const shared = (settings: Settings): boolean => settings.task === 'small' || settings.task === 'korean';

class Learner {
  /** What the settings would come to. */
  readonly survey = new Latest<{ readonly of: Training; readonly facts: Facts }>();
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
  /** A checkpoint of the run has been kept or saved as a file. */
  kept = $state(false);
  /** Reports up to which the browser would bring the run back after a reload. */
  recorded = $state(0);
  /** The run was brought back. */
  restored = $state(false);
  /** What closing the page would throw away. */
  unkept = $derived(
    this.phase === 'running' ||
      this.phase === 'paused' ||
      (this.reports.length > 1 && !this.kept && this.recorded < this.reports.length),
  );

  at = $derived(Math.min(this.scrubbed ?? Number.POSITIVE_INFINITY, this.reports.length - 1));
  report = $derived(this.reports[this.at] ?? null);

  /** What stands beside the checkpoint that is looked at: another, or a kept model; null: none, or one of another room. */
  beside = $state<At | null>(null);
  /** The page looks through a checkpoint at the moment. */
  lent = $state(false);
  /** The page's scene meanwhile, this room's own, and what the latter was last asked about. */
  #page: Scene | null = null;
  #besideBefore: ModelFacts | null = null;
  #own: Scene | null = null;
  #about: { readonly settings: Settings; readonly text: string } | null =
    first.part === 'train' && first.text !== storySentence ? here.training : null;
  #turn: Promise<void> = Promise.resolve();
  #asked = 0;
  /** The engine looks through a checkpoint that it has to give back. */
  #borrowed = false;

  async begin(settings: Settings, text: string): Promise<void> {
    const run = ++this.run;
    Object.assign(this, {
      settings,
      phase: 'running',
      kept: false,
      scrubbed: null,
      failure: null,
      spent: 0,
      reports: [],
      facts: null,
      recorded: 0,
      restored: false,
    });
    if (typeof this.beside === 'number') this.alone();
    let last = performance.now();
    const tell = ({ recorded, ...report }: FreshReport): void => {
      // A report of a run that was started over has nothing to say any more.
      if (this.run !== run) return;
      const now = performance.now();
      this.spent += now - last;
      last = now;
      this.reports = [...this.reports, report];
      if (recorded) this.recorded = this.reports.length;
    };
    this.#wake = () => (last = performance.now());
    try {
      const facts = await ask((e) => e.trainer.survey(settings, text), null);
      if (this.run !== run) return;
      this.facts = facts;
      this.#prepare(settings, text, facts);
      const finished = await askLong((e) => e.trainer.begin(settings, text, Comlink.proxy(tell)));
      if (this.run === run) this.phase = finished ? 'done' : 'stopped';
    } catch (cause) {
      if (this.run !== run) return;
      this.failure = cause as Failure;
      this.phase = this.reports.length > 0 ? 'stopped' : 'idle';
    }
  }
  /** The last training of this browser, where nothing has been trained in this window yet. */
  async restore(): Promise<void> {
    if (this.phase !== 'idle' || this.reports.length > 0) return;
    const { run } = this;
    const found = await ask((e) => e.trainer.restore(), null).catch(() => null);
    if (!found || this.run !== run || this.phase !== 'idle') return;
    const { settings, text, facts, reports } = found;
    const whole = reports.at(-1)!.step >= settings.steps;
    const [phase, recorded] = [whole ? 'done' : 'stopped', reports.length] as const;
    Object.assign(this, { settings, facts, reports, phase, recorded, restored: true, run: run + 1 });
    this.#prepare(settings, text, facts);
  }
  /** Nothing of the training stays, here or in the browser. */
  async forget(): Promise<void> {
    await this.leave();
    await ask((e) => e.trainer.forget());
    this.forgotten(this.run + 1);
  }
  /** What another worker, or nobody, has of a run. */
  forgotten(run: number): void {
    Object.assign(this, { run, phase: 'idle', kept: false, recorded: 0, restored: false });
    Object.assign(this, { reports: [], scrubbed: null, facts: null, beside: null, lent: false });
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
  /** Of the same texts and sizes a run goes on with the sentence and the changes of the run before. */
  #prepare(settings: Settings, text: string, { example }: Facts): void {
    const before = this.#about;
    this.#about = { settings, text };
    const now = this.lent ? scene() : (this.#own ?? scene());
    const again = before?.settings.task === settings.task && (settings.task !== 'own' || before.text === text);
    const shaped = before?.settings.heads === settings.heads && before.settings.layers === settings.layers;
    const spoken = again || shared(settings) ? now : { ...now, text: example, query: null, cell: null, other: null };
    const { head } = spoken;
    const fits = head !== null && head.layer < settings.layers && head.head < settings.heads;
    this.#own = { ...spoken, head: fits ? head : null, changes: again && shaped ? spoken.changes : [] };
    if (this.lent) Object.assign(here, this.#own);
  }

  #named(facts: ModelFacts, at: At): ModelFacts {
    const { settings, reports } = this;
    if (typeof at === 'string' || !settings) return { ...facts, name: `${at}` };
    const { task, seed } = settings;
    return {
      ...facts,
      // In the language that the page speaks when it is read.
      get name() {
        return m.train_name({ task: taskNames[task](), seed, step: reports[at]?.step ?? 0 });
      },
    };
  }

  /** One exchange of models after another; of several that wait, the newest. */
  async #exchange(work: () => Promise<void>): Promise<void> {
    const asked = ++this.#asked;
    const done = this.#turn.then(() => (asked === this.#asked ? work() : undefined));
    this.#turn = done.catch(() => {});
    await done;
  }

  /** While the room is open, the page looks through the checkpoint that is scrubbed to. */
  async show(): Promise<void> {
    const { run, at } = this;
    await this.#exchange(async () => {
      const facts = await ask((e) => e.borrowCheckpoint(at), null);
      this.#borrowed = true;
      if (this.run !== run || here.part !== 'train') return;
      if (!this.lent) {
        [this.#page, this.#besideBefore] = [scene(), engine.beside];
        Object.assign(here, this.#own);
        engine.vocabulary++;
      }
      this.lent = true;
      engine.model = this.#named(facts, at);
      engine.version++;
    }).catch((cause: Failure) => {
      if (this.run === run && !engine.failure) this.failure = cause;
    });
  }
  /** Called while the room is open, so that it finds its scene again. */
  remember(): void {
    if (this.lent) this.#own = scene();
  }
  /** The page looks at what it looked at before, and through the model of that time. */
  async leave(): Promise<void> {
    // An address that leads elsewhere has been followed already, and says itself what is looked at.
    if (this.lent && this.#page && this.#own && same(scene(), this.#own)) Object.assign(here, this.#page);
    this.alone();
    // Whatever else was put beside a checkpoint goes with it.
    if (this.lent && engine.beside !== this.#besideBefore) engine.beside = null;
    this.lent = false;
    await this.#exchange(async () => {
      if (!this.#borrowed) return;
      this.#borrowed = false;
      await switchModel((e) => e.returnCheckpoint());
    }).catch(() => {});
  }

  async putBeside(at: At): Promise<void> {
    this.beside = at;
    const facts = await ask((e) => e.putCheckpointBeside(at), null);
    if (this.beside === at) engine.beside = this.#named(facts, at);
  }
  alone(): void {
    if (this.beside !== null) [this.beside, engine.beside] = [null, null];
  }

  /** Every room looks through this checkpoint, and at its sentence, or through a model that was kept. */
  async explore(at: At): Promise<void> {
    // A kept model of the same task as the run speaks as the run does.
    const own = typeof at === 'number' || (this.lent && at.startsWith(`${this.settings?.task}-`));
    const text = own ? here.text : (this.#page?.text ?? here.text);
    this.remember();
    this.alone();
    await this.#exchange(async () => {
      [this.#borrowed, this.lent] = [false, false];
      await switchModel((e) => e.useCheckpoint(at), null);
      engine.model = this.#named(engine.model!, at);
      Object.assign(here, {
        text,
        query: null,
        head: null,
        cell: null,
        changes: [],
        other: null,
        model: writtenModel({ kind: 'trained', name: engine.model!.name }),
        beside: null,
        part: 'explore',
      });
    });
  }

  /** Every room looks through a model that was kept, at what the address says of it. */
  async reopen(id: string): Promise<void> {
    await this.#exchange(async () => {
      await switchModel((e) => e.useCheckpoint(id), null);
      engine.model = this.#named(engine.model!, id);
    });
  }
}
export const learner = new Learner();

/** The browser asks before it throws a training away. */
const hold = (event: BeforeUnloadEvent): void => event.preventDefault();
// Another worker knows nothing of a run in the one before it.
$effect.root(() => {
  $effect(() => {
    if (!learner.unkept) return;
    addEventListener('beforeunload', hold);
    return () => removeEventListener('beforeunload', hold);
  });
  $effect(() => {
    if (engine.worker > 1) learner.forgotten(-engine.worker);
  });
});
