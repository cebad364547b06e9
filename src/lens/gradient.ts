/** Which tokens a prediction rests on, by gradients. */
import { attention, type LayerPlace, layerStage, type StackPrefix, type StageName } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { attentionRows, placeOf, recordedStage, type Stage, sameModel, type Trace } from '../trace/index.ts';
import { attentionPlaces, keyHeadOf, placeIn, type WhichText } from './places.ts';
import { enoughFor, type Followed, followed, gradientTarget, readAgain, scoresOfRun, targetOf } from './target.ts';

/** weight · gradient of the target with respect to it, of one query in one head, [keys]. */
export interface GradientRow {
  readonly head: number;
  readonly query: number;
  readonly row: Float64Array;
}

/** The rows of every head of a layer, head by head. */
export type GradientRows = (layer: LayerPlace) => AsyncGenerator<GradientRow>;

/**
 * Gradient × attention: ∂target/∂weight · weight of every cell, from one forward and one backward pass; the gradient of a
 * weight is that of its row's mixture · the key's value. Cost: a tape of one run, then per layer heads · length² · headSize;
 * one head's squares are held at a time. Throws `noGradient`, `noLogits`, `noLabels`, `anotherModel`, `layerOutOfRange`.
 */
export async function gradientAttention(trace: Trace, model: Model, target: Followed): Promise<GradientRows> {
  sameModel(trace, model);
  const { target: led, sign } = gradientTarget(model, target);
  const { ids, decoderIds } = readAgain(trace);
  const { gradients } = await model.gradients(ids, led, (name) => name.endsWith('.mixed'), trace.edits, {
    ...(decoderIds && { decoderIds }),
  });
  return async function* (layer) {
    const { headCount } = placeIn(trace, layer).stack;
    const gradient = gradients.get(layerStage(layer, 'mixed'))!;
    for (let head = 0; head < headCount; head++) {
      const { weights } = await attentionRows(trace, layer, undefined, head, ['weights']);
      const slopes = await slopesOf(trace, layer, head, gradient);
      const [, queries = 0, keys = 0] = weights.shape;
      for (let query = 0; query < queries; query++) {
        const row = new Float64Array(keys);
        for (let j = 0; j < keys; j++) row[j] = sign * slopes[query * keys + j]! * weights.data[query * keys + j]!;
        yield { head, query, row };
      }
    }
  };
}

/** ∂target/∂weight of one head, [query, key]: the mixtures' gradients · the values, by the kernel for dot products. */
async function slopesOf(trace: Trace, layer: LayerPlace, head: number, gradient: Float32Array): Promise<Float32Array> {
  const { shape, data } = recordedStage(trace, layerStage(layer, 'value'));
  const [, keys = 0, size = 0] = shape;
  const queries = recordedStage(trace, layerStage(layer, 'query')).shape[1]!;
  const keyHead = keyHeadOf(placeOf(trace, layer), head);
  const one = (count: number, numbers: Float32Array): Stage => ({ shape: [1, 1, count, size], data: numbers });
  const value = one(keys, data.subarray(keyHead * keys * size, (keyHead + 1) * keys * size));
  const { dots } = await attention({
    query: one(queries, gradient.subarray(head * queries * size, (head + 1) * queries * size)),
    key: value,
    value,
    scale: 1,
    keep: ['dots'],
  });
  return dots!.data;
}

/**
 * Σ over layers, heads and queries of gradient × attention into each token, [position]; of an encoder-decoder into the
 * encoder's tokens, `decoder` having those of the decoder's. Cost: that of gradientAttention for every layer.
 */
export async function gradientAttentionByToken(
  trace: Trace,
  model: Model,
  target: Followed,
  { of = 'ids' }: { readonly of?: WhichText } = {},
): Promise<Float64Array> {
  const rows = await gradientAttention(trace, model, target);
  const total = new Float64Array((of === 'ids' ? trace.ids : trace.decoderIds!).length);
  for (const layer of attentionPlaces(model.architecture)) {
    const decoders = placeOf(trace, layer).prefix === 'decoder.' && !placeOf(trace, layer).crossed;
    if (decoders !== (of === 'decoderIds')) continue;
    for await (const { row } of rows(layer)) for (const [j, number] of row.entries()) total[j]! += number;
  }
  return total;
}

export interface IntegratedGradients {
  /** One number a token, [position]. */
  readonly attributions: Float64Array;
  /** The target on the text and on the baseline; their difference is what the attributions sum to, but for `gap`. That shrinks with the square of the steps, unless the path leads through a leap. */
  readonly value: number;
  readonly baseline: number;
  readonly gap: number;
}

/**
 * Integrated gradients (Sundararajan, Taly & Yan 2017) over the first layer's input, from a baseline in a straight line, by
 * the midpoint rule. The baseline is a text that says nothing: the mean of the vocabulary's embeddings at every position
 * (`mean`), or `zero`, or numbers given, [position, hidden]. From 0 a model that norms what it reads first cannot be
 * followed, since x / ‖x‖ leaps there and the sum stays short at any number of steps: see `gap`. Of an encoder-decoder: over
 * the encoder's input, or with `of: 'decoderIds'` over the decoder's, the other held as it is. Cost: a forward and a backward
 * pass a step.
 */
export async function integratedGradients(
  trace: Trace,
  model: Model,
  target: Followed,
  options: {
    readonly steps?: number;
    readonly baseline?: 'mean' | 'zero' | ArrayLike<number>;
    readonly of?: WhichText;
  } = {},
): Promise<IntegratedGradients> {
  sameModel(trace, model);
  const { steps = 32, baseline = 'mean', of = 'ids' } = options;
  const { hiddenSize: hidden, encoder } = model.architecture;
  const stage: StageName = encoder ? (of === 'ids' ? 'encoder.embeddings' : 'decoder.embeddings') : 'embeddings';
  const embeddings = recordedStage(trace, stage).data;
  const length = embeddings.length / hidden;
  const prefix = stage.slice(0, stage.indexOf('embeddings')) as StackPrefix;
  const start =
    baseline === 'zero'
      ? new Float32Array(embeddings.length)
      : baseline === 'mean'
        ? await model.meanEmbeddings(prefix, length)
        : baseline;
  const at = (share: number) => ({
    kind: 'patch' as const,
    stage: stage as 'embeddings',
    positions: Array.from({ length }, (_, i) => i),
    vectors: Array.from({ length }, (_, i) =>
      Array.from({ length: hidden }, (__, d) => {
        const [from, to] = [start[i * hidden + d]!, embeddings[i * hidden + d]!];
        return from + share * (to - from);
      }),
    ),
    from: { model: model.name, text: 'on the way from the baseline', positions: [] },
  });
  const { target: led, sign } = gradientTarget(model, target);
  const { ids, decoderIds } = readAgain(trace);
  const summed = new Float64Array(embeddings.length);
  for (let step = 0; step < steps; step++) {
    const edits = [...trace.edits, at((step + 0.5) / steps)];
    const { gradients } = await model.gradients(ids, led, (name) => name === stage, edits, {
      ...(decoderIds && { decoderIds }),
    });
    const gradient = gradients.get(stage)!;
    for (let d = 0; d < summed.length; d++) summed[d]! += (sign * gradient[d]!) / steps;
  }
  const attributions = new Float64Array(length);
  for (let d = 0; d < summed.length; d++)
    attributions[Math.floor(d / hidden)]! += summed[d]! * (embeddings[d]! - start[d]!);
  const [away] = await model.runBatch([{ ...readAgain(trace), edits: [...trace.edits, at(0)], ...enoughFor(target) }]);
  const [value, from] = [
    await followed(trace, model, target),
    targetOf(scoresOfRun(away!, model, target), target, model.architecture),
  ];
  return {
    attributions,
    value,
    baseline: from,
    gap: attributions.reduce((sum, number) => sum + number, 0) - (value - from),
  };
}
