import type { Operations, Tensor } from '../tensor/index.ts';
import type { Stack } from './architecture.ts';

/** The stack's norm over the last axis of x with the parameters of this name; without a bias it is not shifted. */
export function norm(
  o: Operations,
  parameters: ReadonlyMap<string, Tensor>,
  { norm: kind, normEpsilon }: Pick<Stack, 'norm' | 'normEpsilon'>,
  x: Tensor,
  name: string,
): Tensor {
  const weight = parameters.get(`${name}.weight`)!;
  if (kind === 'rms') return o.rmsNorm(x, weight, normEpsilon);
  const bias = parameters.get(`${name}.bias`) ?? o.constant(weight.shape, new Float32Array(weight.storage.length));
  return o.layerNorm(x, weight, bias, normEpsilon);
}
