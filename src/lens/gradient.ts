/** Which tokens a prediction rests on, by gradients. */
import { layerStage, type StageName } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { recordedStage, sameModel, type Trace } from '../trace/index.ts';
import { layerRows } from './rows.ts';
import { gradientTarget, logitsAt, type Target, targetOf } from './target.ts';

/** weight · gradient of the target with respect to it, for every head of a layer, by row. */
export type GradientRows = (layer: number) => Promise<(head: number, queryIndex: number) => Float64Array>;

/**
 * Gradient × attention: ∂target/∂weight · weight of every cell, from one forward and one backward pass; the gradient of a
 * weight is that of its row's mixture · the key's value. Cost per layer: heads · length² · headSize.
 * Throws `noGradient`, `noLogits`, `anotherModel`.
 */
export async function gradientAttention(trace: Trace, model: Model, target: Target): Promise<GradientRows> {
  sameModel(trace, model);
  const { target: led, sign } = gradientTarget(target);
  const { gradients } = await model.gradients(trace.ids, led, (name) => name.endsWith('.mixed'), trace.edits);
  const { headCount, keyValueHeadCount, headSize } = model.architecture;
  const length = trace.ids.length;
  return async (layer) => {
    const rows = await layerRows(trace, layer);
    const gradient = gradients.get(layerStage(layer, 'mixed'))!;
    const values = recordedStage(trace, layerStage(layer, 'value')).data;
    return (head, i) => {
      const keyHead = Math.floor((head * keyValueHeadCount) / headCount);
      const from = (head * length + i) * headSize;
      const weights = rows[head]!.weights(i);
      return Float64Array.from({ length }, (_, j) => {
        let dot = 0;
        for (let c = 0; c < headSize; c++) dot += gradient[from + c]! * values[(keyHead * length + j) * headSize + c]!;
        return sign * dot * weights[j]!;
      });
    };
  };
}

/** Σ over layers, heads and queries of gradient × attention into each token, [position]. */
export async function gradientAttentionByToken(trace: Trace, model: Model, target: Target): Promise<Float64Array> {
  const rows = await gradientAttention(trace, model, target);
  const { layerCount, headCount } = model.architecture;
  const total = new Float64Array(trace.ids.length);
  for (let layer = 0; layer < layerCount; layer++) {
    const of = await rows(layer);
    for (let head = 0; head < headCount; head++)
      for (let i = 0; i < total.length; i++) for (const [j, number] of of(head, i).entries()) total[j]! += number;
  }
  return total;
}

/**
 * Relevance propagation through self-attention (Chefer, Gur & Wolf 2021, equations 5 and 6): Ā = mean over heads of the
 * positive part of gradient × attention, R ← R + Ā · R layer by layer; the row of the target's position, [position].
 * The position's own 1 comes along, as in the paper.
 */
export async function relevance(trace: Trace, model: Model, target: Target): Promise<Float64Array> {
  const rows = await gradientAttention(trace, model, target);
  const { layerCount, headCount } = model.architecture;
  const length = trace.ids.length;
  const row = new Float64Array(length);
  row[target.position] = 1;
  for (let layer = layerCount - 1; layer >= 0; layer--) {
    const of = await rows(layer);
    const added = new Float64Array(length);
    for (let i = 0; i < length; i++) {
      if (row[i] === 0) continue;
      for (let head = 0; head < headCount; head++)
        for (const [j, number] of of(head, i).entries()) added[j]! += (row[i]! * Math.max(0, number)) / headCount;
    }
    for (let j = 0; j < length; j++) row[j]! += added[j]!;
  }
  return row;
}

export interface IntegratedGradients {
  /** One number a token, [position]. */
  readonly attributions: Float64Array;
  /** The target on the text and on the baseline; their difference is what the attributions sum to, but for `gap`. */
  readonly value: number;
  readonly baseline: number;
  readonly gap: number;
}

/**
 * Integrated gradients (Sundararajan, Taly & Yan 2017) over the first layer's input, from embeddings of 0 (or a baseline
 * given, [position, hidden]) in a straight line, by the midpoint rule. Cost: a forward and a backward pass a step.
 */
export async function integratedGradients(
  trace: Trace,
  model: Model,
  target: Target,
  { steps = 32, baseline }: { readonly steps?: number; readonly baseline?: ArrayLike<number> } = {},
): Promise<IntegratedGradients> {
  sameModel(trace, model);
  const { hiddenSize: hidden } = model.architecture;
  const embeddings = recordedStage(trace, 'embeddings').data;
  const length = trace.ids.length;
  const start = baseline ?? new Float32Array(embeddings.length);
  const at = (share: number) => ({
    kind: 'patch' as const,
    stage: 'embeddings' as const,
    positions: Array.from({ length }, (_, i) => i),
    vectors: Array.from({ length }, (_, i) =>
      Array.from({ length: hidden }, (__, d) => {
        const [from, to] = [start[i * hidden + d]!, embeddings[i * hidden + d]!];
        return from + share * (to - from);
      }),
    ),
    from: { model: model.name, text: 'on the way from the baseline', positions: [] },
  });
  const { target: led, sign } = gradientTarget(target);
  const summed = new Float64Array(embeddings.length);
  for (let step = 0; step < steps; step++) {
    const { gradients } = await model.gradients(trace.ids, led, (name) => name === 'embeddings', [
      ...trace.edits,
      at((step + 0.5) / steps),
    ]);
    const gradient = gradients.get('embeddings' as StageName)!;
    for (let d = 0; d < summed.length; d++) summed[d]! += (sign * gradient[d]!) / steps;
  }
  const attributions = new Float64Array(length);
  for (let d = 0; d < summed.length; d++)
    attributions[Math.floor(d / hidden)]! += summed[d]! * (embeddings[d]! - start[d]!);
  const away = await model.run(trace.ids, undefined, [...trace.edits, at(0)]);
  const { vocabularySize } = model.architecture;
  const row = away.logits!.subarray(target.position * vocabularySize, (target.position + 1) * vocabularySize);
  const [value, from] = [targetOf(logitsAt(trace, target.position), target), targetOf(row, target)];
  return {
    attributions,
    value,
    baseline: from,
    gap: attributions.reduce((sum, number) => sum + number, 0) - (value - from),
  };
}
