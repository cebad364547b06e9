/**
 * One vocabulary for what happens inside attention, used by traces, files, commands and edits alike. A stage of a layer
 * is written `layers.N.stage`; see docs/formats.md for shapes.
 */

/** What the forward pass hands to a probe as it computes; linear in the length of the text. */
export const linearStages = ['input', 'query', 'key', 'value', 'attentionOutput', 'feedForward', 'output'] as const;
/** What is recomputed from query, key and value when it is looked at; square in the length, or one head wide. */
export const derivedStages = ['scores', 'maskedScores', 'weights', 'mixed', 'headOutput'] as const;

export type LinearStage = (typeof linearStages)[number];
export type DerivedStage = (typeof derivedStages)[number];
export type LayerStage = LinearStage | DerivedStage;

/** Which stack of an encoder-decoder; nothing where there is one stack alone. */
export type StackPrefix = '' | 'encoder.' | 'decoder.';
/** Where attention happens: a layer's own, or a decoder layer's cross-attention to the encoder. */
export type AttentionPlace = `${StackPrefix}layers.${number}` | `decoder.layers.${number}.cross`;
/** A place as one says it: a number means a layer of the only stack. */
export type LayerPlace = number | AttentionPlace;
export const attentionPlace = (layer: LayerPlace): AttentionPlace =>
  typeof layer === 'number' ? `layers.${layer}` : layer;

/** What position adds to the scores where query and key do not say it; see docs/formats.md. */
export type BiasStage =
  | `${StackPrefix}relativeBias`
  | `${StackPrefix}layers.${number}.${'positionKey' | 'positionQuery'}`;
export type StageName =
  | `${StackPrefix}embeddings`
  | 'logits'
  | 'classes'
  | BiasStage
  | `${AttentionPlace}.${LayerStage}`;

/** The name of a layer's stage, as files and commands write it. A number means a layer of the only stack. */
export const layerStage = (layer: LayerPlace, stage: LayerStage): StageName => `${attentionPlace(layer)}.${stage}`;

/** Receives each stage as the model computes it: a promise of a copy, in the stage's own shape. */
export type Probe = (name: StageName, shape: readonly number[], values: Promise<Float32Array>) => void;
