/**
 * One vocabulary for what happens inside attention, used by traces, files, commands and edits alike. A stage of a layer
 * is written `layers.N.stage`; see docs/formats.md for shapes.
 */

/** What the forward pass hands to a probe as it computes; linear in the length of the text. */
export const linearStages = ['input', 'query', 'key', 'value', 'attentionOutput', 'output'] as const;
/** What is recomputed from query, key and value when it is looked at; square in the length, or one head wide. */
export const derivedStages = ['scores', 'maskedScores', 'weights', 'mixed', 'headOutput'] as const;

export type LinearStage = (typeof linearStages)[number];
export type DerivedStage = (typeof derivedStages)[number];
export type LayerStage = LinearStage | DerivedStage;
export type StageName = 'embeddings' | 'logits' | `layers.${number}.${LayerStage}`;

/** The name of a layer's stage, as files and commands write it. */
export const layerStage = (layer: number, stage: LayerStage): StageName => `layers.${layer}.${stage}`;

/** Every stage of a model of so many layers, in the order in which they are computed. */
export function stageNames(layerCount: number, hasLogits: boolean): StageName[] {
  const names: StageName[] = ['embeddings'];
  const order: LayerStage[] = [
    'input',
    'query',
    'key',
    'value',
    'scores',
    'maskedScores',
    'weights',
    'mixed',
    'headOutput',
    'attentionOutput',
    'output',
  ];
  for (let layer = 0; layer < layerCount; layer++) names.push(...order.map((stage) => layerStage(layer, stage)));
  if (hasLogits) names.push('logits');
  return names;
}

/** Receives each stage as the model computes it: a promise of a copy, in the stage's own shape. */
export type Probe = (name: StageName, shape: readonly number[], values: Promise<Float32Array>) => void;
