/**
 * Interventions as plain data, named by the stages of a trace. They compose in their order, are saved with the trace, and
 * replay. Layers, heads and positions count from 0; every number has to be finite.
 */

/** Stages that hold a vector for each position, or for each head and position. */
export const vectorStages = [
  'embeddings',
  'input',
  'query',
  'key',
  'value',
  'mixed',
  'headOutput',
  'attentionOutput',
  'feedForward',
  'output',
] as const;
export type VectorStage = (typeof vectorStages)[number];
/** Of these, the ones in which each head has its own; of keys and values, each of the key/value heads. */
export const headedStages: readonly VectorStage[] = ['query', 'key', 'value', 'mixed', 'headOutput'];

/** Where an edit takes place; `embeddings` has no layer, and only headed stages have a head. */
export interface EditPlace {
  readonly stage: VectorStage;
  readonly layer?: number;
  readonly head?: number;
}

/** Puts a vector in place of the one at a position: [headSize], or [hidden] of `headOutput` and stages without heads. */
export interface SetEdit extends EditPlace {
  readonly kind: 'set';
  readonly position: number;
  readonly vector: readonly number[];
}

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

/** Takes a head's mixture away: puts zeros, its mean over a set of texts, or its mixtures on another text in place. */
export type AblateEdit = { readonly kind: 'ablate'; readonly layer: number; readonly head: number } & (
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
  readonly layer: number;
  readonly head: number;
  readonly query: number;
  readonly key: number;
  readonly renormalize?: boolean;
} & ({ readonly to: number } | { readonly times: number });

/** Divides a head's masked scores, or those of all heads: below 1 it decides more sharply, above 1 more evenly. */
export interface TemperatureEdit {
  readonly kind: 'temperature';
  readonly layer: number;
  readonly head?: number;
  readonly value: number;
}

/** Queries that may not see keys, [query, key]; in one layer or all, one head or all. */
export interface BlockEdit {
  readonly kind: 'block';
  readonly layer?: number;
  readonly head?: number;
  readonly pairs: readonly (readonly [query: number, key: number])[];
}

/** Takes a token out of sight of all others, in one layer or all; it still sees itself. */
export interface DropEdit {
  readonly kind: 'drop';
  readonly position: number;
  readonly layer?: number;
  readonly head?: number;
}

/** Edits of vectors, made as a stage is computed. */
export type VectorEdit = SetEdit | ScaleEdit | PatchEdit | AblateEdit;
/** Edits of the square: of scores and weights. */
export type SquareEdit = WeightEdit | TemperatureEdit | BlockEdit | DropEdit;
export type Edit = VectorEdit | SquareEdit;

export const isSquare = (edit: Edit): edit is SquareEdit =>
  ['weight', 'temperature', 'block', 'drop'].includes(edit.kind);

/** The square edits of one layer. */
export const squareEditsOf = (edits: readonly Edit[], layer: number): SquareEdit[] =>
  edits.filter((edit): edit is SquareEdit => isSquare(edit) && (edit.layer === undefined || edit.layer === layer));

/**
 * Square edits as four arrays [head, query, key]:
 * maskedScores = maskedScores · times + plus; weights = softmax(maskedScores) · share + put.
 */
export interface SquareArrays {
  readonly times: Float32Array;
  readonly plus: Float32Array;
  readonly share: Float32Array;
  readonly put: Float32Array;
}

/** The arrays for one layer of a model with so many heads, on a text of so many positions. */
export function squareArrays(edits: readonly SquareEdit[], heads: number, length: number): SquareArrays {
  const size = heads * length * length;
  const [times, plus] = [new Float32Array(size).fill(1), new Float32Array(size)];
  const [share, put] = [new Float32Array(size).fill(1), new Float32Array(size)];
  const at = (head: number, query: number, key: number): number => (head * length + query) * length + key;
  const headsOf = ({ head }: { readonly head?: number }): number[] =>
    head === undefined ? Array.from({ length: heads }, (_, h) => h) : [head];
  for (const edit of edits)
    if (edit.kind === 'temperature') {
      for (const head of headsOf(edit))
        for (let cell = at(head, 0, 0); cell < at(head + 1, 0, 0); cell++) {
          times[cell]! /= edit.value;
          plus[cell]! /= edit.value;
        }
    } else if (edit.kind === 'block') {
      for (const head of headsOf(edit)) for (const [query, key] of edit.pairs) plus[at(head, query, key)] = -Infinity;
    } else if (edit.kind === 'drop') {
      for (const head of headsOf(edit))
        for (let query = 0; query < length; query++)
          if (query !== edit.position) plus[at(head, query, edit.position)] = -Infinity;
    } else if (edit.renormalize !== false && 'times' in edit) {
      // Multiplying a weight and dividing the row by its sum is adding the logarithm to its score.
      plus[at(edit.head, edit.query, edit.key)]! += Math.log(edit.times);
    }
  // The weights that are set leave the softmax, and what they leave is shared by the rest.
  for (const edit of edits) {
    if (edit.kind !== 'weight' || edit.renormalize === false || !('to' in edit)) continue;
    const cell = at(edit.head, edit.query, edit.key);
    const row = at(edit.head, edit.query, 0);
    plus[cell] = -Infinity;
    put[cell] = edit.to;
    const set = put.subarray(row, row + length).reduce((sum, number) => sum + number, 0);
    share.fill(Math.max(0, 1 - set), row, row + length);
  }
  for (const edit of edits) {
    if (edit.kind !== 'weight' || edit.renormalize !== false) continue;
    const cell = at(edit.head, edit.query, edit.key);
    if ('to' in edit) [share[cell], put[cell]] = [0, edit.to];
    else [share[cell], put[cell]] = [share[cell]! * edit.times, put[cell]! * edit.times];
  }
  return { times, plus, share, put };
}
