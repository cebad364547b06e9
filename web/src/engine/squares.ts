/** Attention as squares: one head over the whole text or the part of it that is in view, and all heads at a glance. */
import type { Encoding } from 'siseon/model';
import { seen } from 'siseon/views';
import { type LensName, lensKinds } from './lens.ts';
import type { Lenses } from './lenses.ts';

export type Unit = 'word' | 'token';
/** Why a token collects attention that is about nothing: it separates, or it is the first of a text without separators. */
export type Sink = 'special' | 'first';

/** How a run is looked at. */
export interface View {
  readonly unit: Unit;
  readonly lens: LensName;
  /** Without separators and the first token. */
  readonly bare: boolean;
  /** The token whose prediction the gradients are of. */
  readonly token: number;
}

export interface Entry {
  /** Index of the word; null for a special token. */
  readonly word: number | null;
  /** As it is shown (`seen`). */
  readonly text: string;
  readonly tokens: readonly number[];
  readonly sink: Sink | null;
}

/** Words with their tokens, special tokens between them; or every token by itself. */
export function entriesOf({ tokens, words }: Encoding, { unit, bare }: Pick<View, 'unit' | 'bare'>): Entry[] {
  const separated = tokens[0]?.special === true;
  const sink = (special: boolean, first: number): Sink | null =>
    special ? 'special' : first === 0 && !separated ? 'first' : null;
  const all = tokens.flatMap(({ word, text, index, special }): Entry[] => {
    // A space that is a token of its own belongs to no word either, and is no separator.
    if (unit === 'token' || word === null)
      return [{ word, text: seen(text), tokens: [index], sink: sink(special, index) }];
    const own = words[word]!;
    return own.tokens[0] === index
      ? [{ word, text: seen(own.text), tokens: own.tokens, sink: sink(special, index) }]
      : [];
  });
  const left = bare ? all.filter((entry) => entry.sink === null) : all;
  // A text that is nothing else is shown whole.
  return left.length > 0 ? left : all;
}

/** A square, or as many of its rows as were asked for; numbers into a word are of all its tokens together (`lensKinds`). */
export interface Square {
  readonly layer: number;
  /** null: all heads of the layer together. */
  readonly head: number | null;
  readonly lens: LensName;
  readonly rows: readonly Entry[];
  readonly columns: readonly Entry[];
  /** The first row that the numbers are of. */
  readonly first: number;
  /** [row, column], `rows.length` columns. */
  readonly numbers: Float32Array;
  /** 1 where the query may not look at all. */
  readonly masked: Uint8Array;
  /** The number that is drawn in full colour. */
  readonly range: number;
  /** What these rows give, on average, to tokens that the view leaves out; null where nothing is left out or it is no weight. */
  readonly elsewhere: number | null;
}

/** Rows of a square that is there already in part. */
export type Band = Pick<Square, 'first' | 'numbers' | 'masked'>;

/** A text of more entries is sent in part, the part that is asked for. */
const wholeUpTo = 256;

/** How many queries are computed at a time: the squares of all heads for so many are held at once. */
const band = 64;

/** The last square of a run that had to be computed as a whole, by its name: its parts are asked for one after another. */
const wholes = new WeakMap<Lenses, { readonly name: string; readonly square: Promise<Square> }>();

/** One head's square; of a long text the rows `part`, or all of them where none is named. */
export async function squareOf(
  lenses: Lenses,
  { layer, head }: { readonly layer: number; readonly head: number },
  view: View,
  part: { readonly first: number; readonly last: number } | null,
): Promise<Square> {
  const { lens } = view;
  const entries = entriesOf(lenses.trace.encoding!, view);
  const count = entries.length;
  if (!part || count <= wholeUpTo) return rowsOf(lenses, { layer, head }, view, entries, 0, count);
  const [first, last] = [part.first, Math.min(part.last, count)];
  if (lensKinds[lens].unit) return rowsOf(lenses, { layer, head }, view, entries, first, last);
  // The colours of numbers that have no largest of their own depend on every row.
  const name = JSON.stringify([layer, head, view]);
  const known = wholes.get(lenses);
  const whole = known?.name === name ? known.square : rowsOf(lenses, { layer, head }, view, entries, 0, count);
  wholes.set(lenses, { name, square: whole });
  const square = await whole;
  return {
    ...square,
    first,
    numbers: square.numbers.slice(first * count, last * count),
    masked: square.masked.slice(first * count, last * count),
  };
}

async function rowsOf(
  lenses: Lenses,
  { layer, head }: { readonly layer: number; readonly head: number },
  view: View,
  entries: readonly Entry[],
  first: number,
  last: number,
): Promise<Square> {
  const { lens } = view;
  const kind = lensKinds[lens];
  const count = entries.length;
  const columns = columnsOf(entries, count);
  const words = entries.map(({ tokens }) => tokens);
  const numbers = new Float32Array((last - first) * count);
  const masked = new Uint8Array(numbers.length).fill(1);
  let given = 0;
  await byBands(first, last, async (from, to) => {
    const asking = entries.slice(from, to).map(({ tokens }) => tokens[0]!);
    const rows = await lenses.layer(lens, layer, asking, { token: view.token, head, words });
    for (const [r, query] of asking.entries()) {
      const at = (from - first + r) * count;
      given += gather(rows.row(head, query), rows.masked(head, query), kind.joined, columns, numbers, masked, at);
    }
  });
  return {
    layer,
    head: kind.ofHead ? head : null,
    lens,
    rows: entries,
    columns: entries,
    first,
    numbers,
    masked,
    range: kind.unit ? 1 : largest(numbers),
    elsewhere: view.bare && kind.unit ? Math.max(0, 1 - given / (last - first)) : null,
  };
}

const largest = (numbers: Float32Array): number => {
  let most = 0;
  for (const number of numbers) most = Math.max(most, Math.abs(number));
  return most;
};

/**
 * The columns of a picture as flat numbers, since every number of every head passes through them: cell c holds the entries
 * from `cells[c]` to `cells[c + 1]`, entry j the tokens from `entries[j]` to `entries[j + 1]` of `tokens`.
 */
interface Columns {
  readonly cells: Int32Array;
  readonly entries: Int32Array;
  readonly tokens: Int32Array;
}

/** Entries in so many cells, as evenly as can be. */
function columnsOf(entries: readonly Entry[], side: number): Columns {
  const count = entries.length;
  const bounds = new Int32Array(count + 1);
  for (const [j, { tokens }] of entries.entries()) bounds[j + 1] = bounds[j]! + tokens.length;
  return {
    cells: Int32Array.from({ length: side + 1 }, (_, c) => Math.ceil((c * count) / side)),
    entries: bounds,
    tokens: Int32Array.from(entries.flatMap(({ tokens }) => tokens)),
  };
}

/**
 * One row into cells, from `at` on, over what stands there: a cell is the number of largest size among its entries, an
 * entry the sum over its tokens, or the number that stands for it already (`joined`). What the entries get together is returned. A cell stays masked where all tokens are.
 */
function gather(
  row: ArrayLike<number>,
  scores: ArrayLike<number>,
  joined: boolean,
  { cells, entries, tokens }: Columns,
  numbers: Float32Array,
  masked: Uint8Array,
  at: number,
): number {
  let given = 0;
  for (let c = 0; c + 1 < cells.length; c++) {
    let largest = numbers[at + c]!;
    let hidden = masked[at + c]!;
    for (let j = cells[c]!; j < cells[c + 1]!; j++) {
      let sum = joined ? row[j]! : 0;
      for (let t = entries[j]!; t < entries[j + 1]!; t++) {
        const token = tokens[t]!;
        const number = joined ? sum : row[token]!;
        if (!joined) sum += number;
        // A weight that was set by hand leaves the softmax, and its score is −∞ as if it were masked.
        if (hidden === 1 && (number !== 0 || scores[token] !== -Infinity)) hidden = 0;
      }
      if (Math.abs(sum) > Math.abs(largest)) largest = sum;
      given += sum;
    }
    numbers[at + c] = largest;
    masked[at + c] = hidden;
  }
  return given;
}

/** Resolves behind the questions that have come in the meantime. A timer would do, but waits for 4 ms each time. */
function othersFirst(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** A few rows at a time, other questions to the worker answered in between. */
async function byBands(
  first: number,
  last: number,
  compute: (from: number, to: number) => Promise<void>,
): Promise<void> {
  for (let from = first; from < last; from += band) {
    await compute(from, Math.min(last, from + band));
    if (from + band < last) await othersFirst();
  }
}

/** One layer's heads, small. */
export interface Glance {
  readonly layer: number;
  /** 1 where the lens has one picture for all heads. */
  readonly heads: number;
  /** Cells along one side of a picture. */
  readonly side: number;
  /** [head, row, column]. Where a text has more entries than cells, a cell is the number of largest size under it. */
  readonly numbers: Float32Array;
  /** [head, row, column], 1 where no query under the cell may look at any key under it. */
  readonly masked: Uint8Array;
  readonly range: number;
  /** How many words or tokens there are. */
  readonly count: number;
}

/** No picture at a glance has more cells along one side. */
const largestSide = 48;

export async function glanceOf(lenses: Lenses, layer: number, view: View): Promise<Glance> {
  const entries = entriesOf(lenses.trace.encoding!, view);
  const count = entries.length;
  const kind = lensKinds[view.lens];
  const heads = kind.ofHead ? lenses.trace.model.architecture.headCount : 1;
  const side = Math.min(largestSide, count);
  const columns = columnsOf(entries, side);
  const words = entries.map(({ tokens }) => tokens);
  const cell = (index: number): number => Math.floor((index * side) / count);
  const numbers = new Float32Array(heads * side * side);
  const masked = new Uint8Array(numbers.length).fill(1);
  await byBands(0, count, async (from, to) => {
    const asking = entries.slice(from, to).map(({ tokens }) => tokens[0]!);
    const rows = await lenses.layer(view.lens, layer, asking, { token: view.token, words });
    for (let head = 0; head < heads; head++)
      for (const [r, query] of asking.entries()) {
        const at = (head * side + cell(from + r)) * side;
        gather(rows.row(head, query), rows.masked(head, query), kind.joined, columns, numbers, masked, at);
      }
  });
  return { layer, heads, side, numbers, masked, range: kind.unit ? 1 : largest(numbers), count };
}
