/** Short ways of saying where a checkpoint keeps its parameters. */
import { SiseonError } from '../../platform/index.ts';
import type { ParameterSource, TensorRows } from '../architecture.ts';

type Options = Pick<ParameterSource, 'transposed' | 'rows' | 'plus' | 'stored'>;

/** One tensor. */
export const one = (
  name: string,
  shape: readonly number[],
  tensor: string,
  options: Options = {},
): ParameterSource => ({
  name,
  shape,
  tensor,
  ...options,
});

/** A linear map [outputs, inputs] with its bias, unless `bias` is false. */
export const linear = (
  name: string,
  tensor: string,
  outputs: number,
  inputs: number,
  { bias = true, ...options }: Options & { readonly bias?: boolean } = {},
): ParameterSource[] => [
  one(`${name}.weight`, [outputs, inputs], `${tensor}.weight`, options),
  ...(bias ? [one(`${name}.bias`, [outputs], `${tensor}.bias`, options)] : []),
];

/** A norm's weight with its bias, unless `bias` is false. */
export const norm = (
  name: string,
  tensor: string,
  size: number,
  { bias = true, ...options }: Options & { readonly bias?: boolean } = {},
): ParameterSource[] => [
  one(`${name}.weight`, [size], `${tensor}.weight`, options),
  ...(bias ? [one(`${name}.bias`, [size], `${tensor}.bias`, options)] : []),
];

/** Outputs of a tensor that holds maps of these sizes one after the other: the rows of number `index`. */
export function following(sizes: readonly number[], index: number): TensorRows {
  const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
  return { total: sum(sizes), start: sum(sizes.slice(0, index)), block: sizes[index]!, stride: 0 };
}

/** Outputs of a tensor that holds query, key and value of head 0, then those of head 1, and so on. */
export const headByHead = (heads: number, headSize: number, index: number): TensorRows => ({
  total: 3 * heads * headSize,
  start: index * headSize,
  block: headSize,
  stride: 3 * headSize,
});

/** The stages of attention that have a linear map of their own. */
export const queryKeyValue = ['query', 'key', 'value'] as const;

/**
 * One entry a layer, an expert or a label. Throws `badConfig` where there are more than any model has: the number is a
 * mistake, and a list of it might fill the memory.
 */
export function everyLayer<T>(count: number, of: (layer: number) => T, most = 1000): T[] {
  if (count > most)
    throw new SiseonError({
      code: 'badConfig',
      kind: 'failure',
      what: 'config.json: how many layers, experts or labels there are',
      expected: `at most ${most}`,
      got: String(count),
      next: 'Check that the file belongs to this checkpoint.',
    });
  return Array.from({ length: count }, (_, n) => of(n));
}
