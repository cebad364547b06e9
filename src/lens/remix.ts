/** What a head would pass on if its weights were other ones: the weighted sum with weights set by hand. */
import type { Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Trace } from '../trace/index.ts';
import { headCells, norm, sum } from './cells.ts';
import { choosePlace, defaultWord, findWord } from './find.ts';
import { contributions, groups, type HeadChoice, layerIndex, textsAt } from './look.ts';

export interface Remix {
  readonly layer: number;
  readonly head: number;
  /** One entry for each word and each special token, as in `Look.keys`; weights sum to 1. */
  readonly keys: readonly {
    readonly word: number | null;
    readonly text: string;
    readonly weight: number;
    /** Σ weight · value over its tokens, [headSize]. */
    readonly weightedValue: readonly number[];
    readonly contribution: number;
    readonly contributionNorm: number;
  }[];
  /** The sum of the weighted values, [headSize]. */
  readonly mixed: readonly number[];
  readonly biasContribution: number;
  /** ‖mixed − measured‖ / ‖measured‖: how far the mixture moved from the one that the model computed. */
  readonly moved: number;
}

/**
 * The weighted sum with weights given for each key of the look, in its order; they are divided by their sum. Inside a
 * word the tokens keep the proportions that the model gave them. Without weights it is what the model measured.
 * Throws `badWeights`, and what look throws.
 */
export async function remix(
  trace: Trace,
  model: Model,
  options: HeadChoice & { readonly query?: string | number; readonly weights?: readonly number[] } = {},
): Promise<Remix> {
  const { layer, head } = choosePlace(trace, model, options);
  const { asking, answering: encoding } = textsAt(trace, model, layer);
  const word = options.query === undefined ? defaultWord(asking) : findWord(asking, options.query);
  const cells = await headCells(trace, model, layer, head, word.tokens[0]!);
  const measured = Array.from(cells.weights(word.tokens[0]!));
  const list = groups(encoding);
  const own = list.map(({ tokens }) => sum(tokens.map((j) => measured[j]!)));
  const asked = normalised(options.weights ?? own, list.length);
  const weights = measured.slice();
  for (const [g, { tokens }] of list.entries())
    for (const j of tokens) weights[j] = own[g]! > 0 ? (asked[g]! * measured[j]!) / own[g]! : asked[g]! / tokens.length;

  const channels = Array.from(cells.valueBias.keys());
  const mix = (tokens: readonly number[], by: readonly number[]): number[] =>
    channels.map((c) => sum(tokens.map((j) => by[j]! * cells.value(j)[c]!)));
  const all = weights.map((_, j) => j);
  const [mixed, before] = [mix(all, weights), mix(all, measured)];
  const parts = contributions(cells, weights, list);
  return {
    layer: layerIndex(layer),
    head,
    keys: list.map(({ word: index, text, tokens }, g) => ({
      word: index,
      text,
      weight: asked[g]!,
      weightedValue: mix(tokens, weights),
      contribution: parts.parts[g]!,
      contributionNorm: parts.norms[g]!,
    })),
    mixed,
    biasContribution: parts.bias,
    moved: norm(mixed.map((number, c) => number - before[c]!)) / norm(before) || 0,
  };
}

function normalised(weights: readonly number[], count: number): number[] {
  const total = sum(weights);
  if (weights.length === count && weights.every((weight) => weight >= 0) && total > 0 && Number.isFinite(total))
    return weights.map((weight) => weight / total);
  throw new SiseonError({
    code: 'badWeights',
    kind: 'usage',
    what: 'these are no weights for this text',
    expected: `${count} numbers of at least 0, not all 0`,
    got: weights.join(', '),
  });
}
