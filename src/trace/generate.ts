/** A model that writes on, one token after another, each with the trace of what it was written by. */
import type { AttentionPlace, Edit } from '../attention/index.ts';
import { checkEdits, checkSampling, chooseToken, type Model, type RunOptions, type Sampling } from '../model/index.ts';
import { type Random, SiseonError, seededRandom } from '../platform/index.ts';
import { grownEdits } from './grownEdits.ts';
import { logitRows } from './logits.ts';
import { TraceSession } from './session.ts';
import { attentionRow } from './squares.ts';
import { readInput, type Trace, type TraceInput } from './trace.ts';
import { WrittenText } from './writtenText.ts';

export interface GenerateOptions extends Pick<RunOptions, 'onLayer'> {
  /** At most so many new tokens: 40 unless said. */
  readonly maxTokens?: number;
  /** 0 (unless said): the likeliest token each time; see `Sampling`. */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  /** Of what is drawn: the same seed, the same text. 0 unless said. */
  readonly seed?: number;
  /** Tokens that end the text: the checkpoint's own unless said. */
  readonly endTokens?: readonly number[];
  /** Strings that end the text, themselves left out. */
  readonly stop?: readonly string[];
  readonly signal?: AbortSignal;
}

/** What ended a text: an end token, a stop string, `maxTokens`, or the last position that the model can read. */
export type Ending = 'endToken' | 'stop' | 'maxTokens' | 'positions';

export interface NewToken {
  readonly id: number;
  /** What it adds to the text; empty while a character's bytes, or what may be a stop string, are not complete. Null without a tokenizer. */
  readonly text: string | null;
  /** Where it stands among the tokens that the model writes on (an encoder-decoder: the decoder's). */
  readonly position: number;
  /** What the model gave it, at temperature 1. */
  readonly probability: number;
  /** Of the last token: what ended the text. */
  readonly ended: Ending | null;
  /** Everything that it was written by: the text up to it. Without logits: `probability` is what they came to. */
  readonly trace: Trace;
  /**
   * What the model looked at while writing it: weights [head, key] of the position before it, whose output said it. An
   * encoder-decoder's look at the text is at `decoder.layers.N.cross`.
   */
  look(layer: number | AttentionPlace): Promise<{ readonly shape: readonly number[]; readonly data: Float32Array }>;
}

/**
 * Writes on from a text or ids, token by token, each computed alone (keys and values are kept). Ends with an end token or
 * stop string, after maxTokens, or where the model can read no further. Edits of the text are made at every token; the text is
 * then read from its start each time, since what an edit changes is kept nowhere. Throws `noLanguageHead`, `badSampling`,
 * what recordTrace throws, and the signal's reason when it is aborted.
 */
export function generate(
  model: Model,
  input: TraceInput,
  options: GenerateOptions = {},
): AsyncGenerator<NewToken, void, void> {
  return generateAll(model, [input], options);
}

/**
 * The same for several texts side by side, in one run a step: the model's parameters are read once for all of them. Each
 * text gets the tokens that it gets alone (with its own seed, `seeds[index]`; without `seeds` all draw with the same `seed`),
 * one a step in the order of the texts until it has ended. Throws `badSampling` also for seeds that are not one a text.
 */
export async function* generateAll(
  model: Model,
  inputs: readonly TraceInput[],
  options: GenerateOptions & { readonly seeds?: readonly number[] } = {},
): AsyncGenerator<NewToken & { readonly index: number }, void, void> {
  const { temperature = 0, topK, topP, seed = 0, seeds, maxTokens = 40, signal, onLayer } = options;
  const sampling = { temperature, ...(topK !== undefined && { topK }), ...(topP !== undefined && { topP }) };
  checkSampling(sampling);
  checkWriter(model, maxTokens);
  if (seeds && seeds.length !== inputs.length)
    throw new SiseonError({
      code: 'badSampling',
      kind: 'usage',
      what: 'no texts can be written this way',
      expected: `a seed for each of the ${inputs.length} texts`,
      got: `${seeds.length} seeds`,
    });
  const writers = inputs.map((input, i) => new Writer(model, input, i, seededRandom(seeds?.[i] ?? seed), options));
  try {
    for (let step = 0; step < maxTokens; step++) {
      const going = writers.filter(({ ended }) => ended === null);
      if (going.length === 0) return;
      signal?.throwIfAborted();
      const traces = await TraceSession.recordAll(
        going.map(({ session }) => session),
        going.map((writer) => writer.input()),
        onLayer ? { onLayer } : {},
      );
      for (const [n, writer] of going.entries()) yield await writer.write(traces[n]!, sampling);
    }
  } finally {
    for (const { session } of writers) session.free();
  }
}

/** Throws `noLanguageHead` and `badSampling`. */
function checkWriter({ name, architecture: a }: Model, maxTokens: number): void {
  if (!a.head || !a.causal)
    throw new SiseonError({
      code: 'noLanguageHead',
      kind: 'usage',
      what: `${name} does not write: it ${a.causal ? 'has no head for the next token' : 'sees both sides'}`,
      expected: 'a causal model with a language head',
    });
  if (!Number.isInteger(maxTokens) || maxTokens < 0)
    throw new SiseonError({
      code: 'badSampling',
      kind: 'usage',
      what: 'no text can be written this way',
      expected: 'maxTokens a whole number from 0',
      got: `${maxTokens}`,
    });
}

/** One text that is written on. */
class Writer {
  readonly session: TraceSession;
  ended: Ending | null = null;
  readonly #model: Model;
  readonly #index: number;
  readonly #random: Random;
  readonly #ends: readonly number[];
  readonly #maxTokens: number;
  /** What an encoder reads. */
  readonly #source: Int32Array | null;
  readonly #ids: number[];
  readonly #edits: readonly Edit[];
  readonly #first: number;
  readonly #text: WrittenText | null;

  constructor(model: Model, input: TraceInput, index: number, random: Random, options: GenerateOptions) {
    const { architecture: a, tokenizer } = model;
    this.session = new TraceSession(model);
    this.#model = model;
    this.#index = index;
    this.#random = random;
    this.#ends = options.endTokens ?? a.endTokens ?? [];
    this.#maxTokens = options.maxTokens ?? 40;
    const read = readInput(model, input);
    this.#source = a.encoder ? read.ids : null;
    this.#ids = [...(a.encoder ? read.decoderIds! : read.encoding ? this.#prompt(read.ids) : read.ids)];
    this.#first = this.#ids.length;
    this.#edits = input.edits ?? [];
    // Held against the text that was given: rows that fit it grow with what is written, others are slips.
    const given = a.encoder ? { ids: read.ids.length, decoderIds: this.#first } : { ids: this.#first };
    checkEdits(this.#edits, a, given);
    const stops = (options.stop ?? []).filter((stop) => stop !== '');
    this.#text = tokenizer && new WrittenText((ids) => tokenizer.decode(ids), this.#ids, stops);
  }

  /** A prompt without the end token that some tokenizers put behind it: the text is to go on. */
  #prompt(ids: Int32Array): Int32Array {
    return ids.length > 1 && this.#ends.includes(ids.at(-1)!) ? ids.slice(0, -1) : ids;
  }

  /** What is read to write the next token. */
  input(): TraceInput {
    const own = this.#source ? { ids: this.#source, decoderIds: this.#ids } : { ids: [...this.#ids] };
    return {
      ...own,
      logits: false,
      ...(this.#edits.length > 0 && { edits: grownEdits(this.#edits, this.#ids.length) }),
    };
  }

  /** Chooses the token that follows what was read. */
  async write(trace: Trace, sampling: Sampling): Promise<NewToken & { readonly index: number }> {
    const position = this.#ids.length;
    const { data: logits } = await logitRows(trace, this.#model, [position - 1]);
    const { id, probability } = chooseToken(logits, sampling, this.#random);
    this.#ids.push(id);
    const written = this.#ids.length - this.#first;
    if (this.#ends.includes(id)) this.ended = 'endToken';
    else if (written === this.#maxTokens) this.ended = 'maxTokens';
    else if (this.#ids.length > this.#model.architecture.positionCount) this.ended = 'positions';
    const added = this.#text?.add(id, this.ended !== null) ?? null;
    if (added?.stopped) this.ended = 'stop';
    return {
      index: this.#index,
      id,
      text: added?.text ?? null,
      position,
      probability,
      ended: this.ended,
      trace,
      look: async (layer) => (await attentionRow(trace, layer, position - 1)).weights,
    };
  }
}
