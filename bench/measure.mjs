/** Times that can be compared: both sides in one run, taking turns A B A B, so that whatever else the machine does falls on both. */

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Milliseconds a call, over as many calls as take about 50 ms. */
async function once(run, calls) {
  const began = performance.now();
  for (let i = 0; i < calls; i++) await run();
  return (performance.now() - began) / calls;
}

/** Calls in a turn: so many that it takes about `milliseconds`; runs it warm on the way. */
async function callsOf(run, milliseconds) {
  await run();
  const time = Math.min(await once(run, 1), await once(run, 2));
  const calls = Math.max(1, Math.min(20_000, Math.round(milliseconds / time)));
  if (calls > 3) await once(run, Math.ceil(calls / 3));
  return calls;
}

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/**
 * Our time and each peer's: medians over the turns, and for each peer the ratio (peer / ours, more than 1: we are faster) as
 * the median over the turns with the least and the largest.
 */
export async function compare(ours, peers, { turns = 7, milliseconds = 50 } = {}) {
  const sides = [['ours', ours], ...Object.entries(peers)];
  const calls = new Map();
  for (const [name, run] of sides) calls.set(name, await callsOf(run, milliseconds));
  const times = new Map(sides.map(([name]) => [name, []]));
  for (let turn = 0; turn < turns; turn++)
    for (const [name, run] of sides) {
      // Engines let their threads spin for a while after a run; they are to have gone to sleep.
      await pause(20);
      await once(run, 1);
      times.get(name).push(await once(run, calls.get(name)));
    }
  const own = times.get('ours');
  return {
    milliseconds: median(own),
    peers: Object.fromEntries(
      Object.keys(peers).map((name) => {
        const ratios = times.get(name).map((time, i) => time / own[i]);
        return [
          name,
          {
            milliseconds: median(times.get(name)),
            ratio: median(ratios),
            least: Math.min(...ratios),
            most: Math.max(...ratios),
          },
        ];
      }),
    ),
  };
}
