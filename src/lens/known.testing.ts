/**
 * A model whose heads are known because every parameter was set by hand: two layers of four heads, causal, norms before.
 *
 *   layer 0  head 0  previous token: position p asks for position p − 1, and writes which token stood there
 *            head 1  copying: looks at everything alike, and raises the logit of what it sees
 *            head 2  duplicate token: looks at other places with its own token
 *            head 3  useless: looks at everything alike, and writes nothing
 *   layer 1  head 0  induction: looks for a token whose predecessor is its own token, and raises that token's logit
 *            head 1, 2, 3  useless
 *
 * The residual stream has a stretch for each kind of fact: token, position, previous token, output, duplicate. Every fact
 * is a 1 in its stretch, and −1 spread over forty spare numbers, so that the mean is 0 and LayerNorm only scales.
 */
import { configReader, families, Model, Tokenizer } from '../model/index.ts';

export const letters = ['[UNK]', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
const [count, positions, headSize, headCount] = [letters.length, 23, 35, 4];
const hidden = headSize * headCount;
const at = {
  token: 0,
  position: count,
  previous: count + positions,
  output: 2 * count + positions,
  duplicate: 3 * count + positions,
};
const spare = { first: hidden - 40, count: 40 };

/** Scores of what a head looks for lie so far above the rest. */
const gap = 30;

type Matrix = { shape: readonly number[]; data: Float32Array };
const put = ({ shape, data }: Matrix, row: number, column: number, number: number): void => {
  data[row * shape[1]! + column] = number;
};

/** A linear map of one head's slice: `from` stretches of the stream into the head's own numbers. */
const asks = (
  matrix: Matrix,
  head: number,
  pairs: readonly (readonly [own: number, stream: number, gain: number])[],
): void => {
  for (const [own, stream, gain] of pairs) put(matrix, head * headSize + own, stream, gain);
};

/** What a head writes: its number `t` becomes fact `stretch + t`, balanced over the spare numbers. */
function writes(matrix: Matrix, head: number, stretch: number, gain: number): void {
  for (let t = 0; t < count; t++) {
    put(matrix, stretch + t, head * headSize + t, gain);
    for (let s = 0; s < spare.count; s++) put(matrix, spare.first + s, head * headSize + t, -gain / spare.count);
  }
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Its config.json. */
export const knownConfig = {
  model_type: 'gpt2',
  architectures: ['GPT2LMHeadModel'],
  n_embd: hidden,
  n_head: headCount,
  n_layer: 2,
  n_inner: 3,
  n_positions: positions,
  vocab_size: count,
  tie_word_embeddings: false,
};

export async function knownModel(): Promise<Model> {
  const family = families.get('gpt2')!;
  const architecture = family.architecture(configReader(knownConfig));
  const parameters = new Map(
    family
      .parameters(architecture, new Set())
      .map(({ name, shape }): [string, Matrix] => [
        name,
        { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(/orm\.weight$/.test(name) ? 1 : 0) },
      ]),
  );
  const get = (name: string): Matrix => parameters.get(name)!;
  for (const [table, stretch, rows] of [
    ['embeddings.token', at.token, count],
    ['embeddings.position', at.position, positions],
  ] as const)
    for (let row = 0; row < rows; row++) {
      put(get(table), row, stretch + row, 1);
      for (let s = 0; s < spare.count; s++) put(get(table), row, spare.first + s, -1 / spare.count);
    }
  // LayerNorm multiplies by √(hidden / |x|²); the gains make up for it, generously.
  const gain = (gap * Math.sqrt(headSize)) / (hidden / 6);
  const tokens = range(count);
  const [query, key, value, output] = ['query', 'key', 'value', 'attentionOutput'].map((name) =>
    [0, 1].map((layer) => get(`layers.${layer}.${name}.weight`)),
  ) as [Matrix[], Matrix[], Matrix[], Matrix[]];

  const places = range(positions);
  asks(
    query[0]!,
    0,
    places.slice(1).map((p) => [p - 1, at.position + p, gain]),
  );
  asks(
    key[0]!,
    0,
    places.map((p) => [p, at.position + p, 1]),
  );
  asks(
    value[0]!,
    0,
    tokens.map((t) => [t, at.token + t, 0.2]),
  );
  writes(output[0]!, 0, at.previous, 1);

  asks(
    value[0]!,
    1,
    tokens.map((t) => [t, at.token + t, 0.2]),
  );
  writes(output[0]!, 1, at.output, 1);

  asks(query[0]!, 2, [
    ...tokens.map((t) => [t, at.token + t, gain] as const),
    ...places.map((p) => [count + p, at.position + p, -2 * gain] as const),
  ]);
  asks(key[0]!, 2, [
    ...tokens.map((t) => [t, at.token + t, 1] as const),
    ...places.map((p) => [count + p, at.position + p, 1] as const),
  ]);
  asks(
    value[0]!,
    2,
    tokens.map((t) => [t, at.token + t, 0.2]),
  );
  writes(output[0]!, 2, at.duplicate, 1);

  asks(
    query[1]!,
    0,
    tokens.map((t) => [t, at.token + t, 2 * gain]),
  );
  asks(
    key[1]!,
    0,
    tokens.map((t) => [t, at.previous + t, 1]),
  );
  asks(
    value[1]!,
    0,
    tokens.map((t) => [t, at.token + t, 0.5]),
  );
  writes(output[1]!, 0, at.output, 1);

  for (const t of tokens) put(get('head.decoder.weight'), t, at.output + t, 3);
  return Model.create({ name: 'known', family, architecture, tokenizer: letterTokenizer(), metadata: {}, parameters });
}

/** One token a letter, letters parted by spaces: its tokenizer.json. */
export const letterVocabulary = {
  version: '1.0',
  added_tokens: [
    { id: 0, content: '[UNK]', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
  ],
  normalizer: null,
  pre_tokenizer: { type: 'Split', pattern: { Regex: '\\s+' }, behavior: 'Removed', invert: false },
  post_processor: null,
  decoder: null,
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(letters.map((letter, id) => [letter, id])),
  },
};
export const letterTokenizer = (): Tokenizer => Tokenizer.fromJson(letterVocabulary);
