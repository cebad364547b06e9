/** How one query token looks, in one head, by the rules of honest reading (docs/formats.md). */
import { attentionPlace, type LayerPlace } from '../attention/index.ts';
import type { Encoding, Model, Token } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Trace } from '../trace/index.ts';
import { dotProduct, type HeadCells, headCells, logSumExp, norm, sum } from './cells.ts';
import { choosePlace, defaultWord, findWord } from './find.ts';
import { headIn } from './places.ts';
import type { Look, LookKey, LookToken, WordMatrix } from './types.ts';

export interface HeadChoice {
  /** Of an encoder-decoder a place, as `decoder.layers.0.cross`, or see choosePlace. */
  readonly layer?: LayerPlace;
  readonly head?: number;
}

/** A word of the text, or a special token standing alone, with its tokens. */
export interface Group {
  readonly word: number | null;
  readonly text: string;
  readonly tokens: readonly number[];
}

export function encodingOf(trace: Pick<Trace, 'encoding'>): Encoding {
  if (trace.encoding) return trace.encoding;
  throw new SiseonError({
    code: 'noText',
    kind: 'usage',
    what: 'the trace holds token ids and no text, so it has no words',
    next: 'Record it from a text.',
  });
}

/** The texts of the queries and of the keys at a place. Throws `noText`, and what headIn throws. */
export function textsAt(
  trace: Trace,
  model: Pick<Model, 'tokenizer'>,
  layer: LayerPlace,
): { readonly asking: Encoding; readonly answering: Encoding } {
  const { prefix, crossed } = headIn(trace, { layer, head: 0 });
  if (prefix !== 'decoder.') return { asking: encodingOf(trace), answering: encodingOf(trace) };
  const asking = decoderEncodingOf(trace, model);
  return { asking, answering: crossed ? encodingOf(trace) : asking };
}

/** What the decoder read: its text, or, of ids (its start token alone, if nothing was said), every token as a word of its own. */
function decoderEncodingOf({ decoderIds, decoderEncoding }: Trace, { tokenizer }: Pick<Model, 'tokenizer'>): Encoding {
  if (decoderEncoding || !decoderIds || !tokenizer) return encodingOf({ encoding: decoderEncoding });
  const tokens: Token[] = [];
  let text = '';
  for (const [index, id] of decoderIds.entries()) {
    const piece = tokenizer.piece(id) ?? `${id}`;
    const decoded = tokenizer.decode([id]).trim();
    // Bytes that make no character by themselves are shown as the vocabulary writes them.
    const own = decoded === '' || decoded.includes('\ufffd') ? piece : decoded;
    const start = text.length + (index > 0 ? 1 : 0);
    text = `${text}${index > 0 ? ' ' : ''}${own}`;
    tokens.push({ index, id, piece, text: own, special: false, start, end: text.length, word: index });
  }
  const words = tokens.map(({ index, text: own, start, end }) => ({
    index,
    text: own,
    start: start!,
    end: end!,
    tokens: [index],
  }));
  return { text, ids: decoderIds, tokens, words, notices: [] };
}

/** The number of a layer within its stack. */
export const layerIndex = (layer: LayerPlace): number => Number(/layers\.(\d+)/.exec(attentionPlace(layer))![1]);

/** Words and special tokens in the order of the text. */
export function groups({ tokens, words }: Encoding): Group[] {
  const list: Group[] = [];
  for (const token of tokens) {
    if (token.word === null) list.push({ word: null, text: token.text, tokens: [token.index] });
    else if (words[token.word]!.tokens[0] === token.index) {
      const { index, text, tokens: own } = words[token.word]!;
      list.push({ word: index, text, tokens: own });
    }
  }
  return list;
}

/** Words and special tokens of a trace's text. Throws `noText`. */
export const wordGroups = (trace: Pick<Trace, 'encoding'>): Group[] => groups(encodingOf(trace));

/** Softmax in double precision, −∞ allowed. */
function softmax(scores: readonly number[]): number[] {
  const total = logSumExp(scores);
  return scores.map((score) => (score === -Infinity ? 0 : Math.exp(score - total)));
}

const finite = (score: number): number | null => (score === -Infinity ? null : score);

/**
 * The three steps and the geometry for one query word. Its asking token is the word's first (a Korean verb's stem).
 * Contribution: Kobayashi et al. (2020), as a part: ⟨oᵢ, o⟩ / ‖o‖².
 * Throws what findWord and headCells throw, and `noText`.
 */
export async function look(
  trace: Trace,
  model: Model,
  options: HeadChoice & { readonly query?: string | number } = {},
): Promise<Look> {
  const { layer, head } = choosePlace(trace, model, options);
  const { asking, answering: encoding } = textsAt(trace, model, layer);
  const word = options.query === undefined ? defaultWord(asking) : findWord(asking, options.query);
  const token = word.tokens[0]!;
  // Of two texts, no word of the one is a word of the other.
  const self = asking === encoding ? word.index : null;
  const cells = await headCells(trace, model, layer, head, token);
  const geometry = keyGeometry(cells, token);
  const masked = Array.from(cells.maskedScores(token));
  const weights = Array.from(cells.weights(token));

  const lookToken = (j: number): LookToken => ({
    token: j,
    text: encoding.tokens[j]!.text,
    dot: geometry.dots[j]!,
    score: finite(masked[j]!),
    weight: weights[j]!,
    cosine: geometry.cosines[j]!,
    centredCosine: geometry.centredCosines[j]!,
    queryNorm: geometry.queryNorm,
    keyNorm: geometry.keyNorms[j]!,
    centredKeyNorm: geometry.centredKeyNorms[j]!,
  });

  const own = groups(encoding);
  const weightOf = (group: Group): number => sum(group.tokens.map((j) => weights[j]!));
  const others = sum(own.filter((group) => group.word !== null && group.word !== self).map(weightOf));
  const parts = contributions(cells, weights, own);

  const keys = own.map((group, index): LookKey => {
    const weight = weightOf(group);
    return {
      word: group.word,
      text: group.text,
      score: finite(logSumExp(group.tokens.map((j) => masked[j]!))),
      weight,
      share: group.word === null || group.word === self || others === 0 ? null : weight / others,
      contribution: parts.parts[index]!,
      contributionNorm: parts.norms[index]!,
      tokens: group.tokens.map(lookToken),
    };
  });
  const byGroup = (tokenScores: readonly number[]): number[] => {
    const hypothetical = softmax(tokenScores.map((score, j) => (masked[j] === -Infinity ? -Infinity : score)));
    return own.map((group) => sum(group.tokens.map((j) => hypothetical[j]!)));
  };
  const { queryNorm, centredKeyNorms, centredCosines, visible } = geometry;
  const mean = (numbers: readonly number[]): number => sum(visible.map((j) => numbers[j]!)) / visible.length;
  const [meanNorm, meanCosine] = [mean(centredKeyNorms), mean(centredCosines)];
  return {
    model: model.name,
    text: encoding.text,
    words: encoding.words.map(({ text, start, end, tokens }) => ({ text, start, end, tokens: [...tokens] })),
    layer: layerIndex(layer),
    place: attentionPlace(layer),
    head,
    query: { word: self, text: word.text, token, tokenText: asking.tokens[token]!.text },
    scale: cells.scale,
    keys,
    leftOver: {
      self: sum(keys.filter((key) => key.word !== null && key.word === self).map((key) => key.weight)),
      special: sum(keys.filter((key) => key.word === null).map((key) => key.weight)),
    },
    biasContribution: parts.bias,
    counterfactual: {
      equalLengths: byGroup(centredCosines.map((cosine) => cells.scale * queryNorm * meanNorm * cosine)),
      equalDirections: byGroup(centredKeyNorms.map((length) => cells.scale * queryNorm * length * meanCosine)),
    },
    notices: encoding.notices.map(({ code, text, start, end }) => ({ code, text, start, end })),
  };
}

/** Dots, lengths and angles of one query with every key, raw and with the mean of the keys that it sees taken away. */
function keyGeometry(cells: HeadCells, token: number) {
  const indices = Array.from({ length: cells.length }, (_, j) => j);
  const query = cells.query(token);
  const masked = cells.maskedScores(token);
  const visible = indices.filter((j) => masked[j] !== -Infinity);
  const mean = totals(query.length, visible.map(cells.key)).map((total) => total / visible.length);
  const centred = indices.map((j) => Array.from(cells.key(j), (number, c) => number - mean[c]!));
  const queryNorm = norm(query);
  // A vector without length has no direction: its cosine is written 0, as its dot product is.
  const cosine = (key: ArrayLike<number>): number => dotProduct(query, key) / (queryNorm * norm(key)) || 0;
  return {
    visible,
    queryNorm,
    dots: indices.map((j) => dotProduct(query, cells.key(j))),
    cosines: indices.map((j) => cosine(cells.key(j))),
    keyNorms: indices.map((j) => norm(cells.key(j))),
    centredCosines: centred.map(cosine),
    centredKeyNorms: centred.map(norm),
  };
}

/** The sum of vectors. */
function totals(width: number, vectors: readonly ArrayLike<number>[]): Float64Array {
  const out = new Float64Array(width);
  for (const vector of vectors) for (let c = 0; c < width; c++) out[c]! += vector[c]!;
  return out;
}

/** Each group's part of the head's output and its norm, and the value bias's part; the parts sum to 1. */
export function contributions(
  cells: HeadCells,
  weights: readonly number[],
  list: readonly Group[],
): { parts: number[]; norms: number[]; bias: number } {
  const { valueBias } = cells;
  const vectors = list.map(({ tokens }) => {
    const weighted = tokens.map((j) => {
      const value = cells.value(j);
      return Float64Array.from(valueBias, (bias, c) => weights[j]! * (value[c]! - bias));
    });
    return cells.project(totals(valueBias.length, weighted));
  });
  const total = sum(weights as number[]);
  const biasVector = cells.project(Array.from(valueBias, (bias) => total * bias));
  const together = totals(biasVector.length, vectors);
  const output = biasVector.map((number, d) => number + together[d]!);
  const square = dotProduct(output, output);
  const part = (vector: Float64Array): number => (square === 0 ? 0 : dotProduct(vector, output) / square);
  return { parts: vectors.map(part), norms: vectors.map(norm), bias: part(biasVector) };
}

/** Word × word weights of one head: into a word the sum over its tokens, from a word its first token's row. */
export async function wordMatrix(trace: Trace, model: Model, options: HeadChoice = {}): Promise<WordMatrix> {
  const { layer, head } = choosePlace(trace, model, options);
  const { asking: own, answering } = textsAt(trace, model, layer);
  const cells = await headCells(trace, model, layer, head);
  const [queries, list] = [groups(own), groups(answering)];
  return {
    layer: layerIndex(layer),
    place: attentionPlace(layer),
    head,
    rows: queries.map(({ word, text, tokens }) => ({ word, text, token: tokens[0]! })),
    columns: list.map(({ word, text }) => ({ word, text })),
    weights: queries.map(({ tokens: [asking = 0] }) =>
      list.map(({ tokens }) => sum(tokens.map((j) => cells.weights(asking)[j]!))),
    ),
  };
}
