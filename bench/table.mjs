/** results.json as the tables of docs/performance.md: `node table.mjs` prints them. */
import { readFileSync } from 'node:fs';

const { groups } = JSON.parse(readFileSync(new URL('results.json', import.meta.url), 'utf8'));
const time = (milliseconds) =>
  milliseconds < 1 ? milliseconds.toFixed(3) : milliseconds < 100 ? milliseconds.toFixed(1) : milliseconds.toFixed(0);
for (const [group, { date, machine, spread = 'least to most', rows }] of Object.entries(groups)) {
  const { processor, cores, node, threads, gflops, read } = machine;
  console.log(`\n### ${group}\n`);
  console.log(
    `${date}, ${processor}, ${cores} cores, Node ${node}, ${threads} threads; measured in this run: SIMD peak ${gflops.toFixed(1)} GFLOP/s, reading ${read.toFixed(1)} GB/s.\n`,
  );
  console.log(
    `| | ours, ms | rate | of the limit | beside | its time, ms | ratio (${spread}) |\n|---|---|---|---|---|---|---|`,
  );
  for (const { name, milliseconds, peers = {}, gflops: rate, ofPeak, gigabytes, ofRead, note } of rows) {
    const own = gigabytes
      ? [`${gigabytes.toFixed(1)} GB/s`, `${(100 * ofRead).toFixed(0)}%`]
      : rate
        ? [`${rate.toFixed(1)} GFLOP/s${note ? `, ${note}` : ''}`, `${(100 * ofPeak).toFixed(0)}%`]
        : [note ?? '', ''];
    const others = Object.entries(peers);
    const beside = others.map(([peer]) => peer).join('<br>');
    const times = others.map(([, peer]) => time(peer.milliseconds)).join('<br>');
    const ratios = others
      .map(([, { ratio, least, most }]) => `${ratio.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`)
      .join('<br>');
    console.log(`| ${name} | ${time(milliseconds)} | ${own.join(' | ')} | ${beside} | ${times} | ${ratios} |`);
  }
}
