/**
 * The library of the story: a question held against the tags on the shelves, and the contents mixed by the answer.
 * The same formula as attention, for one query and labelled entries.
 */
import { type HostArray, refuseShape } from './array.ts';
import { attention } from './attention.ts';

export interface SoftLookup {
  /** query · key · scale / temperature, for each entry. */
  readonly scores: Float32Array;
  /** Softmax of the scores: they sum to 1. */
  readonly weights: Float32Array;
  /** Indices of the entries, the largest weight first (ties in the order given). */
  readonly ranking: readonly number[];
  /** Σ weight · value. */
  readonly mixture: Float32Array;
}

/**
 * Scores `query` [size] against `keys` (each [size]) and mixes `values` (each [valueSize]) by the weights.
 * scale is 1/√size unless said; a temperature above 1 softens the choice, towards 0 it becomes a hard search.
 * Throws `shapeMismatch`.
 */
export async function softLookup(
  query: ArrayLike<number>,
  keys: readonly ArrayLike<number>[],
  values: readonly ArrayLike<number>[],
  options: { readonly scale?: number; readonly temperature?: number } = {},
): Promise<SoftLookup> {
  const table = (name: string, rows: readonly ArrayLike<number>[], width: number): HostArray => {
    for (const row of rows) if (row.length !== width) refuseShape(`${name} are not of one size`, `${width} numbers each`, [row.length]);
    const data = new Float32Array(rows.length * width);
    for (const [i, row] of rows.entries()) data.set(Array.from(row), i * width);
    return { shape: [1, 1, rows.length, width], data };
  };
  if (values.length !== keys.length) refuseShape('there is not one value for each key', `${keys.length} values`, [values.length]);
  if (keys.length === 0) refuseShape('there is nothing to look up in', 'at least one key', [0]);
  const scale = (options.scale ?? 1 / Math.sqrt(query.length)) / (options.temperature ?? 1);
  const { output, scores, weights } = await attention({
    query: table('the query', [query], query.length),
    key: table('keys', keys, query.length),
    value: table('values', values, values[0]!.length),
    scale,
    keep: ['scores', 'weights'],
  });
  const ranking = keys.map((_, i) => i).sort((a, b) => weights!.data[b]! - weights!.data[a]! || a - b);
  return { scores: scores!.data, weights: weights!.data, ranking, mixture: output.data };
}
