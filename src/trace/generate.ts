/** A model that writes on, one token after another, each with the trace of what it was written by. */
import type { AttentionPlace } from '../attention/index.ts';
import { checkSampling, chooseToken, type Model } from '../model/index.ts';
import { SiseonError, seededRandom } from '../platform/index.ts';
import { TraceSession } from './session.ts';
import { attentionRow } from './squares.ts';
import { readInput, type Trace, type TraceInput } from './trace.ts';

export interface GenerateOptions {
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
  readonly signal?: AbortSignal;
}

export interface NewToken {
  readonly id: number;
  /** What it adds to the text; empty while a character's bytes are not complete. Null without a tokenizer. */
  readonly text: string | null;
  /** Where it stands among the tokens that the model writes on (an encoder-decoder: the decoder's). */
  readonly position: number;
  /** What the model gave it, at temperature 1. */
  readonly probability: number;
  /** Everything that it was written by: the text up to it. Without logits: `probability` is what they came to. */
  readonly trace: Trace;
  /**
   * What the model looked at while writing it: weights [head, key] of the position before it, whose output said it. An
   * encoder-decoder's look at the text is at `decoder.layers.N.cross`.
   */
  look(layer: number | AttentionPlace): Promise<{ readonly shape: readonly number[]; readonly data: Float32Array }>;
}

/**
 * Writes on from a text or ids, token by token, each computed alone (keys and values are kept). Ends with an end token,
 * after maxTokens, or where the model can read no further. Throws `noLanguageHead`, `notCausal`, `badSampling`, what
 * recordTrace throws, and the signal's reason when it is aborted.
 */
export async function* generate(
  model: Model,
  input: TraceInput,
  options: GenerateOptions = {},
): AsyncGenerator<NewToken, void, void> {
  const { temperature = 0, topK, topP, seed = 0, maxTokens = 40, signal } = options;
  const sampling = { temperature, ...(topK !== undefined && { topK }), ...(topP !== undefined && { topP }) };
  checkSampling(sampling);
  const { architecture: a, tokenizer } = model;
  if (!a.head || !a.causal)
    throw new SiseonError({
      code: 'noLanguageHead',
      kind: 'usage',
      what: `${model.name} does not write: it ${a.causal ? 'has no head for the next token' : 'sees both sides'}`,
      expected: 'a causal model with a language head',
    });
  const ends = options.endTokens ?? a.endTokens ?? [];
  const random = seededRandom(seed);
  const read = readInput(model, input);
  const first = a.encoder ? read.decoderIds! : read.encoding ? promptIds(read.ids, ends) : read.ids;
  const written: number[] = [];
  const session = new TraceSession(model);
  try {
    while (written.length < maxTokens && first.length + written.length <= a.positionCount) {
      signal?.throwIfAborted();
      const own = [...first, ...written];
      const trace = await session.record({
        ...(a.encoder ? { ids: read.ids, decoderIds: own } : { ids: own }),
        logits: false,
      });
      const { id, probability } = chooseToken(session.lastLogits!, sampling, random);
      const before = tokenizer?.decode(own) ?? null;
      written.push(id);
      yield {
        id,
        text: before === null ? null : added(before, tokenizer!.decode([...own, id])),
        position: own.length,
        probability,
        trace,
        look: async (layer) => (await attentionRow(trace, layer, own.length - 1)).weights,
      };
      if (ends.includes(id)) return;
    }
  } finally {
    session.free();
  }
}

/** A prompt without the end token that some tokenizers put behind it: the text is to go on. */
function promptIds(ids: Int32Array, ends: readonly number[]): Int32Array {
  return ids.length > 1 && ends.includes(ids.at(-1)!) ? ids.slice(0, -1) : ids;
}

/** What a longer text has more; while its last character is not complete (U+FFFD), nothing. */
const added = (before: string, after: string): string => {
  const whole = before.replace(/\ufffd+$/, '');
  return after.endsWith('\ufffd') ? '' : after.slice(whole.length);
};
