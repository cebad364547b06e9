/** Which positions of two runs belong together. */
import type { PatchEdit } from '../attention/index.ts';
import { checkPositions, type Encoding, positionsAt } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Trace } from '../trace/index.ts';

/** Positions that belong together, [in the run patched, in the run taken from]. */
export type Alignment = readonly (readonly [to: number, from: number])[];

/** Every position with itself, for texts of one length; of the decoder's text where `of` says so. Throws `differentLengths`. */
export function sameLength(into: Trace, from: Trace, of: 'ids' | 'decoderIds' = 'ids'): Alignment {
  const [one, other] = [into[of]?.length ?? 0, from[of]?.length ?? 0];
  if (one !== other) throw differentLengths(one, other, 'Say which positions belong together.');
  return Array.from({ length: one }, (_, i) => [i, i] as const);
}

/** Positions that belong together at every place: in the text of the only stack or the encoder, and in the decoder's. */
export interface Aligned {
  readonly alignment?: Alignment;
  readonly decoderAlignment?: Alignment;
}

/**
 * The alignment for a stage's positions. Throws `differentLengths`, `tokenOutOfRange`, `alignedTwice`, and `nothingAligns`
 * where nothing is aligned.
 */
export function alignedAt(
  into: Trace,
  from: Trace,
  { alignment, decoderAlignment }: Aligned,
): (stage: string) => Alignment {
  const own = alignment ? insideOf(alignment, into.ids, from.ids) : sameLength(into, from);
  if (!into.decoderIds) return () => own;
  const decoders = decoderAlignment
    ? insideOf(decoderAlignment, into.decoderIds, from.decoderIds!)
    : sameLength(into, from, 'decoderIds');
  // Which text a stage's positions are of: the one whose length a run of lengths 0 and 1 gives. Logits are the decoder's.
  return (stage) => (positionsAt(stage, { ids: 0, decoderIds: 1 }) === 1 ? decoders : own);
}

/** Throws `alignedTwice` where a position stands in two pairs. */
export function onceEach(positions: readonly number[]): void {
  const twice = positions.find((position, i) => positions.indexOf(position) < i);
  if (twice === undefined) return;
  throw new SiseonError({
    code: 'alignedTwice',
    kind: 'usage',
    what: `position ${twice} stands in two pairs`,
    expected: 'every position in one pair at most',
    next: 'Say with which one of the two it belongs together.',
    details: { position: twice },
  });
}

/** Pairs of positions that both texts have, each once. */
function insideOf(alignment: Alignment, into: Int32Array, from: Int32Array): Alignment {
  for (const [side, { length }] of [into, from].entries()) {
    const own = alignment.map((pair) => pair[side]!);
    checkPositions(own, length);
    onceEach(own);
  }
  if (alignment.length > 0) return alignment;
  throw new SiseonError({
    code: 'nothingAligns',
    kind: 'usage',
    what: 'the two runs have nothing in common',
    got: 'no pair of positions',
    next: 'Say which positions belong together.',
  });
}

/**
 * Tokens of two texts that belong together: the longest sequence of
 * words that both have, in order (composed, NFC; special tokens by their writing); where between two of these as many tokens stand in
 * both, they pair one by one, and else, where as many words do, words of as many tokens. Throws `nothingAligns`.
 */
export function alignTexts(one: Encoding, other: Encoding): Alignment {
  const [a, b] = [unitsOf(one), unitsOf(other)];
  const pairs: (readonly [number, number])[] = [];
  const pair = (left: readonly number[], right: readonly number[]): void => {
    for (const [n, token] of left.entries()) pairs.push([token, right[n]!]);
  };
  let [fromA, fromB] = [0, 0];
  for (const [i, k] of [...shared(a, b), [a.length, b.length] as const]) {
    const [left, right] = [a.slice(fromA, i), b.slice(fromB, k)];
    const [tokens, others] = [left.flatMap((unit) => unit.tokens), right.flatMap((unit) => unit.tokens)];
    if (tokens.length === others.length) pair(tokens, others);
    else if (left.length === right.length)
      for (const [n, unit] of left.entries())
        if (unit.tokens.length === right[n]!.tokens.length) pair(unit.tokens, right[n]!.tokens);
    if (i < a.length) pair(a[i]!.tokens, b[k]!.tokens);
    [fromA, fromB] = [i + 1, k + 1];
  }
  if (pairs.length > 0) return pairs;
  throw new SiseonError({
    code: 'nothingAligns',
    kind: 'usage',
    what: 'the two texts have no word in common',
    got: `"${one.text}" and "${other.text}"`,
    next: 'Say which positions belong together.',
  });
}

/**
 * How two runs belong together: their texts by `alignTexts`, what was given as ids position by position, which takes as many
 * in both. Throws `nothingAligns`, `differentLengths`.
 */
export function alignRuns(one: Trace, other: Trace): { readonly alignment: Alignment } & Aligned {
  const own = (a: Encoding | null, b: Encoding | null, of: 'ids' | 'decoderIds'): Alignment =>
    a && b ? alignTexts(a, b) : sameLength(one, other, of);
  return {
    alignment: own(one.encoding, other.encoding, 'ids'),
    ...(one.decoderIds && { decoderAlignment: own(one.decoderEncoding, other.decoderEncoding, 'decoderIds') }),
  };
}

/** A word with its tokens, or a special token by itself. */
interface Unit {
  readonly text: string;
  readonly tokens: readonly number[];
}

function unitsOf({ tokens, words }: Encoding): Unit[] {
  const units: Unit[] = [];
  for (const { index, word, piece } of tokens)
    if (word === null) units.push({ text: piece, tokens: [index] });
    else {
      const own = words.find((entry) => entry.index === word)!;
      if (own.tokens[0] === index) units.push({ text: own.text.normalize('NFC'), tokens: own.tokens });
    }
  return units;
}

/** The longest sequence of units that both have, in order, as pairs of their places. */
function shared(a: readonly Unit[], b: readonly Unit[]): [number, number][] {
  const longest = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const same = (i: number, k: number): boolean =>
    a[i]!.text === b[k]!.text && a[i]!.tokens.length === b[k]!.tokens.length;
  for (let i = a.length - 1; i >= 0; i--)
    for (let k = b.length - 1; k >= 0; k--)
      longest[i]![k] = same(i, k) ? longest[i + 1]![k + 1]! + 1 : Math.max(longest[i + 1]![k]!, longest[i]![k + 1]!);
  const pairs: [number, number][] = [];
  for (let i = 0, k = 0; i < a.length && k < b.length; )
    if (same(i, k)) pairs.push([i++, k++]);
    else if (longest[i + 1]![k]! >= longest[i]![k + 1]!) i++;
    else k++;
  return pairs;
}

/** Where an edit's vectors were taken. */
export const takenFrom = (from: Trace, alignment: Alignment): PatchEdit['from'] => ({
  model: from.model.fingerprint,
  text: from.encoding?.text ?? [...from.ids].join(' '),
  positions: alignment.map(([, position]) => position),
});

export const differentLengths = (one: number, other: number, next: string): SiseonError =>
  new SiseonError({
    code: 'differentLengths',
    kind: 'usage',
    what: 'the two runs have different lengths',
    expected: `${one} tokens`,
    got: `${other}`,
    next,
    details: { lengths: [one, other] },
  });
