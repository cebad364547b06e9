/** Everything that the page computes, on the public paths of the package. It runs in a worker, and in Node under test. */
import { type ProxyMarked, proxy } from 'comlink';
import { softLookup } from 'siseon/attention';
import type { WasmKernels } from 'siseon/kernels';
import {
  alignByWord,
  chooseHead,
  headsReport,
  type Look,
  look,
  lookup,
  overview,
  type Pair,
  pair,
  type Remix,
  type Role,
  remix,
  repeatedSequences,
} from 'siseon/lens';
import { type Model, writeNpz } from 'siseon/model';
import { forgetModels, type KeptModel, keptModels, SiseonError } from 'siseon/platform';
import { stages, type Trace } from 'siseon/trace';
import { type Language, reportHtml } from 'siseon/views';
import type { Course, Report } from '../training/course.ts';
import type { Change } from './change.ts';
import type { ReachName } from './lens.ts';
import { Librarian } from './librarian.ts';
import { type ModelSource, type Need, needOf, type Opening, openSource } from './opening.ts';
import { type Prediction, predict, type Sampling, type Written, write } from './predictions.ts';
import { reachOf } from './reaches.ts';
import { Reader } from './reader.ts';
import { openShipped } from './shipped.ts';
import { entriesOf, type Glance, glanceOf, type Sink, type Square, squareOf, type View } from './squares.ts';
import { type At, Trainer } from './trainer.ts';

export interface Choice {
  readonly query?: number;
  readonly layer?: number;
  readonly head?: number;
}

export interface ModelFacts {
  readonly name: string;
  readonly parameters: number;
  /** The model that comes with the page. */
  readonly shipped: boolean;
  readonly layers: number;
  readonly heads: number;
  readonly positions: number;
  /** It reads from left to right and says what comes next. */
  readonly writes: boolean;
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

/** A head's name, and the number that earned it. */
export interface NamedHead extends Role {
  readonly layer: number;
  readonly head: number;
}

/** What of a word or token reaches the one that asks. */
export interface Reached {
  readonly text: string;
  readonly sink: Sink | null;
  readonly number: number;
}

/** Words of two sentences, and the tokens of each. */
export interface Aligned {
  readonly here: readonly { readonly text: string; readonly tokens: readonly number[] }[];
  readonly there: readonly { readonly text: string; readonly tokens: readonly number[] }[];
  /** For each word here, the word there that the two sentences share, or null. */
  readonly proposed: readonly (number | null)[];
}

/** A question about a text in a run that was perhaps interfered with. */
export interface Asked {
  readonly text: string;
  readonly changes: readonly Change[];
  /** Asks the model that stands beside the one that the page looks through. */
  readonly beside?: boolean;
}

export class Engine {
  #shipped: Model | null = null;
  #reader: Reader | null = null;
  #beside: Reader | null = null;
  /** What the page looked through before the room "Train" lent it a checkpoint. */
  #home: Reader | null = null;
  #opening: AbortController | null = null;
  #writing: AbortController | null = null;
  #course: Course | null = null;
  /** Where the shipped model's files are. */
  readonly #folder: string;
  readonly #coming: ReturnType<typeof openShipped>;
  /** Of the shipped model; the devices of others have as many threads, and may have them for the same reason. */
  #device: WasmKernels | null = null;
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
      threads: { count: this.#device!.threads, notice: this.#device!.notice },
      roles: (model.metadata.roles ?? {}) as ModelFacts['roles'],
    };
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
  async forget(name?: string): Promise<KeptModel[]> {
    await forgetModels(name);
    return keptModels();
  }

  useShipped(): ModelFacts {
    return this.use(this.#shipped!);
  }

  async look(text: string, choice: Choice): Promise<Look> {
    return this.#reader!.answer(async (reader) => look(await reader.read(text), reader.model, choice));
  }

  /** The same query through every head: for choosing one. */
  async heads(text: string, query: number): Promise<Look[]> {
    return this.#reader!.answer(async (reader) => {
      const trace = await reader.read(text);
      const { layerCount, headCount } = trace.model.architecture;
      const choices = Array.from({ length: layerCount * headCount }, (_, i) => ({
        layer: Math.floor(i / headCount),
        head: i % headCount,
      }));
      return Promise.all(choices.map((choice) => look(trace, reader.model, { query, ...choice })));
    });
  }

  async remix(text: string, choice: Choice, weights?: readonly number[]): Promise<Remix> {
    return this.#reader!.answer(async (reader) =>
      remix(await reader.read(text), reader.model, { ...choice, ...(weights && { weights }) }),
    );
  }

  /** One cell, by its two tokens. */
  async pair(text: string, choice: Choice & { readonly queryToken: number; readonly keyToken: number }): Promise<Pair> {
    return this.#reader!.answer(async (reader) => pair(await reader.read(text), reader.model, choice));
  }

  #readerOf({ beside }: Asked): Reader {
    const reader = beside ? this.#beside : this.#reader;
    if (reader) return reader;
    throw new SiseonError({ code: 'noModelBeside', kind: 'usage', what: 'there is no model to compare with' });
  }

  /** Tokens as the text has them. */
  async tokenTexts(text: string, tokens: readonly number[]): Promise<string[]> {
    const { encoding } = await this.#reader!.answer((reader) => reader.read(text));
    return tokens.map((token) => encoding!.tokens[token]!.text);
  }

  /** All heads of one layer over the whole text, small. */
  async glance(asked: Asked, layer: number, view: View): Promise<Glance> {
    return this.#readerOf(asked).answer(async (reader) =>
      glanceOf(await reader.lenses(asked.text, asked.changes), layer, view),
    );
  }

  /** One head over the whole text, or a part of its rows. */
  async square(
    asked: Asked,
    choice: Choice,
    view: View,
    part: { readonly first: number; readonly last: number } | null = null,
  ): Promise<Square> {
    return this.#readerOf(asked).answer(async (reader) =>
      squareOf(await reader.lenses(asked.text, asked.changes), chooseHead(reader.model, choice), view, part),
    );
  }

  /**
   * The square on the screen and what it is made of, as NumPy reads it: `numbers`, `masked` [row, column], `ids`, and the
   * layer's query, key, value and weights by token.
   */
  async npz(asked: Asked, choice: Choice, view: View): Promise<Uint8Array<ArrayBuffer>> {
    return this.#readerOf(asked).answer(async (reader) => {
      const { layer, head } = chooseHead(reader.model, choice);
      const lenses = await reader.lenses(asked.text, asked.changes);
      const { trace } = lenses;
      const { rows, columns, numbers, masked } = await squareOf(lenses, { layer, head }, view, null);
      const shape = [rows.length, columns.length];
      const names = ['query', 'key', 'value', 'weights'].map((stage) => `layers.${layer}.${stage}`);
      const made = await stages(trace, reader.model, names);
      const own = [...made].map(([name, stage]) => ({ name, shape: stage.shape, data: stage.data }));
      return writeNpz([
        { name: 'numbers', shape, data: numbers },
        { name: 'masked', shape, data: Int32Array.from(masked) },
        { name: 'ids', shape: [trace.ids.length], data: trace.ids },
        ...own,
      ]) as Uint8Array<ArrayBuffer>;
    });
  }

  /** Every head of the text as one HTML file that works offline. Throws `tooLongForOverview`. */
  async report(asked: Asked, choice: Choice, token: number, language: Language): Promise<string> {
    return this.#readerOf(asked).answer(async (reader) => {
      const { layer, head } = chooseHead(reader.model, choice);
      const seen = await overview(await reader.changed(asked.text, asked.changes), reader.model);
      const query = seen.parts[0]!.queries.findIndex(({ tokens }) => tokens.includes(token));
      return reportHtml(seen, { language, start: { layer, head, query } });
    });
  }

  /** What reaches a token through all layers, by the words or tokens of the view. */
  async reach({ text, changes }: Asked, name: ReachName, view: View): Promise<Reached[]> {
    return this.#reader!.answer(async (reader) => {
      const trace = await reader.changed(text, changes);
      const numbers = await reachOf(name, trace, reader.model, view.token);
      const all = entriesOf(trace.encoding!, { unit: view.unit, bare: false });
      return all.map(({ text: name, sink, tokens }) => ({
        text: name,
        sink,
        number: tokens.reduce((sum, token) => sum + numbers[token]!, 0),
      }));
    });
  }

  /** What stands at a token, by the model; with changes, before and after them. */
  async predict({ text, changes }: Asked, token: number, follow: number | null): Promise<Prediction> {
    return this.#reader!.answer(async (reader) => {
      const trace = await reader.read(text);
      const changed = await reader.changed(text, changes);
      return predict(reader.model, trace, { token, edits: changed.edits, changed, follow });
    });
  }

  /** Writes on from a text; each token is told as it comes. Throws `cancelled` when it was stopped. */
  async write(text: string, sampling: Sampling, choice: Choice, tell: (written: Written) => void): Promise<void> {
    this.#writing?.abort();
    const writing = new AbortController();
    this.#writing = writing;
    await this.#reader!.answer(({ model }) =>
      cancellable(writing, 'writing', () =>
        write(model, text, sampling, chooseHead(model, choice), tell, writing.signal),
      ),
    );
  }
  stopWriting(): void {
    this.#writing?.abort();
  }

  /**
   * Names of heads, chosen on half of the texts and measured on the other; without texts, over drawn sequences that come
   * twice in a row. Throws `tooFewTexts`.
   */
  async roles(texts: readonly string[], tell: (done: number, of: number) => void): Promise<NamedHead[]> {
    const { heads } = await this.#reader!.answer(({ model }) => {
      const read = texts.length > 0 ? texts.map((text) => ({ text })) : repeatedSequences(model);
      return headsReport(model, read, { onProgress: tell });
    });
    return heads.flatMap(({ layer, head, role }) =>
      role && typeof layer === 'number' ? [{ layer, head, ...role }] : [],
    );
  }

  /** The words of two sentences side by side, and which of them belong together. */
  async align(text: string, other: string): Promise<Aligned> {
    const [here, there] = await this.#reader!.answer(
      async (reader) => [await reader.read(text), await reader.read(other)] as const,
    );
    const [a, b] = [here, there].map((trace) => entriesOf(trace.encoding!, { unit: 'word', bare: false }));
    return { here: a!, there: b!, proposed: proposal(here, there, a!, b!) };
  }

  /** A question against the tags of a library, decided at a temperature. */
  async find(question: string, shelves: readonly Shelf[], temperature: number): Promise<Found> {
    // A book in which nothing is written yet stands for its tag.
    const library = shelves.map(({ tag, content }) => (content.trim() === '' ? { tag } : { tag, content }));
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

/** Runs something that can be stopped: then it throws `cancelled`, whatever it was in the middle of. */
async function cancellable<T>({ signal }: AbortController, what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new SiseonError({ code: 'cancelled', kind: 'usage', what: `${what} was cancelled` });
  }
}

type Entries = readonly { readonly tokens: readonly number[] }[];

/** Words in their order where both sentences have as many, else the words that both have. */
function proposal(here: Trace, there: Trace, a: Entries, b: Entries): (number | null)[] {
  if (a.length === b.length) return a.map((_, i) => i);
  try {
    const pairs = new Map(alignByWord(here.encoding!, there.encoding!));
    return a.map(({ tokens }) => {
      const token = pairs.get(tokens[0]!);
      const word = b.findIndex((entry) => token !== undefined && entry.tokens.includes(token));
      return word < 0 ? null : word;
    });
  } catch (cause) {
    if (cause instanceof SiseonError && cause.code === 'nothingAligns') return a.map(() => null);
    throw cause;
  }
}
