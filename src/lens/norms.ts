/**
 * How much of each token arrives: weights times what they carry. A head may look at a token and take almost nothing from
 * it, and then its weight misleads.
 *
 * Kobayashi, Kuribayashi, Yokoi & Inui 2020 (norms of weight · value · W_O) and 2021 (with the residual and the norm). Their
 * f(x) = (x W_V + b_V) W_O has the value bias; here it is left out, since it is the same for every token: f(x) = x W_V W_O.
 */
import { type AttentionPlace, type LayerPlace, layerStage } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { attentionBands, attentionRows, type Place, recordedStage, sameModel, type Trace } from '../trace/index.ts';
import { dotProduct, norm } from './cells.ts';
import { outputSlices } from './circuits.ts';
import { type FrozenNorm, freeze, through } from './frozen.ts';
import { keyHeadOf, noMeaning, placeIn } from './places.ts';
import { bandRow } from './rows.ts';
import { tokenInRange } from './target.ts';

/** Norms of one query's row; the entries are the keys. f_h(x) = (value − its bias) · W_O of head h. */
export interface NormRow {
  readonly query: number;
  /** One key alone: of each head, of all together, and with residual and norm (null in cross-attention). Throws `tokenOutOfRange`. */
  at(key: number): {
    readonly heads: readonly number[];
    readonly contribution: number;
    readonly withResidual: number | null;
  };
  /**
   * Likewise of several keys, as the tokens of a word: their vectors, which may cancel or add up, are added before the
   * length is taken. Throws `tokenOutOfRange`.
   */
  word(keys: readonly number[]): ReturnType<NormRow['at']>;
  /** weight · ‖f_h(x_j)‖ of one head, [keys]; with `words` (the tokens of each) into each of them as `word` does, [words]. */
  head(head: number, words?: readonly (readonly number[])[]): Float64Array;
  /** ‖Σ_h weight · f_h(x_j)‖, all heads together, [keys] or [words]. */
  contribution(words?: readonly (readonly number[])[]): Float64Array;
  /**
   * Likewise with the residual in its own place and, where the model norms the sum or the output, after that norm, frozen
   * (2021), [keys] or [words]. Throws `noMeaning` in cross-attention, where the residual stands in no key's place.
   */
  withResidual(words?: readonly (readonly number[])[]): Float64Array;
  /**
   * Every key (or word) after the norm that follows, and the residual by itself beside them: how cross-attention mixes, where the
   * residual is of the other text (Ferrando et al. 2022).
   */
  besideResidual(words?: readonly (readonly number[])[]): { readonly keys: Float64Array; readonly residual: number };
  /**
   * Mixing ratio (2021): how much comes from elsewhere, ‖Σ_{j≠i}‖ / (‖Σ_{j≠i}‖ + ‖own place and residual‖). 0: all is
   * kept; 1: all is taken from the others. Throws `noMeaning` in cross-attention.
   */
  mixing(): number;
}

export interface LayerNorms {
  readonly keys: number;
  /** One query's row; nothing beyond it is computed. Throws `tokenOutOfRange`. */
  row(query: number): Promise<NormRow>;
  /** All queries' rows in their order, by one pass over the weights. */
  rows(): AsyncGenerator<NormRow>;
  /**
   * Of one head, given a query's weights: ‖Σ weight · f_h(x_j)‖ over the tokens of each word together, whose vectors may
   * cancel or add up. Cost: tokens² · hidden for each word and head, once.
   */
  words(words: readonly (readonly number[])[]): (head: number, weights: ArrayLike<number>) => Float64Array;
}

/**
 * Contribution norms of a layer, or of a decoder's cross-attention. The biases belong to no token and are left out.
 * Cost: heads · headSize · hidden for each key that is asked for, once, then heads² a cell; nothing square is held.
 * Throws `anotherModel`, `layerOutOfRange`.
 */
export async function layerNorms(trace: Trace, model: Model, layer: LayerPlace): Promise<LayerNorms> {
  sameModel(trace, model);
  const place = placeIn(trace, layer);
  const mixer = await mixerOf(trace, model, place);
  const keys = recordedStage(trace, layerStage(layer, 'key')).shape[1]!;
  const { scale } = mixer;
  const plain = remembered((j) => gram(mixer.carried(j)));
  const scaled = scale ? remembered((j) => gram(mixer.carried(j).map(scale))) : plain;
  const heads = Array.from({ length: place.stack.headCount }, (_, h) => h);
  /** Of a word, each head's vectors by themselves. */
  const byHead = rememberedWords((tokens) => {
    const vectors = tokens.map((j) => mixer.carried(j));
    return heads.map((h) => gram(vectors.map((own) => own[h]!)));
  });
  /** Of a word, the vectors of all its tokens in every head. */
  const plainWord = rememberedWords((tokens) => gram(tokens.flatMap((j) => mixer.carried(j))));
  const scaledWord = scale
    ? rememberedWords((tokens) => gram(tokens.flatMap((j) => mixer.carried(j).map(scale))))
    : plainWord;
  /** A longer word's products are more than its vectors are worth: those are added row by row. */
  const isShort = (tokens: readonly number[]): boolean => 2 * tokens.length <= place.stack.headSize;
  const rowOf = (query: number, weights: readonly Float32Array[]): NormRow => {
    let known: ReturnType<Mixer['around']> | undefined;
    const around = (): ReturnType<Mixer['around']> => {
      known ??= mixer.around(query, weights);
      return known;
    };
    const column = new Float64Array(weights.length);
    /** ‖Σ_h weight · f_h(x_j)‖; what no head looks at is not worth its gram. */
    const together = (of: (key: number) => Float64Array, j: number): number => {
      let seen = false;
      for (let h = 0; h < column.length; h++) {
        column[h] = weights[h]![j]!;
        seen ||= column[h] !== 0;
      }
      return seen ? joined(of(j), column) : 0;
    };
    const carries = (h: number, j: number): number => {
      const weight = weights[h]![j]!;
      return weight === 0 ? 0 : weight * Math.sqrt(plain(j)[(h * (h + 3)) / 2]!);
    };
    const every = (norm: (key: number) => number): Float64Array =>
      Float64Array.from({ length: keys }, (_, j) => norm(j));
    const wordTogether = (of: (tokens: readonly number[]) => Float64Array, tokens: readonly number[]): number =>
      joined(of(tokens), Float64Array.from(tokens.flatMap((j) => weights.map((row) => row[j]!))));
    /** What each head takes from some tokens, their vectors added. */
    const byHeads = (tokens: readonly number[]): Float64Array[] => {
      const vectors = tokens.map((j) => mixer.carried(j));
      return weights.map((row, h) =>
        summed(
          vectors.map((own) => own[h]!),
          tokens.map((j) => row[j]!),
        ),
      );
    };
    const carriedInto = (tokens: readonly number[]): Float64Array => {
      const sums = byHeads(tokens);
      return summed(
        sums,
        sums.map(() => 1),
      );
    };
    /** ‖Σ_h Σ_j weight · f_h(x_j)‖ before the inverse deviation of the norm that follows. */
    const scaledInto = (tokens: readonly number[]): number => {
      if (tokens.length === 1) return together(scaled, tokens[0]!);
      if (isShort(tokens)) return wordTogether(scaledWord, tokens);
      const all = carriedInto(tokens);
      return norm(scale ? scale(all) : all);
    };
    const row: NormRow = {
      query,
      at(j) {
        tokenInRange(j, keys);
        return {
          heads: weights.map((_, h) => carries(h, j)),
          contribution: together(plain, j),
          withResidual: place.crossed ? null : afterNorm(j),
        };
      },
      word(tokens) {
        for (const j of tokens) tokenInRange(j, keys);
        const sums = byHeads(tokens);
        const all = summed(
          sums,
          sums.map(() => 1),
        );
        const afterwards = (): number => {
          const { inverse, residual } = mixer.frozen(query);
          const own = tokens.includes(query) ? 1 : 0;
          return norm(summed([scale ? scale(all) : all, residual], [inverse, own]));
        };
        return {
          heads: sums.map(norm),
          contribution: norm(all),
          withResidual: place.crossed ? null : afterwards(),
        };
      },
      head: (h, words) =>
        words
          ? Float64Array.from(words, (tokens) =>
              tokens.length === 1 ? carries(h, tokens[0]!) : ofHead(tokens, h, weights[h]!),
            )
          : every((j) => carries(h, j)),
      contribution: (words) =>
        words
          ? Float64Array.from(words, (tokens) => {
              if (tokens.length === 1) return together(plain, tokens[0]!);
              return isShort(tokens) ? wordTogether(plainWord, tokens) : norm(carriedInto(tokens));
            })
          : every((j) => together(plain, j)),
      withResidual(words) {
        if (!words) return every(afterNorm);
        const { inverse } = around();
        return Float64Array.from(words, (tokens) => {
          if (tokens.length === 1) return afterNorm(tokens[0]!);
          return tokens.includes(query) ? row.word(tokens).withResidual! : scaledInto(tokens) * inverse;
        });
      },
      besideResidual(words) {
        const { inverse, residual } = mixer.frozen(query);
        const into = words ? Float64Array.from(words, scaledInto) : every((j) => together(scaled, j));
        return { keys: into.map((length) => length * inverse), residual: norm(residual) };
      },
      mixing() {
        const [elsewhere, here] = [norm(around().others), norm(around().own)];
        return elsewhere / (elsewhere + here);
      },
    };
    const afterNorm = (j: number): number =>
      j === query ? norm(around().own) : together(scaled, j) * around().inverse;
    return row;
  };
  const ofHead = (tokens: readonly number[], head: number, weights: ArrayLike<number>): number =>
    joined(
      byHead(tokens)[head]!,
      Float64Array.from(tokens, (j) => weights[j]!),
    );
  return {
    keys,
    async row(query) {
      tokenInRange(query, recordedStage(trace, layerStage(layer, 'query')).shape[1]!);
      const { weights } = await attentionRows(trace, layer, [query], undefined, ['weights']);
      return rowOf(
        query,
        heads.map((h) => weights.data.subarray(h * keys, (h + 1) * keys)),
      );
    },
    async *rows() {
      for await (const band of attentionBands(trace, layer))
        for (let r = 0; r < band.count; r++)
          yield rowOf(
            band.first + r,
            heads.map((h) => bandRow(band, band.weights, h, r)),
          );
    },
    words: (words) => (head, weights) => Float64Array.from(words, (tokens) => ofHead(tokens, head, weights)),
  };
}

/** Σ weight · vector. */
function summed(vectors: readonly Float64Array[], weights: readonly number[]): Float64Array {
  const sum = new Float64Array(vectors[0]?.length ?? 0);
  for (const [n, vector] of vectors.entries()) for (let d = 0; d < sum.length; d++) sum[d]! += weights[n]! * vector[d]!;
  return sum;
}

/** Computed when it is first asked for. */
function remembered(compute: (key: number) => Float64Array): (key: number) => Float64Array {
  const known: Float64Array[] = [];
  return (key) => {
    known[key] ??= compute(key);
    return known[key];
  };
}

/** Likewise, by the tokens of a word. */
function rememberedWords<T>(compute: (tokens: readonly number[]) => T): (tokens: readonly number[]) => T {
  const known = new Map<string, T>();
  return (tokens) => {
    const name = tokens.join();
    const found = known.get(name) ?? compute(tokens);
    known.set(name, found);
    return found;
  };
}

/** ‖Σ weight · vector‖ by the vectors' products with each other. */
function joined(gram: Float64Array, weights: Float64Array): number {
  let square = 0;
  for (let a = 0, at = 0; a < weights.length; a++) {
    let line = 0;
    for (let b = 0; b < a; b++, at++) line += 2 * weights[b]! * gram[at]!;
    square += weights[a]! * (line + weights[a]! * gram[at++]!);
  }
  return Math.sqrt(Math.max(0, square));
}

/** What heads carry of tokens, and what stands around a query: its own place with the residual, and all others. */
interface Mixer {
  /** f_h of one token for every head, [head][hidden]. */
  carried(token: number): Float64Array[];
  /** The norm that follows, but for the inverse deviation; null where none does. */
  readonly scale: ((vector: Float64Array) => Float64Array) | null;
  /** The norm's inverse deviation at a query, and the residual after it. */
  frozen(query: number): { readonly inverse: number; readonly residual: Float64Array };
  around(query: number, weights: readonly Float32Array[]): { own: Float64Array; others: Float64Array; inverse: number };
}

async function mixerOf(trace: Trace, model: Model, place: Place): Promise<Mixer> {
  const { path, stack, crossed } = place;
  const { hiddenSize: hidden, normPlacement, normEpsilon } = stack;
  const centred = stack.norm === 'layer';
  // The norm stands after the sum with the residual, or on the attention's output before it, or there is none.
  const after = normPlacement === 'after' && !stack.parallel;
  const follows = stack.parallel ? null : joiningNorm(place, after ? 'Norm' : 'PostNorm');
  const gain = follows === null ? undefined : await model.parameters.get(`${follows}.weight`)?.read();
  const outputOf = await outputSlices(model, path, stack.headSize);
  const outputs = Array.from({ length: stack.headCount }, (_, h) => outputOf(h).data);
  const valueBias = await model.parameters.get(`${path}.value.bias`)?.read();
  const outputBias = await model.parameters.get(`${path}.attentionOutput.bias`)?.read();
  const carried = carrier(trace, place, outputs, valueBias);
  const constant = biasOutput(place, outputs, valueBias, outputBias);
  const attention = recordedStage(trace, layerStage(path, 'attentionOutput')).data;
  const residualOf = await residuals(trace, model, place);
  const freezeAt = (query: number, residual: ArrayLike<number>): FrozenNorm | null =>
    gain
      ? freeze(
          Float64Array.from(residual, (number, d) => attention[query * hidden + d]! + (after ? number : 0)),
          gain,
          normEpsilon,
          centred,
        )
      : null;
  return {
    carried,
    scale: gain ? (vector) => through({ gain, inverse: 1, centred }, vector) : null,
    frozen(query) {
      const residual = residualOf(query);
      const norm = freezeAt(query, residual);
      return { inverse: norm?.inverse ?? 1, residual: norm && after ? through(norm, residual) : residual };
    },
    around(query, weights) {
      if (crossed) throw noMeaning('a residual among the keys', path, "a layer's own attention");
      const residual = residualOf(query);
      const frozen = freezeAt(query, residual);
      const normed = (vector: Float64Array): Float64Array => (frozen ? through(frozen, vector) : vector);
      const mine = new Float64Array(hidden);
      for (const [h, vector] of carried(query).entries())
        for (let d = 0; d < hidden; d++) mine[d]! += weights[h]![query]! * vector[d]!;
      const total = weights.map((row) => row.reduce((sum, weight) => sum + weight, 0));
      const biases = constant(total);
      const others = mine.map((number, d) => attention[query * hidden + d]! - biases[d]! - number);
      const withResidual = (vector: Float64Array): Float64Array => vector.map((number, d) => number + residual[d]!);
      return {
        own: after ? normed(withResidual(mine)) : withResidual(normed(mine)),
        others: normed(others),
        inverse: frozen?.inverse ?? 1,
      };
    },
  };
}

/** The norm that stands where a place's output joins the residual, by its parameters' name. */
const joiningNorm = ({ path, crossed }: Place, kind: 'Norm' | 'PostNorm'): string =>
  crossed ? `${path.replace(/\.cross$/, '')}.cross${kind}` : `${path}.attention${kind}`;

/** What a place's output is added to, at a query: the layer's input, or in cross-attention what its own attention left. */
async function residuals(trace: Trace, model: Model, place: Place): Promise<(query: number) => Float64Array> {
  const { path, stack, crossed } = place;
  const { hiddenSize: hidden, normEpsilon: epsilon, normPlacement } = stack;
  const layer = path.replace(/\.cross$/, '') as AttentionPlace;
  const row = (name: 'input' | 'attentionOutput', query: number): Float64Array =>
    Float64Array.from(
      recordedStage(trace, layerStage(layer, name)).data.subarray(query * hidden, (query + 1) * hidden),
    );
  if (!crossed) return (query) => row('input', query);
  const own: Place = { ...place, path: layer, crossed: false };
  const name = normPlacement === 'before' ? null : joiningNorm(own, normPlacement === 'after' ? 'Norm' : 'PostNorm');
  const gain = name === null ? undefined : await model.parameters.get(`${name}.weight`)?.read();
  const bias = name === null ? undefined : await model.parameters.get(`${name}.bias`)?.read();
  const normed = (x: Float64Array): Float64Array =>
    gain
      ? through(freeze(x, gain, epsilon, stack.norm === 'layer'), x).map((number, d) => number + (bias?.[d] ?? 0))
      : x;
  return (query) => {
    const [input, output] = [row('input', query), row('attentionOutput', query)];
    const sum = (y: Float64Array): Float64Array => input.map((number, d) => number + y[d]!);
    return normPlacement === 'after' ? normed(sum(output)) : sum(normed(output));
  };
}

/** f_h of a token for every head: its value without the projection's bias, through this head's part of W_O. */
function carrier(
  trace: Trace,
  place: Place,
  outputs: readonly Float64Array[],
  bias: Float32Array | undefined,
): (token: number) => Float64Array[] {
  const { path, stack } = place;
  const { hiddenSize: hidden, headSize } = stack;
  const { data: values, shape } = recordedStage(trace, layerStage(path, 'value'));
  const length = shape[1]!;
  const carriedBy = (token: number): Float64Array[] =>
    outputs.map((output, h) => {
      const keyHead = keyHeadOf(place, h);
      const vector = new Float64Array(hidden);
      for (let c = 0; c < headSize; c++) {
        const value = values[(keyHead * length + token) * headSize + c]! - (bias?.[keyHead * headSize + c] ?? 0);
        for (let d = 0; d < hidden; d++) vector[d]! += value * output[c * hidden + d]!;
      }
      return vector;
    });
  // Rows go by in order, so the token asked for last is often asked for again.
  let last: { readonly token: number; readonly vectors: Float64Array[] } | undefined;
  return (token) => {
    if (last?.token !== token) last = { token, vectors: carriedBy(token) };
    return last.vectors;
  };
}

/** ⟨f_a, f_b⟩ for every pair b ≤ a of vectors (one token's in every head, or one head's of some tokens), row by row. */
function gram(vectors: readonly Float64Array[]): Float64Array {
  const { length } = vectors;
  const out = new Float64Array((length * (length + 1)) / 2);
  for (let a = 0, at = 0; a < length; a++)
    for (let b = 0; b <= a; b++, at++) out[at] = dotProduct(vectors[a]!, vectors[b]!);
  return out;
}

/** What the biases of value and output projection bring to a row whose heads' weights sum to so much, [hidden]. */
function biasOutput(
  place: Place,
  outputs: readonly Float64Array[],
  valueBias: Float32Array | undefined,
  outputBias: Float32Array = new Float32Array(place.stack.hiddenSize),
): (totals: readonly number[]) => Float64Array {
  const { hiddenSize: hidden, headCount, headSize } = place.stack;
  const byHead = Array.from({ length: valueBias ? headCount : 0 }, (_, h) => {
    const output = outputs[h]!;
    const from = keyHeadOf(place, h) * headSize;
    return Float64Array.from({ length: hidden }, (_, d) => {
      let sum = 0;
      for (let c = 0; c < headSize; c++) sum += valueBias![from + c]! * output[c * hidden + d]!;
      return sum;
    });
  });
  return (totals) =>
    Float64Array.from(outputBias, (bias, d) => byHead.reduce((sum, vector, h) => sum + totals[h]! * vector[d]!, bias));
}
