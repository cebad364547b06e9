/** results.json as the tables of docs/performance.md, which stand there between two comments: `node table.mjs` writes them anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const time = (milliseconds) =>
  milliseconds < 1 ? milliseconds.toFixed(3) : milliseconds < 100 ? milliseconds.toFixed(1) : milliseconds.toFixed(0);
/** The two comments between which something is written. */
const between = (what) => [`<!-- ${what} -->`, `<!-- end: ${what} -->`];

const gpt2 = (group, length, fused = '') => [
  `${group}gpt2-${length}`,
  `GPT-2-small-sized, ${length} tokens, attention weights out${fused}`,
];
const everyWay = (group, name, label) => [
  [group, name, label],
  ['newer', `${name}, fused`, `${label}, fused`],
  ['wide', `${name}, 256-bit`, `${label}, 256-bit`],
];
/** [what, what was aimed at, rows that say how far it came: group, name, label]. */
const aims = [
  [
    'product 512 and 1,024',
    '85% of the SIMD peak, 1.6 × onnxruntime-web',
    [512, 1024].flatMap((n) => everyWay('products', `product ${n} × ${n} × ${n}`, `${n}`)),
  ],
  ['1 row, 4,096 × 4,096', '80% of reading', [['products', 'product 1 × 4096 × 4096, 4 operands in turn', '1 row']]],
  [
    'attention kept, n 512 and 1,024',
    '2 × onnxruntime-web; 1 × onnxruntime-node',
    [512, 1024].flatMap((n) => everyWay('attention', `attention 12 × 64, n ${n}, weights kept`, `${n}`)),
  ],
  [
    'attention streaming, same',
    '1.6 × onnxruntime-web; 75% of the peak',
    [512, 1024].flatMap((n) => everyWay('attention', `attention 12 × 64, n ${n}`, `${n}`)),
  ],
  ...[
    [64, '1.5'],
    [256, '1.5'],
    [1024, '2'],
  ].map(([length, ratio]) => [
    `GPT-2-small-sized, ${length} tokens, weights out`,
    `${ratio} × onnxruntime-web`,
    [
      [...gpt2('', length), 'GPT-2'],
      [...gpt2('newer-', length, ', fused'), 'fused'],
      [...gpt2('wide-', length, ', 256-bit'), '256-bit'],
      [`bert-${length}`, `BERT-base-sized, ${length} tokens, attention weights out`, 'BERT-base-sized'],
    ],
  ]),
  [
    'one more token with a cache',
    'no ratio set',
    [['token', 'one more token after 255, the same bytes as from the beginning', 'ours']],
  ],
  ['training step', '2 × TensorFlow.js', [['training', 'training step, 64 × 24 tokens, 3 layers of 4 heads', 'ours']]],
  [
    'exp in softmax',
    '4 × Math.exp in a loop',
    [['small', 'softmax 1024 × 768 on one thread, and Math.exp alone in a loop', 'the whole softmax']],
  ],
];

function reached(groups, [group, name, label]) {
  const row = groups[group]?.rows.find((each) => each.name === name);
  if (!row) return [];
  const { ofPeak, ofRead, peers = {} } = row;
  const figures = [
    ofPeak && `${(100 * ofPeak).toFixed(0)}% of the peak`,
    ofRead && `${(100 * ofRead).toFixed(0)}% of reading`,
    ...Object.entries(peers).map(([peer, { ratio }]) => `${ratio.toFixed(2)} × ${peer.split(' ')[0]}`),
  ];
  return [`${label}: ${figures.filter(Boolean).join(', ')}`];
}

/** How many times faster causal attention is. */
function causal(groups) {
  const time = (name) => groups.long.rows.find((row) => row.name === name).milliseconds;
  const name = 'attention 12 × 64, n 2048';
  return `| causal, n 2,048 | 1.8 × faster than not causal | ${(time(name) / time(`${name}, causal`)).toFixed(2)} × |`;
}

const aimTable = (groups) =>
  [
    '| | aimed at | measured |\n|---|---|---|',
    ...aims.map(
      ([what, aim, rows]) => `| ${what} | ${aim} | ${rows.flatMap((row) => reached(groups, row)).join('<br>')} |`,
    ),
    causal(groups),
  ].join('\n');

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

/** Writes the tables of all groups, and how far they are from what was aimed at, into the document. */
export function writeTables(groups) {
  const file = new URL('../docs/performance.md', import.meta.url);
  const tables = Object.entries(groups).map(([group, measured]) => tableOf(group, measured));
  const put = (text, what, content) => {
    const [begin, end] = between(what);
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`docs/performance.md has lost the comments around: ${what}`);
    return `${text.slice(0, from)}${begin}\n\n${content}\n${text.slice(to)}`;
  };
  const text = put(readFileSync(file, 'utf8'), 'measured', tables.join('\n'));
  writeFileSync(file, put(text, 'reached', `${aimTable(groups)}\n`));
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeTables(JSON.parse(readFileSync(new URL('results.json', import.meta.url), 'utf8')).groups);
