/** Whether a measure names what matters: drop tokens in the order that it names, or keep only those, and watch. */
import type { Model } from '../model/index.ts';
import type { Trace } from '../trace/index.ts';
import { targetsUnder } from './ablate.ts';
import { logitsAt, type Target, targetOf } from './target.ts';

export interface Faithfulness {
  /** The target with the first 0, 1, 2, … tokens of the order dropped from sight; and with only those in sight. */
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

/**
 * Deletion and insertion curves (Petsiuk, Das & Saenko 2018) of a measure's numbers, one a token; the target's own position
 * is never dropped. A dropped token is out of sight of all others, in every layer. Cost: 2 · (1 + orders) · length runs.
 */
export async function faithfulness(
  trace: Trace,
  model: Model,
  target: Target,
  scores: ArrayLike<number>,
  { orders = 5, seed = 1 }: { readonly orders?: number; readonly seed?: number } = {},
): Promise<Faithfulness> {
  const others = Array.from(trace.ids.keys()).filter((i) => i !== target.position);
  const named = others.toSorted((a, b) => scores[b]! - scores[a]! || a - b);
  const own = await curves(trace, model, target, named);
  let state = seed >>> 0;
  const draw = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  let [deletion, insertion] = [0, 0];
  for (let n = 0; n < orders; n++) {
    const keys = new Map(others.map((token) => [token, draw()]));
    const drawn = await curves(
      trace,
      model,
      target,
      others.toSorted((a, b) => keys.get(a)! - keys.get(b)!),
    );
    deletion += drawn.deletionMean / orders;
    insertion += drawn.insertionMean / orders;
  }
  return {
    ...own,
    random: { deletionMean: deletion, insertionMean: insertion, orders },
    score: own.insertionMean - own.deletionMean - (orders === 0 ? 0 : insertion - deletion),
  };
}

async function curves(trace: Trace, model: Model, target: Target, order: readonly number[]) {
  const drop = (tokens: readonly number[]) => tokens.map((position) => ({ kind: 'drop' as const, position }));
  const counts = Array.from({ length: order.length + 1 }, (_, n) => n);
  const plain = targetOf(logitsAt(trace, target.position), target);
  const run = (sets: readonly (readonly number[])[]): Promise<number[]> =>
    targetsUnder(trace, model, target, sets.map(drop));
  const deletion = await run(counts.map((n) => order.slice(0, n)));
  const insertion = await run(counts.map((n) => order.slice(n)));
  deletion[0] = plain;
  const mean = (numbers: readonly number[]): number =>
    numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  return { deletion, insertion, deletionMean: mean(deletion), insertionMean: mean(insertion) };
}
