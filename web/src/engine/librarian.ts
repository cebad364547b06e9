/** What the room "Library" asks for: thousands of tags and contents embedded once, and a question held against them all. */

import { get, set } from 'idb-keyval';
import { attention } from 'siseon/attention';
import { embedText, nothingKnown, spelledOut } from 'siseon/lens';
import type { Model } from 'siseon/model';
import { SiseonError } from 'siseon/platform';
import { unseen } from 'siseon/views';
import { type Standing, spread, standing } from '../library/standing.ts';

export interface Book {
  readonly tag: string;
  /** Blank: the tag stands for itself. */
  readonly content: string;
}

/** Numbers by the book's place in the list, and what the question itself has. */
export interface Ranking {
  readonly question: string;
  /** So many letters of it have been read: the model has no room for more. */
  readonly read: number;
  readonly model: string;
  readonly temperature: number;
  /** 1/√hidden, by which every dot product is multiplied. */
  readonly scale: number;
  readonly queryNorm: number;
  /** Places from the largest score to the smallest. */
  readonly order: Uint32Array;
  readonly dots: Float32Array;
  readonly keyNorms: Float32Array;
  readonly cosines: Float32Array;
  /** scale · q·k, before the temperature divides it. */
  readonly scores: Float32Array;
  readonly weights: Float32Array;
  /** Each content's part of the mixture m = Σ weightᵢ · valueᵢ: ⟨weightᵢ · valueᵢ, m⟩ / ‖m‖². */
  readonly parts: Float32Array;
  /** The book whose content lies nearest to the mixture, by cosine. */
  readonly nearest: number;
  /** Words of the question that the vocabulary spells letter by letter, and whether it knows no other. */
  readonly spelledOut: readonly string[];
  readonly nothingKnown: boolean;
}

export interface Prepared {
  readonly books: number;
  /** Texts that are longer than the model can read, of which it read the beginning. */
  readonly cut: number;
  /** How many tags have words that the vocabulary spells letter by letter, and a few of those words. */
  readonly unknown: number;
  readonly unknownWords: readonly string[];
  /** How well contents find their own tags; null where fewer than three shelves have contents, too few to tell. */
  readonly standing: Standing | null;
}

/** Contents that are asked as if they were questions: enough to tell an order from guessing, few enough to cost nothing. */
const mostAsked = 100;
/** Texts run side by side, and characters of a text that are looked at all. */
const [together, longest] = [32, 4000];
const storeName = (fingerprint: string): string => `siseon-vectors-${fingerprint}`;

interface Store {
  readonly texts: readonly string[];
  readonly vectors: Float32Array;
}

export class Librarian {
  readonly #model: () => Model;
  /** Of one model: a text's vector. */
  #vectors = new Map<string, Float32Array>();
  #of = '';
  #books: readonly Book[] = [];
  #keys = new Float32Array(0);
  #values = new Float32Array(0);
  #asked = 0;

  constructor(model: () => Model) {
    this.#model = model;
  }

  /**
   * Embeds every tag and content that is not known yet; what was embedded before, even in an earlier visit, is taken from
   * the browser's store. Resolves to null when another list was given meanwhile, or `cancel` called. Throws `noTokenizer`.
   */
  async prepare(books: readonly Book[], tell: (done: number, total: number) => void): Promise<Prepared | null> {
    const asked = ++this.#asked;
    const model = this.#model();
    if (!model.tokenizer)
      throw new SiseonError({ code: 'noTokenizer', kind: 'usage', what: `${model.name} cannot read text` });
    await this.#recall(model);
    const texts = new Set(books.flatMap(({ tag, content }) => (unseen(content) ? [tag] : [tag, content])));
    const missing = [...texts].filter((text) => !this.#vectors.has(text)).sort((a, b) => a.length - b.length);
    for (let start = 0; start < missing.length; start += together) {
      await this.#embed(model, missing.slice(start, start + together));
      tell(Math.min(start + together, missing.length), missing.length);
      // Messages are heard between two groups.
      await new Promise((resolve) => setTimeout(resolve));
      if (asked !== this.#asked) return null;
    }
    if (missing.length > 0) await this.#remember(texts);
    const hidden = model.architecture.hiddenSize;
    [this.#keys, this.#values] = [new Float32Array(books.length * hidden), new Float32Array(books.length * hidden)];
    for (const [i, { tag, content }] of books.entries()) {
      this.#keys.set(this.#vectors.get(tag)!, i * hidden);
      this.#values.set(this.#vectors.get(unseen(content) ? tag : content)!, i * hidden);
    }
    this.#books = books;
    // A letter is a token at least where a syllable is read by its three letters; shorter texts have room for sure.
    const long = [...texts].filter(({ length }) => 3 * length > model.architecture.positionCount - 2);
    const unknown = books
      .map(({ tag }) => spelledOut(model.tokenizer!.encode(tag.slice(0, longest))))
      .filter(({ length }) => length > 0);
    const filled = books.flatMap(({ content }, i) => (unseen(content) ? [] : [i]));
    return {
      books: books.length,
      unknown: unknown.length,
      unknownWords: [...new Set(unknown.flat())].slice(0, 6),
      standing: filled.length < 3 ? null : standing(this.#keys, this.#values, hidden, spread(filled, mostAsked)),
      cut: long.filter((text) => this.#readable(model, text) !== text).length,
    };
  }
  cancel(): void {
    this.#asked++;
  }
  /** Forgets every vector, also in the browser's store. */
  async forget(): Promise<void> {
    this.#asked++;
    [this.#vectors, this.#books] = [new Map(), []];
    if (this.#of !== '') await set(storeName(this.#of), undefined).catch(() => {});
  }

  /** A question against the list that was prepared last. Throws `noTags`, and what embedText and attention throw. */
  async find(question: string, temperature: number): Promise<Ranking> {
    const model = this.#model();
    const count = this.#books.length;
    if (count === 0) throw new SiseonError({ code: 'noTags', kind: 'usage', what: 'there is nothing to look up in' });
    const asked = this.#readable(model, question);
    const query = await embedText(model, asked);
    const spelled = spelledOut(model.tokenizer!.encode(asked));
    const size = query.length;
    const scale = 1 / Math.sqrt(size);
    const [keys, values] = [this.#keys, this.#values];
    const found = await attention({
      query: { shape: [1, 1, 1, size], data: query },
      key: { shape: [1, 1, count, size], data: keys },
      value: { shape: [1, 1, count, size], data: values },
      scale: scale / temperature,
      keep: ['weights'],
    });
    const weights = found.weights!.data as Float32Array;
    const mixture = found.output.data;
    const queryNorm = Math.sqrt(dot(query, query, 0));
    const square = dot(mixture, mixture, 0);
    const each = (number: (i: number) => number): Float32Array =>
      Float32Array.from({ length: count }, (_, i) => number(i));
    const dots = each((i) => dot(query, keys, i * size));
    const keyNorms = each((i) => Math.sqrt(dot(keys.subarray(i * size, (i + 1) * size), keys, i * size)));
    const along = each((i) => dot(mixture, values, i * size));
    const closeness = each(
      (i) => along[i]! / Math.sqrt(dot(values.subarray(i * size, (i + 1) * size), values, i * size)),
    );
    return {
      question,
      read: asked.length,
      model: model.name,
      temperature,
      scale,
      queryNorm,
      order: Uint32Array.from(dots.keys()).sort((a, b) => dots[b]! - dots[a]! || a - b),
      dots,
      keyNorms,
      cosines: each((i) => dots[i]! / (queryNorm * keyNorms[i]!)),
      scores: each((i) => dots[i]! * scale),
      weights,
      parts: each((i) => (square === 0 ? 0 : (weights[i]! * along[i]!) / square)),
      nearest: closeness.reduce((best, value, i) => (value > closeness[best]! ? i : best), 0),
      spelledOut: spelled,
      nothingKnown: nothingKnown(asked, spelled),
    };
  }

  /** What of a text the model has room for: its beginning. */
  #readable(model: Model, text: string): string {
    const { positionCount } = model.architecture;
    const short = text.slice(0, longest).toWellFormed();
    const { ids, tokens } = model.tokenizer!.encode(short);
    if (ids.length <= positionCount) return short.length === text.length ? text : short;
    const after = ids.length - 1 - tokens.findLastIndex(({ special }) => !special);
    return short.slice(0, tokens[positionCount - 1 - after]!.end ?? short.length);
  }

  /** Means of the words' last hidden states, as embedText has them, many texts at a time. */
  async #embed(model: Model, texts: readonly string[]): Promise<void> {
    const read = texts.map((text) => model.tokenizer!.encode(this.#readable(model, text)));
    const results = await model.runBatch(read.map(({ ids }) => ({ ids, logits: 'none' })));
    const size = model.architecture.hiddenSize;
    for (const [i, { hidden }] of results.entries()) {
      const own = read[i]!.tokens.filter(({ special }) => !special);
      const mean = new Float32Array(size);
      for (let d = 0; d < size; d++)
        mean[d] = own.reduce((sum, { index }) => sum + hidden[index * size + d]!, 0) / own.length;
      this.#vectors.set(texts[i]!, mean);
    }
  }

  /** Vectors of an earlier visit; a browser that keeps nothing computes them anew. */
  async #recall(model: Model): Promise<void> {
    if (this.#of === model.fingerprint) return;
    [this.#of, this.#vectors] = [model.fingerprint, new Map()];
    const stored = await get<Store>(storeName(this.#of)).catch(() => undefined);
    const size = model.architecture.hiddenSize;
    for (const [i, text] of (stored?.texts ?? []).entries())
      this.#vectors.set(text, stored!.vectors.slice(i * size, (i + 1) * size));
  }
  async #remember(texts: ReadonlySet<string>): Promise<void> {
    const size = this.#model().architecture.hiddenSize;
    const vectors = new Float32Array(texts.size * size);
    for (const [i, text] of [...texts].entries()) vectors.set(this.#vectors.get(text)!, i * size);
    await set(storeName(this.#of), { texts: [...texts], vectors } satisfies Store).catch(() => {});
  }
}

/** Of a vector with the vector as long that begins at `start` in others. */
function dot(a: Float32Array, b: Float32Array, start: number): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c]! * b[start + c]!;
  return sum;
}
