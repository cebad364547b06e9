/** results.json as the tables of docs/performance.md, which stand there between two comments: `node table.mjs` writes them anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const time = (milliseconds) =>
  milliseconds < 1 ? milliseconds.toFixed(3) : milliseconds < 100 ? milliseconds.toFixed(1) : milliseconds.toFixed(0);
const [begin, end] = ['<!-- measured -->', '<!-- end of what was measured -->'];

function tableOf(group, { date, machine, spread, rows }) {
  const { processor, cores, node, threads, gflops, read } = machine;
  const lines = rows.map(({ name, milliseconds, peers = {}, gflops: rate, ofPeak, gigabytes, ofRead, note }) => {
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
    return `| ${name} | ${time(milliseconds)} | ${own.join(' | ')} | ${beside} | ${times} | ${ratios} |`;
  });
  return `### ${group}

${date}, ${processor}, ${cores} cores, Node ${node}, ${threads} threads; measured in this run: SIMD peak ${gflops.toFixed(1)} GFLOP/s, reading ${read.toFixed(1)} GB/s.

| | ours, ms | rate | of the limit | beside | its time, ms | ratio (${spread}) |
|---|---|---|---|---|---|---|
${lines.join('\n')}
`;
}

/** Writes the tables of all groups into the document. */
export function writeTables(groups) {
  const file = new URL('../docs/performance.md', import.meta.url);
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error('docs/performance.md has lost the comments that its tables stand between');
  const tables = Object.entries(groups).map(([group, measured]) => tableOf(group, measured));
  writeFileSync(file, `${text.slice(0, from)}${begin}\n\n${tables.join('\n')}\n${text.slice(to)}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeTables(JSON.parse(readFileSync(new URL('results.json', import.meta.url), 'utf8')).groups);
