/** What a model would say in a place: its likeliest tokens, how they ripen from layer to layer, and what it writes on. */
import type { Edit } from 'siseon/attention';
import { logitLens, logitsFor, tokenName } from 'siseon/lens';
import type { Model } from 'siseon/model';
import { SiseonError } from 'siseon/platform';
import { generate, recordTrace, type Trace } from 'siseon/trace';

export interface Guess {
  readonly id: number;
  readonly piece: string;
  readonly probability: number;
  /** The probability after the changes; null where nothing is changed. */
  readonly changed: number | null;
}

export interface Prediction {
  /** The token asked about, as the text has it. */
  readonly token: number;
  readonly text: string;
  /** `mask`: the token was hidden, and the guesses are for its place. `next`: they are for the place after it. */
  readonly way: 'mask' | 'next';
  /** The likeliest first; with changes, followed by what only they made likely. */
  readonly guesses: readonly Guess[];
  /** What the text has in that place, and how likely the model finds it; null where nothing stands there. */
  readonly actual: Guess | null;
  /** Half the sum of all differences in probability (total variation, 0 to 1); null where nothing is changed. */
  readonly moved: number | null;
  /** The one guess that is followed, after the embeddings and after each layer. */
  readonly followed: { readonly id: number; readonly piece: string };
  /** What the place says at each depth, in the run with the changes where there are any. */
  readonly depths: readonly Depth[];
}

/** The state after a layer, read as if it were the last (logit lens). */
export interface Depth {
  readonly after: 'embeddings' | number;
  readonly best: { readonly id: number; readonly piece: string; readonly probability: number };
  /** Of the token that is followed, and how many stand before it. */
  readonly probability: number;
  readonly rank: number;
}

/** How many guesses are told. */
const told = 8;

/** The token that hides another. Throws `noHead` where there is none, or nothing that would say what is hidden. */
export function maskOf(model: Model): number {
  const maskId = model.tokenizer!.tokenId('[MASK]') ?? model.tokenizer!.tokenId('<mask>');
  if (model.architecture.head && maskId !== undefined) return maskId;
  throw noHead(model, 'an output head and a mask token');
}
const noHead = ({ name }: Model, expected: string): SiseonError =>
  new SiseonError({ code: 'noHead', kind: 'usage', what: `${name} does not predict words`, expected });

/** What a prediction compares: the run of a text, the same with the changes, and these as edits where a token is hidden. */
interface Changed {
  readonly changed: Trace;
  readonly editsAround: (hidden: number) => Promise<readonly Edit[]>;
}

/** The run whose logits are the prediction: for a model that reads both ways, of the text with the token hidden. */
async function asked(
  model: Model,
  trace: Trace,
  token: number,
  { changed, editsAround }: Changed,
): Promise<[Trace, Trace]> {
  const { causal, head } = model.architecture;
  if (causal && !head) throw noHead(model, 'an output head');
  if (causal) return [trace, changed];
  const ids = trace.ids.with(token, maskOf(model));
  const before = await recordTrace(model, { ids, logits: false });
  const edits = await editsAround(token);
  return [before, edits.length > 0 ? await recordTrace(model, { ids, edits, logits: false }) : before];
}

async function probabilitiesAt(trace: Trace, model: Model, position: number): Promise<Float64Array> {
  const row = await logitsFor(trace, model, position);
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const exponentials = Float64Array.from(row, (logit) => Math.exp(logit - largest));
  const total = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((number) => number / total);
}

/** The largest few by one pass; of equal ones the first. */
function largestFew(numbers: Float64Array): number[] {
  const best: number[] = [];
  for (let id = 0; id < numbers.length; id++) {
    if (best.length === told && numbers[id]! <= numbers[best.at(-1)!]!) continue;
    let at = best.length;
    while (at > 0 && numbers[best[at - 1]!]! < numbers[id]!) at--;
    best.splice(at, 0, id);
    if (best.length > told) best.pop();
  }
  return best;
}

/**
 * What the model predicts at a token: a model that reads both ways has it hidden and guesses it, one that reads from left
 * to right guesses what comes after it. `changed` is the run with the edits. Throws `noHead` for a model without an output
 * head, and what Model.run throws.
 */
export async function predict(
  model: Model,
  trace: Trace,
  {
    token,
    follow,
    ...changes
  }: Changed & {
    readonly token: number;
    readonly follow: number | null;
  },
): Promise<Prediction> {
  const [plain, moved] = await asked(model, trace, token, changes);
  const before = await probabilitiesAt(plain, model, token);
  const after = changes.changed.edits.length > 0 ? await probabilitiesAt(moved, model, token) : null;
  const guess = (id: number): Guess => ({
    id,
    piece: tokenName(model, id),
    probability: before[id]!,
    changed: after?.[id] ?? null,
  });
  const best = new Set([before, after ?? before].flatMap(largestFew));
  const { causal } = model.architecture;
  const actual = causal ? trace.ids[token + 1] : trace.ids[token];
  const id = follow !== null && follow < before.length ? follow : (actual ?? [...best][0]!);
  const { layers } = await logitLens(moved, model, { position: token, token: id });
  return {
    token,
    text: trace.encoding!.tokens[token]!.text,
    way: causal ? 'next' : 'mask',
    guesses: [...best].map(guess),
    moved: after && before.reduce((sum, probability, n) => sum + Math.abs(probability - after[n]!), 0) / 2,
    actual: actual === undefined ? null : guess(actual),
    followed: { id, piece: tokenName(model, id) },
    depths: layers.map((depth) => ({
      after: depth.after,
      best: { id: depth.best.token, piece: tokenName(model, depth.best.token), probability: depth.best.probability },
      probability: depth.probability,
      rank: depth.rank,
    })),
  };
}

/** One token that the model wrote. */
export interface Written {
  readonly piece: string;
  /** What it adds to the text; empty while a letter's bytes are not complete. */
  readonly text: string;
  /** What the model gave it, at temperature 1. */
  readonly probability: number;
  /** What the model looked at while writing it, in the head asked for: the heaviest tokens first. */
  readonly looked: readonly { readonly token: number; readonly text: string; readonly weight: number }[];
}

export interface Sampling {
  readonly temperature: number;
  readonly topK: number | null;
  readonly seed: number;
  readonly count: number;
}

/** How many of the tokens looked at are told. */
const looked = 3;

/** Why writing ended before all tokens were written. */
export interface Ended {
  /** The text is as long as the model can read. */
  readonly full: boolean;
  /** The model drew its mark for what it does not know: written out, it would be read as something else. */
  readonly unknown: string | null;
}

/** Marks for what a vocabulary does not have, by the names that they go by. */
const unknownMarks = ['[UNK]', '<unk>'];

/**
 * Writes on from a text, with edits of it at every token; each token is told as it comes. Throws what `generate` throws, and
 * the signal's reason.
 */
export async function write(
  model: Model,
  { text, edits }: { readonly text: string; readonly edits: readonly Edit[] },
  { temperature, topK, seed, count }: Sampling,
  { layer, head }: { readonly layer: number; readonly head: number },
  tell: (written: Written) => void,
  signal: AbortSignal,
): Promise<Ended> {
  // What is written is read again, as the sentence: no more than the model can read.
  const most = model.architecture.positionCount;
  const read = (text: string): number => model.tokenizer!.encode(text).ids.length;
  const room = most - read(text);
  const maxTokens = Math.max(0, Math.min(count, room));
  const options = { temperature, seed, maxTokens, signal, ...(topK !== null && { topK }) };
  let [done, whole] = [0, text];
  for await (const token of generate(model, { text, edits }, options)) {
    const unknown = unknownMarks.find((mark) => model.tokenizer!.tokenId(mark) === token.id);
    if (unknown !== undefined) return { full: false, unknown };
    done++;
    // Read again, a token may be several: one that is written out and means another.
    whole += token.text ?? '';
    if (read(whole) > most) return { full: true, unknown: null };
    const { data, shape } = await token.look(layer);
    const [, keys = 0] = shape;
    const row = Array.from(data.subarray(head * keys, (head + 1) * keys));
    const heaviest = row
      .map((weight, at) => ({ at, weight }))
      .sort((a, b) => b.weight - a.weight)
      .slice(0, looked);
    tell({
      piece: tokenName(model, token.id),
      text: token.text ?? '',
      probability: token.probability,
      looked: heaviest.map(({ at, weight }) => ({ token: at, text: tokenName(model, token.trace.ids[at]!), weight })),
    });
    // Whoever wants to stop it is heard between two tokens.
    await new Promise((resolve) => setTimeout(resolve));
  }
  return { full: done === maxTokens && maxTokens < count, unknown: null };
}
