/** Attention whose square was interfered with: scores and weights changed before anything later is computed. */
import {
  type AttentionPlace,
  changeSquares,
  type Edit,
  isCrossed,
  onlyHides,
  type SquareEdit,
  type Squares,
  squareArrays,
  squareEditsOf,
} from '../attention/index.ts';
import type { Kernels, Visibility } from '../kernels/index.ts';
import { type AttendTask, type Operations, scope, type Tensor, tensor } from '../tensor/index.ts';

/**
 * Attention of one place with its square edits, text by text. Heads that nobody touches stream, and so does everything
 * where edits only hide; of the others one head's square at a time is kept and changed. Rows whose weights are others then
 * are mixed anew; all others stay what the streaming pass made them, to the bit.
 */
export function attendEdited(
  o: Operations,
  task: AttendTask,
  texts: readonly (readonly Edit[])[],
  place: AttentionPlace,
): Tensor {
  const edits = texts.map((own) => squareEditsOf(own, place));
  if (edits.every((own) => own.length === 0)) return o.attend(task);
  if (edits.every(onlyHides) && !task.visibility.bias)
    return o.attend({ ...task, visibility: { ...task.visibility, bias: hidden(o, task, edits, place) } });
  return headByHead(o, task, edits, place);
}

const sizesOf = ({ batch, heads, keyValueHeads, query, key }: AttendTask) => ({
  queries: query.shape[0]! / batch,
  keys: key.shape[0]! / batch,
  size: query.shape[1]! / heads,
  keyHead: (head: number): number => Math.floor((head * keyValueHeads) / heads),
});

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** What edits hide, as numbers to add; one square for all heads where no edit names one. */
function hidden(
  o: Operations,
  task: AttendTask,
  edits: readonly (readonly SquareEdit[])[],
  place: AttentionPlace,
): NonNullable<Visibility['bias']> {
  const { queries, keys } = sizesOf(task);
  const heads = edits.flat().some(({ head }) => head !== undefined) ? task.heads : 1;
  const square = queries * keys;
  const all = new Float32Array(task.batch * heads * square);
  for (const [b, own] of edits.entries())
    for (let head = 0; head < heads; head++) {
      const { plus } = squareArrays(own, { head, queries: upTo(queries), keys, crossed: isCrossed(place) });
      all.set(plus, (b * heads + head) * square);
    }
  return {
    storage: o.constant([task.batch * heads * queries, keys], all).storage,
    offset: 0,
    batchStride: heads * square,
    headStride: heads === 1 ? 0 : square,
    rowStride: keys,
    columnStride: 1,
  };
}

function headByHead(
  o: Operations,
  task: AttendTask,
  edits: readonly (readonly SquareEdit[])[],
  place: AttentionPlace,
): Tensor {
  const { batch, heads } = task;
  const { kernels } = task.query;
  const { queries, keys, size } = sizesOf(task);
  const [keep, put] = [new Float32Array(batch * queries * heads * size).fill(1), headsTensor(kernels, task)];
  let touched = false;
  for (const [b, own] of edits.entries())
    for (let head = 0; head < heads; head++) {
      if (own.every((edit) => edit.head !== undefined && edit.head !== head)) continue;
      // What one head needs is freed before the next one's turn.
      scope(kernels, () => {
        const one = oneHead(o, task, b, head);
        const arrays = squareArrays(own, { head, queries: upTo(queries), keys, crossed: isCrossed(place) });
        const squares = peeked(o, one);
        const moved = changeSquares(squares, arrays, keys);
        if (moved.length === 0) return;
        touched = true;
        const rows = Int32Array.from(moved, (i) => b * queries + i);
        for (const row of rows) keep.fill(0, (row * heads + head) * size, (row * heads + head + 1) * size);
        const weights = new Float32Array(moved.length * keys);
        for (const [n, i] of moved.entries()) weights.set(squares.weights.subarray(i * keys, (i + 1) * keys), n * keys);
        const mixed = o.matmul(o.constant([moved.length, keys], weights), one.value);
        const inPlace = o.matmul(mixed, columns(o, head, heads, size), { rightTransposed: true });
        kernels.scatterAdd(put.storage, rows, inPlace.storage, heads * size);
      });
    }
  return touched ? o.add(o.multiply(o.attend(task), o.constant(put.shape, keep)), put) : o.attend(task);
}

/** One head's squares as the host sees them. Edits of them are refused where a tape records, and devices can be looked into. */
function peeked(o: Operations, one: AttendTask): Squares {
  const { scores, maskedScores, weights } = o.squares(one);
  return { scores: o.peek!(scores), maskedScores: o.peek!(maskedScores), weights: o.peek!(weights) };
}

/** Zeros as wide as all heads' mixtures. */
const headsTensor = (kernels: Kernels, { query }: AttendTask): Tensor => tensor(kernels, query.shape);

/** One text's one head as an attention of its own. */
function oneHead(o: Operations, task: AttendTask, b: number, head: number): AttendTask {
  const { queries, keys, size, keyHead } = sizesOf(task);
  const { query, key, value, heads, keyValueHeads, visibility } = task;
  const rows = (x: Tensor, count: number): Tensor =>
    o.embed(
      x,
      Int32Array.from({ length: count }, (_, i) => b * count + i),
    );
  const own = (x: Tensor): Tensor => o.matmul(rows(x, keys), columns(o, keyHead(head), keyValueHeads, size));
  const { bias, keyLengths } = visibility;
  return {
    ...task,
    query: o.matmul(rows(query, queries), columns(o, head, heads, size)),
    key: own(key),
    value: own(value),
    batch: 1,
    heads: 1,
    keyValueHeads: 1,
    visibility: {
      ...visibility,
      ...(keyLengths && { keyLengths: keyLengths.slice(b, b + 1) }),
      ...(bias && { bias: { ...bias, offset: bias.offset + b * bias.batchStride + head * bias.headStride } }),
    },
  };
}

/** Picks one head's columns out of all of them: a matrix of 0 and 1, [heads · size, size]. */
function columns(o: Operations, head: number, heads: number, size: number): Tensor {
  const picked = new Float32Array(heads * size * size);
  for (let c = 0; c < size; c++) picked[(head * size + c) * size + c] = 1;
  return o.constant([heads * size, size], picked);
}
