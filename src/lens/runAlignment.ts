/** Which positions of two runs belong together. */
import type { PatchEdit } from '../attention/index.ts';
import { type Encoding, positionsAt } from '../model/index.ts';
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

/** The alignment for a stage's positions. */
export function alignedAt(
  into: Trace,
  from: Trace,
  { alignment, decoderAlignment }: Aligned,
): (stage: string) => Alignment {
  const own = alignment ?? sameLength(into, from);
  if (!into.decoderIds) return () => own;
  const decoders = decoderAlignment ?? sameLength(into, from, 'decoderIds');
  // Which text a stage's positions are of: the one whose length a run of lengths 0 and 1 gives. Logits are the decoder's.
  return (stage) => (positionsAt(stage, { ids: 0, decoderIds: 1 }) === 1 ? decoders : own);
}

/** A word of a text, or a special token as it is written. */
interface Unit {
  readonly text: string;
  readonly tokens: readonly number[];
}

function unitsOf({ text, tokens, words }: Encoding): Unit[] {
  const list: Unit[] = [];
  for (const { index, piece, word } of tokens) {
    if (word === null) list.push({ text: piece, tokens: [index] });
    else if (words[word]!.tokens[0] === index)
      list.push({ text: text.slice(words[word]!.start, words[word]!.end), tokens: words[word]!.tokens });
  }
  return list;
}

/**
 * Positions of two texts that belong together, by their words. The longest sequence of equal words in order (special tokens
 * by their writing) belongs together; between two of those, where both texts have as many words, so do the words that stand
 * in each other's place, one by one. The tokens of two such words pair up where both have as many.
 * Throws `nothingAligns`.
 */
export function alignByWord(one: Encoding, other: Encoding): Alignment {
  const [a, b] = [unitsOf(one), unitsOf(other)];
  const longest = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  const same = (i: number, k: number): boolean =>
    a[i]!.text === b[k]!.text && a[i]!.tokens.length === b[k]!.tokens.length;
  for (let i = a.length - 1; i >= 0; i--)
    for (let k = b.length - 1; k >= 0; k--)
      longest[i]![k] = same(i, k) ? longest[i + 1]![k + 1]! + 1 : Math.max(longest[i + 1]![k]!, longest[i]![k + 1]!);
  const pairs: (readonly [number, number])[] = [];
  const pair = (i: number, k: number): void => {
    if (a[i]!.tokens.length !== b[k]!.tokens.length) return;
    for (const [n, token] of a[i]!.tokens.entries()) pairs.push([token, b[k]!.tokens[n]!]);
  };
  let [i, k] = [0, 0];
  while (i < a.length || k < b.length) {
    const [firstOfOne, firstOfOther] = [i, k];
    while (i < a.length && k < b.length && !same(i, k))
      if (longest[i + 1]![k]! >= longest[i]![k + 1]!) i++;
      else k++;
    // Behind the last word that both have there is no next one to stop at.
    if (i === a.length || k === b.length) [i, k] = [a.length, b.length];
    if (i - firstOfOne === k - firstOfOther)
      for (let n = 0; n < i - firstOfOne; n++) pair(firstOfOne + n, firstOfOther + n);
    if (i < a.length && k < b.length) pair(i++, k++);
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
 * How two runs belong together: by their words where both were given as texts that differ, else position by position, which
 * takes runs of one length. Throws `nothingAligns`, `differentLengths`.
 */
export function alignRuns(one: Trace, other: Trace): Required<Pick<Aligned, 'alignment'>> & Aligned {
  const own = (a: Encoding | null, b: Encoding | null, of: 'ids' | 'decoderIds'): Alignment =>
    a && b && a.text !== b.text ? alignByWord(a, b) : sameLength(one, other, of);
  return {
    alignment: own(one.encoding, other.encoding, 'ids'),
    ...(one.decoderIds && {
      decoderAlignment: own(one.decoderEncoding, other.decoderEncoding, 'decoderIds'),
    }),
  };
}

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
