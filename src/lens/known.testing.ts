/**
 * Models whose heads are known because every parameter was set by hand: two layers of four heads, causal, norms before.
 *
 *   layer 0  head 0  previous token: position p asks for position p − 1, and writes which token stood there
 *            head 1  copying: looks at everything alike, and raises the logit of what it sees
 *            head 2  duplicate token: looks at other places with its own token
 *            head 3  useless: looks at everything alike, and writes nothing
 *   layer 1  head 0  induction: looks for a token whose predecessor is its own token, and raises that token's logit
 *            head 1, 2, 3  useless
 *
 * The residual stream has a stretch for each kind of fact: token, position, previous token, output, duplicate. Built as
 * GPT-2, every fact is a 1 in its stretch, and −1 spread over forty spare numbers, so that the mean is 0 and LayerNorm only
 * scales. Built as LLaMA, positions are no facts: queries and keys are turned.
 */
import { type Architecture, configReader, type Family, families, Model, Tokenizer } from '../model/index.ts';

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
  size = headSize,
): void => {
  for (const [own, stream, gain] of pairs) put(matrix, head * size + own, stream, gain);
};

/** What a head writes: its number `t` becomes fact `stretch + t`, balanced over the spare numbers. */
function writes(matrix: Matrix, head: number, stretch: number, gain: number): void {
  for (let t = 0; t < count; t++) {
    put(matrix, stretch + t, head * headSize + t, gain);
    for (let s = 0; s < spare.count; s++) put(matrix, spare.first + s, head * headSize + t, -gain / spare.count);
  }
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** A family's parameters, all 0 but the gains of norms. */
const blank = (family: Family, architecture: Architecture): Map<string, Matrix> =>
  new Map(
    family
      .parameters(architecture, new Set())
      .map(({ name, shape }): [string, Matrix] => [
        name,
        { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(/orm\.weight$/.test(name) ? 1 : 0) },
      ]),
  );

/** Query, key, value and output maps, by layer. */
const mapsOf = (parameters: ReadonlyMap<string, Matrix>): [Matrix[], Matrix[], Matrix[], Matrix[]] =>
  ['query', 'key', 'value', 'attentionOutput'].map((name) =>
    [0, 1].map((layer) => parameters.get(`layers.${layer}.${name}.weight`)!),
  ) as [Matrix[], Matrix[], Matrix[], Matrix[]];

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
  const parameters = blank(family, architecture);
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
  const [query, key, value, output] = mapsOf(parameters);

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

/**
 * The numbers of a head that is turned are pairs [c, c + half]; pair c turns by 10⁻ᶜ radians a position. The first two
 * measure distance; the pairs behind them turn by less than 0.003 over a whole text, so that tokens keep their directions.
 */
const turned = { near: 0, far: 1, tokens: 4, half: 4 + count };
const turnedSize = 2 * turned.half;
const turnedHidden = turnedSize * headCount;
/** Stretches of its stream; every token carries a large constant, which rules the length that RMSNorm divides by. */
const stands = { token: 0, previous: count, output: 2 * count, duplicate: 3 * count, constant: 4 * count };
const constant = 4;

/** Its config.json. */
export const turnedConfig = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  hidden_size: turnedHidden,
  num_attention_heads: headCount,
  num_hidden_layers: 2,
  intermediate_size: 3,
  max_position_embeddings: positions,
  rope_theta: 10 ** turned.half,
  vocab_size: count,
  tie_word_embeddings: false,
};

/**
 * The same heads with rotary positions and RMSNorm. The constant makes every query and every key point the same way; at
 * distance d they stand d turns apart, and their product is cos(d) + cos(d / 10) of the two first pairs. Keys set one turn
 * ahead move its peak to d = 1 (previous token); with the sign reversed its valley at d = 0 hides a token from itself
 * (duplicate token).
 */
export async function knownTurnedModel(): Promise<Model> {
  const family = families.get('llama')!;
  const architecture = family.architecture(configReader(turnedConfig));
  const parameters = blank(family, architecture);
  const get = (name: string): Matrix => parameters.get(name)!;
  const tokens = range(count);
  for (const t of tokens) {
    put(get('embeddings.token'), t, stands.token + t, 1);
    put(get('embeddings.token'), t, stands.constant, constant);
    put(get('head.decoder.weight'), t, stands.output + t, 3);
  }
  const [query, key, value, output] = mapsOf(parameters);
  // Into layer 0 RMSNorm multiplies a 1 by `one`; the gains of the queries undo both and the scale of the scores.
  const one = Math.sqrt(turnedHidden / (1 + constant ** 2));
  const gain = Math.sqrt(turnedSize) / one ** 2;
  const distance = (by: number) =>
    [turned.near, turned.far].map((pair) => [pair, stands.constant, by / constant] as const);
  const ahead = [turned.near, turned.far].flatMap((pair) => [
    [pair, stands.constant, Math.cos(10 ** -pair) / constant] as const,
    [turned.half + pair, stands.constant, Math.sin(10 ** -pair) / constant] as const,
  ]);
  const matches = (stretch: number, by: number) => tokens.map((t) => [turned.tokens + t, stretch + t, by] as const);
  const carries = (layer: number, head: number, stretch: number): void => {
    const own = tokens.map((t) => [t, stands.token + t, 1 / one] as const);
    asks(value[layer]!, head, own, turnedSize);
    for (const t of tokens) put(output[layer]!, stretch + t, head * turnedSize + t, 1);
  };
  // Of all distances a text has, d = 1 ± 2π come nearest to the peak, by 0.2 of the gain.
  asks(query[0]!, 0, distance(5 * gap * gain), turnedSize);
  asks(key[0]!, 0, ahead, turnedSize);
  carries(0, 0, stands.previous);

  carries(0, 1, stands.output);

  // A token of its kind is worth more than any distance costs.
  asks(query[0]!, 2, [...distance(-5 * gap * gain), ...matches(stands.token, 25 * gap * gain)], turnedSize);
  asks(key[0]!, 2, [...distance(1), ...matches(stands.token, 1)], turnedSize);
  carries(0, 2, stands.duplicate);

  asks(query[1]!, 0, matches(stands.token, 2 * gap * gain), turnedSize);
  asks(key[1]!, 0, matches(stands.previous, 1), turnedSize);
  carries(1, 0, stands.output);
  return Model.create({ name: 'turned', family, architecture, tokenizer: letterTokenizer(), metadata: {}, parameters });
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
