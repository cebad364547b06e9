/** Where one head looks on one text, as numbers: each beside what a head that looks at everything alike would have. */

import type { LayerPlace } from '../attention/index.ts';
import { attentionBands, type Trace } from '../trace/index.ts';
import { noMeaning, placeIn } from './places.ts';
import { bandRow, type WeightRows } from './rows.ts';

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
 * The pattern of one head over token ids, counted row by row as rows go by. In `duplicate` and `induction` the query's own
 * place does not count; a query that can see no place of the kind is left out. Cost: one pass over the weights, memory
 * linear in the length.
 */
export class PatternCount {
  readonly #ids: ArrayLike<number>;
  readonly #reach: number;
  readonly #places = new Map<number, number[]>();
  readonly #means: Readonly<Record<'entropy' | 'distance' | RoleName, Mean>>;
  readonly #profile: { readonly offset: number; sum: number; count: number }[];

  constructor(ids: ArrayLike<number>, { reach = 8 }: { readonly reach?: number } = {}) {
    this.#ids = ids;
    this.#reach = reach;
    for (let i = 0; i < ids.length; i++) {
      const own = this.#places.get(ids[i]!);
      if (own) own.push(i);
      else this.#places.set(ids[i]!, [i]);
    }
    this.#means = Object.fromEntries(['entropy', 'distance', ...roleNames].map((name) => [name, new Mean()])) as Record<
      'entropy' | 'distance' | RoleName,
      Mean
    >;
    this.#profile = Array.from({ length: 2 * reach + 1 }, (_, at) => ({ offset: at - reach, sum: 0, count: 0 }));
  }

  /** One query's row: its weights, and its masked scores, which are −∞ where it may not look. */
  add(i: number, weights: ArrayLike<number>, scores: ArrayLike<number>): void {
    const n = this.#ids.length;
    let [visible, entropy, distance, allDistances] = [0, 0, 0, 0];
    for (let j = 0; j < n; j++) {
      if (scores[j] === -Infinity) continue;
      const weight = weights[j]!;
      visible++;
      if (weight > 0) entropy -= weight * Math.log(weight);
      distance += weight * Math.abs(i - j);
      allDistances += Math.abs(i - j);
      const step = this.#profile[j - i + this.#reach];
      if (step) {
        step.sum += weight;
        step.count++;
      }
    }
    if (visible === 0) return;
    this.#means.entropy.add(entropy, Math.log(visible));
    this.#means.distance.add(distance, allDistances / visible);
    const on = (name: RoleName, keys: readonly number[]): void => {
      const seen = keys.filter((j) => j >= 0 && j < n && scores[j] !== -Infinity);
      if (seen.length > 0)
        this.#means[name].add(
          seen.reduce((sum, j) => sum + weights[j]!, 0),
          seen.length / visible,
        );
    };
    const others = this.#places.get(this.#ids[i]!)!.filter((j) => j !== i);
    on('self', [i]);
    on('previous', [i - 1]);
    on('next', [i + 1]);
    if (i > 0) on('sink', [0]);
    on('duplicate', others);
    on(
      'induction',
      others.map((j) => j + 1).filter((j) => j !== i),
    );
  }

  get pattern(): Pattern {
    return {
      ...(Object.fromEntries(Object.entries(this.#means).map(([name, mean]) => [name, mean.mass])) as Record<
        'entropy' | 'distance' | RoleName,
        Mass
      >),
      profile: this.#profile.map(({ offset, sum, count }) => ({ offset, weight: sum / count, count })),
    };
  }
}

/** The pattern of rows that are at hand. */
export function patternOf(
  rows: WeightRows,
  ids: ArrayLike<number>,
  options: { readonly reach?: number } = {},
): Pattern {
  const counted = new PatternCount(ids, options);
  for (let i = 0; i < rows.length; i++) counted.add(i, rows.weights(i), rows.maskedScores(i));
  return counted.pattern;
}

/**
 * The patterns of all heads of a layer. Cost: one pass over the weights, in bands. Throws `noMeaning` at cross-attention,
 * whose keys are another text's: nothing there is the query's own place, or before it.
 */
export async function layerPatterns(
  trace: Trace,
  layer: LayerPlace,
  options: { readonly reach?: number } = {},
): Promise<Pattern[]> {
  const { crossed, prefix, stack } = placeIn(trace, layer);
  if (crossed) throw noMeaning('a pattern of places in one text', layer, "a layer's own attention");
  const ids = prefix === 'decoder.' ? trace.decoderIds! : trace.ids;
  const counted = Array.from({ length: stack.headCount }, () => new PatternCount(ids, options));
  for await (const band of attentionBands(trace, layer))
    for (const [h, own] of counted.entries())
      for (let r = 0; r < band.count; r++)
        own.add(band.first + r, bandRow(band, band.weights, h, r), bandRow(band, band.maskedScores, h, r));
  return counted.map(({ pattern }) => pattern);
}
