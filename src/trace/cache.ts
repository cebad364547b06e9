/** Attention saved by another program, read without its model: weights and tokens, nothing else is believed to be there. */
import { type NpyArray, readNpz, readSafetensors } from '../model/index.ts';
import { readFile, SiseonError } from '../platform/index.ts';
import { readParquet } from './parquet.ts';
import type { Stage } from './stage.ts';

export interface AttentionCache {
  readonly source: string;
  /** Whose names the file uses. */
  readonly names: 'siseon' | 'TransformerLens' | 'Hugging Face';
  /** Which attention of an encoder-decoder this is, `cross` the decoder's look at the encoder's text; null of one stack. */
  readonly stack: CacheStack | null;
  /** All that the file holds. */
  readonly stacks: readonly CacheStack[];
  /** Numbers of the layers that the file holds, in order; a cache of chosen names may leave some out. */
  readonly layers: readonly number[];
  readonly headCount: number;
  readonly queryLength: number;
  readonly keyLength: number;
  /** Tokens of the queries; their positions, where the file does not name them. */
  readonly tokens: readonly string[];
  /** Tokens of the keys: the same ones, but for `cross`. */
  readonly keyTokens: readonly string[];
  readonly tokensNamed: boolean;
  /** How many tokens the file names, where that is another number than there are positions; else null. */
  readonly tokensMismatched: number | null;
  /** Weights of one of `layers`, [head, query, key]. Throws `layerOutOfRange`. */
  readonly weights: (layer: number) => Stage;
  /** The largest |row sum − 1|; rows that are all 0 are masked and do not count. */
  readonly largestDeviation: number;
  /** Rows with a number that is no weight: NaN, infinite or below 0. */
  readonly unsoundRows: number;
  /** Edits that a trace of this package was made with, each in a word or two; else none. */
  readonly edits: readonly string[];
  /** Everything in the file. */
  readonly stages: readonly string[];
}

export type CacheStack = 'encoder' | 'decoder' | 'cross';

type Arrays = ReadonlyMap<string, NpyArray>;

const layouts = [
  { names: 'siseon', stack: null, pattern: /^layers\.(\d+)\.weights$/ },
  { names: 'TransformerLens', stack: null, pattern: /^blocks\.(\d+)\.attn\.hook_pattern$/ },
  { names: 'Hugging Face', stack: null, pattern: /^attentions?[._[]?(\d+)\]?$/ },
  { names: 'siseon', stack: 'cross', pattern: /^decoder\.layers\.(\d+)\.cross\.weights$/ },
  { names: 'siseon', stack: 'decoder', pattern: /^decoder\.layers\.(\d+)\.weights$/ },
  { names: 'siseon', stack: 'encoder', pattern: /^encoder\.layers\.(\d+)\.weights$/ },
  { names: 'Hugging Face', stack: 'cross', pattern: /^cross_attentions?[._[]?(\d+)\]?$/ },
  { names: 'Hugging Face', stack: 'decoder', pattern: /^decoder_attentions?[._[]?(\d+)\]?$/ },
  { names: 'Hugging Face', stack: 'encoder', pattern: /^encoder_attentions?[._[]?(\d+)\]?$/ },
] as const;

/**
 * Opens a .safetensors, .npz, .json or .parquet file that holds attention weights: a trace of this package, a cache of TransformerLens
 * (`blocks.N.attn.hook_pattern`), or the `attentions` of Hugging Face, one array a layer (`attentions.N`) or one for all
 * ([layer, head, query, key], with or without a batch axis). Of an encoder-decoder (`encoder_attentions.N`,
 * `decoder_attentions.N`, `cross_attentions.N`) `stack` says which; unless said, `cross` where the file has it. Tokens:
 * metadata `tokens` (JSON), or an array of text. Throws `cannotRead`, `badSafetensors`, `badNpz`, `badJson`, `badParquet`, `unknownFormat`, `noWeights` (listing what is there), `badWeightsShape`,
 * `noSuchBatch`.
 */
export async function openCache(
  path: string,
  { batch = 0, stack }: { readonly batch?: number; readonly stack?: CacheStack | undefined } = {},
): Promise<AttentionCache> {
  const bytes = await readFile(path);
  return cacheOf(path, ...(await parse(path, bytes)), batch, stack);
}

async function parse(path: string, bytes: Uint8Array): Promise<[Arrays, Readonly<Record<string, string>>]> {
  if (path.endsWith('.npz')) {
    const arrays = readNpz(bytes, path);
    const description = arrays.get('description');
    return [arrays, { decoder: described(description, 'decoder'), edits: described(description, 'edits') }];
  }
  if (path.endsWith('.safetensors')) {
    const { tensors, metadata } = readSafetensors(bytes, path);
    return [tensors, metadata];
  }
  if (path.endsWith('.json')) return parseJson(path, bytes);
  if (path.endsWith('.parquet')) {
    const { arrays, metadata } = await readParquet(bytes, path);
    return [arrays, metadata];
  }
  throw new SiseonError({
    code: 'unknownFormat',
    kind: 'usage',
    what: `${path} says no format`,
    expected: 'a name ending in .safetensors, .npz, .json or .parquet',
  });
}

/** What the description of a trace in npz says of the decoder's text, or of edits, as JSON. */
function described(description: NpyArray | undefined, field: 'decoder' | 'edits'): string {
  try {
    return JSON.stringify((JSON.parse(`${description?.data[0]}`) as Record<string, unknown>)[field] ?? null);
  } catch {
    // Another program's description.
    return 'null';
  }
}

/** A trace as saveTrace writes it in JSON: stages by name, each with shape and data, null where −∞ stood. */
function parseJson(path: string, bytes: Uint8Array): [Arrays, Readonly<Record<string, string>>] {
  const refuse = (got: string): SiseonError =>
    new SiseonError({
      code: 'badJson',
      kind: 'failure',
      what: `${path} is not JSON of a trace`,
      expected: '{"stages": {NAME: {"shape": […], "data": […]}}}',
      got,
      next: 'Save one with siseon trace TEXT --save FILE.json.',
    });
  let json: Readonly<Record<'stages' | 'tokens' | 'decoder' | 'edits', unknown>> | null;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes)) as typeof json;
  } catch (cause) {
    throw refuse(`text that is none (${cause instanceof Error ? cause.message : cause})`);
  }
  const { stages, tokens, decoder, edits } = json ?? {};
  if (typeof stages !== 'object' || stages === null) throw refuse('no stages');
  const arrays = Object.entries(stages as Record<string, { shape?: unknown; data?: unknown } | null>).map(
    ([name, stage]): [string, NpyArray] => {
      const { shape, data } = stage ?? {};
      if (!Array.isArray(shape) || !Array.isArray(data) || !shape.every((length) => Number.isInteger(length)))
        throw refuse(`${name} without shape and data`);
      if (shape.reduce((size: number, length: number) => size * length, 1) !== data.length)
        throw refuse(`${name} with shape [${shape.join(', ')}] and ${data.length} numbers`);
      if (!data.every((number) => number === null || typeof number === 'number'))
        throw refuse(`${name} with no numbers`);
      return [name, { shape, data: Float32Array.from(data, (number: number | null) => number ?? -Infinity) }];
    },
  );
  return [
    new Map(arrays),
    {
      tokens: JSON.stringify(tokens ?? null),
      decoder: JSON.stringify(decoder ?? null),
      edits: JSON.stringify(edits ?? null),
    },
  ];
}

function cacheOf(
  source: string,
  arrays: Arrays,
  metadata: Readonly<Record<string, string>>,
  batch: number,
  asked: CacheStack | undefined,
): AttentionCache {
  const stages = [...arrays.keys()];
  const joined = arrays.get('attentions') ?? arrays.get('attention');
  const present = layouts.filter(({ pattern }) => stages.some((name) => pattern.test(name)));
  const stacks = present.flatMap(({ stack }) => (stack ? [stack] : []));
  const layout = asked ? present.find(({ stack }) => stack === asked) : present[0];
  if (asked && !layout)
    throw new SiseonError({
      code: 'noSuchStack',
      kind: 'usage',
      what: `${source} holds no attention of ${asked}`,
      expected: stacks.join(', ') || 'no stack: this model has one',
      details: { source, asked, held: stacks.join(', ') || '–' },
    });
  const layers = layout
    ? byLayer(arrays, layout.pattern)
    : joined
      ? splitLayers(source, joined)
      : new Map<number, NpyArray>();
  if (layers.size === 0)
    throw new SiseonError({
      code: 'noWeights',
      kind: 'usage',
      what: `${source} holds no attention weights`,
      expected:
        'layers.N.weights, blocks.N.attn.hook_pattern, attentions.N, attentions, or of an encoder-decoder encoder_attentions.N, decoder_attentions.N, cross_attentions.N',
      got:
        stages.length > 12
          ? `${stages.slice(0, 12).join(', ')} and ${stages.length - 12} more`
          : stages.join(', ') || 'nothing',
      next: 'TransformerLens: save cache[...] of hook_pattern; Hugging Face: run with output_attentions=True.',
    });
  const weights = new Map([...layers].map(([layer, array]) => [layer, oneText(source, array, layer, batch)]));
  const all = [...weights.values()];
  const [heads = 0, queries = 0, keys = 0] = all[0]!.shape;
  for (const [layer, { shape }] of weights)
    if (shape.join() !== all[0]!.shape.join())
      throw badShape(source, shape, `[${heads}, ${queries}, ${keys}] in layer ${layer}, as in the layer before`);
  const stack = layout?.stack ?? null;
  // What one step of generation looked at is a row, not the square that the measures of heads are of.
  if (stack !== 'cross' && queries !== keys)
    throw badShape(source, all[0]!.shape, '[head, query, key] with as many keys as queries: a run over the whole text');
  const text = tokensOf(arrays, ['tokens', 'str_tokens'], batch) ?? tokensIn(metadata.tokens);
  const decoder = tokensOf(arrays, ['decoderTokens'], batch) ?? tokensIn(metadata.decoder, 'tokens');
  const tokens =
    stack === 'cross'
      ? namedBy(decoder, queries)
      : namedBy(stack === 'decoder' ? decoder : text, Math.max(queries, keys));
  const keyTokens = stack === 'cross' ? namedBy(text, keys) : tokens;
  return {
    source,
    names: layout?.names ?? 'Hugging Face',
    stack,
    stacks,
    layers: [...weights.keys()],
    headCount: heads,
    queryLength: queries,
    keyLength: keys,
    tokens: tokens.names,
    keyTokens: keyTokens.names,
    tokensNamed: tokens.named && keyTokens.named,
    tokensMismatched: tokens.mismatched ?? keyTokens.mismatched,
    weights: (layer) => {
      const own = weights.get(layer);
      if (own) return own;
      throw new SiseonError({
        code: 'layerOutOfRange',
        kind: 'usage',
        what: `there is no layer ${layer}`,
        expected: [...weights.keys()].join(', '),
        got: `${layer}`,
        details: { index: layer, last: Math.max(...weights.keys()) },
      });
    },
    largestDeviation: Math.max(...all.map(deviation)),
    unsoundRows: all.reduce((sum, stage) => sum + unsound(stage), 0),
    edits: editsIn(metadata.edits),
    stages,
  };
}

/** Edits by their kind and place, as a trace of this package keeps them. */
function editsIn(json: string | undefined): string[] {
  let list: unknown;
  try {
    list = JSON.parse(json ?? 'null');
  } catch {
    // Another program's field of that name.
  }
  if (!Array.isArray(list)) return [];
  return (list as Record<string, unknown>[]).map(({ kind, stage, layer, head }) =>
    [
      kind,
      stage,
      layer !== undefined && (typeof layer === 'number' ? `L${layer}` : layer),
      head !== undefined && `H${head}`,
    ]
      .filter(Boolean)
      .join(' '),
  );
}

/** Names where there are as many as places, else the places' numbers. */
function namedBy(listed: readonly string[] | null, length: number) {
  const named = listed?.length === length;
  return {
    names: named ? listed : Array.from({ length }, (_, i) => `${i}`),
    named,
    mismatched: listed && !named ? listed.length : null,
  };
}

const badShape = (source: string, shape: readonly number[], expected: string): SiseonError =>
  new SiseonError({
    code: 'badWeightsShape',
    kind: 'failure',
    what: `the weights in ${source}`,
    expected,
    got: `[${shape.join(', ')}]`,
  });

/** Layers by their numbers, in order. */
function byLayer(arrays: Arrays, pattern: RegExp): Map<number, NpyArray> {
  const found = [...arrays].flatMap(([name, array]) => {
    const [, layer] = pattern.exec(name) ?? [];
    return layer === undefined ? [] : [[Number(layer), array] as const];
  });
  return new Map(found.sort(([a], [b]) => a - b));
}

function splitLayers(source: string, { shape, data }: NpyArray): Map<number, NpyArray> {
  if (shape.length < 4 || shape.length > 5)
    throw badShape(source, shape, '[layer, head, query, key] or [layer, batch, head, query, key]');
  const [count = 0, ...rest] = shape;
  const size = rest.reduce((product, length) => product * length, 1);
  return new Map(
    Array.from({ length: count }, (_, layer) => [
      layer,
      { shape: rest, data: data.slice(layer * size, (layer + 1) * size) },
    ]),
  );
}

/** One text of a batch, [head, query, key]. */
function oneText(source: string, { shape, data }: NpyArray, layer: number, batch: number): Stage {
  if (!(data instanceof Float32Array)) throw badShape(source, shape, `floating-point numbers in layer ${layer}`);
  if (shape.length !== 3 && shape.length !== 4)
    throw badShape(source, shape, `[head, query, key] or [batch, head, query, key] in layer ${layer}`);
  const texts = shape.length === 3 ? 1 : shape[0]!;
  if (batch >= texts)
    throw new SiseonError({
      code: 'noSuchBatch',
      kind: 'usage',
      what: `there is no text ${batch} in ${source}`,
      expected: texts === 1 ? '0' : `0 to ${texts - 1}`,
    });
  const rest = shape.slice(-3);
  const size = rest.reduce((product, length) => product * length, 1);
  return { shape: rest, data: data.subarray(batch * size, (batch + 1) * size) };
}

/** Tokens as an array of text lists them, however many; of a batch, one text's. */
function tokensOf(arrays: Arrays, names: readonly string[], batch: number): string[] | null {
  for (const name of names) {
    const array = arrays.get(name);
    if (!array || array.data instanceof Float32Array || array.data instanceof Int32Array) continue;
    const [texts = 1, length = array.data.length] = array.shape.length === 2 ? array.shape : [1, array.data.length];
    return [...array.data.slice((texts === 1 ? 0 : batch) * length, ((texts === 1 ? 0 : batch) + 1) * length)];
  }
  return null;
}

/** A list of tokens, of texts or of objects with a piece, in JSON; `field` says where in it. */
function tokensIn(json: string | undefined, field?: string): string[] | null {
  try {
    const read: unknown = JSON.parse(json ?? 'null');
    const list = field === undefined ? read : (read as Record<string, unknown> | null)?.[field];
    if (!Array.isArray(list)) return null;
    return list.map((token) =>
      typeof token === 'string' ? token : String((token as { piece?: unknown }).piece ?? token),
    );
  } catch {
    return null;
  }
}

function deviation({ shape, data }: Stage): number {
  const keys = shape[2]!;
  let largest = 0;
  for (let row = 0; row < data.length; row += keys) {
    let sum = 0;
    for (let j = 0; j < keys; j++) sum += data[row + j]!;
    if (sum !== 0) largest = Math.max(largest, Math.abs(sum - 1));
  }
  return largest;
}

function unsound({ shape, data }: Stage): number {
  const keys = shape[2]!;
  let rows = 0;
  for (let row = 0; row < data.length; row += keys)
    if (!data.subarray(row, row + keys).every((weight) => weight >= 0 && weight < Infinity)) rows++;
  return rows;
}
