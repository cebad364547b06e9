/** How much each token matters for a prediction, by every measure that says so with a number a token. */
import { type LayerPlace, layerStage } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { attentionRows, recordedStage, type Trace } from '../trace/index.ts';
import { attentionFlow, longestFlow } from './attentionFlow.ts';
import { gradientAttentionByToken, integratedGradients } from './gradient.ts';
import { layerNorms } from './norms.ts';
import { attentionPlaces, type WhichText } from './places.ts';
import { relevance } from './relevance.ts';
import { rollout } from './rollout.ts';
import { type Followed, readAt } from './target.ts';
import { valueZeroing } from './zeroing.ts';

/** The cheap ones first. */
export const importanceNames = [
  'lastWeights',
  'meanWeights',
  'contribution',
  'rollout',
  'contributionRollout',
  'flow',
  'gradientAttention',
  'relevance',
  'integratedGradients',
  'valueZeroing',
] as const;
export type ImportanceName = (typeof importanceNames)[number];

/**
 * Importance of every token of the text, [position]; of an encoder-decoder of the encoder's text, or of the decoder's (`of`). Of the row at the
 * position where the target is read: weights, mean over the heads of the last layer (`lastWeights`) or of all layers
 * (`meanWeights`), lengths of what the last layer carries (`contribution`: with residual and norm, Kobayashi et al. 2021),
 * how far the last layer's output turns without the token (`valueZeroing`); in the
 * encoder's text those of the decoder's cross-attention.
 * The rest follow the whole run: see `rollout`, `attentionFlow`, `gradientAttentionByToken`, `relevance`,
 * `integratedGradients`. Null where a measure has nothing to say: flow of longer texts, and what follows one position
 * where a classifier reads the mean of all. Numbers of a word's tokens add up, but for flow and lengths: with `words`
 * (tokens of each) the flow into all of a word's tokens at once, or the length of their vectors added, stands at its
 * first, and 0 at the others. Cost: the measure's; valueZeroing takes a run a token.
 */
export async function importance(
  name: ImportanceName,
  trace: Trace,
  model: Model,
  target: Followed,
  { of = 'ids', words }: { readonly of?: WhichText; readonly words?: readonly (readonly number[])[] } = {},
): Promise<Float64Array | null> {
  if (name === 'gradientAttention') return gradientAttentionByToken(trace, model, target, { of });
  if (name === 'integratedGradients') return (await integratedGradients(trace, model, target, { of })).attributions;
  if (name === 'relevance') return relevance(trace, model, target, { of });
  const token = readAt(trace, target);
  if (token === null) return null;
  const crossed = model.architecture.encoder !== null && of === 'ids';
  const kind = crossed ? /^decoder.*cross$/ : /^(decoder\.layers\.)?\d+$/;
  const places = attentionPlaces(model.architecture).filter((place) => kind.test(`${place}`));
  const last = places.at(-1)!;
  switch (name) {
    case 'lastWeights':
      return meanRow(trace, [last], token);
    case 'meanWeights':
      return meanRow(trace, places, token);
    case 'contribution': {
      const row = await (await layerNorms(trace, model, last)).row(token);
      const into = crossed ? row.besideResidual(words).keys : row.withResidual(words);
      return words ? atFirst(words, into, trace[of]!.length) : into;
    }
    case 'rollout':
      return (await rollout(trace, { token, of })).shares;
    case 'contributionRollout':
      return (await rollout(trace, { token, model, of })).shares;
    case 'flow':
      return trace[of]!.length > longestFlow ? null : flowOf(trace, { token, of }, words);
    case 'valueZeroing':
      return Float64Array.from((await valueZeroing(trace, model, last))[token]!);
  }
}

async function flowOf(
  trace: Trace,
  from: { readonly token: number; readonly of: WhichText },
  words: readonly (readonly number[])[] | undefined,
): Promise<Float64Array> {
  if (!words) return attentionFlow(trace, from);
  const flows = await attentionFlow(trace, { ...from, positions: words });
  return atFirst(words, flows, trace[from.of]!.length);
}

/** Numbers of words that are no sum over their tokens, each at the word's first. */
function atFirst(words: readonly (readonly number[])[], numbers: Float64Array, length: number): Float64Array {
  const byToken = new Float64Array(length);
  for (const [n, tokens] of words.entries()) byToken[tokens[0]!] = numbers[n]!;
  return byToken;
}

/** Mean over the heads of some places of one query's weights. */
async function meanRow(trace: Trace, places: readonly LayerPlace[], token: number): Promise<Float64Array> {
  const mean = new Float64Array(recordedStage(trace, layerStage(places[0]!, 'key')).shape[1]!);
  for (const place of places) {
    const { data, shape } = (await attentionRows(trace, place, [token], undefined, ['weights'])).weights;
    const share = 1 / (shape[0]! * places.length);
    for (let at = 0; at < data.length; at++) mean[at % mean.length]! += data[at]! * share;
  }
  return mean;
}
