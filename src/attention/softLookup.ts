/** The library: a question held against every tag, and the books behind the tags mixed by how well each tag fits. */
import type { Kernels } from '../kernels/contract.ts';
import { knownOnly } from '../platform/options.ts';
import { attention } from './attention.ts';
import { refusal } from './refusal.ts';

export interface LookupOptions {
  /** Multiplies every dot product; 1/√size unless said. */
  readonly scale?: number;
  /** Divides the scores before softmax: below 1 decides more sharply, above 1 more evenly; 1 unless said. */
  readonly temperature?: number;
  readonly kernels?: Kernels;
}

export interface LookupEntry {
  readonly label: string;
  readonly key: ArrayLike<number>;
  readonly value: ArrayLike<number>;
}

export interface SoftLookup {
  /** scale · query·key / temperature, one an entry. */
  readonly scores: Float32Array;
  /** Softmax of the scores: they sum to 1. */
  readonly weights: Float32Array;
  /** Entries from the largest weight to the smallest; equal ones in the order given. The label is the index as text where none was given. */
  readonly ranking: readonly {
    readonly index: number;
    readonly label: string;
    readonly score: number;
    readonly weight: number;
  }[];
  /** Σ weight · value, as long as one value. */
  readonly mixture: Float32Array;
}

/**
 * A dictionary that answers with a mixture: softmax(scale · query · keysᵀ / temperature) · values, with one query and one
 * head (Graves et al. 2014; Vaswani et al. 2017). Throws `noEntries`, `shapeMismatch`, `badScale`, `badTemperature`,
 * `unknownOption`.
 */
export async function softLookup(
  query: ArrayLike<number>,
  entries: readonly LookupEntry[],
  options?: LookupOptions,
): Promise<SoftLookup>;
export async function softLookup(
  query: ArrayLike<number>,
  keys: readonly ArrayLike<number>[],
  values: readonly ArrayLike<number>[],
  options?: LookupOptions,
): Promise<SoftLookup>;
export async function softLookup(
  query: ArrayLike<number>,
  first: readonly LookupEntry[] | readonly ArrayLike<number>[],
  second?: readonly ArrayLike<number>[] | LookupOptions,
  third?: LookupOptions,
): Promise<SoftLookup> {
  const plain = Array.isArray(second);
  const options = (plain ? third : (second as LookupOptions | undefined)) ?? {};
  knownOnly<LookupOptions>('softLookup', options, { scale: true, temperature: true, kernels: true });
  const entries = plain ? paired(first as readonly ArrayLike<number>[], second) : (first as readonly LookupEntry[]);
  if (entries.length === 0)
    throw refusal('noEntries', 'there is nothing to look up in', 'at least one entry', '0', 'Give a key and a value.');
  const size = query.length;
  const valueSize = entries[0]!.value.length;
  for (const { label, key, value } of entries) {
    if (key.length !== size || size === 0)
      throw mismatch(`the key of ${label} has another size than the query`, size, key.length);
    if (value.length !== valueSize || valueSize === 0)
      throw mismatch(`the value of ${label} has another size than the first`, valueSize, value.length);
  }
  const { temperature = 1, scale = 1 / Math.sqrt(size), kernels } = options;
  if (!(temperature > 0) || !Number.isFinite(temperature))
    throw refusal(
      'badTemperature',
      'a temperature is a finite number above 0',
      'for instance 1',
      `${temperature}`,
      'Leave it away for 1.',
    );
  const count = entries.length;
  const found = await attention({
    query: { shape: [1, 1, 1, size], data: Float32Array.from(query) },
    key: { shape: [1, 1, count, size], data: Float32Array.from(entries.flatMap(({ key }) => Array.from(key))) },
    value: {
      shape: [1, 1, count, valueSize],
      data: Float32Array.from(entries.flatMap(({ value }) => Array.from(value))),
    },
    scale: scale / temperature,
    keep: ['scores', 'weights'],
    ...(kernels && { kernels }),
  });
  const [scores, weights] = [found.scores!.data, found.weights!.data];
  const ranking = entries.map(({ label }, index) => ({ index, label, score: scores[index]!, weight: weights[index]! }));
  ranking.sort((a, b) => b.weight - a.weight || b.score - a.score || a.index - b.index);
  return { scores, weights, ranking, mixture: found.output.data };
}

const mismatch = (what: string, expected: number, got: number): Error =>
  refusal(
    'shapeMismatch',
    what,
    `${expected} numbers, at least 1`,
    `${got}`,
    'All keys are as long as the query, and all values alike.',
  );

function paired(keys: readonly ArrayLike<number>[], values: readonly ArrayLike<number>[]): LookupEntry[] {
  if (keys.length !== values.length)
    throw refusal(
      'shapeMismatch',
      'keys and values do not pair',
      `${keys.length} values`,
      `${values.length}`,
      'Give one value for each key.',
    );
  return keys.map((key, index) => ({ label: `${index}`, key, value: values[index]! }));
}
