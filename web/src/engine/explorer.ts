/** What the room "Explore" asks of a model: all heads at a glance, one head as a square, and what the model predicts. */
import type { Edit } from 'siseon/attention';
import { type HeadChoice, layerRows, type WordMatrix } from 'siseon/lens';
import type { Encoding, Model } from 'siseon/model';
import { SiseonError } from 'siseon/platform';
import type { Trace } from 'siseon/trace';

export type Unit = 'word' | 'token';

/** All heads, small. */
export interface Glance {
  readonly layers: number;
  readonly heads: number;
  /** Cells along one side of a picture. */
  readonly side: number;
  /** [layer, head, row, column]. Where a text has more units than cells, a cell is the largest weight under it. */
  readonly weights: Float32Array;
  /** How many words or tokens there are. */
  readonly count: number;
}

/** No picture at a glance has more cells along one side. */
const largestSide = 48;

interface Entry {
  readonly word: number | null;
  readonly text: string;
  readonly tokens: readonly number[];
}

/** Words with their tokens, special tokens between them; or every token by itself. */
function entries({ tokens, words }: Encoding, unit: Unit): Entry[] {
  if (unit === 'token') return tokens.map(({ word, text, index }) => ({ word, text, tokens: [index] }));
  const list: Entry[] = [];
  for (const { word, text, index } of tokens) {
    if (word === null) list.push({ word, text, tokens: [index] });
    else if (words[word]!.tokens[0] === index)
      list.push({ word, text: words[word]!.text, tokens: words[word]!.tokens });
  }
  return list;
}

const encodingOf = (trace: Trace): Encoding => trace.encoding!;

/** A row of weights, into each entry the sum over its tokens. */
const gathered = (row: ArrayLike<number>, list: readonly Entry[]): number[] =>
  list.map(({ tokens }) => tokens.reduce((sum, j) => sum + row[j]!, 0));

/** Weights of one head: from a word its first token's row, into a word the sum over its tokens. */
export async function square(trace: Trace, { layer, head }: Required<HeadChoice>, unit: Unit): Promise<WordMatrix> {
  const list = entries(encodingOf(trace), unit);
  const rows = (await layerRows(trace, layer))[head]!;
  return {
    layer,
    head,
    rows: list.map(({ word, text, tokens }) => ({ word, text, token: tokens[0]! })),
    columns: list.map(({ word, text }) => ({ word, text })),
    weights: list.map(({ tokens }) => gathered(rows.weights(tokens[0]!), list)),
  };
}

/** Every head of every layer, a layer at a time, so that only one layer's squares are held. */
export async function glance(trace: Trace, unit: Unit): Promise<Glance> {
  const { layerCount: layers, headCount: heads } = trace.model.architecture;
  const list = entries(encodingOf(trace), unit);
  const side = Math.min(largestSide, list.length);
  const cell = (index: number): number => Math.min(side - 1, Math.floor((index * side) / list.length));
  const weights = new Float32Array(layers * heads * side * side);
  for (let layer = 0; layer < layers; layer++)
    for (const [head, rows] of (await layerRows(trace, layer)).entries()) {
      const start = (layer * heads + head) * side * side;
      for (const [i, { tokens }] of list.entries())
        for (const [j, weight] of gathered(rows.weights(tokens[0]!), list).entries()) {
          const at = start + cell(i) * side + cell(j);
          weights[at] = Math.max(weights[at]!, weight);
        }
    }
  return { layers, heads, side, weights, count: list.length };
}

/** Tokens from the first to the last: a word's own stand beside each other. */
export type Tokens = readonly [first: number, last: number];

/** What a visitor does: to a head, to one pair of words in it, or to a word in all heads. */
export type Change =
  | { readonly kind: 'silence'; readonly layer: number; readonly head: number }
  | { readonly kind: 'temperature'; readonly layer: number; readonly head: number; readonly temperature: number }
  | {
      readonly kind: 'cut';
      readonly layer: number;
      readonly head: number;
      readonly queries: Tokens;
      readonly keys: Tokens;
    }
  | {
      readonly kind: 'weight';
      readonly layer: number;
      readonly head: number;
      readonly query: number;
      readonly keys: Tokens;
      readonly to: number;
    }
  | { readonly kind: 'drop'; readonly keys: Tokens };

const inside = ([first, last]: Tokens): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** The changes as edits of the package. A weight set for a word is shared among its tokens as the model shared it. */
export async function editsOf(changes: readonly Change[], trace: Trace): Promise<Edit[]> {
  const edits: Edit[] = [];
  for (const change of changes)
    switch (change.kind) {
      case 'silence':
        edits.push({ kind: 'ablate', layer: change.layer, head: change.head, by: 'zero' });
        break;
      case 'temperature':
        edits.push({ kind: 'temperature', layer: change.layer, head: change.head, value: change.temperature });
        break;
      case 'cut': {
        const { layer, head, queries, keys } = change;
        const pairs = inside(queries).flatMap((query) => inside(keys).map((key) => [query, key] as const));
        edits.push({ kind: 'block', layer, head, pairs });
        break;
      }
      case 'weight': {
        const { layer, head, query, keys, to } = change;
        const row = (await layerRows(trace, layer))[head]?.weights(query) ?? [];
        const own = inside(keys).map((key) => row[key] ?? 0);
        const total = own.reduce((sum, weight) => sum + weight, 0);
        for (const [i, key] of inside(keys).entries())
          edits.push({
            kind: 'weight',
            layer,
            head,
            query,
            key,
            to: total > 0 ? (to * own[i]!) / total : to / own.length,
          });
        break;
      }
      case 'drop':
        for (const position of inside(change.keys)) edits.push({ kind: 'drop', position });
    }
  return edits;
}

export interface Guess {
  readonly id: number;
  readonly piece: string;
  readonly probability: number;
  /** The probability after the changes; null where nothing is changed. */
  readonly changed: number | null;
}

export interface Prediction {
  /** The token asked about, as the text has it. */
  readonly token: number;
  readonly text: string;
  /** `mask`: the token was hidden, and the guesses are for its place. `next`: they are for the place after it. */
  readonly way: 'mask' | 'next';
  /** The likeliest first; with changes, followed by what only they made likely. */
  readonly guesses: readonly Guess[];
  /** What the text has in that place, and how likely the model finds it; null where nothing stands there. */
  readonly actual: Guess | null;
  /** Half the sum of all differences in probability (total variation, 0 to 1); null where nothing is changed. */
  readonly moved: number | null;
}

/** How many guesses are told. */
const told = 8;

/**
 * What the model predicts at a token: a model that reads both ways has it hidden and guesses it, one that reads from left
 * to right guesses what comes after it. Throws `noHead` for a model without an output head, and what Model.run throws.
 */
export async function predict(
  model: Model,
  trace: Trace,
  token: number,
  edits: readonly Edit[] = [],
): Promise<Prediction> {
  const { causal, vocabularySize, head } = model.architecture;
  const tokenizer = model.tokenizer!;
  const maskId = tokenizer.tokenId('[MASK]') ?? tokenizer.tokenId('<mask>');
  if (!head || (!causal && maskId === undefined))
    throw new SiseonError({
      code: 'noHead',
      kind: 'usage',
      what: `${model.name} does not predict words`,
      expected: causal ? 'an output head' : 'an output head and a mask token',
    });
  const ids = trace.ids.slice();
  if (!causal) ids[token] = maskId!;
  const probabilities = async (by: readonly Edit[]): Promise<Float64Array> => {
    const { logits } = await model.run(ids, () => {}, by);
    const row = logits!.subarray(token * vocabularySize, (token + 1) * vocabularySize);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const exponentials = Float64Array.from(row, (logit) => Math.exp(logit - largest));
    const total = exponentials.reduce((a, b) => a + b, 0);
    return exponentials.map((number) => number / total);
  };
  const before = await probabilities([]);
  const after = edits.length > 0 ? await probabilities(edits) : null;
  const guess = (id: number): Guess => ({
    id,
    // Some vocabularies hold Hangul in pieces; put together, it can be read.
    piece: (tokenizer.piece(id) ?? `${id}`).normalize('NFC'),
    probability: before[id]!,
    changed: after?.[id] ?? null,
  });
  const best = new Set(
    [before, after ?? before].flatMap((all) =>
      Array.from(all.keys())
        .sort((a, b) => all[b]! - all[a]! || a - b)
        .slice(0, told),
    ),
  );
  const actual = causal ? trace.ids[token + 1] : trace.ids[token];
  return {
    token,
    text: encodingOf(trace).tokens[token]!.text,
    way: causal ? 'next' : 'mask',
    guesses: [...best].map(guess),
    moved: after && before.reduce((sum, probability, id) => sum + Math.abs(probability - after[id]!), 0) / 2,
    actual: actual === undefined ? null : guess(actual),
  };
}
