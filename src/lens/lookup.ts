/** The library: a question held against tags, by the model's own embeddings. */
import { softLookup } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';

export interface LibraryEntry {
  readonly tag: string;
  readonly content?: string;
}

export interface LookupResult {
  readonly model: string;
  readonly question: string;
  /** In the order given; weights sum to 1. */
  readonly entries: readonly {
    readonly tag: string;
    readonly content: string | null;
    readonly score: number;
    readonly weight: number;
  }[];
}

/** A text as one vector: the mean of its words' last hidden states, [hidden]. Throws what Tokenizer.encode and Model.run throw, and `noTokenizer`. */
export async function embedText(model: Model, text: string): Promise<Float32Array> {
  if (!model.tokenizer)
    throw new SiseonError({
      code: 'noTokenizer',
      kind: 'usage',
      what: `${model.name} has no tokenizer.json, so it cannot read text`,
      next: 'Use a model that has one.',
    });
  const { ids, tokens } = model.tokenizer.encode(text);
  const { hidden } = await model.run(ids);
  const width = hidden.length / ids.length;
  const own = tokens.filter(({ special }) => !special);
  return Float32Array.from(
    { length: width },
    (_, d) => own.reduce((total, { index }) => total + hidden[index * width + d]!, 0) / own.length,
  );
}

/** Scores (scaled dot products), weights and contents of a question against tags. Throws `noTags`. */
export async function lookup(model: Model, question: string, library: readonly LibraryEntry[]): Promise<LookupResult> {
  if (library.length === 0)
    throw new SiseonError({
      code: 'noTags',
      kind: 'usage',
      what: 'there is nothing to look up in',
      next: 'Give at least one tag.',
    });
  const query = await embedText(model, question);
  const keys: Float32Array[] = [];
  for (const { tag } of library) keys.push(await embedText(model, tag));
  const found = await softLookup(query, keys, keys);
  return {
    model: model.name,
    question,
    entries: library.map(({ tag, content }, i) => ({
      tag,
      content: content ?? null,
      score: found.scores[i]!,
      weight: found.weights[i]!,
    })),
  };
}
