/** Edits held against the model and the texts that they are for, before anything runs. */
import {
  type AblateEdit,
  type AttentionPlace,
  attentionPlace,
  type Edit,
  headedStages,
  isCrossed,
  isEmbeddings,
  isSquare,
  type LayerPlace,
  type SquareEdit,
  type StageName,
  type VectorEdit,
  vectorStages,
} from '../attention/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Architecture } from './architecture.ts';
import { keysAt, positionsAt, type RunLengths, stackAt } from './edits.ts';

/**
 * Throws `badEdit`, saying what fits, where an edit names a stage, layer, head or position that is not there, carries a
 * vector of another width or a number that is not finite, or sets weights of a row to more than 1 together.
 */
export function checkEdits(edits: readonly Edit[], a: Architecture, lengths: RunLengths): void {
  for (const edit of edits) {
    const problem = problemOf(edit, a, lengths);
    if (problem === null) continue;
    throw new SiseonError({
      code: 'badEdit',
      kind: 'usage',
      what: `an edit of ${named(edit)} (${edit.kind})`,
      expected: problem,
      got: JSON.stringify(edit).slice(0, 200),
      details: { edit },
    });
  }
  const sums = new Map<string, number>();
  for (const edit of edits) {
    if (edit.kind !== 'weight' || edit.renormalize === false || !('to' in edit)) continue;
    const row = `${edit.layer} ${edit.head} ${edit.query}`;
    sums.set(row, (sums.get(row) ?? 0) + edit.to);
    if (sums.get(row)! > 1 + 1e-9)
      throw new SiseonError({
        code: 'badEdit',
        kind: 'usage',
        what: `the weights set in layer ${edit.layer}, head ${edit.head}, query ${edit.query}`,
        expected: 'at most 1 together, since a row sums to 1',
        got: `${sums.get(row)}`,
        next: 'Set less, or say renormalize: false.',
      });
  }
}

/** What an edit is of, for the message of an error. */
function named(edit: Edit): string {
  const where = edit.layer === undefined ? '' : attentionPlace(edit.layer);
  if (isSquare(edit)) return where || 'all layers';
  return 'stage' in edit ? [where, edit.stage].filter(Boolean).join('.') : where;
}

const below = (count: number): string => (count === 1 ? '0' : `0 to ${count - 1}`);
const inside = (index: unknown, count: number): boolean =>
  Number.isInteger(index) && (index as number) >= 0 && (index as number) < count;
const unlessInside = (name: string, index: unknown, count: number): string | null =>
  inside(index, count) ? null : `${name} ${below(count)}`;
const first = (problems: readonly (string | null)[]): string | null => problems.find((one) => one !== null) ?? null;
const vectorProblem = (vector: readonly number[], width: number): string | null =>
  vector.length === width && vector.every(Number.isFinite) ? null : `${width} finite numbers`;

/** Where a model has attention: layers of its only stack, or of its encoder and decoder, and the decoder's cross-attention. */
function layerProblem(layer: LayerPlace | undefined, a: Architecture): string | null {
  if (!a.encoder) return unlessInside('layer', typeof layer === 'string' ? Number.NaN : layer, a.layerCount);
  const [, stack, n] = /^(encoder|decoder)\.layers\.(\d+)(?:\.cross)?$/.exec(`${layer}`) ?? [];
  const there = stack && inside(Number(n), stack === 'encoder' ? a.encoder.layerCount : a.layerCount);
  const count = (layers: number): string => (layers === 1 ? '0' : `N, N ${below(layers)}`);
  return there && !/^encoder.*cross$/.test(`${layer}`)
    ? null
    : `layer "encoder.layers.${count(a.encoder.layerCount)}", "decoder.layers.${count(a.layerCount)}" or its ".cross"`;
}

/** What would fit, or null where the edit does. */
function problemOf(edit: Edit, a: Architecture, lengths: RunLengths): string | null {
  if (isSquare(edit)) return squareProblem(edit, a, lengths);
  if (edit.kind === 'ablate') return ablationProblem(edit, a, lengths);
  return vectorEditProblem(edit, a, lengths);
}

function ablationProblem(edit: AblateEdit, a: Architecture, lengths: RunLengths): string | null {
  const where = layerProblem(edit.layer, a);
  if (where) return where;
  const place = attentionPlace(edit.layer);
  const { headCount, headSize } = stackAt(place, a);
  const head = unlessInside('head', edit.head, headCount);
  if (head || edit.by === 'zero') return head;
  if (edit.by === 'mean') return vectorProblem(edit.vector, headSize);
  const length = positionsAt(place, lengths);
  if (edit.vectors.length !== length) return `${length} vectors, one a position`;
  return first(edit.vectors.map((vector) => vectorProblem(vector, headSize)));
}

function vectorEditProblem(
  edit: Exclude<VectorEdit, { kind: 'ablate' }>,
  a: Architecture,
  lengths: RunLengths,
): string | null {
  const stagesThere = vectorStages.filter(
    (stage) => !isEmbeddings(stage) || stage.includes('.') === (a.encoder !== null),
  );
  if (!stagesThere.includes(edit.stage)) return `a stage among ${stagesThere.join(', ')}`;
  if (isEmbeddings(edit.stage)) {
    if (edit.layer !== undefined) return 'no layer: embeddings come before all';
  } else {
    const where = layerProblem(edit.layer, a);
    if (where) return where;
  }
  const place = edit.layer === undefined ? null : attentionPlace(edit.layer);
  if (place && isCrossed(place) && ['input', 'feedForward', 'output'].includes(edit.stage))
    return `a stage of cross-attention: ${[...headedStages, 'attentionOutput'].join(', ')}`;
  const name = (place ? `${place}.${edit.stage}` : edit.stage) as StageName;
  const { headCount, keyValueHeadCount, headSize, hiddenSize } = stackAt(name, a);
  const length = positionsAt(name, lengths);
  const headed = headedStages.includes(edit.stage);
  const heads = edit.stage === 'key' || edit.stage === 'value' ? keyValueHeadCount : headCount;
  if (!headed && edit.head !== undefined) return `no head: ${edit.stage} has none`;
  if (headed && !inside(edit.head, heads)) return `head ${below(heads)}`;
  const width = headed && edit.stage !== 'headOutput' ? headSize : hiddenSize;
  const position = (index: unknown): string | null => unlessInside('position', index, length);
  if (edit.kind === 'scale') {
    if (!Number.isFinite(edit.factor)) return 'a finite factor';
    return edit.position === undefined ? null : position(edit.position);
  }
  if (edit.kind === 'set') return position(edit.position) ?? vectorProblem(edit.vector, width);
  if (edit.positions.length !== edit.vectors.length) return 'a vector for each position';
  return first([...edit.positions.map(position), ...edit.vectors.map((vector) => vectorProblem(vector, width))]);
}

function squareProblem(edit: SquareEdit, a: Architecture, lengths: RunLengths): string | null {
  const everywhere = edit.layer === undefined && (edit.kind === 'drop' || (edit.kind === 'block' && !a.encoder));
  const where = everywhere ? null : layerProblem(edit.layer, a);
  if (where) return where;
  const place: AttentionPlace =
    edit.layer === undefined ? (a.encoder ? 'encoder.layers.0' : 'layers.0') : attentionPlace(edit.layer);
  const queryAt = (index: unknown): string | null => unlessInside('position', index, positionsAt(place, lengths));
  const keyAt = (index: unknown): string | null => unlessInside('position', index, keysAt(place, lengths));
  if (edit.head !== undefined || edit.kind === 'weight' || edit.kind === 'weights') {
    const head = unlessInside('head', edit.head, stackAt(place, a).headCount);
    if (head) return head;
  }
  if (edit.kind === 'temperature')
    return Number.isFinite(edit.value) && edit.value > 0 ? null : 'a temperature above 0';
  if (edit.kind === 'drop') return keyAt(edit.position);
  if (edit.kind === 'block') return first(edit.pairs.flatMap(([query, key]) => [queryAt(query), keyAt(key)]));
  if (edit.kind === 'weights') {
    if (edit.queries.length !== edit.rows.length) return 'a row for each query';
    const width = keysAt(place, lengths);
    return first([...edit.queries.map(queryAt), ...edit.rows.map((row) => vectorProblem(row, width))]);
  }
  const number = 'to' in edit ? edit.to : edit.times;
  const free = edit.renormalize === false;
  if (!Number.isFinite(number) || (!free && (number < 0 || ('to' in edit && number > 1))))
    return free ? 'a finite number' : 'to: a weight from 0 to 1, or times: a factor of 0 or more';
  return queryAt(edit.query) ?? keyAt(edit.key);
}
