/** The library: a question held against tags, by the model's own embeddings. */
import { softLookup } from '../attention/index.ts';
import type { Encoding, Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { recordedStage, recordTrace } from '../trace/index.ts';
import { dotProduct, norm } from './cells.ts';
import { freeze, through } from './frozen.ts';

export interface LibraryEntry {
  readonly tag: string;
  readonly content?: string;
}

export interface LookupResult {
  readonly model: string;
  readonly question: string;
  /** Multiplies every dot product: 1/√hidden. */
  readonly scale: number;
  readonly temperature: number;
  /** In the order given; weights sum to 1, and so do the parts of the mixture. */
  readonly entries: readonly {
    readonly tag: string;
    readonly content: string | null;
    /** scale · q·k, before the temperature divides it. */
    readonly score: number;
    /** cos(q, k). */
    readonly cosine: number;
    /** Words of the tag that the vocabulary spells letter by letter. */
    readonly spelledOut: readonly string[];
    readonly weight: number;
    /** This content's part of the mixture m = Σ weightᵢ · valueᵢ: ⟨weightᵢ · valueᵢ, m⟩ / ‖m‖². */
    readonly part: number;
  }[];
  /** The entry whose value lies nearest to the mixture (cosine), by its index. */
  readonly nearest: number;
  /** Words of the question that the vocabulary spells letter by letter. */
  readonly spelledOut: readonly string[];
}

/** Words of several letters that are read one letter (or part of one) at a time: the vocabulary does not know them. */
export function spelledOut({ words, tokens }: Encoding): string[] {
  return words
    .filter((word) => word.tokens.length > 1 && word.tokens.every((i) => [...tokens[i]!.text].length <= 1))
    .map(({ text }) => text);
}

/** Whether a text has no word that the vocabulary knows: then its embedding says nothing. */
export const nothingKnown = (text: string, spelled: readonly string[]): boolean =>
  spelled.length > 0 && spelled.length >= text.trim().split(/\s+/).length;

/** A text as one vector: the mean of its words' last hidden states (of an encoder-decoder its encoder's), [hidden]. Throws what Tokenizer.encode and Model.run throw, and `noTokenizer`. */
export async function embedText(model: Model, text: string): Promise<Float32Array> {
  if (!model.tokenizer)
    throw new SiseonError({
      code: 'noTokenizer',
      kind: 'usage',
      what: `${model.name} has no tokenizer.json, so it cannot read text`,
      next: 'Use a model that has one.',
    });
  const { ids, tokens } = model.tokenizer.encode(text);
  const hidden = await lastStates(model, ids);
  const width = hidden.length / ids.length;
  const own = tokens.filter(({ special }) => !special);
  return Float32Array.from(
    { length: width },
    (_, d) => own.reduce((total, { index }) => total + hidden[index * width + d]!, 0) / own.length,
  );
}

/** Hidden states after the last layer and its norm, [position, hidden]: what a decoder, where there is one, looks at. */
async function lastStates(model: Model, ids: Int32Array): Promise<Float32Array> {
  const { encoder } = model.architecture;
  if (!encoder) return (await model.run(ids, undefined, [], { logits: 'none' })).hidden;
  const trace = await recordTrace(model, { ids, logits: false });
  const { data, shape } = recordedStage(trace, `encoder.layers.${encoder.layerCount - 1}.output`);
  if (!encoder.finalNorm) return data;
  const gain = await model.parameters.get('encoder.finalNorm.weight')!.read();
  const bias = await model.parameters.get('encoder.finalNorm.bias')?.read();
  const width = shape[1]!;
  const out = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += width) {
    const row = data.subarray(at, at + width);
    const normed = through(freeze(row, gain, encoder.normEpsilon, encoder.norm === 'layer'), row);
    for (let d = 0; d < width; d++) out[at + d] = normed[d]! + (bias?.[d] ?? 0);
  }
  return out;
}

/**
 * Scores (scaled dot products of embeddings), weights, and each content's part of the mixture. A value is the embedding
 * of the content, or of the tag where there is no content. Throws `noTags`, what softLookup and embedText throw.
 */
export async function lookup(
  model: Model,
  question: string,
  library: readonly LibraryEntry[],
  { temperature = 1 }: { readonly temperature?: number } = {},
): Promise<LookupResult> {
  if (library.length === 0)
    throw new SiseonError({
      code: 'noTags',
      kind: 'usage',
      what: 'there is nothing to look up in',
      next: 'Give at least one tag.',
    });
  const query = await embedText(model, question);
  const keys: Float32Array[] = [];
  const values: Float32Array[] = [];
  for (const { tag, content } of library) {
    const key = await embedText(model, tag);
    keys.push(key);
    values.push(content === undefined ? key : await embedText(model, content));
  }
  const found = await softLookup(query, keys, values, { temperature });
  const square = dotProduct(found.mixture, found.mixture);
  const entries = library.map(({ tag, content }, i) => ({
    tag,
    content: content ?? null,
    score: found.scores[i]! * temperature,
    cosine: dotProduct(query, keys[i]!) / (norm(query) * norm(keys[i]!)),
    spelledOut: spelledOut(model.tokenizer!.encode(tag)),
    weight: found.weights[i]!,
    part: square === 0 ? 0 : (found.weights[i]! * dotProduct(values[i]!, found.mixture)) / square,
  }));
  const closeness = values.map((value) => dotProduct(value, found.mixture) / norm(value));
  return {
    model: model.name,
    question,
    scale: 1 / Math.sqrt(query.length),
    temperature,
    entries,
    nearest: closeness.indexOf(Math.max(...closeness)),
    spelledOut: spelledOut(model.tokenizer!.encode(question)),
  };
}
