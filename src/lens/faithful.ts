/** Whether a measure names what matters: drop words in the order that it names, or keep only those, and watch. */
import type { Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Trace } from '../trace/index.ts';
import { targetsUnder } from './ablate.ts';
import { wordGroups } from './look.ts';
import { mean } from './statistics.ts';
import { type Followed, followed, readAt } from './target.ts';

export interface Faithfulness {
  /** What was dropped at a time, in the order that the measure names: words (in Korean, 어절) by their tokens. */
  readonly order: readonly (readonly number[])[];
  /** The target with the first 0, 1, 2, … of the order dropped from sight; and with only those in sight. */
  readonly deletion: readonly number[];
  readonly insertion: readonly number[];
  /** Mean over each curve. A faithful measure has a low deletion and a high insertion. */
  readonly deletionMean: number;
  readonly insertionMean: number;
  /** The same means for orders drawn at random: over so many orders. */
  readonly random: { readonly deletionMean: number; readonly insertionMean: number; readonly orders: number };
  /** One number: (insertion − deletion) less that of random orders. Above 0: better than chance. */
  readonly score: number;
}

export interface FaithfulnessOptions {
  readonly orders?: number;
  readonly seed?: number;
  /** Tokens that are dropped together. */
  readonly units?: readonly (readonly number[])[];
}

/**
 * Deletion and insertion of orders drawn at random, the mean over them: what any measure has to be held against, once for
 * all measures of a target. Cost: 2 · orders · units runs.
 */
export async function randomOrders(
  trace: Trace,
  model: Model,
  target: Followed,
  options: FaithfulnessOptions = {},
): Promise<Faithfulness['random']> {
  const { orders = 5, seed = 1 } = options;
  const units = unitsOf(trace, target, options);
  let state = seed >>> 0;
  // A linear congruential generator (Knuth's constants).
  const draw = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  let [deletion, insertion] = [0, 0];
  for (let n = 0; n < orders; n++) {
    const keys = new Map(units.map((tokens) => [tokens, draw()]));
    const order = units.toSorted((a, b) => keys.get(a)! - keys.get(b)!);
    const drawn = await curves(trace, model, target, order);
    deletion += drawn.deletionMean / orders;
    insertion += drawn.insertionMean / orders;
  }
  return { deletionMean: deletion, insertionMean: insertion, orders };
}

/**
 * Deletion and insertion curves (Petsiuk, Das & Saenko 2018) of a measure's numbers, one a token. Whole words are dropped, a
 * word's number being the sum over its tokens; without a text, tokens, or the `units` given. Special tokens stay in sight,
 * and so does the word that the target is read at. A dropped token is out of sight of all others, in every layer.
 * Cost: 2 · (1 + orders) · units runs, or 2 · units with `random`. Throws `differentLengths` unless there is a number for each token, and
 * what `targetsUnder` throws.
 */
export async function faithfulness(
  trace: Trace,
  model: Model,
  target: Followed,
  scores: ArrayLike<number>,
  options: FaithfulnessOptions & {
    /** What `randomOrders` gave with the same options; drawn anew unless given. */
    readonly random?: Faithfulness['random'];
  } = {},
): Promise<Faithfulness> {
  if (scores.length !== trace.ids.length)
    throw new SiseonError({
      code: 'differentLengths',
      kind: 'usage',
      what: 'an order needs a number for each token',
      expected: `${trace.ids.length}`,
      got: `${scores.length}`,
      details: { lengths: [trace.ids.length, scores.length] },
    });
  const number = (tokens: readonly number[]): number => tokens.reduce((sum, token) => sum + scores[token]!, 0);
  const order = unitsOf(trace, target, options).toSorted((a, b) => number(b) - number(a) || a[0]! - b[0]!);
  const own = await curves(trace, model, target, order);
  const random = options.random ?? (await randomOrders(trace, model, target, options));
  const { deletionMean, insertionMean, orders } = random;
  return {
    order,
    ...own,
    random,
    score: own.insertionMean - own.deletionMean - (orders === 0 ? 0 : insertionMean - deletionMean),
  };
}

/** What is dropped at a time: the target's own word stays. A decoder's position is none of the encoder's text. */
function unitsOf(trace: Trace, target: Followed, { units = wordsOf(trace) }: FaithfulnessOptions) {
  const read = trace.decoderIds ? null : readAt(trace, target);
  return units.filter((tokens) => read === null || !tokens.includes(read));
}

/** Words by their tokens; every token, where there is no text. */
function wordsOf(trace: Trace): readonly (readonly number[])[] {
  if (!trace.encoding) return Array.from(trace.ids, (_, token) => [token]);
  return wordGroups(trace).flatMap(({ word, tokens }) => (word === null ? [] : [tokens]));
}

async function curves(trace: Trace, model: Model, target: Followed, order: readonly (readonly number[])[]) {
  const drop = (units: readonly (readonly number[])[]) =>
    units.flat().map((position) => ({ kind: 'drop' as const, position }));
  const counts = Array.from({ length: order.length + 1 }, (_, n) => n);
  const run = (sets: readonly (readonly (readonly number[])[])[]): Promise<number[]> =>
    targetsUnder(trace, model, target, sets.map(drop));
  const deletion = await run(counts.map((n) => order.slice(0, n)));
  const insertion = await run(counts.map((n) => order.slice(n)));
  deletion[0] = await followed(trace, model, target);
  return { deletion, insertion, deletionMean: mean(deletion), insertionMean: mean(insertion) };
}
