import type { Activation } from '../kernels/index.ts';
import type { Operations, Tensor } from '../tensor/index.ts';
import type { Experts, Layer, Stack } from './architecture.ts';

/** One expert: (rows, D) → (rows, D). */
type Expert = (expert: number, x: Tensor) => Tensor;

/** What follows attention in a layer: one feed-forward layer, or the mixture of those that a router chose. (rows, D) → (rows, D). */
export function feedForward(
  o: Operations,
  parameters: ReadonlyMap<string, Tensor>,
  stack: Stack,
  layer: Layer,
  x: Tensor,
  place: string,
): Tensor {
  const linear = (y: Tensor, name: string, activation?: Activation): Tensor =>
    o.linear(y, parameters.get(`${name}.weight`)!, parameters.get(`${name}.bias`), activation);
  const pass = (y: Tensor, name: string): Tensor => {
    const active = stack.gated
      ? o.multiply(linear(y, `${name}.gate`, stack.activation), linear(y, `${name}.inner`))
      : linear(y, `${name}.inner`, stack.activation);
    return linear(active, `${name}.outer`);
  };
  if (!layer.experts || !stack.experts) return pass(x, place);

  // Shazeer et al. (2017), as Mixtral and Qwen 3 have it: softmax over the router's choices.
  const { experts } = stack;
  const routed = linear(x, `${place}.router`);
  const weights = experts.normalized
    ? o.softmax(o.keepLargest(routed, experts.chosen, -Infinity))
    : o.keepLargest(o.softmax(routed), experts.chosen, 0);
  const expert: Expert = (n, y) => pass(y, `${place}.experts.${n}`);
  const numbers = o.peek?.(weights);
  return numbers ? chosenExperts(o, experts, numbers, x, expert) : allExperts(o, experts, weights, x, expert);
}

/** Every expert sees the tokens that chose it, and they alone; a token's sum runs over its experts in their order. */
function chosenExperts(o: Operations, { count }: Experts, weights: Float32Array, x: Tensor, expert: Expert): Tensor {
  const [rows = 0, hidden = 0] = x.shape;
  const tokens = Array.from({ length: count }, (_, e) =>
    Int32Array.from({ length: rows }, (_, row) => row).filter((row) => weights[row * count + e] !== 0),
  );
  // Rows of all experts one after the other; the last row stays 0, for tokens that chose fewer than others.
  const total = tokens.reduce((sum, { length }) => sum + length, 0);
  const made = o.constant([total + 1, hidden], new Float32Array((total + 1) * hidden));
  const places: number[][] = Array.from({ length: rows }, () => []);
  let at = 0;
  for (const [e, own] of tokens.entries()) {
    if (own.length === 0) continue;
    const share = new Float32Array(own.length * hidden);
    for (const [i, row] of own.entries()) {
      share.fill(weights[row * count + e]!, i * hidden, (i + 1) * hidden);
      places[row]!.push(at + i);
    }
    o.append(made, o.multiply(expert(e, o.embed(x, own)), o.constant([own.length, hidden], share)), at);
    at += own.length;
  }
  const most = Math.max(1, ...places.map(({ length }) => length));
  const parts = Array.from({ length: most }, (_, n) =>
    o.embed(
      made,
      Int32Array.from(places, (own) => own[n] ?? total),
    ),
  );
  return parts.reduce((sum, part) => o.add(sum, part));
}

/** Every expert sees every token, and those not chosen weigh 0: where what a token chose is known on the device alone. */
function allExperts(o: Operations, { count }: Experts, weights: Tensor, x: Tensor, expert: Expert): Tensor {
  const [, hidden = 0] = x.shape;
  const parts = Array.from({ length: count }, (_, e) => {
    // Column e of the weights, repeated along the hidden axis.
    const ones = new Float32Array(count * hidden).fill(1, e * hidden, (e + 1) * hidden);
    return o.multiply(expert(e, x), o.matmul(weights, o.constant([count, hidden], ones)));
  });
  return parts.reduce((sum, part) => o.add(sum, part));
}
