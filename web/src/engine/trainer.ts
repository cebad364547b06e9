/** What the room "Train" asks for: a training of the visitor's own, looked at through any of its checkpoints. */
import { unzipSync, zipSync } from 'fflate';
import { type Kernels, wasmKernels } from 'siseon/kernels';
import { type Look, look } from 'siseon/lens';
import { families, loadModel, Model, modelFiles } from 'siseon/model';
import { memoryFolder, SiseonError } from 'siseon/platform';
import { recordTrace } from 'siseon/trace';
import type { Facts, Lesson, Score } from '../train/lesson.ts';
import type { Settings } from '../train/settings.ts';
import type { Checkpoint, Run } from '../training/run.ts';
import { Lenses } from './lenses.ts';
import { type Glance, glanceOf, type Square, squareOf, type Unit } from './squares.ts';

export interface TrainReport {
  readonly step: number;
  readonly loss: number | null;
  readonly matchingLoss: number | null;
  readonly heldOut: Score;
}

/** A checkpoint by its index, or a model that was kept by its name in the worker. */
export type At = number | string;

/** One sentence through one model: all heads small, one head as a square, and the word that asks. */
export interface Panels {
  readonly look: Look;
  /** By layer. */
  readonly glances: readonly Glance[];
  readonly square: Square;
}

// What trains is loaded when somebody trains: the first picture does not wait for it.
const lessons = () => import('../train/lesson.ts');
const runs = () => import('../training/run.ts');

/** Models that stay ready; looking through an older one builds it again. */
const ready = 6;

interface Ready {
  readonly model: Model;
  readonly giveBack: () => void;
  lenses: Lenses | null;
}

export class Trainer {
  readonly #korean: () => Promise<unknown>;
  #lesson: Lesson | null = null;
  #run: Run | null = null;
  readonly #ready = new Map<At, Ready>();
  readonly #kept = new Map<string, Uint8Array>();
  #device: Promise<Kernels> | null = null;
  /** One look at a time: a model is only put away between two. */
  #last: Promise<unknown> = Promise.resolve();

  /** `korean` fetches the tokenizer.json of the model that comes along. */
  constructor(korean: () => Promise<unknown>) {
    this.#korean = korean;
  }

  /** What a training would be, before it begins. Throws what `prepare` throws. */
  async survey(settings: Settings, text: string): Promise<Facts> {
    const { prepare } = await lessons();
    return (await prepare(settings, text, this.#korean)).facts;
  }

  /** Trains from the first step; a run under way is ended first. Resolves to false when this one was ended so. Throws what `prepare` and `train` throw. */
  async begin(settings: Settings, text: string, tell: (report: TrainReport) => void): Promise<boolean> {
    this.#run?.stop();
    const [{ measure, prepare }, { Run }] = await Promise.all([lessons(), runs()]);
    const lesson = await prepare(settings, text, this.#korean);
    const run = new Run(lesson.task);
    [this.#lesson, this.#run] = [lesson, run];
    await this.#queued(async () => this.#putAway((at) => typeof at === 'number'));
    return run.start(async ({ step, loss, matchingLoss, parameters }, device) => {
      const heldOut = await measure(await this.#create(lesson, parameters, `step ${step}`, device), lesson.hidden);
      tell({ step, loss, matchingLoss, heldOut });
    });
  }
  pause(): void {
    this.#run?.pause();
  }
  resume(): void {
    this.#run?.resume();
  }
  stop(): void {
    this.#run?.stop();
  }

  /** A sentence through a checkpoint or a kept model. Throws what look throws. */
  async panels(
    at: At,
    text: string,
    choice: { readonly query?: number; readonly layer: number; readonly head: number },
    unit: Unit,
  ): Promise<Panels> {
    return this.#queued(async () => {
      const held = await this.#through(at);
      if (held.lenses?.trace.encoding?.text !== text)
        held.lenses = new Lenses(await recordTrace(held.model, { text, logits: false }), held.model);
      const { lenses } = held;
      const view = { unit, lens: 'weight', bare: false, token: 0 } as const;
      const glances: Glance[] = [];
      for (let layer = 0; layer < held.model.architecture.layerCount; layer++)
        glances.push(await glanceOf(lenses, layer, view));
      const seen = await look(lenses.trace, held.model, choice);
      return { look: seen, glances, square: await squareOf(lenses, choice, view, null) };
    });
  }

  /** A checkpoint as a model of its own, for every room to look through. */
  async model(at: At): Promise<Model> {
    if (typeof at === 'string') return this.#open(at);
    return this.#create(this.#lesson!, this.#checkpoint(at).parameters, this.#name(at));
  }

  /** A checkpoint in Hugging Face layout, zipped: config.json, model.safetensors, tokenizer.json, vocab.txt. */
  async zip(index: number, heldOut: Score): Promise<Uint8Array<ArrayBuffer>> {
    const { config, tokenizerJson, tokenizer, settings, task } = this.#lesson!;
    const { step, parameters } = this.#checkpoint(index);
    const files = modelFiles({
      config: {
        ...config,
        siseon: { defaultView: { layer: settings.layers - 1, head: 0 }, trained: { ...settings, step }, heldOut },
      },
      sources: task.plan.sources,
      parameters,
      tokenizer: tokenizerJson,
    });
    const pieces = Array.from({ length: tokenizer.vocabularySize }, (_, id) => tokenizer.piece(id) ?? '');
    files.set('vocab.txt', new TextEncoder().encode(`${pieces.join('\n')}\n`));
    // The same parameters give the same archive, whenever it is written.
    return new Uint8Array(zipSync(Object.fromEntries(files), { level: 0, mtime: new Date(1980, 0, 1) }));
  }

  /** Takes a kept model along under a name. Throws `badArchive` and what loadModel throws. */
  async hold(name: string, archive: Uint8Array): Promise<{ layers: number; heads: number }> {
    this.#kept.set(name, archive);
    await this.#queued(async () => this.#putAway((at) => at === name));
    const { architecture } = await this.#open(name);
    return { layers: architecture.layerCount, heads: architecture.headCount };
  }

  #checkpoint(index: number): Checkpoint {
    return this.#run!.checkpoints[index]!;
  }
  #name(index: number): string {
    const { task, seed } = this.#lesson!.settings;
    return `${task}, seed ${seed}, step ${this.#checkpoint(index).step}`;
  }

  async #open(name: string, device?: Kernels): Promise<Model> {
    let files: Record<string, Uint8Array>;
    try {
      files = unzipSync(this.#kept.get(name)!);
    } catch (cause) {
      throw new SiseonError({ code: 'badArchive', kind: 'usage', what: `${name} is no zip file`, cause });
    }
    // A folder that was zipped as a whole stands one level down.
    const flat = Object.entries(files).map(
      ([path, bytes]) => [path.replace(/^.*\//, ''), new Uint8Array(bytes)] as const,
    );
    return loadModel(memoryFolder(Object.fromEntries(flat), name), { name, ...(device && { kernels: device }) });
  }

  #create(lesson: Lesson, parameters: Checkpoint['parameters'], name: string, device?: Kernels): Promise<Model> {
    const { task, tokenizer } = lesson;
    const { architecture } = task.plan;
    const metadata = { defaultView: { layer: architecture.layerCount - 1, head: 0 } };
    return Model.create({ name, family: families.get('bert')!, architecture, tokenizer, metadata, parameters }, device);
  }

  async #through(at: At): Promise<Ready> {
    let held = this.#ready.get(at);
    if (held) this.#ready.delete(at);
    else {
      const { borrow } = await runs();
      this.#device ??= wasmKernels();
      const { device, giveBack } = borrow(await this.#device);
      const model =
        typeof at === 'string'
          ? await this.#open(at, device)
          : await this.#create(this.#lesson!, this.#checkpoint(at).parameters, this.#name(at), device);
      held = { model, giveBack, lenses: null };
    }
    this.#ready.set(at, held);
    // The least lately looked through goes first.
    const [oldest] = this.#ready.keys();
    if (this.#ready.size > ready) this.#putAway((each) => each === oldest);
    return held;
  }

  #putAway(which: (at: At) => boolean): void {
    for (const [at, { giveBack }] of this.#ready)
      if (which(at)) {
        this.#ready.delete(at);
        giveBack();
      }
  }

  #queued<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}
