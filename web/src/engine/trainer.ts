/** What the room "Train" asks for: a training of the visitor's own, looked at through any of its checkpoints. */
import { zipSync } from 'fflate';
import { type Kernels, wasmKernels } from 'siseon/kernels';
import { families, loadModel, Model, modelFiles } from 'siseon/model';
import { memoryFolder } from 'siseon/platform';
import { checkpointAmong } from '../explore/checkpointAmong.ts';
import type { Facts, Lesson, Score } from '../train/lesson.ts';
import type { Begun, Record, TrainReport } from '../train/record.ts';
import type { Settings } from '../train/settings.ts';
import type { Checkpoint, Run } from '../training/run.ts';
import { unzipped } from './archive.ts';
import { Reader } from './reader.ts';

/** A report as it comes, and whether the browser keeps the training up to there. */
export interface FreshReport extends TrainReport {
  readonly recorded: boolean;
}

/** The last training of this browser, as it was begun and as far as it came. */
export interface Restored extends Begun {
  readonly facts: Facts;
  readonly reports: readonly TrainReport[];
  /** It can be gone on with, to the same bytes as if it had never ended. */
  readonly resumable: boolean;
}

/** A checkpoint by its index, or a model that was kept by its name in the worker. */
export type At = number | string;

// What trains is loaded when somebody trains: the first picture does not wait for it.
const lessons = () => import('../train/lesson.ts');
const runs = () => import('../training/run.ts');
const records = () => import('../train/record.ts');

export class Trainer {
  readonly #korean: () => Promise<unknown>;
  #lesson: Lesson | null = null;
  #run: Run | null = null;
  #record: Record | null = null;
  readonly #kept = new Map<string, Uint8Array>();
  #device: Promise<Kernels> | null = null;

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
  async begin(begun: Begun, tell: (report: FreshReport) => void): Promise<boolean> {
    const { settings, text } = begun;
    this.#run?.stop();
    const [{ prepare }, { Run }, { Record }] = await Promise.all([lessons(), runs(), records()]);
    const lesson = await prepare(settings, text, this.#korean);
    [this.#lesson, this.#run, this.#record] = [lesson, new Run(lesson.task), new Record(begun)];
    return this.#train(tell);
  }
  /**
   * Goes on with the training that was stopped or brought back, from its last checkpoint, to the same bytes as if it had never
   * ended there. Resolves and throws as `begin` does.
   */
  async goOn(tell: (report: FreshReport) => void): Promise<boolean> {
    const { Run } = await runs();
    this.#run = new Run(this.#lesson!.task, this.#run!);
    return this.#train(tell);
  }
  async #train(tell: (report: FreshReport) => void): Promise<boolean> {
    const [lesson, run, record] = [this.#lesson!, this.#run!, this.#record!];
    const [{ measure }, { goingOn }] = await Promise.all([lessons(), records()]);
    const training = run.start(async (checkpoint, device) => {
      const { step, loss, matchingLoss, parameters } = checkpoint;
      const heldOut = await measure(await this.#create(lesson, parameters, `step ${step}`, device), lesson.hidden);
      const report = { step, loss, matchingLoss, heldOut };
      tell({ ...report, recorded: await record.add(checkpoint, run.state, report) });
    });
    return goingOn(record.id, training);
  }

  /**
   * Brings back the last training that the browser keeps, to be looked at; null: there is none. Ends none under way; `again`:
   * in place of what was brought back before.
   */
  async restore(again: boolean): Promise<Restored | null> {
    const before = this.#run;
    if (before && !again) return null;
    const [{ prepare }, { Run }, { lastTraining, Record }] = await Promise.all([lessons(), runs(), records()]);
    const found = await lastTraining();
    if (!found) return null;
    const { id, settings, text, reports } = found;
    const lesson = await prepare(settings, text, this.#korean);
    // One that has begun meanwhile stays.
    if (this.#run !== before) return null;
    const run = new Run(lesson.task, found);
    [this.#lesson, this.#run, this.#record] = [lesson, run, new Record({ id, settings, text }, reports.length)];
    return { id, settings, text, facts: lesson.facts, reports, resumable: run.resumable };
  }
  /** Nothing of it stays, here or in the browser. */
  async forget(): Promise<void> {
    this.#run?.stop();
    [this.#run, this.#lesson, this.#record] = [null, null, null];
    await (await records()).forgetTraining();
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

  /** A checkpoint or a kept model on a device that they share, which has it back when the reader is retired. */
  async lend(at: At): Promise<Reader> {
    const { borrow } = await runs();
    this.#device ??= wasmKernels();
    const { device, giveBack } = borrow(await this.#device);
    return new Reader(await this.model(at, device), giveBack);
  }

  /** A checkpoint as a model of its own, for every room to look through. */
  async model(at: At, device?: Kernels): Promise<Model> {
    if (typeof at === 'string') return this.#open(at, device);
    return this.#create(this.#lesson!, this.#checkpoint(at).parameters, this.#name(at), device);
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
  async hold(name: string, archive: Uint8Array): Promise<void> {
    this.#kept.set(name, archive);
    (await this.lend(name)).retire();
  }

  #checkpoint(index: number): Checkpoint {
    return this.#run!.checkpoints[index]!;
  }
  #name(index: number): string {
    const { task, seed } = this.#lesson!.settings;
    return `${task}, seed ${seed}, step ${this.#checkpoint(index).step}`;
  }

  async #open(name: string, device?: Kernels): Promise<Model> {
    // A folder that was zipped as a whole stands one level down.
    const { files } = checkpointAmong(
      Object.entries(unzipped(name, this.#kept.get(name)!)).map(([path, bytes]) => ({
        path,
        file: [path.replace(/^.*\//, ''), new Uint8Array(bytes)] as const,
      })),
    );
    return loadModel(memoryFolder(Object.fromEntries(files), name), { name, ...(device && { kernels: device }) });
  }

  #create(lesson: Lesson, parameters: Checkpoint['parameters'], name: string, device?: Kernels): Promise<Model> {
    const { task, tokenizer } = lesson;
    const { architecture } = task.plan;
    const metadata = { defaultView: { layer: architecture.layerCount - 1, head: 0 } };
    return Model.create({ name, family: families.get('bert')!, architecture, tokenizer, metadata, parameters }, device);
  }
}
