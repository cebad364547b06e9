/** The visitor's own training: it goes on while other rooms are open. */
import * as Comlink from 'comlink';
import { ask, askLong, engine, type Failure, Latest, switchModel } from '../engine/client.svelte.ts';
import type { ModelFacts } from '../engine/engine.ts';
import type { At, FreshReport } from '../engine/trainer.ts';
import { Turns } from '../engine/turns.ts';
import { readModel, writtenModel } from '../explore/modelAddress.ts';
import { storySentence } from '../permalink.ts';
import { first, here } from '../place.svelte.ts';
import { aside, bringBack } from '../written.svelte.ts';
import type { Training } from './address.ts';
import { kept } from './kept.svelte.ts';
import type { Facts } from './lesson.ts';
import { type Moment, readMoment, trainingKey, writeMoment } from './moment.ts';
import { momentName } from './names.ts';
import { anotherGoesOn, goesOn, isLast, onLast, over, type TrainReport } from './record.ts';
import type { Settings } from './settings.ts';

/** What the panels are asked about: the page has its own, and the room "Train" has another. */
const scene = () => {
  const { text, query, head, cell, changes, other, beside, besideHead } = here;
  return { text, query, head, cell, changes, other, beside, besideHead };
};
type Scene = ReturnType<typeof scene>;
/** What an address of this room says of its models is not said of the page's. */
const untouched = { head: null, cell: null, changes: [], beside: null, besideHead: null } satisfies Partial<Scene>;
const same = (a: Scene, b: Scene): boolean => JSON.stringify(a) === JSON.stringify(b);
/** Languages that the page's own model speaks as well. */
const shared = (settings: Settings): boolean => settings.task === 'small' || settings.task === 'korean';

/** The trained model that the address names beside. */
export function trainedBeside(): string | null {
  const named = here.beside === null ? null : readModel(here.beside);
  return named?.kind === 'trained' ? named.name : null;
}

class Learner {
  /** What the settings would come to. */
  readonly survey = new Latest<{ readonly of: Training; readonly facts: Facts }>();
  phase = $state<'idle' | 'running' | 'paused' | 'stopped' | 'done'>('idle');
  /** What the run under way, or the last one, was begun with. */
  settings = $state.raw<Settings | null>(null);
  facts = $state.raw<Facts | null>(null);
  reports = $state.raw<readonly TrainReport[]>([]);
  /** Which training it is, as addresses say it. */
  key = $state<string | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** Milliseconds spent since step `from`, pauses left out. */
  spent = $state(0);
  from = $state(0);
  /** Which run this is. */
  run = $state(0);
  /** A checkpoint of the run has been kept or saved as a file. */
  kept = $state(false);
  /** Reports up to which the browser would bring the run back after a reload. */
  recorded = $state(0);
  /** Another window took the run's place in the browser, or gave it up. */
  replaced = $state(false);
  /** The run was brought back while another window is at it: it is here as far as it had come by then. */
  elsewhere = $state(false);
  /** By which the browser knows the run. */
  #id = '';
  /** The run was brought back. */
  restored = $state(false);
  /** It can be gone on with from its last checkpoint, to the same numbers as if it had never ended there. */
  resumable = $state(false);
  /** The browser has been asked for the last training. */
  sought = $state(false);
  /** What closing the page would throw away. */
  unkept = $derived(
    this.phase === 'running' ||
      this.phase === 'paused' ||
      (this.reports.length > 1 && !this.kept && this.recorded < this.reports.length),
  );

  /** The checkpoint that is looked at: the one that the address names, where this run has it; else the newest. */
  at = $derived(this.indexOf(here.checkpoint) ?? this.reports.length - 1);
  report = $derived(this.reports[this.at] ?? null);

  /** What the address names beside it, where it is here: another checkpoint, or a kept model; null: none, or one of another room. */
  beside = $derived.by((): At | null => {
    const named = trainedBeside();
    if (named === null) return null;
    const moment = readMoment(named);
    return moment ? this.indexOf(moment) : kept.list.some(({ id }) => id === named) ? named : null;
  });
  /** The page looks through a checkpoint at the moment. */
  lent = $state(false);
  /** The page's scene meanwhile, this room's own, and what the latter was last asked about. */
  #page: Scene | null = null;
  #besideBefore: ModelFacts | null = null;
  #own: Scene | null = null;
  /** The page was opened in this room, and has not been in another. */
  #arrived = first.part === 'train';
  #about: Training | null = first.part === 'train' ? here.training : null;
  readonly #exchange = new Turns();
  readonly #besides = new Turns();
  /** The engine looks through a checkpoint that it has to give back. */
  #borrowed = false;

  /** A checkpoint's place in this run; null: it is of another, or not there. */
  indexOf(moment: Moment | null): number | null {
    if (moment === null || moment.training !== this.key) return null;
    const index = this.reports.findIndex(({ step }) => step === moment.step);
    return index < 0 ? null : index;
  }
  #momentOf(index: number): Moment {
    return { step: this.reports[index]!.step, training: this.key! };
  }
  scrub(index: number): void {
    here.checkpoint = this.#momentOf(index);
  }

  async begin(settings: Settings, text: string): Promise<void> {
    const key = trainingKey(settings, text);
    // What an address names of this training comes with it; what was looked at of the one before goes.
    const awaited = (moment: Moment | null): boolean => moment?.training === key && this.indexOf(moment) === null;
    if (!awaited(here.checkpoint)) here.checkpoint = null;
    const beside = readMoment(trainedBeside() ?? '');
    if (beside && !awaited(beside)) [engine.beside, here.beside, here.besideHead] = [null, null, null];
    const run = ++this.run;
    Object.assign(this, {
      settings,
      key,
      phase: 'running',
      kept: false,
      failure: null,
      spent: 0,
      from: 0,
      reports: [],
      facts: null,
      recorded: 0,
      replaced: false,
      restored: false,
      resumable: false,
      elsewhere: false,
    });
    this.#id = `${performance.timeOrigin}-${run}`;
    await this.#follow(run, async (tell) => {
      const facts = await ask((e) => e.trainer.survey(settings, text), null);
      if (this.run !== run) return false;
      this.facts = facts;
      this.#prepare(settings, text, facts);
      return askLong((e) => e.trainer.begin({ id: this.#id, settings, text }, tell));
    });
  }
  /** Another window trains, and what it has learned would be in that window alone once one begins here. */
  wouldDisplace = (): Promise<boolean> => anotherGoesOn(this.elsewhere ? null : this.#id);
  /** From the last checkpoint of a run that was stopped or brought back. */
  async goOn(): Promise<void> {
    const run = ++this.run;
    Object.assign(this, { phase: 'running', failure: null, restored: false, resumable: false });
    await this.#follow(run, (tell) => askLong((e) => e.trainer.goOn(tell)));
  }
  /** Takes in what a run tells until it ends. */
  async #follow(run: number, train: (tell: (report: FreshReport) => void) => Promise<boolean>): Promise<void> {
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
      const finished = await train(Comlink.proxy(tell));
      if (this.run !== run) return;
      [this.phase, this.resumable] = [finished ? 'done' : 'stopped', !finished];
    } catch (cause) {
      if (this.run !== run) return;
      this.failure = cause as Failure;
      this.phase = this.reports.length > 0 ? 'stopped' : 'idle';
    }
  }
  /** The last training of this browser, where nothing has been trained in this window yet. */
  async restore(): Promise<void> {
    if (this.phase === 'idle' && this.reports.length === 0) await this.#restore(false);
  }
  /** Another window has been at it since, and may still be. */
  async lookAgain(): Promise<void> {
    if (this.elsewhere) await this.#restore(true);
  }
  async #restore(again: boolean): Promise<void> {
    const { run, phase } = this;
    const found = await ask((e) => e.trainer.restore(again), null).catch(() => null);
    this.sought = true;
    if (!found) return;
    const elsewhere = await goesOn(found.id);
    if (this.run !== run || this.phase !== phase) return;
    const { id, settings, text, facts, reports, resumable } = found;
    this.#id = id;
    const from = reports.at(-1)!.step;
    const whole = from >= settings.steps;
    const recorded = reports.length;
    const key = trainingKey(settings, text);
    const brought = { phase: whole ? 'done' : 'stopped', restored: true, replaced: false, elsewhere } as const;
    Object.assign(this, {
      settings,
      key,
      facts,
      reports,
      recorded,
      resumable,
      spent: 0,
      from,
      ...brought,
      run: run + 1,
    });
    void this.checkRecord();
    if (elsewhere) void this.#awaitOther();
    this.#prepare(settings, text, facts);
  }
  /** Once the other window is through with it, or is closed, all of it is here. */
  async #awaitOther(): Promise<void> {
    const [run, id] = [this.run, this.#id];
    await over(id).catch(() => {});
    if (this.run === run && !this.replaced) await this.lookAgain();
  }
  /** The browser keeps one training: once it is another window's, this one is in this window alone. */
  async checkRecord(): Promise<void> {
    const { run } = this;
    if (this.recorded === 0 || (await isLast(this.#id)) || this.run !== run) return;
    [this.replaced, this.recorded] = [true, 0];
  }
  /** Nothing of the training stays, here or in the browser. */
  async forget(): Promise<void> {
    await this.leave();
    here.checkpoint = null;
    if (this.#own) this.#own = { ...this.#own, beside: null, besideHead: null };
    await ask((e) => e.trainer.forget());
    this.forgotten(this.run + 1);
  }
  /** What another worker, or nobody, has of a run. */
  forgotten(run: number): void {
    Object.assign(this, {
      run,
      phase: 'idle',
      kept: false,
      recorded: 0,
      replaced: false,
      restored: false,
      resumable: false,
      elsewhere: false,
      sought: run > 0,
    });
    Object.assign(this, { reports: [], key: null, facts: null, lent: false });
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
    // An address has no room for a long text.
    const sameText = settings.task !== 'own' || before?.text === text || before?.text === '';
    const again = before?.settings.task === settings.task && sameText;
    const shaped = before?.settings.heads === settings.heads && before.settings.layers === settings.layers;
    const unwritten = this.#own === null && !this.lent && now.text === storySentence;
    const spoken =
      shared(settings) || (again && !unwritten) ? now : { ...now, text: example, query: null, cell: null, other: null };
    const { head } = spoken;
    const fits = head !== null && head.layer < settings.layers && head.head < settings.heads;
    this.#own = { ...spoken, head: fits ? head : null, changes: again && shaped ? spoken.changes : [] };
    if (this.lent) Object.assign(here, this.#own);
  }

  #named(facts: ModelFacts, at: At): ModelFacts {
    if (typeof at === 'string') return { ...facts, name: at, trained: at };
    const moment = this.#momentOf(at);
    return {
      ...facts,
      trained: writeMoment(moment),
      get name() {
        return momentName(moment);
      },
    };
  }

  /** While the room is open, the page looks through the checkpoint that is scrubbed to. */
  async show(): Promise<void> {
    const { run, at } = this;
    await this.#exchange
      .take(async () => {
        const facts = await ask((e) => e.borrowCheckpoint(at), null);
        this.#borrowed = true;
        if (this.run !== run || here.part !== 'train') return;
        if (!this.lent) {
          const ofRoom = this.#arrived || trainedBeside() !== null;
          [this.#page, this.#besideBefore] = [{ ...scene(), ...(ofRoom && untouched) }, engine.beside];
          Object.assign(here, this.#own);
          engine.vocabulary++;
        }
        this.lent = true;
        engine.model = this.#named(facts, at);
        engine.version++;
      })
      .catch((cause: Failure) => {
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
    // What was put beside a checkpoint goes with it.
    if (this.lent && engine.beside !== this.#besideBefore) engine.beside = null;
    [this.lent, this.#arrived] = [false, false];
    await this.#exchange
      .take(async () => {
        if (!this.#borrowed) return;
        this.#borrowed = false;
        await switchModel((e) => e.returnCheckpoint());
      })
      .catch(() => {});
  }

  /** A name in the address for a checkpoint, or for a kept model. */
  #written(at: At): string {
    return writtenModel({ kind: 'trained', name: typeof at === 'string' ? at : writeMoment(this.#momentOf(at)) });
  }
  putBeside(at: At): void {
    here.beside = this.#written(at);
  }
  /** What the address names stands beside, where it is of this room. */
  async showBeside(): Promise<void> {
    const [{ beside: at, run }, { beside: written }] = [this, here];
    if (at === null || !this.lent) return;
    await this.#besides
      .take(async () => {
        if (typeof at === 'string') await kept.hold(at);
        const facts = await ask((e) => e.putCheckpointBeside(at), null);
        if (this.lent && this.run === run && here.beside === written) engine.beside = this.#named(facts, at);
      })
      .catch((cause: Failure) => {
        // It can be asked for again.
        [kept.failure, here.beside] = [cause, null];
      });
  }

  /** Every room looks through this checkpoint, and at its sentence, or through a model that was kept. */
  async explore(at: At): Promise<void> {
    // A kept model of the same task as the run speaks as the run does.
    const own = typeof at === 'number' || (this.lent && at.startsWith(`${this.settings?.task}-`));
    const text = own ? here.text : (this.#page?.text ?? here.text);
    this.remember();
    const page = this.lent && this.#page ? this.#page : scene();
    await this.#exchange.take(async () => {
      const written = this.#written(at);
      const before = here.model;
      [this.#borrowed, this.lent, engine.beside] = [false, false, null];
      await switchModel((e) => e.useCheckpoint(at), null);
      engine.model = this.#named(engine.model!, at);
      Object.assign(here, {
        text,
        query: null,
        head: null,
        cell: null,
        changes: [],
        other: null,
        model: written,
        beside: null,
        part: 'explore',
      });
      if (before !== written) aside.put(page, true, before ?? '');
      bringBack(text);
    });
  }

  /** Every room looks through a checkpoint, or a model that was kept, at what the address says of it. */
  async reopen(at: At): Promise<void> {
    await this.#exchange.take(async () => {
      await switchModel((e) => e.useCheckpoint(at), null);
      engine.model = this.#named(engine.model!, at);
    });
  }
}
export const learner = new Learner();

/** The browser asks before it throws a training away. */
const hold = (event: BeforeUnloadEvent): void => event.preventDefault();
onLast(() => void learner.checkRecord());
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
