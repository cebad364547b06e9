/** What edits left of a layer's square stages, recomputed where a trace is looked at. */
import {
  type AttentionPlace,
  changeSquares,
  type Edit,
  layerStage,
  squareArrays,
  squareEditsOf,
} from '../attention/index.ts';
import { type Architecture, changeNumbers, changesOf, type RunLengths } from '../model/index.ts';
import type { Stage } from './stage.ts';

/** What of an edited trace says which edits there are, and on which text. */
export interface Interfered {
  readonly edits: readonly Edit[];
  readonly ids: Int32Array;
  readonly decoderIds: Int32Array | null;
  readonly model: { readonly architecture: Architecture };
}

/** How many positions a trace's stacks read. */
export const lengthsOf = ({ ids, decoderIds }: Pick<Interfered, 'ids' | 'decoderIds'>): RunLengths => ({
  ids: ids.length,
  ...(decoderIds && { decoderIds: decoderIds.length }),
});

/** Which rows of a place are recomputed. */
export interface Rows {
  readonly path: AttentionPlace;
  readonly heads: readonly number[];
  readonly queries: readonly number[];
  readonly crossed: boolean;
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
  const edits = squareEditsOf(trace.edits, rows.path);
  if (edits.length === 0) return { ...plain, mixed: changedMixtures(trace, rows, plain.mixed) };
  const [, count = 0, keys = 0] = plain.scores.shape;
  const copy = ({ shape, data }: Stage): Stage => ({ shape, data: data.slice() });
  const [scores, maskedScores, weights, mixed] = [plain.scores, plain.maskedScores, plain.weights, plain.mixed].map(
    copy,
  ) as [Stage, Stage, Stage, Stage];
  for (const [h, head] of rows.heads.entries()) {
    if (edits.every((edit) => edit.head !== undefined && edit.head !== head)) continue;
    const arrays = squareArrays(edits, { head, queries: rows.queries, keys, crossed: rows.crossed });
    const own = ({ data }: Stage): Float32Array => data.subarray(h * count * keys, (h + 1) * count * keys);
    const squares = { scores: own(scores), maskedScores: own(maskedScores), weights: own(weights) };
    for (const row of changeSquares(squares, arrays, keys)) mixRow(mixed, weights, value, h, row);
  }
  return { ...plain, scores, maskedScores, weights, mixed: changedMixtures(trace, rows, mixed) };
}

/** Mixtures that edits scaled or put in place. */
function changedMixtures(trace: Interfered, { path, heads, queries }: Rows, mixed: Stage): Stage {
  const changes = changesOf(trace.edits, layerStage(path, 'mixed'), trace.model.architecture, lengthsOf(trace));
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

/** weights · value of one row, put into mixed [head, query, size]. */
function mixRow(mixed: Stage, weights: Stage, value: Stage, h: number, row: number): void {
  const [heads = 0, queries = 0, keys = 0] = weights.shape;
  const [keyHeads = 0, , size = 0] = value.shape;
  const into = mixed.data.subarray((h * queries + row) * size, (h * queries + row + 1) * size);
  const sum = new Float64Array(size);
  for (let j = 0; j < keys; j++) {
    const weight = weights.data[(h * queries + row) * keys + j]!;
    if (weight === 0) continue;
    const from = (Math.floor((h * keyHeads) / heads) * keys + j) * size;
    for (let c = 0; c < size; c++) sum[c]! += weight * value.data[from + c]!;
  }
  into.set(sum);
}
