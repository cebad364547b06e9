/** Whether the order of a library can be believed: measured on the library itself, beside guessing. */

export interface Standing {
  /** Contents that were held against all tags as if each were a question. */
  readonly tries: number;
  /** How many of them found their own tag first. */
  readonly hits: number;
  /** How many would by guessing, on average. */
  readonly guessed: number;
  /** The probability that guessing finds as many or more. */
  readonly probability: number;
}

/**
 * Every content of `asked` (places in the list) against every key, by the dot product: does its own tag come first? A tag
 * that stands in the list more than once is found by any of its copies. `keys` and `values` are [book, size], flat. The
 * probability is exact: the hits of guessing are a sum of independent tries of unequal odds (the Poisson binomial).
 */
export function standing(keys: Float32Array, values: Float32Array, size: number, asked: readonly number[]): Standing {
  const count = keys.length / size;
  let [hits, guessed] = [0, 0];
  /** Of each number of hits, by guessing. */
  let odds = [1];
  for (const own of asked) {
    const dots = Float64Array.from({ length: count }, (_, i) => dot(values, own * size, keys, i * size, size));
    const best = dots[own]!;
    if (dots.every((other) => other <= best)) hits++;
    const chance = dots.filter((other) => other === best).length / count;
    guessed += chance;
    odds = Array.from(
      { length: odds.length + 1 },
      (_, k) => (odds[k] ?? 0) * (1 - chance) + (odds[k - 1] ?? 0) * chance,
    );
  }
  return { tries: asked.length, hits, guessed, probability: odds.slice(hits).reduce((a, b) => a + b, 0) };
}

/** Places spread evenly over a list, so many at the most. */
export function spread(places: readonly number[], most: number): readonly number[] {
  if (places.length <= most) return places;
  return Array.from({ length: most }, (_, i) => places[Math.floor((i * places.length) / most)]!);
}

function dot(a: Float32Array, at: number, b: Float32Array, start: number, size: number): number {
  let sum = 0;
  for (let c = 0; c < size; c++) sum += a[at + c]! * b[start + c]!;
  return sum;
}
