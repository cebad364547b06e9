/**
 * The library's objective: a question is to find its own tag among others. A text is embedded as the mean of its tokens'
 * last hidden states, and scores are the scaled dot products that attention uses (Vaswani et al. 2017), so that what is
 * trained is what a lookup computes; the loss over one batch is that of Oord et al. (2018).
 */
import { type Architecture, type Parameters, transform } from '../model/index.ts';
import type { Operations, Tensor } from '../tensor/index.ts';
import type { Random } from './random.ts';

/** Token ids of two texts that belong together, special tokens included. */
export interface Match {
  readonly query: ArrayLike<number>;
  readonly key: ArrayLike<number>;
}

/** Draws the matches of one step; no query may fit the key of another. */
export type MatchSource = (random: Random) => readonly Match[];

/** Mean cross-entropy of softmax(Q·Kᵀ / √hidden) against the diagonal: [1]. Ids below `firstToken` are left out of the mean. */
export function matchingLoss(
  o: Operations,
  parameters: Parameters,
  architecture: Architecture,
  matches: readonly Match[],
  firstToken: number,
): Tensor {
  const embed = (texts: readonly ArrayLike<number>[]): Tensor => {
    const length = Math.max(...texts.map((text) => text.length));
    const ids = new Int32Array(texts.length * length);
    const pool = new Float32Array(texts.length * ids.length);
    for (const [row, text] of texts.entries()) {
      const own = Array.from(text, (id, i) => (id >= firstToken ? i : -1)).filter((i) => i >= 0);
      ids.set(Array.from(text), row * length);
      for (const i of own) pool[row * ids.length + row * length + i] = 1 / own.length;
    }
    const hidden = transform(o, parameters, architecture, {
      ids,
      batch: texts.length,
      length,
      lengths: Int32Array.from(texts, (text) => text.length),
    });
    return o.matmul(o.constant([texts.length, ids.length], pool), hidden);
  };
  const queries = embed(matches.map(({ query }) => query));
  const keys = embed(matches.map(({ key }) => key));
  const scores = o.scale(o.matmul(queries, keys, { rightTransposed: true }), 1 / Math.sqrt(architecture.hiddenSize));
  return o.crossEntropy(
    scores,
    Int32Array.from(matches, (_, i) => i),
  );
}
