/**
 * Interventions as plain data, named by the stages of a trace. They compose in their order, are saved with the trace, and
 * replay. Layers, heads and positions count from 0; every number has to be finite. `layer` is a number, or in an
 * encoder-decoder a place: `encoder.layers.0`, `decoder.layers.0`, `decoder.layers.0.cross`; positions are then those of
 * the text that is read there (of cross-attention: queries in the decoder's, keys and values in the encoder's).
 */
import { type AttentionPlace, attentionPlace, type LayerPlace } from './stages.ts';

/** Stages that hold a vector for each position, or for each head and position. */
export const vectorStages = [
  'embeddings',
  'encoder.embeddings',
  'decoder.embeddings',
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

/** Embeddings come before all layers: an edit of them names none. */
export const isEmbeddings = (stage: VectorStage): boolean => stage.endsWith('embeddings');

/** Where an edit takes place; embeddings have no layer, and only headed stages have a head. */
export interface EditPlace {
  readonly stage: VectorStage;
  readonly layer?: LayerPlace;
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

/**
 * Puts whole rows of one head's weights in place, a number a key: `rows[n]` at `queries[n]`. They are taken as they are,
 * whether or not they sum to 1; single weights set after them move within them. `from` says where they were taken, if so.
 */
export interface WeightsEdit {
  readonly kind: 'weights';
  readonly layer: LayerPlace;
  readonly head: number;
  readonly queries: readonly number[];
  readonly rows: readonly (readonly number[])[];
  readonly from?: PatchEdit['from'];
}

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

/** Edits of vectors, made as a stage is computed. */
export type VectorEdit = SetEdit | ScaleEdit | PatchEdit | AblateEdit;
/** Edits of the square: of scores and weights. */
export type SquareEdit = WeightEdit | WeightsEdit | TemperatureEdit | BlockEdit | DropEdit;
export type Edit = VectorEdit | SquareEdit;

export const isSquare = (edit: Edit): edit is SquareEdit =>
  ['weight', 'weights', 'temperature', 'block', 'drop'].includes(edit.kind);

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

/** Rows of one head's square. */
export interface SquareRows {
  readonly head: number;
  readonly queries: readonly number[];
  readonly keys: number;
  /** Keys are of another text than queries. */
  readonly crossed: boolean;
}

/**
 * Square edits as four arrays [query, key]:
 * maskedScores = maskedScores · times + plus; weights = softmax(maskedScores) · share + put.
 */
export interface SquareArrays {
  readonly times: Float32Array;
  readonly plus: Float32Array;
  readonly share: Float32Array;
  readonly put: Float32Array;
}

/** The arrays for rows of one head, of the edits of one place. Cost: four arrays of those rows. */
export function squareArrays(edits: readonly SquareEdit[], rows: SquareRows): SquareArrays {
  const { head, queries, keys, crossed } = rows;
  const size = queries.length * keys;
  const [times, plus] = [new Float32Array(size).fill(1), new Float32Array(size)];
  const [share, put] = [new Float32Array(size).fill(1), new Float32Array(size)];
  const rowOf = new Map(queries.map((query, row) => [query, row * keys]));
  const own = edits.filter((edit) => edit.head === undefined || edit.head === head);
  for (const edit of own)
    if (edit.kind === 'temperature') {
      for (let cell = 0; cell < size; cell++) {
        times[cell]! /= edit.value;
        plus[cell]! /= edit.value;
      }
    } else if (edit.kind === 'block') {
      for (const [query, key] of edit.pairs) {
        const row = rowOf.get(query);
        if (row !== undefined) plus[row + key] = -Infinity;
      }
    } else if (edit.kind === 'drop') {
      for (const [query, row] of rowOf) if (crossed || query !== edit.position) plus[row + edit.position] = -Infinity;
    } else if (edit.kind === 'weight' && edit.renormalize !== false && 'times' in edit) {
      // Multiplying a weight and dividing the row by its sum is adding the logarithm to its score.
      const row = rowOf.get(edit.query);
      if (row !== undefined) plus[row + edit.key]! += Math.log(edit.times);
    }
  const whole = new Set(own.flatMap((edit) => (edit.kind === 'weights' ? edit.queries : [])));
  const weights = own.flatMap((edit) => {
    const row = edit.kind === 'weight' && !whole.has(edit.query) ? rowOf.get(edit.query) : undefined;
    return edit.kind === 'weight' && row !== undefined ? [{ edit, row, cell: row + edit.key }] : [];
  });
  // The weights that are set leave the softmax, and what they leave is shared by the rest.
  for (const { edit, row, cell } of weights) {
    if (edit.renormalize === false || !('to' in edit)) continue;
    plus[cell] = -Infinity;
    put[cell] = edit.to;
    const set = put.subarray(row, row + keys).reduce((sum, number) => sum + number, 0);
    share.fill(Math.max(0, 1 - set), row, row + keys);
  }
  for (const { edit, cell } of weights) {
    if (edit.renormalize !== false) continue;
    if ('to' in edit) [share[cell], put[cell]] = [0, edit.to];
    else [share[cell], put[cell]] = [share[cell]! * edit.times, put[cell]! * edit.times];
  }
  putRows(own, rowOf, keys, { share, put });
  return { times, plus, share, put };
}

/** Whole rows, and the single weights that were set in them afterwards. */
function putRows(
  edits: readonly SquareEdit[],
  rowOf: ReadonlyMap<number, number>,
  keys: number,
  { share, put }: Pick<SquareArrays, 'share' | 'put'>,
): void {
  const there = new Set<number>();
  for (const edit of edits)
    if (edit.kind === 'weights') {
      for (const [n, query] of edit.queries.entries()) {
        const row = rowOf.get(query);
        if (row === undefined) continue;
        share.fill(0, row, row + keys);
        put.set(edit.rows[n]!, row);
        there.add(query);
      }
    } else if (edit.kind === 'weight' && there.has(edit.query)) {
      const row = rowOf.get(edit.query)!;
      changeWeight(put.subarray(row, row + keys), edit);
    }
}

/** One weight of a row, the others in their proportions and the row's sum as it was, or with `renormalize: false` as they are. */
function changeWeight(row: Float32Array, edit: WeightEdit): void {
  const [old, sum] = [row[edit.key]!, row.reduce((total, weight) => total + weight, 0)];
  const value = 'to' in edit ? edit.to : old * edit.times;
  row[edit.key] = value;
  if (edit.renormalize === false) return;
  const factor = 'to' in edit ? Math.max(0, sum - value) / (sum - old) : sum / (sum - old + value);
  if (!Number.isFinite(factor)) return;
  for (let j = 0; j < row.length; j++) if (!('to' in edit) || j !== edit.key) row[j]! *= factor;
}
