/** What edits left of a layer's square stages, recomputed where a trace is looked at. */
import {
  type AttentionPlace,
  attentionPlace,
  type Edit,
  layerStage,
  squareArrays,
  squareEditsOf,
} from '../attention/index.ts';
import { type Architecture, changeNumbers, changesOf } from '../model/index.ts';
import type { Stage } from './stage.ts';

/** What of an edited trace says which edits there are, and on which text. */
export interface Interfered {
  readonly edits: readonly Edit[];
  readonly ids: Int32Array;
  readonly decoderIds: Int32Array | null;
  readonly model: { readonly architecture: Architecture };
}

/** Which rows of a place are recomputed. */
export interface Rows {
  readonly path: AttentionPlace;
  readonly heads: readonly number[];
  readonly queries: readonly number[];
  readonly crossed: boolean;
}

/** Head outputs that edits put in place of those that the mixtures give. */
export function headOutputPuts(
  edits: readonly Edit[],
  path: AttentionPlace,
): { readonly head: number; readonly position: number; readonly vector: readonly number[] }[] {
  return edits.flatMap((edit) => {
    if (!('stage' in edit) || edit.stage !== 'headOutput' || attentionPlace(edit.layer!) !== path) return [];
    const head = edit.head!;
    if (edit.kind === 'set') return [{ head, position: edit.position, vector: edit.vector }];
    return edit.kind === 'patch'
      ? edit.positions.map((position, n) => ({ head, position, vector: edit.vectors[n]! }))
      : [];
  });
}

/**
 * Rows of a place as its edits left them: the same arithmetic as in the run, on the host. `plain` has the chosen heads and
 * queries, `value` the key/value heads that they read. Cost: one head's rows beyond what is given.
 */
export function interfered<Squares extends Record<'scores' | 'maskedScores' | 'weights' | 'mixed', Stage>>(
  trace: Interfered,
  rows: Rows,
  plain: Squares,
  value: Stage,
): Squares {
  const squares = squareEditsOf(trace.edits, rows.path);
  let { maskedScores, weights, mixed } = plain;
  if (squares.length > 0) {
    const keys = maskedScores.shape[2]!;
    const count = rows.queries.length;
    [maskedScores, weights] = [maskedScores, weights].map(({ shape, data }) => ({ shape, data: data.slice() })) as [
      Stage,
      Stage,
    ];
    for (const [h, head] of rows.heads.entries()) {
      if (squares.every((edit) => edit.head !== undefined && edit.head !== head)) continue;
      const { times, plus, share, put } = squareArrays(squares, {
        head,
        queries: rows.queries,
        keys,
        crossed: rows.crossed,
      });
      const scores = maskedScores.data.subarray(h * count * keys, (h + 1) * count * keys);
      for (let at = 0; at < scores.length; at++) scores[at] = scores[at]! * times[at]! + plus[at]!;
      const own = softmaxRows(scores, keys);
      for (let at = 0; at < own.length; at++) own[at] = own[at]! * share[at]! + put[at]!;
      weights.data.set(own, h * count * keys);
    }
    mixed = { ...mixed, data: mixRows(weights, value) };
  }
  return { ...plain, maskedScores, weights, mixed: changedMixtures(trace, rows, mixed) };
}

/** Mixtures that edits scaled or put in place. */
function changedMixtures(trace: Interfered, { path, heads, queries }: Rows, mixed: Stage): Stage {
  const { ids, decoderIds } = trace;
  const lengths = { ids: ids.length, ...(decoderIds && { decoderIds: decoderIds.length }) };
  const changes = changesOf(trace.edits, layerStage(path, 'mixed'), trace.model.architecture, lengths);
  if (changes.length === 0) return mixed;
  const size = mixed.shape[2]!;
  const data = mixed.data.slice();
  const rowOf = new Map(queries.map((query, row) => [query, row]));
  for (const [h, head] of heads.entries()) {
    // Changes are told by rows of heads side by side; here each head's rows lie together.
    const own = changes.flatMap((change) => {
      const row = rowOf.get(change.position);
      return change.start === head * size && row !== undefined ? [{ ...change, position: row, start: 0 }] : [];
    });
    changeNumbers(data.subarray(h * queries.length * size, (h + 1) * queries.length * size), size, own);
  }
  return { ...mixed, data };
}

/** Softmax of each row; a row of −∞ alone becomes all 0. */
function softmaxRows(scores: Float32Array, width: number): Float32Array {
  const out = new Float32Array(scores.length);
  for (let row = 0; row < scores.length; row += width) {
    let largest = -Infinity;
    for (let j = 0; j < width; j++) largest = Math.max(largest, scores[row + j]!);
    if (largest === -Infinity) continue;
    let sum = 0;
    for (let j = 0; j < width; j++) sum += Math.exp(scores[row + j]! - largest);
    for (let j = 0; j < width; j++) out[row + j] = Math.exp(scores[row + j]! - largest) / sum;
  }
  return out;
}

/** weights · value, [head, query, size]. */
function mixRows({ shape: [heads = 0, queries = 0, keys = 0], data }: Stage, value: Stage): Float32Array {
  const [keyHeads = 0, , size = 0] = value.shape;
  const out = new Float32Array(heads * queries * size);
  for (let h = 0; h < heads; h++)
    for (let i = 0; i < queries; i++)
      for (let j = 0; j < keys; j++) {
        const weight = data[(h * queries + i) * keys + j]!;
        if (weight === 0) continue;
        const from = (Math.floor((h * keyHeads) / heads) * keys + j) * size;
        for (let c = 0; c < size; c++) out[(h * queries + i) * size + c]! += weight * value.data[from + c]!;
      }
  return out;
}
