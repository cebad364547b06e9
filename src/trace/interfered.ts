/** What edits left of a layer's square stages, recomputed where a trace is looked at. */
import { type AttentionPlace, type Edit, squareArrays, squareEditsOf } from '../attention/index.ts';
import { type Architecture, changeNumbers, changesOf } from '../model/index.ts';
import type { Stage } from './stage.ts';

/** Head outputs that edits put in place of those that the mixtures give. */
export function headOutputPuts(
  edits: readonly Edit[],
  path: AttentionPlace,
): { readonly head: number; readonly position: number; readonly vector: readonly number[] }[] {
  return edits.flatMap((edit) => {
    if (!('stage' in edit) || edit.stage !== 'headOutput' || `layers.${edit.layer}` !== path) return [];
    const head = edit.head!;
    if (edit.kind === 'set') return [{ head, position: edit.position, vector: edit.vector }];
    return edit.kind === 'patch'
      ? edit.positions.map((position, n) => ({ head, position, vector: edit.vectors[n]! }))
      : [];
  });
}

/** The stages of a layer as its edits left them: the same arithmetic as in the run, on the host. */
export function interfered(
  trace: { readonly edits: readonly Edit[]; readonly model: { readonly architecture: Architecture } },
  path: AttentionPlace,
  plain: Record<'scores' | 'maskedScores' | 'weights' | 'mixed', Stage>,
  value: Stage,
): typeof plain {
  const layer = Number(/^layers\.(\d+)$/.exec(path)?.[1] ?? Number.NaN);
  const squares = squareEditsOf(trace.edits, layer);
  const { architecture: a } = trace.model;
  const [heads = 0, length = 0, size = 0] = plain.mixed.shape;
  let { maskedScores, weights, mixed } = plain;
  if (squares.length > 0) {
    const { times, plus, share, put } = squareArrays(squares, heads, length);
    maskedScores = { ...maskedScores, data: maskedScores.data.map((score, i) => score * times[i]! + plus[i]!) };
    weights = { ...weights, data: softmaxRows(maskedScores.data, length).map((w, i) => w * share[i]! + put[i]!) };
    mixed = {
      ...mixed,
      data: mixRows(weights.data, value, heads, length, size),
    };
  }
  const changes = changesOf(trace.edits, `${path}.mixed`, a, length);
  if (changes.length > 0) {
    // Changes are told by rows of heads side by side.
    const rows = new Float32Array(mixed.data.length);
    const at = (h: number, i: number): number => (i * heads + h) * size;
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < length; i++)
        rows.set(mixed.data.subarray((h * length + i) * size, (h * length + i + 1) * size), at(h, i));
    changeNumbers(rows, heads * size, changes);
    const data = new Float32Array(rows.length);
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < length; i++) data.set(rows.subarray(at(h, i), at(h, i) + size), (h * length + i) * size);
    mixed = { ...mixed, data };
  }
  return { scores: plain.scores, maskedScores, weights, mixed };
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
function mixRows(weights: Float32Array, value: Stage, heads: number, length: number, size: number): Float32Array {
  const out = new Float32Array(heads * length * size);
  const keyHeads = value.shape[0]!;
  for (let h = 0; h < heads; h++)
    for (let i = 0; i < length; i++)
      for (let j = 0; j < length; j++) {
        const weight = weights[(h * length + i) * length + j]!;
        if (weight === 0) continue;
        const from = (Math.floor((h * keyHeads) / heads) * length + j) * size;
        for (let c = 0; c < size; c++) out[(h * length + i) * size + c]! += weight * value.data[from + c]!;
      }
  return out;
}
