/** Questions about a text, and what a model makes of it: of the model that the page looks through, or of the one beside it. */
import { transfer } from 'comlink';
import type { Edit } from 'siseon/attention';
import {
  chooseHead,
  headsReport,
  type Look,
  look,
  overview,
  type Pair,
  pair,
  type Remix,
  type Role,
  remix,
  repeatedSequences,
  spelledOut,
} from 'siseon/lens';
import { type Model, writeNpz } from 'siseon/model';
import { SiseonError } from 'siseon/platform';
import { stages } from 'siseon/trace';
import { type Language, reportHtml, seen } from 'siseon/views';
import { cancellable } from './cancel.ts';
import type { Change } from './change.ts';
import { type Aligned, alignedEntries, type Moved, movedHeads } from './comparing.ts';
import type { ReachName } from './lens.ts';
import { type Ended, type Prediction, predict, type Sampling, type Written, write } from './predictions.ts';
import { reachOf } from './reaches.ts';
import type { Reader } from './reader.ts';
import {
  type Band,
  entriesOf,
  type Glance,
  glanceOf,
  type Sink,
  type Square,
  squareOf,
  type Unit,
  type View,
} from './squares.ts';

export interface Choice {
  readonly query?: number;
  readonly layer?: number;
  readonly head?: number;
}

/** A gaze as it is shown: also a word of which nothing is seen has a name. */
const shown = (gaze: Look): Look => ({
  ...gaze,
  query: { ...gaze.query, text: seen(gaze.query.text), tokenText: seen(gaze.query.tokenText) },
  keys: gaze.keys.map((key) => ({ ...key, text: seen(key.text) })),
});

/** A letter of an alphabet says nothing by itself; a syllable or an ideograph may well be a word, or a part that means something. */
const ofAlphabet = /(?![\p{sc=Hang}\p{sc=Hani}\p{sc=Hira}\p{sc=Kana}])\p{L}/u;
/** Whether a vocabulary has pieces of several letters at all: what was made to read letters has nothing else to read. */
function readsWords({ tokenizer }: Model): boolean {
  const pieces = Array.from({ length: tokenizer!.vocabularySize }, (_, id) => tokenizer!.piece(id) ?? '');
  return pieces.some((piece) => /^(##|▁|Ġ)?\p{L}{2,}$/u.test(piece));
}

/** A question about a text in a run that was perhaps interfered with. */
export interface Asked {
  readonly text: string;
  readonly changes: readonly Change[];
  /** Asks the model that stands beside the one that the page looks through. */
  readonly beside?: boolean;
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

export class Reading {
  readonly #now: () => Reader;
  readonly #beside: () => Reader | null;
  #writing: AbortController | null = null;

  constructor(now: () => Reader, beside: () => Reader | null) {
    this.#now = now;
    this.#beside = beside;
  }

  get #reader(): Reader {
    return this.#now();
  }
  get #model(): Model {
    return this.#reader.model;
  }
  #readerOf({ beside }: Asked): Reader {
    const reader = beside ? this.#beside() : this.#reader;
    if (reader) return reader;
    throw new SiseonError({ code: 'noModelBeside', kind: 'usage', what: 'there is no model to compare with' });
  }

  async look(asked: Asked, choice: Choice): Promise<Look> {
    return this.#readerOf(asked).answer(async (reader) =>
      shown(await look(await reader.changed(asked.text, asked.changes), reader.model, choice)),
    );
  }

  /** The same query through every head: for choosing one. */
  async heads(text: string, query: number): Promise<Look[]> {
    return this.#reader.answer(async (reader) => {
      const trace = await reader.read(text);
      const { layerCount, headCount } = trace.model.architecture;
      const choices = Array.from({ length: layerCount * headCount }, (_, i) => ({
        layer: Math.floor(i / headCount),
        head: i % headCount,
      }));
      return Promise.all(choices.map(async (choice) => shown(await look(trace, reader.model, { query, ...choice }))));
    });
  }

  async remix(text: string, choice: Choice, weights?: readonly number[]): Promise<Remix> {
    return this.#reader.answer(async (reader) =>
      remix(await reader.read(text), reader.model, { ...choice, ...(weights && { weights }) }),
    );
  }

  /** One cell, by its two tokens, in the run that is asked about. */
  async pair(asked: Asked, choice: Choice & { readonly queryToken: number; readonly keyToken: number }): Promise<Pair> {
    return this.#readerOf(asked).answer(async (reader) => {
      const { query, key, ...rest } = await pair(await reader.changed(asked.text, asked.changes), reader.model, choice);
      return {
        ...rest,
        query: { ...query, tokenText: seen(query.tokenText) },
        key: { ...key, tokenText: seen(key.tokenText) },
      };
    });
  }

  /** Tokens as the text has them, each to be seen. */
  async tokenTexts(text: string, tokens: readonly number[]): Promise<string[]> {
    const { encoding } = await this.#reader.answer((reader) => reader.read(text));
    return tokens.map((token) => seen(encoding!.tokens[token]!.text));
  }

  /** Words of a text that the model reads letter by letter, since it does not know them. */
  async unknownWords(text: string): Promise<string[]> {
    const { encoding, model } = await this.#reader.answer(async (reader) => ({
      encoding: (await reader.read(text)).encoding!,
      model: reader.model,
    }));
    return readsWords(model) ? spelledOut(encoding).filter((word) => ofAlphabet.test(word)) : [];
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

  /** More rows of a square, whose entries are known: they are handed over and not copied, since the page is being scrolled. */
  async band(
    asked: Asked,
    choice: Choice,
    view: View,
    part: { readonly first: number; readonly last: number },
  ): Promise<Band> {
    const { first, numbers, masked } = await this.square(asked, choice, view, part);
    return transfer({ first, numbers, masked }, [numbers.buffer, masked.buffer]);
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

  /** The changes as the package's own edits, which the run was made with: of its text they make the same run again. */
  async edits(asked: Asked): Promise<readonly Edit[]> {
    return this.#readerOf(asked).answer(async (reader) => (await reader.changed(asked.text, asked.changes)).edits);
  }

  /** Every head of the text as one HTML file that works offline; `done` says what was done to the run. Throws `tooLongForOverview`. */
  async report(
    asked: Asked,
    choice: Choice,
    token: number,
    { language, done }: { readonly language: Language; readonly done: string | undefined },
  ): Promise<string> {
    return this.#readerOf(asked).answer(async (reader) => {
      const { layer, head } = chooseHead(reader.model, choice);
      const seen = await overview(await reader.changed(asked.text, asked.changes), reader.model);
      const query = seen.parts[0]!.queries.findIndex(({ tokens }) => tokens.includes(token));
      return reportHtml(seen, { language, start: { layer, head, query }, done });
    });
  }

  /** What reaches a token through all layers, by the words or tokens of the view. */
  async reach({ text, changes }: Asked, name: ReachName, view: View): Promise<Reached[]> {
    return this.#reader.answer(async (reader) => {
      const trace = await reader.changed(text, changes);
      const all = entriesOf(trace.encoding!, { unit: view.unit, bare: false });
      const words = all.map(({ tokens }) => tokens);
      const numbers = await reachOf(name, trace, reader.model, view.token, words);
      return all.map(({ text: name, sink, tokens }) => ({
        text: name,
        sink,
        number: tokens.reduce((sum, token) => sum + numbers[token]!, 0),
      }));
    });
  }

  /** What stands at a token, by the model; with changes, before and after them. */
  async predict({ text, changes }: Asked, token: number, follow: number | null): Promise<Prediction> {
    return this.#reader.answer(async (reader) => {
      const trace = await reader.read(text);
      const changed = await reader.changed(text, changes);
      const editsAround = (hidden: number) => reader.edits(trace, changes, hidden);
      return predict(reader.model, trace, { token, changed, editsAround, follow });
    });
  }

  /** Writes on from a text as it was changed; each token is told as it comes. Throws `cancelled` when it was stopped. */
  async write(
    { text, changes }: Asked,
    sampling: Sampling,
    choice: Choice,
    tell: (written: Written) => void,
  ): Promise<Ended> {
    this.#writing?.abort();
    const writing = new AbortController();
    this.#writing = writing;
    return this.#reader.answer((reader) =>
      cancellable(writing, 'writing', async () => {
        const { model } = reader;
        const edits = changes.length > 0 ? await reader.edits(await reader.read(text), changes) : [];
        return write(model, { text, edits }, sampling, chooseHead(model, choice), tell, writing.signal);
      }),
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
    const { heads } = await this.#reader.answer(({ model }) => {
      const read = texts.length > 0 ? texts.map((text) => ({ text })) : repeatedSequences(model);
      return headsReport(model, read, { onProgress: tell });
    });
    return heads.flatMap(({ layer, head, role }) =>
      role && typeof layer === 'number' ? [{ layer, head, ...role }] : [],
    );
  }

  /** The words or tokens of two sentences side by side, and which of them belong together. */
  async align(text: string, other: string, unit: Unit): Promise<Aligned> {
    return this.#reader.answer(async (reader) =>
      alignedEntries(await reader.read(text), await reader.read(other), unit),
    );
  }

  /** How far every head moved from one run to the other. Throws what compareRuns throws. */
  async moved(one: Asked, other: Asked): Promise<Moved> {
    return this.#readerOf(one).answer(async (here) =>
      this.#readerOf(other).answer(async (there) =>
        movedHeads(await here.changed(one.text, one.changes), await there.changed(other.text, other.changes)),
      ),
    );
  }
}
