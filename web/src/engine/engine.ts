/** Everything that the page computes, on the public paths of the package. It runs in a worker, and in Node under test. */

import { type ProxyMarked, proxy, transfer } from 'comlink';
import { softLookup } from 'siseon/attention';
import type { WasmKernels } from 'siseon/kernels';
import { lookup } from 'siseon/lens';
import type { Model } from 'siseon/model';
import { forgetModels, type KeptModel, keptModels } from 'siseon/platform';
import { unseen } from 'siseon/views';
import type { Course, Report } from '../training/course.ts';
import { unzipped } from './archive.ts';
import { cancellable } from './cancel.ts';
import { Librarian } from './librarian.ts';
import { type ModelSource, type Need, needOf, type Opening, openSource } from './opening.ts';
import { checkWords, Reader } from './reader.ts';
import { Reading } from './reading.ts';
import { openShipped } from './shipped.ts';
import { type At, Trainer } from './trainer.ts';

export interface ModelFacts {
  readonly name: string;
  /** Of a model that was trained here, by what addresses call it: its name follows the language. */
  readonly trained?: string;
  readonly parameters: number;
  /** The model that comes with the page. */
  readonly shipped: boolean;
  readonly layers: number;
  readonly heads: number;
  readonly positions: number;
  /** It reads from left to right and says what comes next. */
  readonly writes: boolean;
  /** Blanks at the ends of a text, or two in a row, are tokens to it: it reads another sentence. */
  readonly readsBlanks: boolean;
  /** Threads that it computes on, and why there is one alone although the machine has more. */
  readonly threads: { readonly count: number; readonly notice: string | null };
  /** What a head was found to look at, on development sentences. */
  readonly roles: Readonly<
    Record<string, { readonly layer: number; readonly head: number; readonly development?: number }>
  >;
}

export interface Shelf {
  readonly tag: string;
  readonly content: string;
}

export interface Found {
  /** Scaled dot products of the question with each tag. */
  readonly scores: readonly number[];
  /** Their softmax at the temperature asked for. */
  readonly weights: readonly number[];
}

export interface Duel {
  readonly dots: readonly number[];
  readonly scores: readonly number[];
  readonly weights: readonly number[];
}

function readsBlanks({ tokenizer }: Model): boolean {
  const [bare, blank] = ['가 나', ' 가  나 '].map((text) => tokenizer?.encode(text).ids.join());
  return bare !== blank;
}

export class Engine {
  #shipped: Model | null = null;
  #reader: Reader | null = null;
  #beside: Reader | null = null;
  /** What the page looked through before the room "Train" lent it a checkpoint. */
  #home: Reader | null = null;
  #opening: AbortController | null = null;
  #course: Course | null = null;
  /** Where the shipped model's files are. */
  readonly #folder: string;
  readonly #coming: ReturnType<typeof openShipped>;
  /** Of the shipped model; the devices of others have as many threads, and may have them for the same reason. */
  #device: WasmKernels | null = null;
  /** What is asked about a text. */
  readonly reading: Reading & ProxyMarked = proxy(
    new Reading(
      () => this.#reader!,
      () => this.#beside,
    ),
  );
  /** The room "Train". */
  readonly trainer: Trainer & ProxyMarked = proxy(
    new Trainer(async () => (await fetch(new URL('tokenizer.json', this.#folder))).json()),
  );
  /** The room "Library". */
  readonly librarian: Librarian & ProxyMarked = proxy(new Librarian(() => this.#model!));

  /** Begins at once with the model that comes with the page. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#coming = openShipped(folder);
    this.#coming.catch(() => {});
  }

  get #model(): Model {
    return this.#reader!.model;
  }

  /** The model of the page; what it makes of a text is begun before it is asked. Throws what loadModel throws. */
  async open(text: string): Promise<ModelFacts> {
    const { device, model } = await this.#coming;
    [this.#device, this.#shipped] = [device, model];
    const facts = this.use(model);
    this.#reader!.read(text).catch(() => {});
    return facts;
  }

  /** From now on every part looks through this model. */
  use(model: Model): ModelFacts {
    this.#reader?.retire();
    this.#home?.retire();
    [this.#reader, this.#home] = [new Reader(model), null];
    return this.#factsOf(model);
  }

  putBesideShipped(): ModelFacts {
    return this.putBeside(this.#shipped!);
  }
  /** Another model beside it, to compare with. */
  putBeside(model: Model): ModelFacts {
    return this.#besideWith(new Reader(model));
  }
  #besideWith(reader: Reader): ModelFacts {
    this.#beside?.retire();
    this.#beside = reader;
    return this.#factsOf(reader.model);
  }

  #factsOf(model: Model): ModelFacts {
    const { layerCount, headCount, positionCount, causal, head } = model.architecture;
    return {
      name: model.name,
      parameters: model.parameterCount,
      shipped: model === this.#shipped,
      layers: layerCount,
      heads: headCount,
      positions: positionCount,
      writes: causal && head !== null,
      readsBlanks: readsBlanks(model),
      threads: { count: this.#device!.threads, notice: this.#device!.notice },
      roles: (model.metadata.roles ?? {}) as ModelFacts['roles'],
    };
  }

  /** What a zip holds, by path. Throws `badArchive`. */
  async unzip(file: File): Promise<Readonly<Record<string, Uint8Array<ArrayBuffer>>>> {
    const files = unzipped(file.name, new Uint8Array(await file.arrayBuffer()));
    // Each by itself: entries that are stored as they are would be windows into the one zip.
    const own = Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, new Uint8Array(bytes)]));
    return transfer(
      own,
      Object.values(own).map(({ buffer }) => buffer),
    );
  }

  /** What a model would take, before it is opened. Throws what modelNeed throws, and the hub's refusals. */
  need(source: ModelSource): Promise<Need> {
    return needOf(source);
  }

  /** A model of the visitor's own, to look through or to stand beside. Throws what loadModel throws, and `cancelled`. */
  async openModel(source: ModelSource, beside: boolean, tell: (progress: Opening) => void): Promise<ModelFacts> {
    this.#opening?.abort();
    const opening = new AbortController();
    this.#opening = opening;
    return cancellable(opening, 'opening the model', async () => {
      const model = await openSource(source, tell, opening.signal);
      return beside ? this.putBeside(model) : this.use(model);
    });
  }
  cancelOpening(): void {
    this.#opening?.abort();
  }

  /** Models of the hub that this browser keeps. */
  kept(): Promise<KeptModel[]> {
    return keptModels();
  }
  /** Removes one of them, or all. */
  async forget(model?: Pick<KeptModel, 'name' | 'endpoint'>): Promise<KeptModel[]> {
    await forgetModels(model?.name, model?.endpoint);
    return keptModels();
  }

  useShipped(): ModelFacts {
    return this.use(this.#shipped!);
  }

  /** A question against the tags of a library, decided at a temperature. Throws `textTooLong` and what lookup throws. */
  async find(question: string, shelves: readonly Shelf[], temperature: number): Promise<Found> {
    // A book in which nothing is written yet stands for its tag.
    const library = shelves.map(({ tag, content }) => (unseen(content) ? { tag } : { tag, content }));
    for (const text of [question, ...library.flatMap(({ tag, content = '' }) => [tag, content])])
      checkWords(text, this.#model.architecture);
    const { entries } = await lookup(this.#model, question, library, { temperature });
    return {
      scores: entries.map(({ score }) => score),
      weights: entries.map(({ weight }) => weight),
    };
  }

  /** Two keys held against one query, all arrows in the plane. */
  async duel(query: readonly number[], keys: readonly (readonly number[])[]): Promise<Duel> {
    const { scores, weights } = await softLookup(query, keys, keys);
    const { scores: dots } = await softLookup(query, keys, keys, { scale: 1 });
    return { dots: Array.from(dots), scores: Array.from(scores), weights: Array.from(weights) };
  }

  /** Trains the small model from a seed; a run under way is ended first. Resolves to false when this one was ended so. */
  async train(seed: number, tell: (report: Report) => void): Promise<boolean> {
    // Loaded when somebody trains: the first picture does not wait for it.
    const { Course } = await import('../training/course.ts');
    this.#course?.stop();
    const course = new Course(seed);
    this.#course = course;
    return course.run(tell);
  }
  /** Answers: whoever waits for a long run asks this to know that the worker is there. */
  isThere(): true {
    return true;
  }
  /** Holds the browser's lock of this name as long as the worker lives, however busy it is; resolves once it is held. */
  hold(name: string): Promise<void> {
    return new Promise((held, refused) => {
      const kept = (): Promise<never> => {
        held();
        return new Promise(() => {});
      };
      navigator.locks.request(name, kept).catch(refused);
    });
  }
  pause(): void {
    this.#course?.pause();
  }
  resume(): void {
    this.#course?.resume();
  }
  /** The page looks through the small model as it was at one report. */
  async useTrained(report: number, head: number): Promise<ModelFacts> {
    return this.use(await this.#course!.model(report, head));
  }
  /** The page looks through a checkpoint of the room "Train", or through a model that was kept there. */
  async useCheckpoint(at: At): Promise<ModelFacts> {
    return this.use(await this.trainer.model(at));
  }
  /** The same until `returnCheckpoint`: the model before stays ready. */
  async borrowCheckpoint(at: At): Promise<ModelFacts> {
    const lent = await this.trainer.lend(at);
    if (this.#home) this.#reader?.retire();
    this.#home ??= this.#reader;
    this.#reader = lent;
    return this.#factsOf(lent.model);
  }
  returnCheckpoint(): ModelFacts {
    if (this.#home) {
      this.#reader?.retire();
      [this.#reader, this.#home] = [this.#home, null];
    }
    return this.#factsOf(this.#model);
  }
  async putCheckpointBeside(at: At): Promise<ModelFacts> {
    return this.#besideWith(await this.trainer.lend(at));
  }
}
