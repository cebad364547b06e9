/** DeBERTa's disentangled attention: queries and keys meet learned vectors of distances (He et al. 2021). */
import type { Visibility } from '../kernels/index.ts';
import type { Operations, Tensor } from '../tensor/index.ts';
import type { PositionBias } from './architecture.ts';
import { logBucket } from './bias.ts';

type Disentangled = Extract<PositionBias, { kind: 'disentangled' }>;

/** Which learned distance a pair uses, by its distance query − key from −(length − 1) on; both directions read the same one. */
export function disentangledDistances({ span, maxDistance }: Disentangled, length: number): Int32Array {
  // Content-to-position of (i, j) and position-to-content of (j, i) have distance i − j.
  return Int32Array.from({ length: 2 * length - 1 }, (_, r) => {
    const distance = r - (length - 1);
    const bucket = maxDistance > 0 ? logBucket(distance, span, maxDistance) : distance;
    return Math.min(2 * span - 1, Math.max(0, bucket + span));
  });
}

/** What meets: positionKey and positionQuery are [2 · span, heads · size]; one may be missing. */
export interface DisentangledTask {
  readonly bias: Disentangled;
  readonly query: Tensor;
  readonly key: Tensor;
  readonly positionKey: Tensor | null;
  readonly positionQuery: Tensor | null;
  readonly batch: number;
  readonly heads: number;
  readonly scale: number;
}

/** Where number (i, j) of one square stands among dots [heads · length, 2 · span] of rows with distances. */
function picks({ bias }: DisentangledTask, heads: number, length: number, row: (i: number, j: number) => number) {
  const distances = disentangledDistances(bias, length);
  const ids = new Int32Array(heads * length * length);
  for (let h = 0, to = 0; h < heads; h++)
    for (let i = 0; i < length; i++)
      for (let j = 0; j < length; j++)
        ids[to++] = (h * length + row(i, j)) * 2 * bias.span + distances[i - j + length - 1]!;
  return ids;
}

/** query i · positionKey(i − j) + key j · positionQuery(i − j), both times scale: (batch · heads · length, length). */
export function disentangledBias(o: Operations, task: DisentangledTask): Visibility['bias'] {
  const { bias, query, key, positionKey, positionQuery, batch, heads, scale } = task;
  const length = query.shape[0]! / batch;
  const shape = { batch, heads, keyValueHeads: heads, scale };
  /** Number `at(i, j)` of each head's dots, [batch · heads · length, length]. */
  const pick = (dots: Tensor, row: (i: number, j: number) => number): Tensor =>
    o.embed(o.reshape(dots, [batch * heads * length * 2 * bias.span, 1]), picks(task, batch * heads, length, row));
  const parts = [
    ...(positionKey ? [pick(o.dots(query, positionKey, shape), (i) => i)] : []),
    ...(positionQuery ? [pick(o.dots(key, positionQuery, shape), (_, j) => j)] : []),
  ];
  const sum = parts.length === 2 ? o.add(parts[0]!, parts[1]!) : parts[0];
  if (!sum) return undefined;
  return {
    storage: sum.storage,
    offset: 0,
    batchStride: heads * length * length,
    headStride: length * length,
    rowStride: length,
    columnStride: 1,
  };
}

/**
 * The same attention of one text as operations that can be led back, where the streaming one gives its bias no gradient:
 * softmax(scale · (q · k + q · positionKey + k · positionQuery)) · v head by head, (length, heads · size). Cost: a few
 * squares of every head of a layer are held.
 */
export function attendDisentangled(o: Operations, task: DisentangledTask, value: Tensor): Tensor {
  const { bias, query, key, positionKey, positionQuery, heads, scale } = task;
  const [length = 0, width = 0] = query.shape;
  const size = width / heads;
  let whole: Tensor | null = null;
  for (let head = 0; head < heads; head++) {
    const picked = new Float32Array(width * size);
    for (let c = 0; c < size; c++) picked[(head * size + c) * size + c] = 1;
    const columns = o.constant([width, size], picked);
    const [q, k, v] = [query, key, value].map((x) => o.matmul(x, columns)) as [Tensor, Tensor, Tensor];
    const met = (x: Tensor, table: Tensor, row: (i: number, j: number) => number): Tensor => {
      const dots = o.matmul(x, o.matmul(table, columns), { rightTransposed: true });
      const square = o.embed(o.reshape(dots, [length * 2 * bias.span, 1]), picks(task, 1, length, row));
      return o.reshape(square, [length, length]);
    };
    let scores = o.matmul(q, k, { rightTransposed: true });
    if (positionKey)
      scores = o.add(
        scores,
        met(q, positionKey, (i) => i),
      );
    if (positionQuery)
      scores = o.add(
        scores,
        met(k, positionQuery, (_, j) => j),
      );
    const mixed = o.matmul(o.softmax(o.scale(scores, scale)), v);
    const placed = o.matmul(mixed, columns, { rightTransposed: true });
    whole = whole ? o.add(whole, placed) : placed;
  }
  return whole!;
}
