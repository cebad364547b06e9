import type { Operations, Tensor } from '../tensor/index.ts';
import type { Layer, Stack } from './architecture.ts';

/** What follows attention in a layer: one feed-forward layer, or the mixture of those that a router chose. (rows, D) → (rows, D). */
export function feedForward(
  o: Operations,
  parameters: ReadonlyMap<string, Tensor>,
  stack: Stack,
  layer: Layer,
  x: Tensor,
  place: string,
): Tensor {
  const linear = (y: Tensor, name: string): Tensor =>
    o.linear(y, parameters.get(`${name}.weight`)!, parameters.get(`${name}.bias`));
  const pass = (name: string): Tensor => {
    const inner = linear(x, `${name}.inner`);
    const active = stack.gated
      ? o.multiply(o.activate(stack.activation, linear(x, `${name}.gate`)), inner)
      : o.activate(stack.activation, inner);
    return linear(active, `${name}.outer`);
  };
  if (!layer.experts || !stack.experts) return pass(place);

  // Shazeer et al. (2017), as Mixtral and Qwen 3 have it: softmax over the router's choices. Every expert is computed and
  // those not chosen are weighted 0: what each token chose is known on the device alone.
  const { count, chosen, normalized } = stack.experts;
  const routed = linear(x, `${place}.router`);
  const weights = normalized
    ? o.softmax(o.keepLargest(routed, chosen, -Infinity))
    : o.keepLargest(o.softmax(routed), chosen, 0);
  const hidden = stack.hiddenSize;
  let sum: Tensor | null = null;
  for (let expert = 0; expert < count; expert++) {
    // Column `expert` of the weights, repeated along the hidden axis.
    const column = o.constant(
      [count, hidden],
      new Float32Array(count * hidden).fill(1, expert * hidden, (expert + 1) * hidden),
    );
    const part = o.multiply(pass(`${place}.experts.${expert}`), o.matmul(weights, column));
    sum = sum ? o.add(sum, part) : part;
  }
  return sum!;
}
