/** Every head of every layer at once, word by word: what a report or a head browser shows. */
import type { Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { attentionRows, type Trace } from '../trace/index.ts';
import { logSumExp } from './cells.ts';
import { encodingOf, type Group, groups } from './look.ts';
import { layerNorms } from './norms.ts';
import { stackedLayers } from './places.ts';

export interface Overview {
  readonly model: string;
  readonly text: string;
  /** Words and special tokens in the order of the text, with the tokens of each. */
  readonly words: readonly Group[];
  readonly tokens: readonly string[];
  readonly layerCount: number;
  readonly headCount: number;
  /** [layer, head, query word, key word]: from a word by its first token, into a word the sum over its tokens. */
  readonly weights: Float32Array;
  /** Likewise: Σ weight · ‖f(x)‖ over the key word's tokens (Kobayashi et al. 2020). */
  readonly contributions: Float32Array;
  /** Likewise: log Σ exp of the key word's masked scores; −∞ where all of it is masked. */
  readonly scores: Float32Array;
}

/** Words that an overview holds at most: it keeps a square for every head. */
export const longestOverview = 200;

/**
 * Cost: the rows of the words' first tokens in every head. Throws `noText`, `tooLongForOverview` beyond 200 words, and
 * `twoTexts` for an encoder-decoder.
 */
export async function overview(trace: Trace, model: Model): Promise<Overview> {
  const encoding = encodingOf(trace);
  const words = groups(encoding);
  stackedLayers(trace, 'an overview');
  const { layerCount, headCount } = trace.model.architecture;
  if (words.length > longestOverview)
    throw new SiseonError({
      code: 'tooLongForOverview',
      kind: 'usage',
      what: 'an overview keeps a square for every head',
      expected: `at most ${longestOverview} words`,
      got: `${words.length}`,
      next: 'Look at one sentence or paragraph.',
    });
  const n = words.length;
  const weights = new Float32Array(layerCount * headCount * n * n);
  const contributions = new Float32Array(weights.length);
  const scores = new Float32Array(weights.length);
  for (let layer = 0; layer < layerCount; layer++) {
    const rows = await attentionRows(
      trace,
      layer,
      words.map(({ tokens }) => tokens[0]!),
    );
    const norms = await layerNorms(trace, model, layer);
    for (const [i, { tokens: asking }] of words.entries()) {
      const given = await norms.row(asking[0]!);
      for (let head = 0; head < headCount; head++) {
        const row = rows.weights.data.subarray((head * n + i) * trace.ids.length);
        const masked = rows.maskedScores.data.subarray((head * n + i) * trace.ids.length);
        const carried = given.head(head);
        for (const [j, { tokens }] of words.entries()) {
          const at = ((layer * headCount + head) * n + i) * n + j;
          for (const token of tokens) {
            weights[at]! += row[token]!;
            contributions[at]! += carried[token]!;
          }
          scores[at] = logSumExp(tokens.map((token) => masked[token]!));
        }
      }
    }
  }
  return {
    model: model.name,
    text: encoding.text,
    words,
    tokens: encoding.tokens.map(({ text }) => text),
    layerCount,
    headCount,
    weights,
    contributions,
    scores,
  };
}
