/**
 * How a gradient goes back through each operation: one rule an operation. g is the gradient of the output; the rules
 * use operations without a tape, so that nothing is recorded on the way back.
 */
import type { Activation, AttendBackward, AttentionShape, Heads, Rotate } from '../kernels/index.ts';
import type { Operations } from './interface.ts';
import { type Tensor, tensor, unfilled } from './tensor.ts';

const like = (x: Tensor): Tensor => unfilled(x.kernels, x.shape);
const made = (x: Tensor, fill: (out: Tensor) => void): Tensor => {
  const out = like(x);
  fill(out);
  return out;
};

export interface Normed {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly mean?: Tensor;
  readonly inverse: Tensor;
  readonly rows: number;
  readonly columns: number;
}

export interface Attended {
  readonly shape: AttentionShape;
  readonly query: Tensor;
  readonly key: Tensor;
  readonly value: Tensor;
  readonly out: Tensor;
  readonly logSumExp: Tensor;
  /** How heads lie in a tensor of keys (and queries), and in one of values (and outputs). */
  readonly ofKey: (x: Tensor) => Heads;
  readonly ofValue: (x: Tensor) => Heads;
}

export const gradientRules = {
  matmul:
    (o: Operations, left: Tensor, right: Tensor, leftTransposed: boolean, rightTransposed: boolean) => (g: Tensor) => [
      leftTransposed
        ? o.matmul(right, g, { leftTransposed: rightTransposed, rightTransposed: true })
        : o.matmul(g, right, { rightTransposed: !rightTransposed }),
      rightTransposed
        ? o.matmul(g, left, { leftTransposed: true, rightTransposed: leftTransposed })
        : o.matmul(left, g, { leftTransposed: !leftTransposed }),
    ],
  linear: (o: Operations, x: Tensor, w: Tensor) => (g: Tensor, needed: readonly boolean[]) => [
    needed[0] ? o.matmul(g, w) : null,
    needed[1] ? o.matmul(g, x, { leftTransposed: true }) : null,
    needed[2] ? o.sumRows(g) : null,
  ],
  add: (o: Operations, left: Tensor, right: Tensor) => (g: Tensor) => [
    g,
    right.storage.length === left.storage.length
      ? g
      : o.reshape(
          o.sumRows(o.reshape(g, [left.storage.length / right.storage.length, right.storage.length])),
          right.shape,
        ),
  ],
  multiply: (o: Operations, left: Tensor, right: Tensor) => (g: Tensor) => [o.multiply(g, right), o.multiply(g, left)],
  scale: (o: Operations, factor: number) => (g: Tensor) => [o.scale(g, factor)],
  reshape: (o: Operations, x: Tensor) => (g: Tensor) => [o.reshape(g, x.shape)],
  activate: (kind: Activation, x: Tensor) => (g: Tensor) => [
    made(x, (out) => x.kernels.activateBackward(kind, x.storage, g.storage, out.storage)),
  ],
  softmax: (y: Tensor, rows: number, columns: number) => (g: Tensor) => [
    made(y, (out) => y.kernels.softmaxBackward(y.storage, g.storage, out.storage, { rows, columns })),
  ],
  embed: (table: Tensor, ids: Int32Array, columns: number) => (g: Tensor) => [
    scattered(tensor(table.kernels, table.shape), ids, g, columns),
  ],
  rotate: (x: Tensor, task: Omit<Rotate, 'input' | 'out' | 'inverse'>, heads: (x: Tensor) => Heads) => (g: Tensor) => [
    made(x, (out) => x.kernels.rotate({ ...task, input: heads(g), out: heads(out), inverse: true })),
  ],
  crossEntropy:
    (logits: Tensor, targets: Int32Array, counted: number, rows: number, columns: number) => (g: Tensor) => [
      made(logits, (out) =>
        logits.kernels.crossEntropyBackward(
          logits.storage,
          targets,
          repeated(g, rows, 1 / counted).storage,
          out.storage,
          { rows, columns },
        ),
      ),
    ],
  layerNorm:
    ({ x, weight, mean, inverse, rows, columns }: Normed) =>
    (g: Tensor) => {
      const [xg, wg, bg] = [like(x), like(weight), like(weight)];
      x.kernels.layerNormBackward(
        x.storage,
        weight.storage,
        mean!.storage,
        inverse.storage,
        g.storage,
        xg.storage,
        wg.storage,
        bg.storage,
        { rows, columns },
      );
      return [xg, wg, bg];
    },
  rmsNorm:
    ({ x, weight, inverse, rows, columns }: Normed) =>
    (g: Tensor) => {
      const [xg, wg] = [like(x), like(weight)];
      x.kernels.rmsNormBackward(x.storage, weight.storage, inverse.storage, g.storage, xg.storage, wg.storage, {
        rows,
        columns,
      });
      return [xg, wg];
    },
  // What was kept passes; where the fill is −∞ a softmax follows, which gives the rest a gradient of 0 already.
  keepLargest: (o: Operations, out: Tensor, fill: number) => (g: Tensor) =>
    fill === 0 ? [o.multiply(g, o.activate('tanh', o.scale(out, 1e30)))] : [g],
  attend:
    ({ shape, query, key, value, out, logSumExp, ofKey, ofValue }: Attended) =>
    (g: Tensor) => {
      const [qg, kg, vg] = [like(query), like(key), like(value)];
      const task: AttendBackward = {
        ...shape,
        query: ofKey(query),
        key: ofKey(key),
        value: ofValue(value),
        out: ofValue(out),
        logSumExp: logSumExp.storage,
        outGradient: ofValue(g),
        queryGradient: ofKey(qg),
        keyGradient: ofKey(kg),
        valueGradient: ofValue(vg),
      };
      query.kernels.attendBackward(task);
      return [qg, kg, vg];
    },
} as const;

/** Adds rows to a table of zeros. */
function scattered(table: Tensor, ids: Int32Array, rows: Tensor, columns: number): Tensor {
  table.kernels.scatterAdd(table.storage, ids, rows.storage, columns);
  return table;
}

/** One number, repeated: [1] → [count], times a factor. */
function repeated(number: Tensor, count: number, factor: number): Tensor {
  const { kernels } = number;
  const ones = tensor(kernels, [count], new Float32Array(count).fill(factor));
  kernels.multiply(ones.storage, number.storage, ones.storage);
  return ones;
}
