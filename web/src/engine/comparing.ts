/** Two runs held against each other: which words belong together, and how far each head moved. */
import { alignTexts, type Comparison, compareRuns } from 'siseon/lens';
import { SiseonError } from 'siseon/platform';
import type { Trace } from 'siseon/trace';
import { type Entry, entriesOf, type Unit } from './squares.ts';

/** Words or tokens of two sentences, and the tokens of each. */
export interface Aligned {
  readonly here: readonly { readonly text: string; readonly tokens: readonly number[] }[];
  readonly there: readonly { readonly text: string; readonly tokens: readonly number[] }[];
  /** For each of them here, the one there that the two sentences share, or null. */
  readonly proposed: readonly (number | null)[];
}

/** How far each head moved, and over how much of the two runs. */
export interface Moved {
  /** By layer and head: mean ½ Σ |w − w′| over the tokens that belong together, 0 to 1. */
  readonly heads: readonly { readonly layer: number; readonly head: number; readonly weights: number }[];
  /** Tokens of both that belong together, of how many in each. */
  readonly tokens: { readonly together: number; readonly here: number; readonly there: number };
}

/** Over the tokens that belong together (`alignTexts`). Throws what compareRuns throws, and `nothingAligns`. */
export async function movedHeads(here: Trace, there: Trace): Promise<Moved> {
  const alignment = alignTexts(here.encoding!, there.encoding!);
  const { heads } = await compareRuns(here, there, { alignment });
  const tokens = { together: alignment.length, here: here.ids.length, there: there.ids.length };
  return { heads: heads.flatMap(ofLayer), tokens };
}

/** A stack beside the first has layers of other names; the page reads models of one stack. */
const ofLayer = ({ layer, head, weights }: Comparison['heads'][number]): Moved['heads'] =>
  typeof layer === 'number' ? [{ layer, head, weights }] : [];

export function alignedEntries(here: Trace, there: Trace, unit: Unit): Aligned {
  const [a, b] = [here, there].map((trace) => entriesOf(trace.encoding!, { unit, bare: false }));
  return { here: a!, there: b!, proposed: proposal(here, there, a!, b!) };
}

/** The token of another text that belongs to one of this (`alignTexts`); undefined where none does. */
export function counterpart(here: Trace, there: Trace, token: number): number | undefined {
  return together(here, there).get(token);
}

function together(here: Trace, there: Trace): Map<number, number> {
  try {
    return new Map(alignTexts(here.encoding!, there.encoding!));
  } catch (cause) {
    if (cause instanceof SiseonError && cause.code === 'nothingAligns') return new Map();
    throw cause;
  }
}

/** In their order where both sentences have as many, else those that both have. */
function proposal(here: Trace, there: Trace, a: readonly Entry[], b: readonly Entry[]): (number | null)[] {
  if (a.length === b.length) return a.map((_, i) => i);
  const pairs = together(here, there);
  return a.map(({ tokens }) => {
    const token = pairs.get(tokens[0]!);
    const word = b.findIndex((entry) => token !== undefined && entry.tokens.includes(token));
    return word < 0 ? null : word;
  });
}
