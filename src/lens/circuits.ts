/** What a head can do on any text, read from its parameters alone: the maps QK and OV (Elhage et al. 2021). */
import { sharedKernels } from '../attention/device.ts';
import type { Architecture, Model } from '../model/index.ts';
import { operations, read, scope } from '../tensor/index.ts';

export interface Circuit {
  readonly layer: number;
  readonly head: number;
  /** exp of the entropy of the singular values of W_Qᵀ·W_K (Roy & Vetterli 2007): along how many directions it compares. */
  readonly queryKeyRank: number;
  /** Likewise of W_O·W_V: along how many directions it writes. 0: it writes nothing. */
  readonly outputValueRank: number;
  /**
   * Σ λ / Σ |λ| over the eigenvalues of U·W_O·W_V·E, token to token (Elhage et al. 2021): 1 where seeing a token raises
   * that token, −1 where it lowers it; 0 for a head that writes nothing. E: token embeddings; U: as `copyingAgainst` says.
   */
  readonly copying: number;
}

export interface Circuits {
  /** `unembedding`: U turns hidden states into logits. `embedding`: U is E, where there is no such linear map (no head, or one with a layer of its own, as BERT's). */
  readonly copyingAgainst: 'unembedding' | 'embedding';
  /** By layer, then head. */
  readonly heads: readonly Circuit[];
}

/** Numbers in rows: [rows, columns]. */
export interface Rows {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/**
 * Ranks and copying scores of all heads. The gains of the norms in front of the layer and of the unembedding are folded
 * in; rotation of positions is left out (it turns with the distance). Cost: vocabulary · hidden² once, then
 * hidden · headSize² for each head.
 */
export async function circuits(model: Model): Promise<Circuits> {
  const { layerCount, headCount, keyValueHeadCount, headSize, head: language } = model.architecture;
  const copyingAgainst = language && !language.transform ? 'unembedding' : 'embedding';
  const overlap = await tokenOverlap(model, copyingAgainst);
  const { EigenvalueDecomposition, Matrix } = await import('ml-matrix');
  const symmetric = (m: Rows) => {
    const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(toMatrix(m), { assumeSymmetric: true });
    return { values: realEigenvalues.map((value) => Math.max(0, value)), vectors: eigenvectorMatrix };
  };
  const toMatrix = ({ data, rows, columns }: Rows) => Matrix.from1DArray(rows, columns, data as unknown as number[]);
  /** Singular values of Aᵀ·B by their squares: the eigenvalues of √(AAᵀ) · BBᵀ · √(AAᵀ); A and B are [headSize, hidden]. */
  const singularValues = (a: Rows, b: Rows): number[] => {
    const { values, vectors } = symmetric(gram(a, a));
    const root = vectors.mmul(Matrix.diag(values.map(Math.sqrt))).mmul(vectors.transpose());
    const product = root.mmul(toMatrix(gram(b, b))).mmul(root);
    const even = product.add(product.transpose()).mul(0.5);
    return new EigenvalueDecomposition(even, { assumeSymmetric: true }).realEigenvalues.map((value) =>
      Math.sqrt(Math.max(0, value)),
    );
  };
  const heads: Circuit[] = [];
  for (let layer = 0; layer < layerCount; layer++) {
    const gain = await incomingGain(model, layer);
    const outputOf = await outputSlices(model, layer);
    for (let head = 0; head < headCount; head++) {
      const keyHead = Math.floor((head * keyValueHeadCount) / headCount);
      const query = await sliceOf(model, layer, 'query', head, headSize, gain);
      const key = await sliceOf(model, layer, 'key', keyHead, headSize, gain);
      const value = await sliceOf(model, layer, 'value', keyHead, headSize, gain);
      const output = outputOf(head);
      const small = overlap && value.columns === overlap.columns ? gram(times(value, overlap), output) : null;
      const { realEigenvalues: real, imaginaryEigenvalues: imaginary } = small
        ? new EigenvalueDecomposition(toMatrix(small))
        : { realEigenvalues: [], imaginaryEigenvalues: [] };
      const size = real.reduce((sum, value, i) => sum + Math.hypot(value, imaginary[i]!), 0);
      heads.push({
        layer,
        head,
        queryKeyRank: effectiveRank(singularValues(query, key)),
        outputValueRank: effectiveRank(singularValues(value, output)),
        copying: size === 0 ? 0 : real.reduce((sum, value) => sum + value, 0) / size,
      });
    }
  }
  return { copyingAgainst, heads };
}

/** exp of the entropy of singular values taken as shares (Roy & Vetterli 2007); 0 where all are 0. */
export function effectiveRank(singularValues: readonly number[]): number {
  const total = singularValues.reduce((sum, value) => sum + value, 0);
  if (total === 0) return 0;
  const entropy = singularValues.reduce(
    (sum, value) => (value > 0 ? sum - (value / total) * Math.log(value / total) : sum),
    0,
  );
  return Math.exp(entropy);
}

/** Tokens whose embeddings are in host memory at a time. */
const tokensAtOnce = 4096;

/** Eᵀ·U, [hidden, hidden], with the final norm's gain. Computed on the device in f32. Null where E is of another width. */
async function tokenOverlap(model: Model, against: Circuits['copyingAgainst']): Promise<Rows | null> {
  const { hiddenSize, head } = model.architecture;
  const tokens = model.parameters.get('embeddings.token')!;
  if (tokens.shape[1] !== hiddenSize) return null;
  const decoder = against === 'embedding' || head!.tied ? tokens : model.parameters.get('head.decoder.weight')!;
  const kernels = await sharedKernels();
  const vocabulary = Math.min(tokens.shape[0]!, decoder.shape[0]!);
  const data = new Float64Array(hiddenSize * hiddenSize);
  for (let first = 0; first < vocabulary; first += tokensAtOnce) {
    const count = Math.min(tokensAtOnce, vocabulary - first);
    const [left, right] = await Promise.all([tokens.read(first, count), decoder.read(first, count)]);
    const part = await scope(kernels, () => {
      const o = operations(kernels);
      const device = (numbers: Float32Array) => o.constant([count, hiddenSize], numbers);
      return read(o.matmul(device(left), device(right), { leftTransposed: true }));
    });
    for (let i = 0; i < data.length; i++) data[i]! += part[i]!;
  }
  const gain = against === 'unembedding' ? await model.parameters.get('finalNorm.weight')?.read() : undefined;
  if (gain) for (let i = 0; i < data.length; i++) data[i]! *= gain[i % hiddenSize]!;
  return { data, rows: hiddenSize, columns: hiddenSize };
}

/** Whether a layer's attention reads the stream through a norm. */
export const normsBefore = ({ normPlacement, layers }: Architecture, layer: number): boolean =>
  (normPlacement === 'before' || normPlacement === 'both') && layers[layer]!.attentionNorm;

/** Gain of the norm that stands before a layer's attention, or none. */
async function incomingGain(model: Model, layer: number): Promise<Float32Array | undefined> {
  if (!normsBefore(model.architecture, layer)) return undefined;
  return model.parameters.get(`layers.${layer}.attentionNorm.weight`)?.read();
}

/** One head's rows of a projection, [headSize, hidden], with the gain of the norm in front. */
async function sliceOf(
  model: Model,
  layer: number,
  name: 'query' | 'key' | 'value',
  head: number,
  headSize: number,
  gain: Float32Array | undefined,
): Promise<Rows> {
  const projection = model.parameters.get(`layers.${layer}.${name}.weight`)!;
  const columns = projection.shape[1]!;
  const own = await projection.read(head * headSize, headSize);
  return { data: Float64Array.from(own, (number, i) => number * (gain?.[i % columns] ?? 1)), rows: headSize, columns };
}

/** Each head's columns of a layer's output projection, transposed: [headSize, hidden]. */
export async function outputSlices(model: Model, layer: number): Promise<(head: number) => Rows> {
  const { headSize } = model.architecture;
  const projection = model.parameters.get(`layers.${layer}.attentionOutput.weight`)!;
  const [hidden = 0, inputs = 0] = projection.shape;
  const numbers = await projection.read();
  return (head) => {
    const out = new Float64Array(headSize * hidden);
    for (let c = 0; c < headSize; c++)
      for (let d = 0; d < hidden; d++) out[c * hidden + d] = numbers[d * inputs + head * headSize + c]!;
    return { data: out, rows: headSize, columns: hidden };
  };
}

/** A·Bᵀ of rows of one width. */
function gram(a: Rows, b: Rows): Rows {
  const data = new Float64Array(a.rows * b.rows);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.rows; j++) {
      let sum = 0;
      for (let d = 0; d < a.columns; d++) sum += a.data[i * a.columns + d]! * b.data[j * b.columns + d]!;
      data[i * b.rows + j] = sum;
    }
  return { data, rows: a.rows, columns: b.rows };
}

/** A·B. */
function times(a: Rows, b: Rows): Rows {
  const data = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++)
    for (let k = 0; k < a.columns; k++) {
      const factor = a.data[i * a.columns + k]!;
      for (let j = 0; j < b.columns; j++) data[i * b.columns + j]! += factor * b.data[k * b.columns + j]!;
    }
  return { data, rows: a.rows, columns: b.columns };
}
