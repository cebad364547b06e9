#!/usr/bin/env node
/** Prints results.json as the tables of docs/models.md. */
import { readFileSync } from 'node:fs';

const { groups } = JSON.parse(readFileSync(new URL('results.json', import.meta.url), 'utf8'));
const short = (x) => (x === undefined ? '' : x.toExponential(1));
const count = (n) => `${Math.round(n / 1000)} k`;
const table = (head, rows) =>
  console.log(
    [head, head.map(() => '---'), ...rows]
      .map((row) => `| ${row.join(' | ')} |`)
      .join('\n')
      .concat('\n'),
  );

const { layouts, blocks, tokenizers, graphs } = groups;
console.log(`${layouts.engine}, ${layouts.date}\n`);
table(
  ['layout', 'parameters', 'checkpoint', 'GGUF file', "with ggml's table for gelu"],
  layouts.rows.map((row) => [
    row.name,
    count(row.parameters),
    short(row.error),
    short(row.fromGguf),
    short(row.withTable),
  ]),
);
console.log(`${blocks.engine}, ${blocks.date}\n`);
table(
  ['type of numbers', 'token table', 'every matrix'],
  blocks.rows.map((row) => [row.name, short(row.error), short(row.everything)]),
);
console.log(`${tokenizers.engine}, ${tokenizers.date}\n`);
table(
  ['tokenizer', 'texts', 'tokens', 'texts with other ids'],
  tokenizers.rows.map((row) => [row.name, row.texts, row.tokens, Math.round(row.error * row.texts)]),
);
console.log(`${graphs.engine}, ${graphs.date}\n`);
table(
  ['layout', 'parameters', 'logits', "attention weights, the worst layer's"],
  graphs.rows.map((row) => [row.name, count(row.parameters), short(row.error), short(row.weights)]),
);
