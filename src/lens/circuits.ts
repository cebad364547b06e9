/** What a head can do on any text, read from its parameters alone: the maps QK and OV (Elhage et al. 2021). */
import { attentionPlace, type LayerPlace } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import type { Place } from '../trace/index.ts';
import { type CopyingAgainst, centredRows, type Rows, shuffle, tokenOverlaps } from './overlaps.ts';
import { allHeads, attentionPlaces, type HeadPlace, keyHeadOf, placeIn } from './places.ts';
import { mean, studentTail } from './statistics.ts';

export interface Circuit extends HeadPlace {
  /** exp of the entropy of the singular values of W_Qᵀ·W_K (Roy & Vetterli 2007): along how many directions it compares. */
  readonly queryKeyRank: number;
  /** Likewise of W_O·W_V: along how many directions it writes. 0: it writes nothing. */
  readonly outputValueRank: number;
  /**
   * Σ λ / Σ |λ| over the eigenvalues of U·W_O·W_V·E, token to token (Elhage et al. 2021): 1 where seeing a token raises
   * that token, −1 where it lowers it; 0 for a head that writes nothing. E: token embeddings; U: as `copyingAgainst` says.
   */
  readonly copying: number;
  /** Whether it copies, chosen on every other token of the vocabulary and reported on the rest; null where the choice was no. */
  readonly copyingTest: CopyingTest | null;
}

export interface CopyingTest {
  /** The copying score over tokens 0, 2, 4, … and over 1, 3, 5, … */
  readonly chosen: number;
  readonly reported: number;
  /** Mean over shuffles of the reported half: the same map, held against rows of U that belong to other tokens. */
  readonly baseline: number;
  /** Chance of the reported score among such shuffles (Student's t of one more draw), not corrected. */
  readonly probability: number;
  readonly shuffles: number;
}

export interface Circuits {
  /** `unembedding`: U turns hidden states into logits. `embedding`: U is E, where there is no such linear map (no head, one with a layer of its own, as BERT's, or a text of an encoder's own). */
  readonly copyingAgainst: CopyingAgainst;
  /** By place, then head. */
  readonly heads: readonly Circuit[];
}

/** A copying score on the choosing half from which the other half is asked. */
export const copies = 0.75;
const shuffles = 32;

/**
 * Ranks and copying scores of all heads, or of those of some layers. The norms in front of the layer and of the unembedding
 * are folded in but for the length that they divide by: their gains, and LayerNorm's centring; of the norms of queries and
 * keys the gains. Rotation of positions is left out (it turns with the distance). Cost: three times
 * vocabulary · hidden², then hidden · headSize² for each head; for the test of heads that may copy 32 times half of both.
 */
export async function circuits(
  model: Model,
  layers: readonly LayerPlace[] = attentionPlaces(model.architecture),
): Promise<Circuits> {
  const { EigenvalueDecomposition, Matrix } = await import('ml-matrix');
  const matrix = ({ data, rows, columns }: Rows) => Matrix.from1DArray(rows, columns, data as unknown as number[]);
  const eigenvalues = (m: Rows): readonly (readonly [number, number])[] => {
    const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(matrix(m));
    return realEigenvalues.map((real, i) => [real, imaginaryEigenvalues[i]!]);
  };
  /** Singular values of Aᵀ·B by their squares: the eigenvalues of √(AAᵀ) · BBᵀ · √(AAᵀ); A and B are [headSize, hidden]. */
  const singularValues = (a: Rows, b: Rows): number[] => {
    const { realEigenvalues, eigenvectorMatrix: vectors } = new EigenvalueDecomposition(matrix(gram(a, a)), {
      assumeSymmetric: true,
    });
    const roots = realEigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
    const root = vectors.mmul(Matrix.diag(roots)).mmul(vectors.transpose());
    const product = root.mmul(matrix(gram(b, b))).mmul(root);
    const even = product.add(product.transpose()).mul(0.5);
    return new EigenvalueDecomposition(even, { assumeSymmetric: true }).realEigenvalues.map((value) =>
      Math.sqrt(Math.max(0, value)),
    );
  };
  const { vocabularySize } = model.architecture;
  const every = (first: number, step: number): Int32Array =>
    Int32Array.from({ length: Math.ceil((vocabularySize - first) / step) }, (_, n) => first + n * step);
  const [all, chosen, reported] = [every(0, 1), every(0, 2), every(1, 2)];
  const overlap = tokenOverlaps(model);
  const [whole, half, otherHalf] = [
    await overlap.between(all, all),
    await overlap.between(chosen, chosen),
    await overlap.between(reported, reported),
  ];
  const shuffled: Rows[] = [];
  const heads: Circuit[] = [];
  for (const { layer, head } of allHeads(model)) {
    if (!layers.includes(layer)) continue;
    const place = placeIn({ model }, layer);
    const { query, key, value, output } = await maps(model, place, head);
    const score = (between: Rows): number => copyingScore(eigenvalues(gram(times(value, between), output)));
    const halves = [score(half), score(otherHalf)] as const;
    if (halves[0] >= copies)
      for (let n = shuffled.length; n < shuffles; n++)
        shuffled.push(await overlap.between(reported, shuffle(reported, n + 1)));
    heads.push({
      layer,
      head,
      queryKeyRank: effectiveRank(singularValues(query, key)),
      outputValueRank: effectiveRank(singularValues(value, output)),
      copying: score(whole),
      copyingTest: halves[0] >= copies ? tested(halves, shuffled.map(score)) : null,
    });
  }
  return { copyingAgainst: overlap.against, heads };
}

/** Σ λ / Σ |λ|; 0 of a map that is 0. */
function copyingScore(eigenvalues: readonly (readonly [real: number, imaginary: number])[]): number {
  const size = eigenvalues.reduce((sum, [real, imaginary]) => sum + Math.hypot(real, imaginary), 0);
  return size === 0 ? 0 : eigenvalues.reduce((sum, [real]) => sum + real, 0) / size;
}

function tested([chosen, reported]: readonly [number, number], drawn: readonly number[]): CopyingTest {
  const baseline = mean(drawn);
  const variance = drawn.reduce((sum, number) => sum + (number - baseline) ** 2, 0) / (drawn.length - 1);
  const t = (reported - baseline) / Math.sqrt(variance * (1 + 1 / drawn.length));
  return { chosen, reported, baseline, probability: studentTail(t, drawn.length - 1), shuffles: drawn.length };
}

/** The four maps of one head, [headSize, hidden] each, with the norm that stands in front of the first three. */
async function maps(
  model: Model,
  place: Place,
  head: number,
): Promise<Record<'query' | 'key' | 'value' | 'output', Rows>> {
  const { path, stack, crossed } = place;
  const { headSize } = stack;
  const keyHead = keyHeadOf(place, head);
  const before = await incomingNorm(model, stack, normBefore(place));
  // Cross-attention's keys and values read what comes out of the encoder, its last norm in front.
  const memory = crossed ? await incomingNorm(model, stack, 'encoder.finalNorm') : before;
  const own = async (stage: 'query' | 'key'): Promise<Float32Array | undefined> =>
    model.parameters.get(`${path}.${stage}Norm.weight`)?.read();
  return {
    query: scaledRows(await sliceOf(model, path, 'query', head, headSize, before), await own('query')),
    key: scaledRows(await sliceOf(model, path, 'key', keyHead, headSize, memory), await own('key')),
    value: await sliceOf(model, path, 'value', keyHead, headSize, memory),
    output: (await outputSlices(model, path, headSize))(head),
  };
}

function scaledRows(rows: Rows, gain: Float32Array | undefined): Rows {
  if (!gain) return rows;
  return { ...rows, data: rows.data.map((number, at) => number * gain[Math.floor(at / rows.columns)]!) };
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

/** The norm that stands before a place of attention, by its parameters' name; null where it reads the stream as it is. */
export function normBefore({ path, stack, layer, crossed }: Place): string | null {
  const before = stack.normPlacement === 'before' || stack.normPlacement === 'both';
  if (!before || (!crossed && !layer.attentionNorm)) return null;
  return crossed ? `${path.replace(/\.cross$/, '')}.crossNorm` : `${path}.attentionNorm`;
}

/** A norm as rows of a map read it. */
interface Incoming {
  readonly gain: Float32Array;
  readonly centred: boolean;
}

/** The norm of that name, or none. */
async function incomingNorm(model: Model, { norm }: Place['stack'], name: string | null): Promise<Incoming | null> {
  const gain = await model.parameters.get(`${name}.weight`)?.read();
  return gain ? { gain, centred: norm === 'layer' } : null;
}

/** One head's rows of a projection, [headSize, hidden], with the norm in front. */
async function sliceOf(
  model: Model,
  layer: LayerPlace,
  name: 'query' | 'key' | 'value',
  head: number,
  headSize: number,
  norm: Incoming | null,
): Promise<Rows> {
  const projection = model.parameters.get(`${attentionPlace(layer)}.${name}.weight`)!;
  const columns = projection.shape[1]!;
  const own = await projection.read(head * headSize, headSize);
  const data = Float64Array.from(own, (number, i) => number * (norm?.gain[i % columns] ?? 1));
  return norm?.centred ? centredRows({ data, rows: headSize, columns }) : { data, rows: headSize, columns };
}

/** Each head's columns of the output projection, transposed: [headSize, hidden]. */
export async function outputSlices(model: Model, layer: LayerPlace, headSize: number): Promise<(head: number) => Rows> {
  const projection = model.parameters.get(`${attentionPlace(layer)}.attentionOutput.weight`)!;
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
