/**
 * Texts that belong together are to find each other among others: a question its tag, an event the same event told in
 * other words. A text is embedded as the mean of last hidden states, and scores are the scaled dot products that
 * attention uses (Vaswani et al. 2017), so that what is trained is what a lookup computes; the loss over one batch is
 * that of Oord et al. (2018).
 */
import { type Architecture, type Parameters, transform } from '../model/index.ts';
import type { Operations, Tensor } from '../tensor/index.ts';
import { byLength, padded } from './batches.ts';
import type { Random } from './random.ts';

/** A text and where it is read. */
export interface Passage {
  /** Token ids, special tokens included. */
  readonly ids: ArrayLike<number>;
  /** Positions whose hidden states stand for the text; absent: all but the special tokens. */
  readonly at?: readonly number[];
}

/** Two texts that belong together. */
export interface Match {
  readonly query: Passage;
  readonly key: Passage;
}

/** Draws the matches of one step; no query may fit the key of another. */
export type MatchSource = (random: Random) => readonly Match[];

/** Mean cross-entropy of softmax(Q·Kᵀ / √hidden) against the diagonal: [1]. Ids below `firstToken` are special tokens; so many texts are run side by side. */
export function matchingLoss(
  o: Operations,
  parameters: Parameters,
  architecture: Architecture,
  matches: readonly Match[],
  firstToken: number,
  groupSize: number,
): Tensor {
  const embed = (passages: readonly Passage[]): Tensor =>
    byLength(
      passages.map(({ ids }) => ids),
      groupSize,
    )
      .map((group) => {
        const own = padded(group.map((index) => passages[index]!.ids));
        const pool = new Float32Array(passages.length * own.ids.length);
        for (const [row, index] of group.entries()) {
          const { ids, at = [...Array.from(ids).keys()].filter((i) => ids[i]! >= firstToken) } = passages[index]!;
          for (const i of at) pool[index * own.ids.length + row * own.length + i] = 1 / at.length;
        }
        const hidden = transform(o, parameters, architecture, own);
        return o.matmul(o.constant([passages.length, own.ids.length], pool), hidden);
      })
      .reduce((sum, part) => o.add(sum, part));
  const queries = embed(matches.map(({ query }) => query));
  const keys = embed(matches.map(({ key }) => key));
  const scores = o.scale(o.matmul(queries, keys, { rightTransposed: true }), 1 / Math.sqrt(architecture.hiddenSize));
  return o.crossEntropy(
    scores,
    Int32Array.from(matches, (_, i) => i),
  );
}
