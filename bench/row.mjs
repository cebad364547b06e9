/** One row of the table about single kernels. */
import { compare } from './measure.mjs';
import { agree, besides } from './peers.mjs';

/** Numbers between −1 and 1 that do not repeat soon. */
export const drawn = (length, pace = 1) => Float32Array.from({ length }, (_, i) => Math.sin(pace * i));

/**
 * One row: our run; the same graph on every runtime, whose `output` must agree with ours, if there is a `result`; and `others`,
 * runs that resolve to numbers which must agree, too.
 */
export async function row(
  context,
  {
    name,
    flops = 0,
    bytes = 0,
    ours,
    result,
    model,
    feeds,
    output,
    peers: runtimes = context.runtimes,
    others = {},
    ...rest
  },
) {
  await ours();
  const expected = result && (await result());
  const { peers, release } = await besides(runtimes, model, feeds, expected ? { [output]: expected } : {}, name);
  for (const [other, run] of Object.entries(others)) agree(name, other, await run(), expected);
  const measured = await compare(ours, { ...peers, ...others }, rest);
  // The machine's limits once more beside every row: what else the machine does must not pass for a limit.
  await context.again();
  await release();
  return {
    name,
    ...measured,
    ...(flops && { gflops: flops / measured.milliseconds / 1e6 }),
    ...(bytes && { gigabytes: bytes / measured.milliseconds / 1e6 }),
  };
}
