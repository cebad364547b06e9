/**
 * Interventions as plain data, named by the stages of a trace. They compose in their order, are saved with the trace, and
 * replay. Layers, heads and positions count from 0; every number has to be finite. `layer` is a number, or in an
 * encoder-decoder a place: `encoder.layers.0`, `decoder.layers.0`, `decoder.layers.0.cross`; positions are then those of
 * the text that is read there (of cross-attention: queries in the decoder's, keys and values in the encoder's).
 */
import { type AttentionPlace, attentionPlace, type LayerPlace } from './stages.ts';

/** Stages of scores and weights, a row of them for each head and query. */
export const squareStages = ['scores', 'maskedScores', 'weights'] as const;
export type SquareStage = (typeof squareStages)[number];

/**
 * Stages that can be changed: a vector for each position, or for each head and position. Of `scores`, `maskedScores` and
 * `weights` the position is the query's and the vector its row, a number a key; of `logits` it is a number a token, of
 * `classes` a number a label (a text that is classified as a whole has position 0 alone).
 */
export const vectorStages = [
  'embeddings',
  'encoder.embeddings',
  'decoder.embeddings',
  'input',
  'query',
  'key',
  'value',
  ...squareStages,
  'mixed',
  'headOutput',
  'attentionOutput',
  'feedForward',
  'output',
  'logits',
  'classes',
] as const;
export type VectorStage = (typeof vectorStages)[number];
/** Of these, the ones in which each head has its own; of keys and values, each of the key/value heads. */
export const headedStages: readonly VectorStage[] = ['query', 'key', 'value', ...squareStages, 'mixed', 'headOutput'];

/** What comes before all layers or after them: an edit of it names none. */
export const outsideLayers = (stage: VectorStage): boolean =>
  stage.endsWith('embeddings') || stage === 'logits' || stage === 'classes';

/** Where an edit takes place; what stands outside the layers has none, and only headed stages have a head. */
export interface EditPlace {
  readonly stage: VectorStage;
  readonly layer?: LayerPlace;
  readonly head?: number;
}

/**
 * Puts a vector in place of the one at a position, or vectors at several. [headSize], or [hidden] of `headOutput` and of
 * stages without heads, [keys] of a row of scores or weights. A row of `maskedScores` may hold −∞ (in JSON null), where a
 * query shall not see; one of `weights` is taken as it is, whether or not it sums to 1.
 */
export type SetEdit = EditPlace & { readonly kind: 'set' } & (
    | { readonly position: number; readonly vector: readonly number[] }
    | { readonly positions: readonly number[]; readonly vectors: readonly (readonly number[])[] }
  );

/** Multiplies the vectors at a position, or at all of them. */
export interface ScaleEdit extends EditPlace {
  readonly kind: 'scale';
  readonly position?: number;
  readonly factor: number;
}

/** Puts vectors of another run in place: `vectors[n]` at `positions[n]`. `from` says where they were taken. */
export interface PatchEdit extends EditPlace {
  readonly kind: 'patch';
  readonly positions: readonly number[];
  readonly vectors: readonly (readonly number[])[];
  readonly from: { readonly model: string; readonly text: string; readonly positions: readonly number[] };
}

/** Which vectors an edit puts where. */
export const putsOf = (
  edit: SetEdit | PatchEdit,
): { readonly position: number; readonly vector: readonly number[] }[] =>
  'vectors' in edit
    ? edit.positions.map((position, n) => ({ position, vector: edit.vectors[n]! }))
    : [{ position: edit.position, vector: edit.vector }];

/** Takes a head's mixture away: puts zeros, its mean over a set of texts, or its mixtures on another text in place. */
export type AblateEdit = { readonly kind: 'ablate'; readonly layer: LayerPlace; readonly head: number } & (
  | { readonly by: 'zero' }
  | { readonly by: 'mean'; readonly vector: readonly number[] }
  | { readonly by: 'resample'; readonly vectors: readonly (readonly number[])[] }
);

/**
 * Sets one weight, or multiplies it. The others of its row keep their proportions and the row sums to 1 (all weights set
 * in one row are set together, and must leave 0 or more); with `renormalize: false` the others stay as they are.
 */
export type WeightEdit = {
  readonly kind: 'weight';
  readonly layer: LayerPlace;
  readonly head: number;
  readonly query: number;
  readonly key: number;
  readonly renormalize?: boolean;
} & ({ readonly to: number } | { readonly times: number });

/** Divides a head's masked scores, or those of all heads: below 1 it decides more sharply, above 1 more evenly. */
export interface TemperatureEdit {
  readonly kind: 'temperature';
  readonly layer: LayerPlace;
  readonly head?: number;
  readonly value: number;
}

/** Queries that may not see keys, [query, key]; in one layer or all, one head or all. */
export interface BlockEdit {
  readonly kind: 'block';
  readonly layer?: LayerPlace;
  readonly head?: number;
  readonly pairs: readonly (readonly [query: number, key: number])[];
}

/**
 * Takes a token out of sight of all others, in one layer or all; it still sees itself. In an encoder-decoder, without a
 * layer, it is a token of the encoder's text, which cross-attention does not see either.
 */
export interface DropEdit {
  readonly kind: 'drop';
  readonly position: number;
  readonly layer?: LayerPlace;
  readonly head?: number;
}

/** Edits of the square: of scores and weights. */
export type SquareEdit =
  | WeightEdit
  | TemperatureEdit
  | BlockEdit
  | DropEdit
  | ((SetEdit | ScaleEdit | PatchEdit) & { readonly stage: SquareStage });
export type Edit = SetEdit | ScaleEdit | PatchEdit | AblateEdit | WeightEdit | TemperatureEdit | BlockEdit | DropEdit;
/** Every kind of edit there is. */
export const editKinds = ['set', 'scale', 'patch', 'ablate', 'weight', 'temperature', 'block', 'drop'] as const;

export const isSquare = (edit: Edit): edit is SquareEdit =>
  'stage' in edit
    ? (squareStages as readonly string[]).includes(edit.stage)
    : ['weight', 'temperature', 'block', 'drop'].includes(edit.kind);

/** Whether edits only hide: then nothing but visibility changes, and nothing square has to be kept. */
export const onlyHides = (edits: readonly SquareEdit[]): edits is (BlockEdit | DropEdit)[] =>
  edits.every(({ kind }) => kind === 'block' || kind === 'drop');

/** The square edits of one place. Those that name no layer are for all: in an encoder-decoder, wherever the encoder's text is looked at. */
export const squareEditsOf = (edits: readonly Edit[], place: AttentionPlace): SquareEdit[] =>
  edits.filter((edit): edit is SquareEdit => {
    if (!isSquare(edit)) return false;
    if (edit.layer === undefined) return !place.startsWith('decoder.') || isCrossed(place);
    return attentionPlace(edit.layer) === place;
  });

/** Cross-attention: its keys are another text's. */
export const isCrossed = (place: AttentionPlace): boolean => place.endsWith('.cross');
