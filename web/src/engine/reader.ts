/** Texts read by one model: what a causal one has read stays read while the text grows, and the last few are kept. */
import type { Edit } from 'siseon/attention';
import { type Model, splitWords } from 'siseon/model';
import { SiseonError } from 'siseon/platform';
import { recordTrace, type Trace, TraceSession } from 'siseon/trace';
import type { Change } from './change.ts';
import { counterpart } from './comparing.ts';
import { editsOf } from './edits.ts';
import { Lenses } from './lenses.ts';
import { maskOf } from './predictions.ts';

/** Runs that are kept: the sentence, the one beside it, one that vectors are taken from, each also as changed. */
const kept = 6;

/**
 * Throws `textTooLong` before a text is even split into tokens where it has too many words: every word is at least one
 * token, and a whole book pasted in must not hold up the page.
 */
export function checkWords(text: string, { positionCount: positions }: Model['architecture']): void {
  const words = text.length > positions ? splitWords(text).length : 0;
  if (words <= positions) return;
  throw new SiseonError({
    code: 'textTooLong',
    kind: 'usage',
    what: 'the text is longer than the model can read',
    expected: `at most ${positions} tokens`,
    got: `${words} words`,
    details: { tokens: words, positions },
  });
}

export class Reader {
  readonly model: Model;
  readonly #session: TraceSession;
  /** By text and edits, the one asked for last at the end. */
  readonly #runs = new Map<string, Promise<Trace>>();
  #lenses: Lenses | null = null;
  /** Questions that are being answered, and whether they are the last. */
  #open = 0;
  #retired = false;
  readonly #giveBack: () => void;

  /** `giveBack` frees a model that was put on a device for this reader alone. */
  constructor(model: Model, giveBack = (): void => {}) {
    this.model = model;
    this.#session = new TraceSession(model);
    this.#giveBack = giveBack;
  }

  /** Answers one question with this model, whichever is put in its place meanwhile. */
  async answer<T>(question: (reader: Reader) => T | Promise<T>): Promise<T> {
    this.#open++;
    try {
      return await question(this);
    } finally {
      this.#open--;
      this.#free();
    }
  }

  /** No question comes any more: the device's memory is freed with the last answer. */
  retire(): void {
    this.#retired = true;
    this.#free();
  }
  #free(): void {
    if (!this.#retired || this.#open > 0) return;
    this.#session.free();
    this.#giveBack();
  }

  /** The run of a text. Throws `textTooLong`. */
  async read(text: string): Promise<Trace> {
    checkWords(text, this.model.architecture);
    return this.#kept(text, () => this.#session.record({ text, logits: false }));
  }

  /** The same text in a run that was interfered with. */
  async changed(text: string, changes: readonly Change[]): Promise<Trace> {
    const trace = await this.read(text);
    if (changes.length === 0) return trace;
    const edits = await this.edits(trace, changes);
    return this.#kept(JSON.stringify([text, edits]), () => recordTrace(this.model, { text, edits, logits: false }));
  }

  /** The lenses over a run; those of the last one asked for are kept with what they computed. */
  async lenses(text: string, changes: readonly Change[]): Promise<Lenses> {
    const trace = await this.changed(text, changes);
    if (this.#lenses?.trace !== trace) this.#lenses = new Lenses(trace, this.model);
    return this.#lenses;
  }

  /**
   * The changes as edits. `hidden`: a token that is hidden for a prediction. Another sentence that something is pasted from
   * is asked the same: what belongs to that token there is hidden as well, or its answer would come along.
   */
  edits(trace: Trace, changes: readonly Change[], hidden: number | null = null): Promise<Edit[]> {
    return editsOf(changes, trace, this.model, async ({ from, pairs }) => {
      const there = await this.read(from);
      if (hidden === null) return there;
      const token = pairs.find(([to]) => to === hidden)?.[1] ?? counterpart(trace, there, hidden);
      return token === undefined ? there : this.#hidden(there, token);
    });
  }
  #hidden({ ids, encoding }: Trace, token: number): Promise<Trace> {
    const run = { ids: ids.with(token, maskOf(this.model)), logits: false };
    return this.#kept(JSON.stringify([encoding!.text, token]), () => recordTrace(this.model, run));
  }

  /**
   * Who asks while the run is under way waits for the same run. One that failed is not kept, but for a text that cannot be
   * read: that takes its tokens to know, and the next question is about the same text.
   */
  async #kept(name: string, run: () => Promise<Trace>): Promise<Trace> {
    const trace = this.#runs.get(name) ?? run();
    this.#runs.delete(name);
    this.#runs.set(name, trace);
    for (const first of this.#runs.keys()) if (this.#runs.size > kept) this.#runs.delete(first);
    try {
      return await trace;
    } catch (error) {
      const refused = error instanceof SiseonError && error.kind === 'usage';
      if (!refused && this.#runs.get(name) === trace) this.#runs.delete(name);
      throw error;
    }
  }
}
