/** Everything that the page computes, on the public paths of the package. It runs in a worker, and in Node under test. */
import { type ProxyMarked, proxy } from 'comlink';
import { softLookup } from 'siseon/attention';
import { chooseHead, type Look, look, lookup, type Pair, pair, type Remix, remix, type WordMatrix } from 'siseon/lens';
import { loadModel, type Model, splitWords } from 'siseon/model';
import { blobFolder, SiseonError } from 'siseon/platform';
import { recordTrace, type Trace } from 'siseon/trace';
import { Course, type Report } from '../training/course.ts';
import { type Change, editsOf, type Glance, glance, type Prediction, predict, square, type Unit } from './explorer.ts';
import { Librarian } from './librarian.ts';
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

export class Engine {
  #shipped: Model | null = null;
  #model: Model | null = null;
  #trace: Trace | null = null;
  #edited: { readonly of: Trace; readonly key: string; readonly trace: Trace } | null = null;
  #opening: AbortController | null = null;
  #course: Course | null = null;
  #folder = '';
  /** The room "Train". */
  readonly trainer: Trainer & ProxyMarked = proxy(
    new Trainer(async () => (await fetch(new URL('tokenizer.json', this.#folder))).json()),
  );
  /** The room "Library". */
  readonly librarian: Librarian & ProxyMarked = proxy(new Librarian(() => this.#model!));

  /** Loads the model of the page. Throws what loadModel throws. */
  async open(folder: string): Promise<ModelFacts> {
    this.#folder = folder;
    this.#shipped = await loadModel(new URL(folder), { name: 'siseon/models/ko' });
    return this.use(this.#shipped);
  }

  /** From now on every part looks through this model. */
  use(model: Model): ModelFacts {
    this.#model = model;
    this.#trace = null;
    const { layerCount, headCount, positionCount } = model.architecture;
    return {
      name: model.name,
      parameters: model.parameterCount,
      shipped: model === this.#shipped,
      layers: layerCount,
      heads: headCount,
      positions: positionCount,
      roles: (model.metadata.roles ?? {}) as ModelFacts['roles'],
    };
  }

  /** A checkpoint from files of the visitor's own. Throws what loadModel throws, and `cancelled`. */
  async openFiles(files: readonly File[], tell: (done: number, total: number) => void): Promise<ModelFacts> {
    this.#opening?.abort();
    const opening = new AbortController();
    this.#opening = opening;
    const [first] = files;
    const name = (first?.webkitRelativePath || first?.name || '').split('/')[0] || 'model';
    try {
      const model = await loadModel(blobFolder(files, name), {
        name,
        signal: opening.signal,
        onProgress: (done, total) => tell(done, total),
      });
      return this.use(model);
    } catch (cause) {
      if (!opening.signal.aborted) throw cause;
      throw new SiseonError({ code: 'cancelled', kind: 'usage', what: 'opening the model was cancelled' });
    }
  }
  cancelOpening(): void {
    this.#opening?.abort();
  }

  useShipped(): ModelFacts {
    return this.use(this.#shipped!);
  }

  async #read(text: string): Promise<Trace> {
    // Every word is at least one token: what has more words than the model has room is refused before it is split, so
    // that a whole book pasted in does not hold up the page.
    const { positionCount: positions } = this.#model!.architecture;
    const words = text.length > positions ? splitWords(text).length : 0;
    if (words > positions)
      throw new SiseonError({
        code: 'textTooLong',
        kind: 'usage',
        what: 'the text is longer than the model can read',
        expected: `at most ${positions} tokens`,
        got: `${words} words`,
        details: { tokens: words, positions },
      });
    if (this.#trace?.encoding?.text !== text) this.#trace = await recordTrace(this.#model!, { text });
    return this.#trace!;
  }

  /** The same text in a run that was interfered with. */
  async #changed(text: string, changes: readonly Change[]): Promise<Trace> {
    const trace = await this.#read(text);
    if (changes.length === 0) return trace;
    const edits = await editsOf(changes, trace);
    const key = JSON.stringify(edits);
    if (this.#edited?.of !== trace || this.#edited.key !== key)
      this.#edited = { of: trace, key, trace: await recordTrace(this.#model!, { text, edits }) };
    return this.#edited.trace;
  }

  async look(text: string, choice: Choice): Promise<Look> {
    return look(await this.#read(text), this.#model!, choice);
  }

  /** The same query through every head: for choosing one. */
  async heads(text: string, query: number): Promise<Look[]> {
    const trace = await this.#read(text);
    const { layerCount, headCount } = trace.model.architecture;
    const choices = Array.from({ length: layerCount * headCount }, (_, i) => ({
      layer: Math.floor(i / headCount),
      head: i % headCount,
    }));
    return Promise.all(choices.map((choice) => look(trace, this.#model!, { query, ...choice })));
  }

  async remix(text: string, choice: Choice, weights?: readonly number[]): Promise<Remix> {
    return remix(await this.#read(text), this.#model!, { ...choice, ...(weights && { weights }) });
  }

  /** One cell of a query's row, by the token of the key. */
  async pair(text: string, choice: Choice & { readonly query: number }, keyToken: number): Promise<Pair> {
    return pair(await this.#read(text), this.#model!, { ...choice, keyToken });
  }

  /** Every head over the whole text, small. */
  async glance(text: string, unit: Unit, changes: readonly Change[]): Promise<Glance> {
    return glance(await this.#changed(text, changes), unit);
  }

  /** One head over the whole text. */
  async square(text: string, choice: Choice, unit: Unit, changes: readonly Change[]): Promise<WordMatrix> {
    return square(await this.#changed(text, changes), chooseHead(this.#model!, choice), unit);
  }

  /** What stands at a token, by the model; with changes, before and after them. */
  async predict(text: string, token: number, changes: readonly Change[]): Promise<Prediction> {
    const trace = await this.#read(text);
    return predict(this.#model!, trace, token, await editsOf(changes, trace));
  }

  /** A question against the tags of a library, decided at a temperature. */
  async find(question: string, shelves: readonly Shelf[], temperature: number): Promise<Found> {
    // A book in which nothing is written yet stands for its tag.
    const library = shelves.map(({ tag, content }) => (content.trim() === '' ? { tag } : { tag, content }));
    const { entries } = await lookup(this.#model!, question, library, { temperature });
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
    this.#course?.stop();
    this.#course = new Course(seed);
    return this.#course.run(tell);
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
}
