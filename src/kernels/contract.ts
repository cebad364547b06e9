/**
 * What a device must be able to compute, and nothing else. A device owns storage and runs kernels on it; it knows no
 * shapes, no gradients and no models. Every kernel returns at once (work may be queued behind it); only `read` waits.
 * reference.ts defines what each one means; every other device is checked against it. What does not fit is refused before
 * anything is written (checked.ts): `badSize`, `storageTooShort`, `packedMisfit`, `idOutside`,
 * `unknownActivation`, `wrongStorage`.
 *
 * Legend: all numbers are f32; matrices are row-major; offsets, strides and lengths count numbers, never bytes.
 */

/** Numbers that live on a device. Only the device that allocated it can look inside. */
export interface Storage {
  readonly length: number;
}

/** What numbers a file holds. f16 and bf16 are given as their bits. */
export type NumberType = 'f32' | 'f16' | 'bf16' | 'int8';

/** Numbers as a file has them. */
export interface Numbers {
  readonly type: NumberType;
  readonly values: Float32Array | Uint16Array | Int8Array;
  /** Of int8: number = value · scale, a scale for every `group` numbers along the inner dimension, of one column after another. */
  readonly scales?: Float32Array;
  readonly group?: number;
}

/** A right operand (inner × columns) as its file has it, to be packed once. */
export interface PackSource extends Numbers {
  // values: row-major; (columns, inner) when transposed
  readonly inner: number;
  readonly columns: number;
  readonly transposed?: boolean;
  // scales: (columns, ⌈inner / group⌉), whatever `transposed` says; group: inner numbers that share one, inner unless said
}

/** Made by `pack`. Can be the right operand of a matmul, the table of a gather (rows of a transposed source), and be read. */
export interface Packed extends Storage {
  readonly inner: number;
  readonly columns: number;
  readonly type: NumberType;
  /** Whether it was given as (columns, inner). */
  readonly transposed: boolean;
}

/** Rows of a batch of heads inside a storage: number (b, h, i, c) lies at offset + b·batch + h·head + i·row + c. */
export interface Heads {
  readonly storage: Storage;
  readonly offset: number;
  readonly batchStride: number;
  readonly headStride: number;
  readonly rowStride: number;
}

/**
 * out[b] = activation(left[b] · right[b] + bias) + residual[b] (+ out[b], when accumulating). A transposed operand is
 * stored as its transpose. A number of the result has the same bytes whatever rows, columns and batch stand beside it.
 */
export interface Matmul {
  readonly out: Storage;
  readonly left: Storage;
  readonly right: Storage;
  readonly bias?: Storage; // (columns)
  readonly activation?: Activation;
  readonly residual?: Storage; // as out
  readonly batch?: number; // 1 unless said; operands follow one another without gaps
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly leftTransposed?: boolean; // left is (inner, rows)
  readonly rightTransposed?: boolean; // right is (columns, inner)
  readonly accumulate?: boolean;
}

/** Which keys each query may see, and what is added to its scores. */
export interface Visibility {
  /** Keys of each batch item that count; the rest is padding. Absent: all. */
  readonly keyLengths?: Int32Array; // (batch)
  /** Absolute position of query 0 among the keys, for each batch item; used by `left` and `right`. Absent: 0. */
  readonly offsets?: Int32Array; // (batch)
  /** Query i (position p = offset + i) sees key j only where p − left ≤ j ≤ p + right; −1 leaves a side open. */
  readonly left: number;
  readonly right: number;
  /** Added to the scores, −∞ where forbidden; number (b, h, i, j) at b·batch + h·head + i·row + j·column; stride 0 repeats. */
  readonly bias?: Heads & { readonly columnStride: number };
}

/** The problem that both directions of attention share. keyValueHeads divides heads: head h reads key head ⌊h · keyValueHeads / heads⌋. */
export interface AttentionShape {
  readonly batch: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly queryLength: number;
  readonly keyLength: number;
  readonly headSize: number; // of query and key
  readonly valueSize: number;
  readonly scale: number;
  readonly softcap: number; // 0: none
  readonly visibility: Visibility;
}

/** Squares to keep beside the result, each (batch, heads, queryLength, keyLength); only those named are written. */
export interface KeptStages {
  readonly dots?: Storage; // scale · q·k
  readonly scores?: Storage; // soft-capped
  readonly maskedScores?: Storage; // + bias, −∞ where not visible
  readonly weights?: Storage; // softmax of those; a row with nothing visible is all 0
}

/** out = softmax(softcap(scale · q kᵀ) + bias) · v, row by row (Vaswani et al. 2017; soft-cap: Gemma 2, 2024). */
export interface Attend extends AttentionShape {
  readonly query: Heads;
  readonly key: Heads;
  readonly value: Heads;
  readonly out: Heads;
  /** log Σ exp of each row's maskedScores, (batch, heads, queryLength), for the way back; −∞ where nothing is visible. */
  readonly logSumExp?: Storage;
  readonly keep?: KeptStages;
}

/** Gradients of `attend`, overwriting queryGradient, keyGradient and valueGradient; memory linear in the lengths (Dao et al. 2022). */
export interface AttendBackward extends AttentionShape {
  readonly query: Heads;
  readonly key: Heads;
  readonly value: Heads;
  readonly out: Heads;
  readonly logSumExp: Storage;
  readonly outGradient: Heads;
  readonly queryGradient: Heads;
  readonly keyGradient: Heads;
  readonly valueGradient: Heads;
}

export interface Rows {
  readonly rows: number;
  readonly columns: number;
}

export type Activation = 'gelu' | 'geluTanh' | 'relu' | 'silu' | 'tanh';

/** One step of AdamW (Loshchilov & Hutter 2019); `first` and `second` are its moments; the corrections are 1 − βᵗ. */
export interface AdamStep {
  readonly parameter: Storage;
  readonly gradient: Storage;
  readonly first: Storage;
  readonly second: Storage;
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly decay: number;
  readonly correction1: number;
  readonly correction2: number;
  readonly gradientScale: number; // clipping: the gradient is multiplied by it first
}

/** Rotates pairs of the first `rotated` numbers of every row by the angles of its position (Su et al. 2021). */
export interface Rotate {
  readonly input: Heads;
  readonly out: Heads;
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly headSize: number;
  readonly rotated: number; // even; the rest is copied
  readonly interleaved: boolean; // pairs (2c, 2c+1), else (c, c + rotated/2)
  readonly inverse: boolean; // by the opposite angle: the gradient
  readonly cosine: Storage; // (table rows, rotated/2)
  readonly sine: Storage;
  readonly positions: Int32Array; // (batch, length): the table's row
}

export interface Kernels {
  readonly name: string;

  /** `length` numbers, all 0; or, for what is to be overwritten, whatever they were. */
  allocate(length: number, cleared?: boolean): Storage;
  free(storage: Storage): void;
  write(storage: Storage, values: ArrayLike<number>, offset?: number): void;
  /** A copy, as of the moment of the call. */
  read(storage: Storage, offset?: number, length?: number): Promise<Float32Array>;
  /** A copy of the numbers at once, on devices whose memory the host can look into. */
  peek?(storage: Storage): Float32Array;

  /** Keeps a right operand in its file's type, laid out for products; they widen it to f32 as they go, exactly. */
  pack(source: PackSource): Packed;

  /** `right` may be packed: one matrix (batch 1) of this inner and columns, either way round. */
  matmul(task: Matmul): void;
  attend(task: Attend): void;
  attendBackward(task: AttendBackward): void;
  rotate(task: Rotate): void;

  /** Softmax of each row; a row of −∞ alone becomes all 0. */
  softmax(x: Storage, out: Storage, size: Rows): void;
  /** xGradient = y ⊙ (g − Σ g ⊙ y), where y = softmax(x). */
  softmaxBackward(y: Storage, gradient: Storage, xGradient: Storage, size: Rows): void;
  /** out = (x − mean) / √(variance + ε) · weight + bias, writing each row's mean and 1/√(…) (Ba et al. 2016). */
  layerNorm(
    x: Storage,
    weight: Storage,
    bias: Storage | null,
    out: Storage,
    mean: Storage,
    inverse: Storage,
    size: Rows,
    epsilon: number,
  ): void;
  layerNormBackward(
    x: Storage,
    weight: Storage,
    mean: Storage,
    inverse: Storage,
    gradient: Storage,
    xGradient: Storage,
    weightGradient: Storage,
    biasGradient: Storage | null,
    size: Rows,
  ): void;
  /** out = x / √(mean(x²) + ε) · weight, writing each row's 1/√(…) (Zhang & Sennrich 2019). */
  rmsNorm(x: Storage, weight: Storage, out: Storage, inverse: Storage, size: Rows, epsilon: number): void;
  rmsNormBackward(
    x: Storage,
    weight: Storage,
    inverse: Storage,
    gradient: Storage,
    xGradient: Storage,
    weightGradient: Storage,
    size: Rows,
  ): void;

  activate(kind: Activation, x: Storage, out: Storage): void;
  activateBackward(kind: Activation, x: Storage, gradient: Storage, xGradient: Storage): void;

  /** out = left + right; `right` repeats along `left` where it is shorter (its length divides left's). */
  add(left: Storage, right: Storage, out: Storage): void;
  multiply(left: Storage, right: Storage, out: Storage): void;
  /** out = factor · x. */
  scale(x: Storage, factor: number, out: Storage): void;
  /** out = x where x is among the `count` largest of its row (of equal ones the first; NaN above all), `fill` elsewhere. */
  keepLargest(x: Storage, out: Storage, size: Rows, count: number, fill: number): void;
  /** out = each column's sum over the rows. */
  sumRows(x: Storage, out: Storage, size: Rows): void;
  /** Σ x², as a number on the device: out has length 1. */
  sumSquares(x: Storage, out: Storage): void;

  /** out[i] = table[ids[i]]; ids must lie inside the table. */
  gather(table: Storage, ids: Int32Array, out: Storage, columns: number): void;
  /** table[ids[i]] += rows[i]. */
  scatterAdd(table: Storage, ids: Int32Array, rows: Storage, columns: number): void;

  /** losses[i] = log Σ exp(logits[i]) − logits[i][targets[i]]; a negative target gives 0. */
  crossEntropy(logits: Storage, targets: Int32Array, losses: Storage, size: Rows): void;
  /** logitsGradient[i] = (softmax(logits[i]) − onehot(targets[i])) · gradient[i]; 0 for a negative target. */
  crossEntropyBackward(
    logits: Storage,
    targets: Int32Array,
    gradient: Storage,
    logitsGradient: Storage,
    size: Rows,
  ): void;

  adam(step: AdamStep): void;
}
