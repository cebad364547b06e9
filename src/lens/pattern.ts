/** Where one head looks on one text, as numbers: each beside what a head that looks at everything alike would have. */

import type { LayerPlace } from '../attention/index.ts';
import { attentionBands, type Trace } from '../trace/index.ts';
import { placeIn } from './places.ts';
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
 * The pattern of one head over token ids, counted row by row as rows go by. Where the keys are of another text (`keys`, in
 * cross-attention) nothing is the query's own place, or before it: those masses count no query, and distances none. In `duplicate` and `induction` the query's own
 * place does not count; a query that can see no place of the kind is left out. Cost: one pass over the weights, memory
 * linear in the length.
 */
export class PatternCount {
  readonly #ids: ArrayLike<number>;
  readonly #keys: ArrayLike<number>;
  readonly #crossed: boolean;
  readonly #reach: number;
  readonly #places = new Map<number, number[]>();
  readonly #means: Readonly<Record<'entropy' | 'distance' | RoleName, Mean>>;
  readonly #profile: { readonly offset: number; sum: number; count: number }[];

  constructor(
    ids: ArrayLike<number>,
    { reach = 8, keys }: { readonly reach?: number; readonly keys?: ArrayLike<number> } = {},
  ) {
    this.#ids = ids;
    this.#keys = keys ?? ids;
    this.#crossed = keys !== undefined;
    this.#reach = reach;
    for (let j = 0; j < this.#keys.length; j++) {
      const own = this.#places.get(this.#keys[j]!);
      if (own) own.push(j);
      else this.#places.set(this.#keys[j]!, [j]);
    }
    this.#means = Object.fromEntries(['entropy', 'distance', ...roleNames].map((name) => [name, new Mean()])) as Record<
      'entropy' | 'distance' | RoleName,
      Mean
    >;
    this.#profile = Array.from({ length: 2 * reach + 1 }, (_, at) => ({ offset: at - reach, sum: 0, count: 0 }));
  }

  /** One query's row: its weights, and its masked scores, which are −∞ where it may not look. */
  add(i: number, weights: ArrayLike<number>, scores: ArrayLike<number>): void {
    const n = this.#keys.length;
    const crossed = this.#crossed;
    let [visible, entropy, distance, allDistances] = [0, 0, 0, 0];
    for (let j = 0; j < n; j++) {
      if (scores[j] === -Infinity) continue;
      const weight = weights[j]!;
      visible++;
      if (weight > 0) entropy -= weight * Math.log(weight);
      distance += weight * Math.abs(i - j);
      allDistances += Math.abs(i - j);
      const step = crossed ? undefined : this.#profile[j - i + this.#reach];
      if (step) {
        step.sum += weight;
        step.count++;
      }
    }
    if (visible === 0) return;
    this.#means.entropy.add(entropy, Math.log(visible));
    if (!crossed) this.#means.distance.add(distance, allDistances / visible);
    const on = (name: RoleName, keys: readonly number[]): void => {
      const seen = keys.filter((j) => j >= 0 && j < n && scores[j] !== -Infinity);
      if (seen.length > 0)
        this.#means[name].add(
          seen.reduce((sum, j) => sum + weights[j]!, 0),
          seen.length / visible,
        );
    };
    const others = (this.#places.get(this.#ids[i]!) ?? []).filter((j) => crossed || j !== i);
    if (!crossed) {
      on('self', [i]);
      on('previous', [i - 1]);
      on('next', [i + 1]);
    }
    if (crossed || i > 0) on('sink', [0]);
    on('duplicate', others);
    on(
      'induction',
      others.map((j) => j + 1).filter((j) => crossed || j !== i),
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
  options: { readonly reach?: number; readonly keys?: ArrayLike<number> } = {},
): Pattern {
  const counted = new PatternCount(ids, options);
  for (let i = 0; i < rows.length; i++) counted.add(i, rows.weights(i), rows.maskedScores(i));
  return counted.pattern;
}

/**
 * The patterns of all heads of a layer, or of a decoder's cross-attention: there `duplicate` is the query's token in the
 * encoder's text, `induction` what stands behind it. Cost: one pass over the weights, in bands.
 */
export async function layerPatterns(
  trace: Trace,
  layer: LayerPlace,
  options: { readonly reach?: number } = {},
): Promise<Pattern[]> {
  const { crossed, prefix, stack } = placeIn(trace, layer);
  const ids = prefix === 'decoder.' ? trace.decoderIds! : trace.ids;
  const kept = { ...options, ...(crossed && { keys: trace.ids }) };
  const counted = Array.from({ length: stack.headCount }, () => new PatternCount(ids, kept));
  for await (const band of attentionBands(trace, layer))
    for (const [h, own] of counted.entries())
      for (let r = 0; r < band.count; r++)
        own.add(band.first + r, bandRow(band, band.weights, h, r), bandRow(band, band.maskedScores, h, r));
  return counted.map(({ pattern }) => pattern);
}
