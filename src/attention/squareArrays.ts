/** What square edits make of the scores and weights of one head, in the run and wherever its trace is looked at. */
import { type PatchEdit, putsOf, type SetEdit, type SquareEdit, type SquareStage, type WeightEdit } from './edits.ts';

/** Rows of one head's square. */
export interface SquareRows {
  readonly head: number;
  readonly queries: readonly number[];
  readonly keys: number;
  /** Keys are of another text than queries. */
  readonly crossed: boolean;
}

/**
 * Square edits as arrays [query, key]:
 * scores = scores · scored.times + scored.plus; maskedScores = (scores + bias) · times + plus, where 0 · x is 0 and what is
 * hidden stays hidden; weights = softmax(maskedScores + tilt) · share + put.
 */
export interface SquareArrays {
  /** Null where no edit is of the scores. */
  readonly scored: { readonly times: Float32Array; readonly plus: Float32Array } | null;
  readonly times: Float32Array;
  readonly plus: Float32Array;
  /**
   * Single weights that were set or multiplied, told before the softmax, where what they leave is shared exactly: −∞ takes a
   * weight that is put apart out of it, a logarithm multiplies one. Masked scores stay what they are. Null where there are none.
   */
  readonly tilt: Float32Array | null;
  readonly share: Float32Array;
  readonly put: Float32Array;
}

/** The arrays for rows of one head, of the edits of one place. Cost: four arrays of those rows, or six. */
export function squareArrays(edits: readonly SquareEdit[], rows: SquareRows): SquareArrays {
  const { head, queries, keys } = rows;
  const size = queries.length * keys;
  const ones = (): Float32Array => new Float32Array(size).fill(1);
  const rowOf = new Map(queries.map((query, row) => [query, row * keys]));
  const own = edits.filter((edit) => edit.head === undefined || edit.head === head);
  const isScored = own.some((edit) => 'stage' in edit && edit.stage === 'scores');
  const scored = isScored ? { times: ones(), plus: new Float32Array(size) } : null;
  if (scored) changeScores(own, 'scores', rowOf, keys, scored);
  const masked = { times: ones(), plus: new Float32Array(size) };
  changeScores(own, 'maskedScores', rowOf, keys, masked, rows.crossed);
  const [share, put] = [ones(), new Float32Array(size)];
  const whole = new Set(
    own.flatMap((edit) => (isRowsOfWeights(edit) ? putsOf(edit).map(({ position }) => position) : [])),
  );
  const weights = own.flatMap((edit) => {
    const row = edit.kind === 'weight' && !whole.has(edit.query) ? rowOf.get(edit.query) : undefined;
    return edit.kind === 'weight' && row !== undefined ? [{ edit, row, cell: row + edit.key }] : [];
  });
  const shared = weights.filter(({ edit }) => edit.renormalize !== false);
  const tilt = shared.length === 0 ? null : new Float32Array(size);
  // The weights that are set leave the softmax, and what they leave is shared by the rest.
  for (const { edit, row, cell } of shared) {
    const apart = put.subarray(row, row + keys);
    if ('to' in edit) [tilt![cell], put[cell]] = [-Infinity, edit.to];
    else if (tilt![cell] !== -Infinity) {
      // Multiplying a weight and dividing the row by its sum is adding the logarithm to its score.
      tilt![cell]! += Math.log(edit.times);
      continue;
    } else {
      const sum = 1 - put[cell]! + put[cell]! * edit.times;
      put[cell]! *= edit.times;
      for (let j = 0; j < keys; j++) apart[j]! /= sum;
    }
    share.fill(Math.max(0, 1 - apart.reduce((sum, number) => sum + number, 0)), row, row + keys);
  }
  for (const { edit, cell } of weights) {
    if (edit.renormalize !== false) continue;
    if ('to' in edit) [share[cell], put[cell]] = [0, edit.to];
    else [share[cell], put[cell]] = [share[cell]! * edit.times, put[cell]! * edit.times];
  }
  putRows(own, rowOf, keys, { share, put });
  return { scored, ...masked, tilt, share, put };
}

const isRowsOfWeights = (edit: SquareEdit): edit is (SetEdit | PatchEdit) & { readonly stage: 'weights' } =>
  'stage' in edit && edit.kind !== 'scale' && edit.stage === 'weights';

/** Edits of the scores before the mask or behind it, in their order, as x · times + plus. */
function changeScores(
  edits: readonly SquareEdit[],
  stage: 'scores' | 'maskedScores',
  rowOf: ReadonlyMap<number, number>,
  keys: number,
  { times, plus }: { readonly times: Float32Array; readonly plus: Float32Array },
  crossed = false,
): void {
  const multiply = (first: number, count: number, factor: number): void => {
    for (let cell = first; cell < first + count; cell++) {
      times[cell]! *= factor;
      if (plus[cell] !== -Infinity) plus[cell]! *= factor;
    }
  };
  for (const edit of edits)
    if ('stage' in edit) {
      if (edit.stage !== stage) continue;
      if (edit.kind === 'scale') {
        if (edit.position === undefined) multiply(0, times.length, edit.factor);
        else if (rowOf.has(edit.position)) multiply(rowOf.get(edit.position)!, keys, edit.factor);
      } else
        for (const { position, vector } of putsOf(edit)) {
          const row = rowOf.get(position);
          if (row === undefined) continue;
          times.fill(0, row, row + vector.length);
          plus.set(vector, row);
        }
    } else if (stage === 'scores') {
      // What has a name of its own is made of masked scores, or of weights.
    } else if (edit.kind === 'temperature') multiply(0, times.length, 1 / edit.value);
    else if (edit.kind === 'block') {
      for (const [query, key] of edit.pairs) {
        const row = rowOf.get(query);
        if (row !== undefined) plus[row + key] = -Infinity;
      }
    } else if (edit.kind === 'drop') {
      for (const [query, row] of rowOf) if (crossed || query !== edit.position) plus[row + edit.position] = -Infinity;
    }
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
    if (isRowsOfWeights(edit)) {
      for (const { position, vector } of putsOf(edit)) {
        const row = rowOf.get(position);
        if (row === undefined) continue;
        share.fill(0, row, row + keys);
        put.set(vector, row);
        there.add(position);
      }
    } else if (edit.kind === 'weight' && there.has(edit.query)) {
      const row = rowOf.get(edit.query);
      if (row !== undefined) changeWeight(put.subarray(row, row + keys), edit);
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

/** Numbers of one head, [query, key]. */
export type Squares = Record<SquareStage, Float32Array>;

/**
 * Changes squares of one head in place as edits want them, and says which rows' weights are others now: what an edit leaves
 * as it was keeps its bits. NaN counts as changed.
 */
export function changeSquares(
  { scores, maskedScores, weights }: Squares,
  arrays: SquareArrays,
  keys: number,
): number[] {
  const { scored, times, plus, tilt, share, put } = arrays;
  const changed = (x: number, factor: number, added: number): number => {
    if (factor === 0) return added;
    return x === -Infinity ? x : Math.fround(x * factor + added);
  };
  const moved: number[] = [];
  for (let row = 0; row < scores.length / keys; row++) {
    const [from, to] = [row * keys, (row + 1) * keys];
    let [scoresMoved, weightsMoved] = [false, false];
    for (let at = from; at < to; at++) {
      let masked = maskedScores[at]!;
      if (scored) {
        const [before, after] = [scores[at]!, changed(scores[at]!, scored.times[at]!, scored.plus[at]!)];
        // What position adds is what they differ by.
        if (after !== before) masked = masked === -Infinity ? masked : Math.fround(after + (masked - before));
        scores[at] = after;
      }
      masked = changed(masked, times[at]!, plus[at]!);
      scoresMoved ||= masked !== maskedScores[at];
      maskedScores[at] = masked;
    }
    const tilted = tilt?.subarray(from, to).some((number) => number !== 0);
    if (scoresMoved || tilted)
      softmax(
        maskedScores.subarray(from, to).map((score, j) => score + (tilt?.[from + j] ?? 0)),
        weights.subarray(from, to),
      );
    for (let at = from; at < to; at++) {
      const weight = Math.fround(weights[at]! * share[at]! + put[at]!);
      weightsMoved ||= weight !== weights[at];
      weights[at] = weight;
    }
    if (scoresMoved || tilted || weightsMoved) moved.push(row);
  }
  return moved;
}

/** Of one row; a row of −∞ alone becomes all 0. */
function softmax(scores: Float32Array, weights: Float32Array): void {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  if (largest === -Infinity) return void weights.fill(0);
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - largest);
  for (const [j, score] of scores.entries()) weights[j] = Math.exp(score - largest) / sum;
}
