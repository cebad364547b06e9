/** The most that may flow from a token to the input's (Abnar & Zuidema 2020). */
import { checkPositions } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Trace } from '../trace/index.ts';
import { maximumFlows, NetworkBuilder } from './maximumFlow.ts';
import { wayDown } from './places.ts';
import { type RolloutOptions, weightMixing } from './rollout.ts';

/** Longest text of which `attentionFlow` gives every position unasked. */
export const longestFlow = 512;

/**
 * Attention flow: for each input position the maximum flow from one position of the last layer down to it, the layers'
 * mixing (½ W + ½ I) being the pipes' capacities, [position]. Unlike rollout it does not multiply along paths: the
 * narrowest place counts. Of an encoder-decoder through cross-attention, as `rollout`. Cost: one pass over the weights,
 * then a maximum flow for each position asked for. It is the one measure that keeps squares: whether a pipe is the narrow
 * one is known only when all are, so 16 bytes a pipe are held, layers · length² of them (half, where the model looks back
 * alone). Throws `tooLongForFlow` beyond 512 tokens unless `positions` says which are asked for, `tokenOutOfRange`.
 */
export async function attentionFlow(
  trace: Trace,
  options: Omit<RolloutOptions, 'model'> & {
    /** Only of these, in this order; of several together (a word's tokens) the most into all of them at once, which is less than the sum of theirs where they share pipes. */
    readonly positions?: readonly (number | readonly number[])[];
  },
): Promise<Float64Array> {
  const { places, length, memory, through } = wayDown(trace, options);
  const asked = through ? memory : length;
  const { token, positions = Array.from({ length: asked }, (_, i) => i) } = options;
  if (!options.positions && asked > longestFlow)
    throw new SiseonError({
      code: 'tooLongForFlow',
      kind: 'usage',
      what: 'attention flow solves a problem of every pair of every layer anew for every token',
      expected: `at most ${longestFlow} tokens, or \`positions\``,
      got: `${asked}`,
      next: 'Name the positions that matter, or use rollout, whose cost is one pass over the weights.',
    });
  checkPositions(positions.flat(), asked);
  // Nodes: the positions above, between and below the layers, of the text begun in first, then of the encoder's.
  const steps = places.filter(({ prefix }) => !(prefix === 'encoder.' && memory > 0)).length;
  const [own, other] = [length * (steps + 1), memory * (places.length - steps + 1)];
  const pipes = new NetworkBuilder(own + other);
  let [at, inMemory] = [0, own];
  for (const { path, prefix, crossed } of places) {
    const led = prefix === 'encoder.' && memory > 0;
    const [from, width] = led ? [inMemory, memory] : [at, length];
    for await (const { query, row, kept } of weightMixing(trace, path)) {
      if (crossed) pipes.add(from + query, from + width + query, kept);
      const first = crossed ? own : from + width;
      for (let j = 0; j < row.length; j++) pipes.add(from + query, first + j, row[j]!);
    }
    if (led) inMemory += memory;
    else at += length;
  }
  const below = (position: number): number => (through ? inMemory : at) + position;
  const sinks = positions.map((one) => (typeof one === 'number' ? below(one) : one.map(below)));
  return Float64Array.from(maximumFlows(pipes.network, token, sinks));
}
