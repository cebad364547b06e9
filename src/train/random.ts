import { type Random, seededRandom } from '../platform/random.ts';

export { type Random, seededRandom };

/** The numbers of one step: a step's draws do not depend on those before it, so that a training can go on from any step. */
export function stepRandom(seed: number, step: number): Random {
  let mixed = Math.imul(seed ^ 0x5bd1e995, 0x85ebca6b) ^ Math.imul(step + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return seededRandom(mixed ^ (mixed >>> 12));
}

/** A whole number in [0, count). */
export const below = (random: Random, count: number): number => Math.floor(random() * count);

/**
 * About normal with the deviation given: the sum of twelve uniform numbers less 6 (Irwin–Hall). Used instead of
 * Box–Muller because Math.log and Math.cos may differ in the last bit between engines, and training must repeat.
 */
export function normal(random: Random, deviation: number): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random();
  return sum * deviation;
}
