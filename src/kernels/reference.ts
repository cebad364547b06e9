/**
 * The definition of every kernel: plain loops, one number at a time, sums in double precision. Slow on purpose; nothing
 * here is clever, so that it can be read against the formula. Other devices are right when they agree with this one.
 */
import { checked } from './checked.ts';
import type { Activation, AttentionShape, Heads, Kernels, Packed, PackSource, Rows, Storage } from './contract.ts';
import { foreign } from './fits.ts';
import { keepLargest } from './largest.ts';

type Numbers = Float32Array | Float64Array;

class ReferenceStorage implements Storage {
  readonly numbers: Numbers;
  constructor(numbers: Numbers) {
    this.numbers = numbers;
  }
  get length(): number {
    return this.numbers.length;
  }
}

/** The numbers of a packed operand in the order of their source. */
class ReferencePacked extends ReferenceStorage implements Packed {
  readonly inner: number;
  readonly columns: number;
  readonly type: Packed['type'];
  readonly transposed: boolean;
  constructor(source: PackSource, numbers: Numbers) {
    super(numbers);
    this.inner = source.inner;
    this.columns = source.columns;
    this.type = source.type;
    this.transposed = source.transposed ?? false;
    for (let i = 0; i < numbers.length; i++) numbers[i] = numberOf(source, i);
  }
}

/** Number i of an operand in its file's type (f16: IEEE 754 binary16; bf16: the upper half of binary32). */
function numberOf({ type, values, inner, columns, transposed, scales, group = inner }: PackSource, i: number): number {
  const value = values[i]!;
  if (type === 'f32') return value;
  if (type === 'int8') {
    const [p, j] = transposed ? [i % inner, Math.floor(i / inner)] : [Math.floor(i / columns), i % columns];
    return value * scales![j * Math.ceil(inner / group) + Math.floor(p / group)]!;
  }
  const [exponentBits, fractionBits] = type === 'f16' ? [5, 10] : [8, 7];
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = value & 0x8000 ? -1 : 1;
  const exponent = (value >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (value & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  if (exponent === 2 ** exponentBits - 1) return fraction ? Number.NaN : sign * Infinity;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

const numbersOf = (storage: Storage): Numbers => {
  if (storage instanceof ReferenceStorage) return storage.numbers;
  throw foreign();
};

const SQRT_HALF = Math.SQRT1_2;
const GELU_TANH = Math.sqrt(2 / Math.PI);
const GELU_CUBE = 0.044715;

/**
 * The error function, to double precision: the series of erf near 0, the continued fraction of erfc far from it
 * (Abramowitz & Stegun 1964, 7.1.6 and 7.1.14).
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size < 2.5) {
    // erf x = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (1·3·…·(2n+1)); every term is positive, so nothing cancels.
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = 0;
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (size + fraction));
}

/** One number through an activation, in double precision. */
export const activations: Record<Activation, (x: number) => number> = {
  gelu: (x) => x * 0.5 * (1 + erf(x * SQRT_HALF)),
  geluTanh: (x) => 0.5 * x * (1 + Math.tanh(GELU_TANH * (x + GELU_CUBE * x * x * x))),
  relu: (x) => (x > 0 || Number.isNaN(x) ? x : 0),
  silu: (x) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

const slopes: Record<Activation, (x: number) => number> = {
  gelu: (x) => 0.5 * (1 + erf(x * SQRT_HALF)) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI),
  geluTanh: (x) => {
    const t = Math.tanh(GELU_TANH * (x + GELU_CUBE * x * x * x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * GELU_TANH * (1 + 3 * GELU_CUBE * x * x);
  },
  relu: (x) => (x > 0 ? 1 : 0),
  silu: (x) => {
    const s = 1 / (1 + Math.exp(-x));
    return s * (1 + x * (1 - s));
  },
  tanh: (x) => 1 - Math.tanh(x) ** 2,
};

/** Softmax of numbers[from, from + count) into out; −∞ alone gives all 0. Returns log Σ exp. */
function softmaxRow(numbers: ArrayLike<number>, from: number, count: number, out: Numbers, to: number): number {
  let largest = -Infinity;
  for (let j = 0; j < count; j++) {
    const x = numbers[from + j]!;
    // A NaN must reach the result: Math.max would keep it, a comparison alone would drop it.
    largest = Math.max(largest, x);
  }
  if (largest === -Infinity) {
    out.fill(0, to, to + count);
    return -Infinity;
  }
  let sum = 0;
  for (let j = 0; j < count; j++) sum += Math.exp(numbers[from + j]! - largest);
  for (let j = 0; j < count; j++) out[to + j] = Math.exp(numbers[from + j]! - largest) / sum;
  return largest + Math.log(sum);
}

interface RowStages {
  readonly dots: Float64Array;
  readonly scores: Float64Array;
  readonly masked: Float64Array;
  readonly weights: Float64Array;
  logSumExp: number;
}

const at = (x: Heads, b: number, h: number, i: number): number =>
  x.offset + b * x.batchStride + h * x.headStride + i * x.rowStride;

/** One row of attention, every stage of it, in double precision. */
function attentionRow(
  task: AttentionShape & { query: Heads; key: Heads },
  b: number,
  h: number,
  i: number,
  row: RowStages,
): void {
  const { query, key, keyLength, headSize, scale, softcap, visibility } = task;
  const q = numbersOf(query.storage);
  const k = numbersOf(key.storage);
  const keyHead = Math.floor((h * task.keyValueHeads) / task.heads);
  const position = i + (visibility.offsets?.[b] ?? 0);
  const counted = visibility.keyLengths?.[b] ?? keyLength;
  const bias = visibility.bias;
  const biasNumbers = bias ? numbersOf(bias.storage) : undefined;
  for (let j = 0; j < keyLength; j++) {
    let dot = 0;
    const qFrom = at(query, b, h, i);
    const kFrom = at(key, b, keyHead, j);
    for (let c = 0; c < headSize; c++) dot += q[qFrom + c]! * k[kFrom + c]!;
    row.dots[j] = dot * scale;
    row.scores[j] = softcap > 0 ? softcap * Math.tanh((dot * scale) / softcap) : dot * scale;
    const added = bias && biasNumbers ? biasNumbers[at(bias, b, h, i) + j * bias.columnStride]! : 0;
    const visible =
      j < counted &&
      (visibility.left < 0 || j >= position - visibility.left) &&
      (visibility.right < 0 || j <= position + visibility.right) &&
      added !== -Infinity;
    row.masked[j] = visible ? row.scores[j]! + added : -Infinity;
  }
  row.logSumExp = softmaxRow(row.masked, 0, keyLength, row.weights, 0);
}

/** A device of plain loops. `f64` keeps double precision in storage too, for finite differences and error budgets. */
export function referenceKernels(precision: 'f32' | 'f64' = 'f32'): Kernels {
  const make = (length: number): Numbers => (precision === 'f64' ? new Float64Array(length) : new Float32Array(length));

  const newRow = (keyLength: number): RowStages => ({
    dots: new Float64Array(keyLength),
    scores: new Float64Array(keyLength),
    masked: new Float64Array(keyLength),
    weights: new Float64Array(keyLength),
    logSumExp: 0,
  });

  const eachRow = (size: Rows, visit: (from: number, row: number) => void): void => {
    for (let row = 0; row < size.rows; row++) visit(row * size.columns, row);
  };

  return checked({
    name: `reference-${precision}`,
    allocate: (length) => new ReferenceStorage(make(length)),
    free: () => {},
    write: (storage, values, offset = 0) => numbersOf(storage).set(values, offset),
    read: async (storage, offset = 0, length = storage.length - offset) =>
      Float32Array.from(numbersOf(storage).subarray(offset, offset + length)),

    peek: (storage) => Float32Array.from(numbersOf(storage)),

    pack: (source) => new ReferencePacked(source, make(source.values.length)),

    matmul(task) {
      const { out, left, right, bias, activation, residual, batch = 1, rows, inner, columns } = task;
      const { leftTransposed, rightTransposed, accumulate } = task;
      const [c, a, b] = [numbersOf(out), numbersOf(left), numbersOf(right)];
      const added = bias ? numbersOf(bias) : undefined;
      const beside = residual ? numbersOf(residual) : undefined;
      for (let n = 0; n < batch; n++)
        for (let i = 0; i < rows; i++)
          for (let j = 0; j < columns; j++) {
            let sum = added?.[j] ?? 0;
            for (let p = 0; p < inner; p++) {
              const x = a[n * rows * inner + (leftTransposed ? p * rows + i : i * inner + p)]!;
              const y = b[n * inner * columns + (rightTransposed ? j * inner + p : p * columns + j)]!;
              sum += x * y;
            }
            const to = (n * rows + i) * columns + j;
            if (activation) sum = activations[activation](sum);
            if (beside) sum += beside[to]!;
            c[to] = accumulate ? c[to]! + sum : sum;
          }
    },

    attend(task) {
      const { batch, heads, keyValueHeads, queryLength, keyLength, valueSize, value, out, keep } = task;
      const v = numbersOf(value.storage);
      const y = numbersOf(out.storage);
      const row = newRow(keyLength);
      for (let b = 0; b < batch; b++)
        for (let h = 0; h < heads; h++)
          for (let i = 0; i < queryLength; i++) {
            attentionRow(task, b, h, i, row);
            const index = (b * heads + h) * queryLength + i;
            if (task.logSumExp) numbersOf(task.logSumExp)[index] = row.logSumExp;
            if (keep?.dots) numbersOf(keep.dots).set(row.dots, index * keyLength);
            if (keep?.scores) numbersOf(keep.scores).set(row.scores, index * keyLength);
            if (keep?.maskedScores) numbersOf(keep.maskedScores).set(row.masked, index * keyLength);
            if (keep?.weights) numbersOf(keep.weights).set(row.weights, index * keyLength);
            const keyHead = Math.floor((h * keyValueHeads) / heads);
            for (let c = 0; c < valueSize; c++) {
              let sum = 0;
              for (let j = 0; j < keyLength; j++) {
                // What is hidden is not mixed at all: 0 · ∞ would be NaN.
                if (row.masked[j] === -Infinity) continue;
                sum += row.weights[j]! * v[at(value, b, keyHead, j) + c]!;
              }
              y[at(out, b, h, i) + c] = sum;
            }
          }
    },

    attendBackward(task) {
      const { batch, heads, keyValueHeads, queryLength, keyLength, headSize, valueSize, scale, softcap } = task;
      const [q, k, v] = [numbersOf(task.query.storage), numbersOf(task.key.storage), numbersOf(task.value.storage)];
      const g = numbersOf(task.outGradient.storage);
      const [qg, kg, vg] = [task.queryGradient, task.keyGradient, task.valueGradient].map((x) =>
        numbersOf(x.storage),
      ) as [Numbers, Numbers, Numbers];
      const row = newRow(keyLength);
      for (let b = 0; b < batch; b++) {
        for (let h = 0; h < keyValueHeads; h++)
          for (let j = 0; j < keyLength; j++) {
            kg.fill(0, at(task.keyGradient, b, h, j), at(task.keyGradient, b, h, j) + headSize);
            vg.fill(0, at(task.valueGradient, b, h, j), at(task.valueGradient, b, h, j) + valueSize);
          }
        for (let h = 0; h < heads; h++)
          for (let i = 0; i < queryLength; i++) {
            attentionRow(task, b, h, i, row);
            const keyHead = Math.floor((h * keyValueHeads) / heads);
            const gFrom = at(task.outGradient, b, h, i);
            const qFrom = at(task.query, b, h, i);
            const qgFrom = at(task.queryGradient, b, h, i);
            const weightGradient = new Float64Array(keyLength);
            let mean = 0;
            for (let j = 0; j < keyLength; j++) {
              if (row.masked[j] === -Infinity) continue;
              const vFrom = at(task.value, b, keyHead, j);
              let sum = 0;
              for (let c = 0; c < valueSize; c++) sum += g[gFrom + c]! * v[vFrom + c]!;
              weightGradient[j] = sum;
              mean += sum * row.weights[j]!;
            }
            qg.fill(0, qgFrom, qgFrom + headSize);
            for (let j = 0; j < keyLength; j++) {
              if (row.masked[j] === -Infinity) continue;
              const weight = row.weights[j]!;
              const vgFrom = at(task.valueGradient, b, keyHead, j);
              for (let c = 0; c < valueSize; c++) vg[vgFrom + c]! += weight * g[gFrom + c]!;
              const capped = softcap > 0 ? row.scores[j]! / softcap : 0;
              const dotGradient = weight * (weightGradient[j]! - mean) * (1 - capped * capped) * scale;
              const kFrom = at(task.key, b, keyHead, j);
              const kgFrom = at(task.keyGradient, b, keyHead, j);
              for (let c = 0; c < headSize; c++) {
                qg[qgFrom + c]! += dotGradient * k[kFrom + c]!;
                kg[kgFrom + c]! += dotGradient * q[qFrom + c]!;
              }
            }
          }
      }
    },

    rotate({ input, out, batch, heads, length, headSize, rotated, interleaved, inverse, cosine, sine, positions }) {
      const [x, y, cos, sin] = [numbersOf(input.storage), numbersOf(out.storage), numbersOf(cosine), numbersOf(sine)];
      const half = rotated / 2;
      for (let b = 0; b < batch; b++)
        for (let h = 0; h < heads; h++)
          for (let i = 0; i < length; i++) {
            const [from, to] = [at(input, b, h, i), at(out, b, h, i)];
            const table = positions[b * length + i]! * half;
            for (let c = 0; c < half; c++) {
              const [first, second] = interleaved ? [2 * c, 2 * c + 1] : [c, c + half];
              const [x1, x2] = [x[from + first]!, x[from + second]!];
              const co = cos[table + c]!;
              const si = inverse ? -sin[table + c]! : sin[table + c]!;
              y[to + first] = co * x1 - si * x2;
              y[to + second] = si * x1 + co * x2;
            }
            for (let c = rotated; c < headSize; c++) y[to + c] = x[from + c]!;
          }
    },

    softmax(x, out, size) {
      eachRow(size, (from) => softmaxRow(numbersOf(x), from, size.columns, numbersOf(out), from));
    },

    softmaxBackward(y, gradient, xGradient, size) {
      const [w, g, xg] = [numbersOf(y), numbersOf(gradient), numbersOf(xGradient)];
      eachRow(size, (from) => {
        let mean = 0;
        for (let j = from; j < from + size.columns; j++) mean += w[j]! * g[j]!;
        for (let j = from; j < from + size.columns; j++) xg[j] = w[j]! * (g[j]! - mean);
      });
    },

    layerNorm(x, weight, bias, out, mean, inverse, size, epsilon) {
      const [a, w, y] = [numbersOf(x), numbersOf(weight), numbersOf(out)];
      const shift = bias ? numbersOf(bias) : undefined;
      eachRow(size, (from, row) => {
        let sum = 0;
        for (let j = 0; j < size.columns; j++) sum += a[from + j]!;
        const middle = sum / size.columns;
        let squares = 0;
        for (let j = 0; j < size.columns; j++) squares += (a[from + j]! - middle) * (a[from + j]! - middle);
        const factor = 1 / Math.sqrt(squares / size.columns + epsilon);
        for (let j = 0; j < size.columns; j++)
          y[from + j] = (a[from + j]! - middle) * factor * w[j]! + (shift?.[j] ?? 0);
        numbersOf(mean)[row] = middle;
        numbersOf(inverse)[row] = factor;
      });
    },

    layerNormBackward(x, weight, mean, inverse, gradient, xGradient, weightGradient, biasGradient, size) {
      const [a, w, g, xg] = [numbersOf(x), numbersOf(weight), numbersOf(gradient), numbersOf(xGradient)];
      const wg = new Float64Array(size.columns);
      const bg = new Float64Array(size.columns);
      eachRow(size, (from, row) => {
        const middle = numbersOf(mean)[row]!;
        const factor = numbersOf(inverse)[row]!;
        let sum = 0;
        let product = 0;
        for (let j = 0; j < size.columns; j++) {
          const normal = (a[from + j]! - middle) * factor;
          const scaled = g[from + j]! * w[j]!;
          sum += scaled;
          product += scaled * normal;
          wg[j]! += g[from + j]! * normal;
          bg[j]! += g[from + j]!;
        }
        for (let j = 0; j < size.columns; j++) {
          const normal = (a[from + j]! - middle) * factor;
          xg[from + j] = factor * (g[from + j]! * w[j]! - (sum + normal * product) / size.columns);
        }
      });
      numbersOf(weightGradient).set(wg);
      if (biasGradient) numbersOf(biasGradient).set(bg);
    },

    rmsNorm(x, weight, out, inverse, size, epsilon) {
      const [a, w, y] = [numbersOf(x), numbersOf(weight), numbersOf(out)];
      eachRow(size, (from, row) => {
        let squares = 0;
        for (let j = 0; j < size.columns; j++) squares += a[from + j]! * a[from + j]!;
        const factor = 1 / Math.sqrt(squares / size.columns + epsilon);
        for (let j = 0; j < size.columns; j++) y[from + j] = a[from + j]! * factor * w[j]!;
        numbersOf(inverse)[row] = factor;
      });
    },

    rmsNormBackward(x, weight, inverse, gradient, xGradient, weightGradient, size) {
      const [a, w, g, xg] = [numbersOf(x), numbersOf(weight), numbersOf(gradient), numbersOf(xGradient)];
      const wg = new Float64Array(size.columns);
      eachRow(size, (from, row) => {
        const factor = numbersOf(inverse)[row]!;
        let product = 0;
        for (let j = 0; j < size.columns; j++) {
          const normal = a[from + j]! * factor;
          product += g[from + j]! * w[j]! * normal;
          wg[j]! += g[from + j]! * normal;
        }
        for (let j = 0; j < size.columns; j++)
          xg[from + j] = factor * (g[from + j]! * w[j]! - (a[from + j]! * factor * product) / size.columns);
      });
      numbersOf(weightGradient).set(wg);
    },

    activate(kind, x, out) {
      const [a, y] = [numbersOf(x), numbersOf(out)];
      for (let i = 0; i < a.length; i++) y[i] = activations[kind](a[i]!);
    },
    activateBackward(kind, x, gradient, xGradient) {
      const [a, g, xg] = [numbersOf(x), numbersOf(gradient), numbersOf(xGradient)];
      for (let i = 0; i < a.length; i++) xg[i] = g[i]! * slopes[kind](a[i]!);
    },

    add(left, right, out) {
      const [a, b, y] = [numbersOf(left), numbersOf(right), numbersOf(out)];
      for (let i = 0; i < a.length; i++) y[i] = a[i]! + b[i % b.length]!;
    },
    multiply(left, right, out) {
      const [a, b, y] = [numbersOf(left), numbersOf(right), numbersOf(out)];
      for (let i = 0; i < a.length; i++) y[i] = a[i]! * b[i % b.length]!;
    },
    scale(x, factor, out) {
      const [a, y] = [numbersOf(x), numbersOf(out)];
      for (let i = 0; i < a.length; i++) y[i] = a[i]! * factor;
    },
    keepLargest: (x, out, size, count, fill) => keepLargest(numbersOf(x), 0, numbersOf(out), 0, size, count, fill),
    sumRows(x, out, size) {
      const sums = new Float64Array(size.columns);
      eachRow(size, (from) => {
        for (let j = 0; j < size.columns; j++) sums[j]! += numbersOf(x)[from + j]!;
      });
      numbersOf(out).set(sums);
    },
    sumSquares(x, out) {
      let sum = 0;
      for (const number of numbersOf(x)) sum += number * number;
      numbersOf(out)[0] = sum;
    },

    gather(table, ids, out, columns) {
      ids.forEach((id, i) => {
        numbersOf(out).set(numbersOf(table).subarray(id * columns, (id + 1) * columns), i * columns);
      });
    },
    scatterAdd(table, ids, rows, columns) {
      const [t, r] = [numbersOf(table), numbersOf(rows)];
      ids.forEach((id, i) => {
        for (let c = 0; c < columns; c++) t[id * columns + c]! += r[i * columns + c]!;
      });
    },

    crossEntropy(logits, targets, losses, size) {
      const x = numbersOf(logits);
      const weights = new Float64Array(size.columns);
      eachRow(size, (from, row) => {
        const target = targets[row]!;
        numbersOf(losses)[row] = target < 0 ? 0 : softmaxRow(x, from, size.columns, weights, 0) - x[from + target]!;
      });
    },
    crossEntropyBackward(logits, targets, gradient, logitsGradient, size) {
      const [x, g, xg] = [numbersOf(logits), numbersOf(gradient), numbersOf(logitsGradient)];
      const weights = new Float64Array(size.columns);
      eachRow(size, (from, row) => {
        const target = targets[row]!;
        if (target < 0) return void xg.fill(0, from, from + size.columns);
        softmaxRow(x, from, size.columns, weights, 0);
        for (let j = 0; j < size.columns; j++) xg[from + j] = (weights[j]! - (j === target ? 1 : 0)) * g[row]!;
      });
    },

    adam({
      parameter,
      gradient,
      first,
      second,
      rate,
      beta1,
      beta2,
      epsilon,
      decay,
      correction1,
      correction2,
      gradientScale,
    }) {
      const [p, g, m, s] = [numbersOf(parameter), numbersOf(gradient), numbersOf(first), numbersOf(second)];
      for (let i = 0; i < p.length; i++) {
        const slope = g[i]! * gradientScale;
        m[i] = beta1 * m[i]! + (1 - beta1) * slope;
        s[i] = beta2 * s[i]! + (1 - beta2) * slope * slope;
        const step = m[i]! / correction1 / (Math.sqrt(s[i]! / correction2) + epsilon);
        p[i] = p[i]! - rate * (step + decay * p[i]!);
      }
    },
  });
}
