/** Interventions in a running model: a stage's numbers put in place before anything later is computed. */
import {
  type Edit,
  type EditPlace,
  headedStages,
  isSquare,
  type SquareEdit,
  squareArrays,
  squareEditsOf,
  type VectorEdit,
  vectorStages,
} from '../attention/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { AttendTask, Operations, Tensor } from '../tensor/index.ts';
import { tensor } from '../tensor/index.ts';
import type { Architecture } from './architecture.ts';

/** x = x · factor + add, at `count` numbers of a row from column `start` on. */
interface Change {
  readonly position: number;
  readonly start: number;
  readonly count: number;
  readonly factor: number;
  readonly add?: readonly number[];
}

/** The changes that edits make to one stage of a run, which lies (position, head · size). */
export function changesOf(edits: readonly Edit[], name: string, a: Architecture, length: number): Change[] {
  const [, layerText, stage = name] = /^layers\.(\d+)\.(\w+)$/.exec(name) ?? [];
  const layer = layerText === undefined ? undefined : Number(layerText);
  return edits.flatMap((edit): Change[] => {
    if (isSquare(edit)) return [];
    if (edit.kind === 'ablate') {
      if (layer !== edit.layer || stage !== 'mixed') return [];
      const [start, count] = [edit.head * a.headSize, a.headSize];
      return positionsOf(length).map((position) => ({
        position,
        start,
        count,
        factor: 0,
        ...(edit.by !== 'zero' && { add: edit.by === 'mean' ? edit.vector : edit.vectors[position]! }),
      }));
    }
    if (edit.layer !== layer) return [];
    // A head's output is put in place of what its mixture would give: the mixture goes, the output is added to the sum.
    if (edit.stage === 'headOutput') return headOutputChanges(edit, stage, a, length);
    if (edit.stage !== stage) return [];
    const headed = headedStages.includes(edit.stage);
    const [start, count] = headed ? [edit.head! * a.headSize, a.headSize] : [0, a.hiddenSize];
    if (edit.kind === 'set') return [{ position: edit.position, start, count, factor: 0, add: edit.vector }];
    if (edit.kind === 'patch')
      return edit.positions.map((position, n) => ({ position, start, count, factor: 0, add: edit.vectors[n]! }));
    return positionsOf(length, edit.position).map((position) => ({ position, start, count, factor: edit.factor }));
  });
}

const positionsOf = (length: number, position?: number): number[] =>
  position === undefined ? Array.from({ length }, (_, i) => i) : [position];

function headOutputChanges(
  edit: Exclude<VectorEdit, { kind: 'ablate' }>,
  stage: string,
  a: Architecture,
  length: number,
): Change[] {
  const mixed = { start: edit.head! * a.headSize, count: a.headSize };
  if (edit.kind === 'scale')
    return stage === 'mixed'
      ? positionsOf(length, edit.position).map((position) => ({ position, ...mixed, factor: edit.factor }))
      : [];
  const puts =
    edit.kind === 'set'
      ? [{ position: edit.position, vector: edit.vector }]
      : edit.positions.map((position, n) => ({ position, vector: edit.vectors[n]! }));
  if (stage === 'mixed') return puts.map(({ position }) => ({ position, ...mixed, factor: 0 }));
  if (stage !== 'attentionOutput') return [];
  return puts.map(({ position, vector }) => ({ position, start: 0, count: a.hiddenSize, factor: 1, add: vector }));
}

/** A stage (rows, width) with its changes made, in their order; positions of the text begin at row `first`. */
export function changed(o: Operations, x: Tensor, changes: readonly Change[], first: number): Tensor {
  if (changes.length === 0) return x;
  const width = x.shape[1]!;
  const keep = new Float32Array(x.storage.length).fill(1);
  const put = new Float32Array(x.storage.length);
  for (const change of changes) applyChange(change, (first + change.position) * width, keep, put);
  return o.add(o.multiply(x, o.constant(x.shape, keep)), o.constant(x.shape, put));
}

function applyChange({ start, count, factor, add }: Change, row: number, keep: Float32Array, put: Float32Array): void {
  for (let c = 0; c < count; c++) {
    keep[row + start + c]! *= factor;
    put[row + start + c] = put[row + start + c]! * factor + (add?.[c] ?? 0);
  }
}

/** The same on the host: numbers (position, width) of one text, changed in place. */
export function changeNumbers(x: Float32Array, width: number, changes: readonly Change[]): void {
  for (const { position, start, count, factor, add } of changes)
    for (let c = 0; c < count; c++) {
      const at = position * width + start + c;
      x[at] = x[at]! * factor + (add?.[c] ?? 0);
    }
}

/**
 * Attention of one layer with its square edits, text by text: the masked scores are kept, changed, weighed, changed again
 * and mixed head by head. Without such edits: the streaming form.
 */
export function attendEdited(
  o: Operations,
  task: AttendTask,
  texts: readonly (readonly Edit[])[],
  layer: number,
): Tensor {
  const squares = texts.map((edits) => squareEditsOf(edits, layer));
  if (squares.every((own) => own.length === 0)) return o.attend(task);
  const { batch, heads, keyValueHeads, query, value } = task;
  const length = query.shape[0]! / batch;
  const size = value.shape[1]! / keyValueHeads;
  const arrays = squares.map((own) => squareArrays(own, heads, length));
  const joined = (name: keyof (typeof arrays)[number]): Tensor => {
    const all = new Float32Array(batch * heads * length * length);
    for (const [b, own] of arrays.entries()) all.set(own[name], b * own[name].length);
    return o.constant([batch * heads * length, length], all);
  };
  const scores = o.add(o.multiply(o.maskedScores(task), joined('times')), joined('plus'));
  const weights = o.add(o.multiply(o.softmax(scores), joined('share')), joined('put'));
  const rows = (first: number): Int32Array => Int32Array.from({ length }, (_, i) => first + i);
  /** Columns of one head, picked out by a matrix of 0 and 1. */
  const pick = (head: number, count: number): Tensor => {
    const picked = new Float32Array(count * size * size);
    for (let c = 0; c < size; c++) picked[(head * size + c) * size + c] = 1;
    return o.constant([count * size, size], picked);
  };
  const texted = Array.from({ length: batch }, (_, b) => {
    const values = o.embed(value, rows(b * length));
    let sum = o.constant([length, heads * size], new Float32Array(length * heads * size));
    for (let h = 0; h < heads; h++) {
      const keyHead = Math.floor((h * keyValueHeads) / heads);
      const own = o.matmul(
        o.embed(weights, rows((b * heads + h) * length)),
        o.matmul(values, pick(keyHead, keyValueHeads)),
      );
      sum = o.add(sum, o.matmul(own, pick(h, heads), { rightTransposed: true }));
    }
    return sum;
  });
  return texted.length === 1 ? texted[0]! : stacked(texted);
}

/** Tensors of equal shape below one another. */
function stacked(parts: readonly Tensor[]): Tensor {
  const [{ kernels, shape }] = parts as [Tensor];
  const out = tensor(kernels, [shape[0]! * parts.length, shape[1]!]);
  const rows = shape[0]!;
  for (const [b, part] of parts.entries())
    kernels.scatterAdd(
      out.storage,
      Int32Array.from({ length: rows }, (_, i) => b * rows + i),
      part.storage,
      shape[1]!,
    );
  return out;
}

/** What a stage is, for the message of an error. */
const named = ({ stage, layer }: EditPlace): string => (layer === undefined ? stage : `layers.${layer}.${stage}`);

/**
 * Throws `badEdit`, saying what fits, where an edit names a stage, layer, head or position that is not there, carries a
 * vector of another width or a number that is not finite, or sets weights of a row to more than 1 together.
 */
export function checkEdits(edits: readonly Edit[], a: Architecture, length: number): void {
  for (const edit of edits) {
    const problem = problemOf(edit, a, length);
    if (problem === null) continue;
    throw new SiseonError({
      code: 'badEdit',
      kind: 'usage',
      what: `an edit of ${isSquare(edit) ? `layer ${edit.layer ?? 'all'}` : edit.kind === 'ablate' ? `layers.${edit.layer}` : named(edit)} (${edit.kind})`,
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

const below = (count: number): string => (count === 1 ? '0' : `0 to ${count - 1}`);
const inside = (index: unknown, count: number): boolean =>
  Number.isInteger(index) && (index as number) >= 0 && (index as number) < count;

/** What would fit, or null where the edit does. */
function problemOf(edit: Edit, a: Architecture, length: number): string | null {
  if (a.encoder) return 'a model of one stack: encoder-decoders are not edited';
  const layerProblem = (layer: unknown) => (inside(layer, a.layerCount) ? null : `layer ${below(a.layerCount)}`);
  const headProblem = (head: unknown, count = a.headCount) => (inside(head, count) ? null : `head ${below(count)}`);
  const place = (position: unknown) => (inside(position, length) ? null : `position ${below(length)}`);
  if (isSquare(edit)) return squareProblem(edit, layerProblem, headProblem, place);
  if (edit.kind === 'ablate') {
    const where = layerProblem(edit.layer) ?? headProblem(edit.head);
    if (where || edit.by === 'zero') return where;
    if (edit.by === 'mean') return vectorProblem(edit.vector, a.headSize);
    if (edit.vectors.length !== length) return `${length} vectors, one a position`;
    return edit.vectors.map((vector) => vectorProblem(vector, a.headSize)).find((one) => one !== null) ?? null;
  }
  if (!(vectorStages as readonly string[]).includes(edit.stage)) return `a stage among ${vectorStages.join(', ')}`;
  if (edit.stage === 'embeddings' ? edit.layer !== undefined : layerProblem(edit.layer) !== null)
    return edit.stage === 'embeddings' ? 'no layer: embeddings come before all' : layerProblem(edit.layer);
  const headed = headedStages.includes(edit.stage);
  const heads = edit.stage === 'key' || edit.stage === 'value' ? a.keyValueHeadCount : a.headCount;
  if (!headed && edit.head !== undefined) return `no head: ${edit.stage} has none`;
  if (headed && headProblem(edit.head, heads) !== null) return headProblem(edit.head, heads);
  const width = headed && edit.stage !== 'headOutput' ? a.headSize : a.hiddenSize;
  if (edit.kind === 'scale') {
    if (!Number.isFinite(edit.factor)) return 'a finite factor';
    return edit.position === undefined ? null : place(edit.position);
  }
  if (edit.kind === 'set') return place(edit.position) ?? vectorProblem(edit.vector, width);
  if (edit.positions.length !== edit.vectors.length) return 'a vector for each position';
  return (
    edit.positions.map(place).find((one) => one !== null) ??
    edit.vectors.map((vector) => vectorProblem(vector, width)).find((one) => one !== null) ??
    null
  );
}

const vectorProblem = (vector: readonly number[], width: number): string | null =>
  vector.length === width && vector.every(Number.isFinite) ? null : `${width} finite numbers`;

type Check = (index: unknown) => string | null;

function squareProblem(edit: SquareEdit, layer: Check, head: Check, place: Check): string | null {
  const where =
    (edit.layer === undefined && edit.kind !== 'weight' && edit.kind !== 'temperature' ? null : layer(edit.layer)) ??
    (edit.head === undefined && edit.kind !== 'weight' ? null : head(edit.head));
  if (where) return where;
  if (edit.kind === 'temperature')
    return Number.isFinite(edit.value) && edit.value > 0 ? null : 'a temperature above 0';
  if (edit.kind === 'drop') return place(edit.position);
  if (edit.kind === 'block')
    return edit.pairs.flatMap(([query, key]) => [place(query), place(key)]).find((one) => one !== null) ?? null;
  const number = 'to' in edit ? edit.to : edit.times;
  const free = edit.renormalize === false;
  if (!Number.isFinite(number) || (!free && (number < 0 || ('to' in edit && number > 1))))
    return free ? 'a finite number' : 'to: a weight from 0 to 1, or times: a factor of 0 or more';
  return place(edit.query) ?? place(edit.key);
}
