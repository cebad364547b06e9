/** One cell of one head taken apart, recomputed in double precision and held against the engine. */
import { layerStage, type SquareArrays, type StageName, squareArrays, squareEditsOf } from '../attention/index.ts';
import { disentangledDistances, type Model, rotaryFrequencies } from '../model/index.ts';
import { type Place, positionBias, recordedStage, type Trace } from '../trace/index.ts';
import { dotProduct, type HeadCells, headCells, norm, sum } from './cells.ts';
import { layerNorms } from './norms.ts';
import type { HeadPlace } from './places.ts';
import { turnedBack } from './rotation.ts';
import { tokenInRange } from './target.ts';
import type { Cell, PositionTerm, Rotation } from './types.ts';

/**
 * Query token × key token in one head: q · k by dimension, length and angle; what rotation, soft-cap and position's bias do
 * to the score; the softmax; what the value brings (Kobayashi et al. 2020, 2021). In cross-attention `query` is a token of
 * the decoder's text and `key` of the encoder's. Cost: one row of the head, and its values through the output projection.
 * Throws `layerOutOfRange`, `headOutOfRange`, `tokenOutOfRange`, `anotherModel`.
 */
export async function cell(
  trace: Trace,
  model: Model,
  { layer, head, query: i, key: j }: HeadPlace & { readonly query: number; readonly key: number },
): Promise<Cell> {
  const cells = await headCells(trace, model, layer, head, i);
  const { place } = cells;
  tokenInRange(i, recordedStage(trace, layerStage(place.path, 'query')).shape[1]!);
  tokenInRange(j, cells.length);
  const [q, k, value] = [cells.query(i), cells.key(j), Array.from(cells.value(j))];
  const products = Array.from(q, (number, c) => number * k[c]!);
  const dot = sum(products);
  const row = await scoredRow(trace, cells, head, i);
  const { scores, bias, arrays, weights } = row;
  const contributed = contribution(cells, weights, j);
  const norms = await (await layerNorms(trace, model, layer)).row(i);
  const { contribution: together, withResidual } = norms.at(j);
  const measured = { score: cells.scores(i)[j]!, weight: cells.weights(i)[j]! };
  const [queryNorm, keyNorm] = [norm(q), norm(k)];
  const { softcap } = place.crossed ? { softcap: 0 } : place.stack;
  return {
    model: model.name,
    layer,
    head,
    asking: i,
    answering: j,
    products,
    dot,
    geometry: { queryNorm, keyNorm, cosine: dot / (queryNorm * keyNorm) || 0 },
    scale: cells.scale,
    rotation: rotationOf(place, q, k, i, j),
    softcap: softcap > 0 ? { limit: softcap, before: dot * cells.scale, after: scores[j]! } : null,
    score: scores[j]!,
    bias: bias[j]!,
    position: positionTerm(trace, cells, head, i, j),
    visible: bias[j] !== -Infinity,
    edited: arrays && {
      score: row.scored[j]!,
      times: arrays.times[j]!,
      plus: arrays.plus[j]! + (arrays.tilt?.[j] ?? 0),
      share: arrays.share[j]!,
      put: arrays.put[j]!,
    },
    softmax: {
      largest: row.largest,
      exponential: row.exponentials[j]!,
      exponentials: row.exponentials,
      sum: row.total,
      weight: weights[j]!,
    },
    value,
    valueNorm: norm(value),
    weightedValue: value.map((number) => number * weights[j]!),
    ...contributed,
    layerContribution: { together, withResidual, mixing: place.crossed ? null : norms.mixing() },
    check: {
      ...measured,
      largestDifference: Math.max(Math.abs(measured.score - row.scored[j]!), Math.abs(measured.weight - weights[j]!)),
    },
  };
}

interface ScoredRow {
  readonly scores: readonly number[];
  /** As edits left them. */
  readonly scored: readonly number[];
  readonly bias: readonly number[];
  readonly arrays: SquareArrays | null;
  readonly largest: number;
  readonly exponentials: readonly number[];
  readonly total: number;
  readonly weights: readonly number[];
}

/** One query's scores, what is added to them, and their softmax, from its vectors alone. */
async function scoredRow(trace: Trace, cells: HeadCells, head: number, i: number): Promise<ScoredRow> {
  const { place, length, scale } = cells;
  const { path, stack, crossed } = place;
  const { left, right } = place.layer;
  const query = cells.query(i);
  const scores = Array.from({ length }, (_, j) => {
    const scaled = scale * dotProduct(query, cells.key(j));
    return stack.softcap > 0 && !crossed ? stack.softcap * Math.tanh(scaled / stack.softcap) : scaled;
  });
  const added = (await positionBias(trace, place, [i], [head]))?.data;
  const outside = (j: number): boolean => !crossed && ((left >= 0 && j < i - left) || (right >= 0 && j > i + right));
  const bias = scores.map((_, j) => (outside(j) ? -Infinity : (added?.[j] ?? 0)));
  const edits = squareEditsOf(trace.edits, path);
  const arrays = edits.length === 0 ? null : squareArrays(edits, { head, queries: [i], keys: length, crossed });
  const changed = (x: number, times = 1, plus = 0): number => (times === 0 ? plus : x * times + plus);
  const scored = scores.map((score, j) => changed(score, arrays?.scored?.times[j], arrays?.scored?.plus[j]));
  const masked = scored.map(
    (score, j) => changed(score + bias[j]!, arrays?.times[j], arrays?.plus[j]) + (arrays?.tilt?.[j] ?? 0),
  );
  const largest = Math.max(...masked);
  const exponentials = masked.map((score) => (largest === -Infinity ? 0 : Math.exp(score - largest)));
  const total = sum(exponentials);
  const weights = exponentials.map(
    (number, j) => (total === 0 ? 0 : number / total) * (arrays?.share[j] ?? 1) + (arrays?.put[j] ?? 0),
  );
  return { scores, scored, bias, arrays, largest, exponentials, total, weights };
}

/** ⟨o_j, o⟩ / ‖o‖² and ‖o_j‖; o has the value bias, o_j has not. */
function contribution(
  cells: HeadCells,
  weights: readonly number[],
  j: number,
): { readonly contribution: number; readonly contributionNorm: number } {
  const mixed = Array.from(cells.valueBias, (_, c) => sum(weights.map((weight, at) => weight * cells.value(at)[c]!)));
  const output = cells.project(mixed);
  const own = cells.project(Array.from(cells.value(j), (number, c) => weights[j]! * (number - cells.valueBias[c]!)));
  const square = dotProduct(output, output);
  return { contribution: square === 0 ? 0 : dotProduct(own, output) / square, contributionNorm: norm(own) };
}

function rotationOf(
  { layer: { rotary }, crossed }: Place,
  q: Float32Array,
  k: Float32Array,
  i: number,
  j: number,
): Rotation | null {
  if (!rotary || crossed) return null;
  const [before, after] = [turnedBack(rotary, i)(q), turnedBack(rotary, j)(k)];
  const half = rotary.rotated / 2;
  const { turns, magnitude } = rotaryFrequencies(rotary);
  const pairOf = (one: ArrayLike<number>, other: ArrayLike<number>, c: number): number =>
    one[c]! * other[c]! + one[c + half]! * other[c + half]!;
  const unturned = dotProduct(before, after);
  let rest = 0;
  for (let c = rotary.rotated; c < q.length; c++) rest += q[c]! * k[c]!;
  return {
    unturned,
    change: dotProduct(q, k) - unturned,
    pairs: Array.from({ length: half }, (_, c) => ({
      dimensions: [c, c + half],
      angle: (i - j) * turns[c]!,
      before: pairOf(before, after, c),
      after: pairOf(q, k, c),
    })),
    rest,
    stretch: magnitude ** 2,
  };
}

function positionTerm(trace: Trace, cells: HeadCells, head: number, i: number, j: number): PositionTerm | null {
  const { path, stack, crossed } = cells.place;
  const bias = stack.positionBias;
  if (!bias || crossed) return null;
  if (bias.kind !== 'disentangled') return { kind: bias.kind, distance: j - i };
  const at = disentangledDistances(bias, cells.length)[i - j + cells.length - 1]!;
  const term = (vector: Float32Array, table: 'positionKey' | 'positionQuery', there: boolean): number => {
    if (!there) return 0;
    const { data, shape } = recordedStage(trace, `${path}.${table}` as StageName);
    const [, count = 0, size = 0] = shape;
    return cells.scale * dotProduct(vector, data.subarray((head * count + at) * size, (head * count + at + 1) * size));
  };
  return {
    kind: 'disentangled',
    contentToPosition: term(cells.query(i), 'positionKey', bias.contentToPosition),
    positionToContent: term(cells.key(j), 'positionQuery', bias.positionToContent),
  };
}
