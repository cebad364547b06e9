/** Where one head looks on one text, as numbers: each beside what a head that looks at everything alike would have. */

/** Weights of one head, row by row, and which keys each query may see. */
export interface WeightRows {
  readonly length: number;
  weights(queryIndex: number): ArrayLike<number>;
  /** −∞ where the query may not look. */
  maskedScores(queryIndex: number): ArrayLike<number>;
}

/** Mean weight over the queries for which the question makes sense. */
export interface Mass {
  readonly value: number;
  /** The same for a head that looks at everything visible alike. */
  readonly uniform: number;
  /** How many queries were counted; with none, value and uniform are NaN. */
  readonly count: number;
}

export interface Pattern {
  /** Mean over the queries of −Σ w ln w, in nats; `uniform`: ln of how many are visible. */
  readonly entropy: Mass;
  /** Mean of Σ w |i − j|, in tokens (Vig & Belinkov 2019). */
  readonly distance: Mass;
  /** On the first token, from all others (the sink of Xiao et al. 2023). */
  readonly sink: Mass;
  /** On the query itself. */
  readonly self: Mass;
  /** On the token before, and on the one after (positional heads, Voita et al. 2019). */
  readonly previous: Mass;
  readonly next: Mass;
  /** On other places with the query's own token, where there are any (duplicate-token heads, Wang et al. 2022). */
  readonly duplicate: Mass;
  /** On tokens that follow another occurrence of the query's token (induction heads, Olsson et al. 2022). */
  readonly induction: Mass;
  /** Mean weight at each offset key − query from −reach to reach, over the queries that have such a key visible. */
  readonly profile: readonly { readonly offset: number; readonly weight: number; readonly count: number }[];
}

/** Names of the masses that can earn a head a role. */
export const roleNames = ['previous', 'next', 'self', 'sink', 'duplicate', 'induction'] as const;
export type RoleName = (typeof roleNames)[number];

class Mean {
  #value = 0;
  #uniform = 0;
  #count = 0;
  add(value: number, uniform: number): void {
    this.#value += value;
    this.#uniform += uniform;
    this.#count++;
  }
  get mass(): Mass {
    return { value: this.#value / this.#count, uniform: this.#uniform / this.#count, count: this.#count };
  }
}

/**
 * The pattern of one head over token ids. In `duplicate` and `induction` the query's own place does not count; a query
 * that can see no place of the kind is left out. Cost: one pass over the weights, memory linear in the length.
 */
export function patternOf(
  rows: WeightRows,
  ids: ArrayLike<number>,
  { reach = 8 }: { readonly reach?: number } = {},
): Pattern {
  const n = rows.length;
  const means = Object.fromEntries(['entropy', 'distance', ...roleNames].map((name) => [name, new Mean()])) as Record<
    'entropy' | 'distance' | RoleName,
    Mean
  >;
  const profile = Array.from({ length: 2 * reach + 1 }, (_, at) => ({ offset: at - reach, sum: 0, count: 0 }));
  const places = new Map<number, number[]>();
  for (let i = 0; i < n; i++) places.set(ids[i]!, [...(places.get(ids[i]!) ?? []), i]);

  for (let i = 0; i < n; i++) {
    const [weights, scores] = [rows.weights(i), rows.maskedScores(i)];
    let [visible, entropy, distance, allDistances] = [0, 0, 0, 0];
    for (let j = 0; j < n; j++) {
      if (scores[j] === -Infinity) continue;
      const weight = weights[j]!;
      visible++;
      if (weight > 0) entropy -= weight * Math.log(weight);
      distance += weight * Math.abs(i - j);
      allDistances += Math.abs(i - j);
      const step = profile[j - i + reach];
      if (step) {
        step.sum += weight;
        step.count++;
      }
    }
    if (visible === 0) continue;
    means.entropy.add(entropy, Math.log(visible));
    means.distance.add(distance, allDistances / visible);
    const on = (name: RoleName, keys: readonly number[]): void => {
      const seen = keys.filter((j) => j >= 0 && j < n && scores[j] !== -Infinity);
      if (seen.length > 0)
        means[name].add(
          seen.reduce((sum, j) => sum + weights[j]!, 0),
          seen.length / visible,
        );
    };
    const own = places.get(ids[i]!)!;
    on('self', [i]);
    on('previous', [i - 1]);
    on('next', [i + 1]);
    if (i > 0) on('sink', [0]);
    on(
      'duplicate',
      own.filter((j) => j !== i),
    );
    on(
      'induction',
      own
        .filter((j) => j !== i)
        .map((j) => j + 1)
        .filter((j) => j !== i),
    );
  }
  return {
    ...(Object.fromEntries(Object.entries(means).map(([name, mean]) => [name, mean.mass])) as Record<
      'entropy' | 'distance' | RoleName,
      Mass
    >),
    profile: profile.map(({ offset, sum, count }) => ({ offset, weight: sum / count, count })),
  };
}
