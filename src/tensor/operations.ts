/**
 * What a transformer is made of, on tensors. Written once for running and for learning: with a tape every operation is
 * recorded together with its gradient rule (gradients.ts), without one nothing is.
 */
import type { AttentionShape, Heads, Kernels, Storage } from '../kernels/index.ts';
import { gradientRules as rules } from './gradients.ts';
import type { AttendTask, Operations } from './interface.ts';
import { expectIndices, expectShape, type Shape, sizeOf } from './shape.ts';
import { type Pullback, Tape } from './tape.ts';
import { scopeBut, type Tensor, tensor, unfilled } from './tensor.ts';

/**
 * Steps made again on the way back, each with a tape of its own, so that no more than one is remembered at a time (Chen et
 * al. 2016): told the tape that a step is made on, and the gradients that were found on it before they are freed.
 */
export interface Again {
  begins(tape: Tape): void;
  ends(gradients: ReadonlyMap<Tensor, Tensor>): void;
}

/** Operations on a device, recorded on a tape if one is given; with `again` steps are not kept but made again. They throw `shapeMismatch`. */
export function operations(kernels: Kernels, tape?: Tape, again?: Again): Operations {
  const record = (inputs: readonly Tensor[], output: Tensor, pullback: Pullback): Tensor =>
    tape?.record(inputs, output, pullback) ?? output;
  const make = (shape: Shape): Tensor => unfilled(kernels, shape);
  const rowsOf = (x: Tensor): { rows: number; columns: number } => {
    const columns = x.shape.at(-1) ?? 1;
    return { rows: x.storage.length / columns, columns };
  };
  /** Operations on the way back, which no tape sees. */
  const back = (): Operations => (tape ? operations(kernels) : o);

  const o: Operations = {
    constant: (shape, values) => tensor(kernels, shape, values),

    reshape(x, shape) {
      expectShape('reshape', 'the new shape', [sizeOf(shape)], [x.storage.length]);
      return record([x], { ...x, shape }, rules.reshape(back(), x));
    },

    matmul(left, right, { leftTransposed = false, rightTransposed = false } = {}) {
      const [a = 0, b = 0] = left.shape;
      const [c = 0, d = 0] = right.shape;
      const [rows, inner] = leftTransposed ? [b, a] : [a, b];
      const [innerRight, columns] = rightTransposed ? [d, c] : [c, d];
      expectShape('matmul', 'the inner size of the right operand', [innerRight], [inner]);
      const out = make([rows, columns]);
      kernels.matmul({
        out: out.storage,
        left: left.storage,
        right: right.storage,
        rows,
        inner,
        columns,
        leftTransposed,
        rightTransposed,
      });
      return record([left, right], out, rules.matmul(back(), left, right, leftTransposed, rightTransposed));
    },

    linear(x, weight, bias, activation) {
      // What goes back through an activation is what went into it.
      if (tape && activation) return o.activate(activation, o.linear(x, weight, bias));
      const [outputs = 0, inputs = 0] = weight.shape;
      const [rows = 0] = x.shape;
      expectShape('linear', 'x', x.shape, [rows, inputs]);
      if (bias) expectShape('linear', 'the bias', bias.shape, [outputs]);
      const out = make([rows, outputs]);
      kernels.matmul({
        out: out.storage,
        left: x.storage,
        right: weight.storage,
        rows,
        inner: inputs,
        columns: outputs,
        rightTransposed: true,
        ...(bias && { bias: bias.storage }),
        ...(activation && { activation }),
      });
      return record(bias ? [x, weight, bias] : [x, weight], out, rules.linear(back(), x, weight));
    },

    add(left, right) {
      expectShape(
        'add',
        'what is left when the longer operand is cut by the shorter',
        [left.storage.length % right.storage.length],
        [0],
      );
      const out = make(left.shape);
      kernels.add(left.storage, right.storage, out.storage);
      return record([left, right], out, rules.add(back(), left, right));
    },

    multiply(left, right) {
      expectShape('multiply', 'the right operand', right.shape, left.shape);
      const out = make(left.shape);
      kernels.multiply(left.storage, right.storage, out.storage);
      return record([left, right], out, rules.multiply(back(), left, right));
    },

    scale(x, factor) {
      const out = make(x.shape);
      kernels.scale(x.storage, factor, out.storage);
      return record([x], out, rules.scale(back(), factor));
    },

    sumRows(x) {
      const size = rowsOf(x);
      const out = make([size.columns]);
      kernels.sumRows(x.storage, out.storage, size);
      return out;
    },

    activate(kind, x) {
      const out = make(x.shape);
      kernels.activate(kind, x.storage, out.storage);
      return record([x], out, rules.activate(kind, x));
    },

    softmax(x) {
      const out = make(x.shape);
      const { rows, columns } = rowsOf(x);
      kernels.softmax(x.storage, out.storage, { rows, columns });
      return record([x], out, rules.softmax(out, rows, columns));
    },

    layerNorm(x, weight, bias, epsilon) {
      const { rows, columns } = rowsOf(x);
      expectShape('layerNorm', 'the weight', weight.shape, [columns]);
      expectShape('layerNorm', 'the bias', bias.shape, [columns]);
      const [out, mean, inverse] = [make(x.shape), make([rows]), make([rows])];
      kernels.layerNorm(
        x.storage,
        weight.storage,
        bias.storage,
        out.storage,
        mean.storage,
        inverse.storage,
        { rows, columns },
        epsilon,
      );
      return record([x, weight, bias], out, rules.layerNorm({ x, weight, mean, inverse, rows, columns }));
    },

    rmsNorm(x, weight, epsilon) {
      const { rows, columns } = rowsOf(x);
      expectShape('rmsNorm', 'the weight', weight.shape, [columns]);
      const [out, inverse] = [make(x.shape), make([rows])];
      kernels.rmsNorm(x.storage, weight.storage, out.storage, inverse.storage, { rows, columns }, epsilon);
      return record([x, weight], out, rules.rmsNorm({ x, weight, inverse, rows, columns }));
    },

    embed(table, ids) {
      expectIndices('embed', ids, 0, table.shape[0]!);
      const columns = table.shape[1] ?? 1;
      const out = make([ids.length, columns]);
      kernels.gather(table.storage, ids, out.storage, columns);
      return record([table], out, rules.embed(table, ids, columns));
    },

    attend(task) {
      const { query, key, value } = task;
      const { shape, ofKey, ofValue } = attentionOf(task);
      const out = make([query.shape[0]!, shape.heads * shape.valueSize]);
      const logSumExp = make([shape.batch, shape.heads, shape.queryLength]);
      kernels.attend({
        ...shape,
        query: ofKey(query),
        key: ofKey(key),
        value: ofValue(value),
        out: ofValue(out),
        logSumExp: logSumExp.storage,
      });
      return record(
        [query, key, value],
        out,
        rules.attend({ shape, query, key, value, out, logSumExp, ofKey, ofValue }),
      );
    },

    squares(task) {
      const { query, key, value } = task;
      const { shape, ofKey, ofValue } = attentionOf(task);
      const square = (): Tensor => make([shape.batch * shape.heads * shape.queryLength, shape.keyLength]);
      const kept = { scores: square(), maskedScores: square(), weights: square() };
      kernels.attend({
        ...shape,
        query: ofKey(query),
        key: ofKey(key),
        value: ofValue(value),
        out: ofValue(make([query.shape[0]!, shape.heads * shape.valueSize])),
        keep: {
          scores: kept.scores.storage,
          maskedScores: kept.maskedScores.storage,
          weights: kept.weights.storage,
        },
      });
      return kept;
    },

    append(cache, rows, at) {
      const [count = 0, width = 0] = rows.shape;
      expectShape(
        'append',
        'the rows that fit',
        [Math.min(count, cache.shape[0]! - at), width],
        [count, cache.shape[1]!],
      );
      const place = (storage: Storage, offset: number): Heads => ({
        storage,
        offset,
        batchStride: 0,
        headStride: 0,
        rowStride: width,
      });
      // A rotation of nothing copies.
      kernels.rotate({
        batch: 1,
        heads: 1,
        length: count,
        headSize: width,
        rotated: 0,
        interleaved: false,
        inverse: false,
        cosine: rows.storage,
        sine: rows.storage,
        positions: new Int32Array(count),
        input: place(rows.storage, 0),
        out: place(cache.storage, at * width),
      });
      return { ...cache, shape: [at + count, width] };
    },

    dots(query, key, { batch, heads, keyValueHeads, scale }) {
      const [queryLength, keyLength] = [query.shape[0]! / batch, key.shape[0]!];
      const headSize = query.shape[1]! / heads;
      expectShape('dots', 'the key', key.shape, [keyLength, keyValueHeads * headSize]);
      const inHeads = (x: Tensor, batchStride: number): Heads => ({
        storage: x.storage,
        offset: 0,
        batchStride,
        headStride: headSize,
        rowStride: x.shape[1]!,
      });
      const out = make([batch * heads * queryLength, keyLength]);
      const mixed = make(query.shape);
      kernels.attend({
        batch,
        heads,
        keyValueHeads,
        queryLength,
        keyLength,
        headSize,
        valueSize: headSize,
        scale,
        softcap: 0,
        visibility: { left: -1, right: -1 },
        query: inHeads(query, queryLength * query.shape[1]!),
        key: inHeads(key, 0),
        value: inHeads(key, 0),
        out: inHeads(mixed, queryLength * query.shape[1]!),
        keep: { dots: out.storage },
      });
      return out;
    },

    step(inputs, body) {
      if (tape && !again) return body(o, inputs);
      const plain = back();
      const [out] = scopeBut(kernels, () => [body(plain, inputs)] as const);
      return record(inputs, out, (g) =>
        scopeBut(kernels, () => {
          // The same numbers under names of their own, so that this stretch of the way has a tape of its own.
          const own = inputs.map((input) => ({ ...input }));
          const stretch = new Tape();
          stretch.watch(...own);
          again!.begins(stretch);
          const made = body(operations(kernels, stretch), own);
          const found = stretch.gradients(made, plain, g);
          again!.ends(found);
          return own.map((input) => found.get(input) ?? null);
        }),
      );
    },

    ...(!tape && kernels.peek && { peek: (x: Tensor) => kernels.peek!(x.storage) }),

    keepLargest(x, count, fill) {
      const out = make(x.shape);
      kernels.keepLargest(x.storage, out.storage, rowsOf(x), count, fill);
      return record([x], out, rules.keepLargest(back(), out, fill));
    },

    rotate(x, { batch, heads, rotated, interleaved, cosine, sine, positions }) {
      const [length, width] = [x.shape[0]! / batch, x.shape[1]!];
      const task = {
        batch,
        heads,
        length,
        headSize: width / heads,
        rotated,
        interleaved,
        cosine: cosine.storage,
        sine: sine.storage,
        positions,
      };
      const strided = (y: Tensor): Heads => ({
        storage: y.storage,
        offset: 0,
        batchStride: length * width,
        headStride: width / heads,
        rowStride: width,
      });
      const out = make(x.shape);
      kernels.rotate({ ...task, input: strided(x), out: strided(out), inverse: false });
      return record([x], out, rules.rotate(x, task, strided));
    },

    crossEntropy(logits, targets) {
      const { rows, columns } = rowsOf(logits);
      expectShape('crossEntropy', 'the targets', [targets.length], [rows]);
      expectIndices('crossEntropy', targets, -1, columns);
      const counted = Math.max(1, targets.filter((target) => target >= 0).length);
      const losses = make([rows]);
      kernels.crossEntropy(logits.storage, targets, losses.storage, { rows, columns });
      const sum = make([1]);
      kernels.sumRows(losses.storage, sum.storage, { rows, columns: 1 });
      kernels.scale(sum.storage, 1 / counted, sum.storage);
      return record([logits], sum, rules.crossEntropy(logits, targets, counted, rows, columns));
    },
  };
  return o;
}

/** An attention's sizes, and how the heads of its operands lie in their rows. Throws `shapeMismatch`. */
function attentionOf({ query, key, value, batch, heads, keyValueHeads, scale, softcap = 0, visibility }: AttendTask) {
  const [queryLength, keyLength] = [query.shape[0]! / batch, key.shape[0]! / batch];
  const [headSize, valueSize] = [query.shape[1]! / heads, value.shape[1]! / keyValueHeads];
  expectShape(
    'attend',
    'the rows left when the batch is taken out',
    [query.shape[0]! % batch, key.shape[0]! % batch],
    [0, 0],
  );
  expectShape('attend', 'the key', key.shape, [keyLength * batch, keyValueHeads * headSize]);
  expectShape('attend', 'the value', value.shape, [keyLength * batch, keyValueHeads * valueSize]);
  const shape: AttentionShape = {
    batch,
    heads,
    keyValueHeads,
    queryLength,
    keyLength,
    headSize,
    valueSize,
    scale,
    softcap,
    visibility,
  };
  const strided =
    (size: number) =>
    (x: Tensor): Heads => {
      const width = x.shape[1]!;
      return {
        storage: x.storage,
        offset: 0,
        batchStride: (x.shape[0]! / batch) * width,
        headStride: size,
        rowStride: width,
      };
    };
  return { shape, ofKey: strided(headSize), ofValue: strided(valueSize) };
}
