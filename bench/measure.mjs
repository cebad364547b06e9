/** Times that can be compared: both sides in one run, taking turns A B A B, so that whatever else the machine does falls on both. */

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Milliseconds that a turn waits first: onnxruntime lets its threads spin for up to 40 ms after a run (watched by process.cpuUsage). */
const QUIET = 60;
/** Stretches of a turn that are timed. The fastest counts: what else the machine does can only slow one down. */
const STRETCHES = 8;

/** Milliseconds a call, over so many calls. */
async function once(run, calls) {
  const began = performance.now();
  for (let i = 0; i < calls; i++) await run();
  return (performance.now() - began) / calls;
}

/** Calls in a stretch: so many that it takes about `milliseconds`. */
async function callsOf(run, milliseconds) {
  await run();
  const time = Math.min(await once(run, 1), await once(run, 2), await once(run, 3));
  return Math.max(1, Math.min(20_000, Math.round(milliseconds / time)));
}

/**
 * One side's turn: wait until the other's threads sleep, run warm for about as long as is timed (a thread that has just woken
 * shares a core with the one that woke it, until the system moves it), then time.
 */
async function turnOf(run, calls) {
  await pause(QUIET);
  const slow = (await once(run, calls)) * calls > 150;
  if (!slow) await once(run, (STRETCHES - 1) * calls);
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < (slow ? 1 : STRETCHES); i++) fastest = Math.min(fastest, await once(run, calls));
  return fastest;
}

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** What `least` and `most` of a ratio are. */
export const spread = 'middle half of the turns';

/** The number below which a fraction of all lies. */
const quantile = (numbers, fraction) => [...numbers].sort((a, b) => a - b)[Math.round(fraction * (numbers.length - 1))];

/**
 * Our time and each peer's: medians over the turns, and for each peer the ratio (peer / ours, more than 1: we are faster) as
 * the median over the turns, with the quarter of the turns that lies lowest (`least`) and highest (`most`) left out.
 */
export async function compare(ours, peers, { turns = 9, milliseconds = 10 } = {}) {
  const sides = [['ours', ours], ...Object.entries(peers)];
  const calls = new Map();
  for (const [name, run] of sides) calls.set(name, await callsOf(run, milliseconds));
  const times = new Map(sides.map(([name]) => [name, []]));
  for (let turn = 0; turn < turns; turn++)
    for (const [name, run] of sides) times.get(name).push(await turnOf(run, calls.get(name)));
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
            least: quantile(ratios, 0.25),
            most: quantile(ratios, 0.75),
          },
        ];
      }),
    ),
  };
}
