/**
 * The one transformer: every family, with or without a tape. It reads like the figure of Vaswani et al. (2017) and asks
 * only the architecture, never a model's name.
 *
 * Legend: B batch, N positions (padded to the longest text), D hidden, H heads, S head size, V vocabulary.
 */
import type { AttentionPlace, LayerStage, StackPrefix, StageName } from '../attention/stages.ts';
import type { Visibility } from '../kernels/index.ts';
import type { AttendTask, Operations, Tensor } from '../tensor/index.ts';
import type { Architecture, Layer, Rotary, Stack } from './architecture.ts';
import { disentangledBias, distanceBias, distanceBiasView } from './bias.ts';
import { feedForward } from './feedForward.ts';
import { norm } from './norm.ts';
import { rotaryTable } from './rotary.ts';

/** Parameters on a device by the transformer's own names. */
export type Parameters = ReadonlyMap<string, Tensor>;

/** Token ids side by side; rows shorter than `length` are padded and their padding is never attended to. */
export interface Ids {
  readonly ids: Int32Array; // (B, N)
  readonly length: number;
  /** Tokens that count in each row, (B); absent: all. */
  readonly lengths?: Int32Array;
}

/** Texts of one run. Of an encoder-decoder they are the encoder's, and `decoder` has what the decoder reads. */
export interface Batch extends Ids {
  readonly batch: number;
  /** Segments, (B, N); absent: all 0. */
  readonly tokenTypes?: Int32Array;
  readonly decoder?: Ids;
  /** Keys and values of tokens before these, of the (only) text; what this run adds is written behind them. */
  readonly cache?: Cache;
}

/** Keys and values on the device, [capacity, keyValueHeads · size] for each layer, of which `length` rows are written. */
export interface Cache {
  readonly length: number;
  readonly layers: readonly { readonly key: Tensor; readonly value: Tensor }[];
  /** Of an encoder-decoder: what decoder layers see of the encoded text; written by the run that encodes it (`encoded` false). */
  readonly cross?:
    | {
        readonly encoded: boolean;
        readonly layers: readonly { readonly key: Tensor; readonly value: Tensor }[];
      }
    | undefined;
}

/** Sees each linear stage as it is computed, (B·N, width) with heads side by side, and may put another in its place. */
export type StageListener = (name: StageName, tensor: Tensor) => Tensor | undefined;

/** How attention is computed where an edit interferes with its square. */
export type Mix = (task: AttendTask, place: AttentionPlace) => Tensor;

/** One stack on its way through its layers. */
interface Pass extends Ids {
  readonly o: Operations;
  readonly parameters: Parameters;
  readonly stack: Stack;
  readonly prefix: StackPrefix;
  readonly batch: number;
  /** Tokens that stand before these, in the cache. */
  readonly past: number;
  readonly cache?: Cache;
  readonly listen: StageListener;
  readonly mix: Mix;
  readonly tables: Map<Rotary, { readonly cosine: Tensor; readonly sine: Tensor }>;
  readonly bias: Visibility['bias'];
  /** What the encoder made of its text, for cross-attention. */
  readonly memory?: { readonly states: Tensor | null; readonly lengths?: Int32Array };
}

/** Hidden states after the last layer (and its norm), (B·N, D). Of an encoder-decoder: the decoder's. */
export function transform(
  o: Operations,
  parameters: Parameters,
  a: Architecture,
  batch: Batch,
  listen: StageListener = () => undefined,
  mix: Mix = (task) => o.attend(task),
): Tensor {
  const { cache, decoder, lengths } = batch;
  const shared = { o, parameters, a, listen, mix, batch: batch.batch };
  if (!a.encoder) return runStack({ ...shared, stack: a, prefix: '', input: batch, cache });
  const states = cache?.cross?.encoded
    ? null
    : runStack({ ...shared, stack: a.encoder, prefix: 'encoder.', input: batch });
  const memory = { states, ...(lengths && { lengths }) };
  return runStack({ ...shared, stack: a, prefix: 'decoder.', input: decoder!, cache, memory });
}

function runStack(run: {
  readonly o: Operations;
  readonly parameters: Parameters;
  readonly a: Architecture;
  readonly listen: StageListener;
  readonly mix: Mix;
  readonly batch: number;
  readonly stack: Stack;
  readonly prefix: StackPrefix;
  readonly input: Ids & { readonly tokenTypes?: Int32Array };
  readonly cache?: Cache | undefined;
  readonly memory?: Pass['memory'];
}): Tensor {
  const { o, parameters, stack, prefix, input, cache, listen } = run;
  const past = cache?.length ?? 0;
  let x = embed(o, parameters, run.a, stack, prefix, input, past);
  x = listen(`${prefix}embeddings`, x) ?? x;
  const positions = past + input.length;
  const byDistance = distanceBias(o, stack, parameters.get(`${prefix}relativeBias`), positions);
  if (byDistance) listen(`${prefix}relativeBias`, byDistance);
  const pass: Pass = {
    o,
    parameters,
    stack,
    prefix,
    ...input,
    batch: run.batch,
    past,
    listen,
    mix: run.mix,
    tables: new Map(),
    bias: byDistance ? distanceBiasView(byDistance, positions, past) : undefined,
    ...(cache && { cache }),
    ...(run.memory && { memory: run.memory }),
  };
  for (let n = 0; n < stack.layerCount; n++) x = block(pass, n, x);
  return stack.finalNorm ? norm(o, parameters, stack, x, `${prefix}finalNorm`) : x;
}

/** Token + position (+ segment) embeddings, (B·N, D). */
function embed(
  o: Operations,
  parameters: Parameters,
  a: Architecture,
  stack: Stack,
  prefix: StackPrefix,
  { ids, length, tokenTypes }: Ids & { readonly tokenTypes?: Int32Array },
  past: number,
): Tensor {
  const get = (name: string): Tensor => parameters.get(name)!;
  const project = (x: Tensor): Tensor =>
    o.linear(x, get('embeddings.projection.weight'), parameters.get('embeddings.projection.bias'));
  let x = o.embed(get('embeddings.token'), ids);
  if (stack.embeddingScale !== 1) x = o.scale(x, stack.embeddingScale);
  if (a.embeddingProjection === 'tokens') x = project(x);
  if (stack.positionOffset !== null) {
    const first = stack.positionOffset + past;
    const positions = ids.map((_, i) => first + (i % length));
    x = o.add(x, o.embed(get(`${prefix}embeddings.position`), positions));
  }
  if (a.tokenTypeCount > 0)
    x = o.add(x, o.embed(get('embeddings.tokenType'), tokenTypes ?? new Int32Array(ids.length)));
  if (a.embeddingProjection === 'sum') x = project(x);
  if (stack.embeddingNorm) x = norm(o, parameters, stack, x, `${prefix}embeddings.norm`);
  return a.embeddingProjection === 'normed' ? project(x) : x;
}

/** One layer: attention, (cross-attention,) feed-forward, each added to the residual with the norms where they stand. */
function block(pass: Pass, n: number, given: Tensor): Tensor {
  const { o, parameters, stack, prefix } = pass;
  const place: AttentionPlace = `${prefix}layers.${n}`;
  const layer = stack.layers[n]!;
  const see = (stage: LayerStage, tensor: Tensor): Tensor => pass.listen(`${place}.${stage}`, tensor) ?? tensor;
  const normed = (x: Tensor, name: string): Tensor => norm(o, parameters, stack, x, `${place}.${name}`);
  const normsBefore = stack.normPlacement === 'before' || stack.normPlacement === 'both';
  const before = (x: Tensor, name: string): Tensor => (normsBefore ? normed(x, `${name}Norm`) : x);
  const join = (x: Tensor, y: Tensor, name: string): Tensor => {
    const onOutput = stack.normPlacement === 'output' || stack.normPlacement === 'both';
    const sum = o.add(x, onOutput ? normed(y, `${name}PostNorm`) : y);
    return stack.normPlacement === 'after' ? normed(sum, `${name}Norm`) : sum;
  };

  const input = see('input', given);
  const attended = selfAttention(pass, place, layer, layer.attentionNorm ? before(input, 'attention') : input);
  if (stack.parallel) {
    const fed = see('feedForward', feedForward(o, parameters, stack, layer, before(input, 'output'), place));
    return see('output', o.add(o.add(input, attended), fed));
  }
  let x = join(input, attended, 'attention');
  if (pass.memory) x = join(x, crossAttention(pass, n, layer, before(x, 'cross')), 'cross');
  const fed = see('feedForward', feedForward(o, parameters, stack, layer, before(x, 'output'), place));
  return see('output', join(x, fed, 'output'));
}

/** Queries, keys and values of one text, each listened to; the heads' mixtures through the output projection. */
function selfAttention(pass: Pass, place: AttentionPlace, layer: Layer, x: Tensor): Tensor {
  const { o, stack, batch, past, cache, lengths } = pass;
  const [heads, keyValueHeads] = [stack.headCount, stack.keyValueHeadCount];
  const turned = (y: Tensor, stage: 'query' | 'key', count: number): Tensor => {
    const name = `${place}.${stage}Norm`;
    const normed = stack.queryKeyNorm ? headNorm(pass, y, name) : y;
    return layer.rotary ? rotate(pass, normed, layer.rotary, count) : normed;
  };
  const query = see(pass, place, 'query', turned(linear(pass, x, `${place}.query`), 'query', heads));
  const key = see(pass, place, 'key', turned(linear(pass, x, `${place}.key`), 'key', keyValueHeads));
  const value = see(pass, place, 'value', linear(pass, x, `${place}.value`));
  const bias = stack.positionBias?.kind === 'disentangled' ? disentangled(pass, place, layer, query, key) : pass.bias;
  const kept = cache?.layers[Number(place.split('.').at(-1))];
  const task: AttendTask = {
    query,
    key: kept ? o.append(kept.key, key, past) : key,
    value: kept ? o.append(kept.value, value, past) : value,
    batch,
    heads,
    keyValueHeads,
    scale: layer.scale,
    softcap: stack.softcap,
    visibility: {
      left: layer.left,
      right: layer.right,
      ...(past > 0 && { offsets: Int32Array.of(past) }),
      ...(lengths && { keyLengths: lengths }),
      ...(bias && { bias }),
    },
  };
  const mixed = see(pass, place, 'mixed', pass.mix(task, place));
  return see(pass, place, 'attentionOutput', linear(pass, mixed, `${place}.attentionOutput`));
}

/** Queries of the decoder, keys and values of the encoder's states; everything is visible. */
function crossAttention(pass: Pass, n: number, layer: Layer, x: Tensor): Tensor {
  const { o, stack, batch, cache } = pass;
  const { states, lengths } = pass.memory!;
  const place: AttentionPlace = `decoder.layers.${n}.cross`;
  const query = see(pass, place, 'query', linear(pass, x, `${place}.query`));
  const kept = cache?.cross?.layers[n];
  const of = (stage: 'key' | 'value'): Tensor => {
    if (!states) return kept![stage];
    const made = see(pass, place, stage, linear(pass, states, `${place}.${stage}`));
    return kept ? o.append(kept[stage], made, 0) : made;
  };
  const task: AttendTask = {
    query,
    key: of('key'),
    value: of('value'),
    batch,
    heads: stack.headCount,
    keyValueHeads: stack.keyValueHeadCount,
    scale: layer.scale,
    visibility: { left: -1, right: -1, ...(lengths && { keyLengths: lengths }) },
  };
  const mixed = see(pass, place, 'mixed', pass.mix(task, place));
  return see(pass, place, 'attentionOutput', linear(pass, mixed, `${place}.attentionOutput`));
}

/** Hands a stage to who listens, who may put another in its place. */
const see = (pass: Pass, place: AttentionPlace, stage: LayerStage, tensor: Tensor): Tensor =>
  pass.listen(`${place}.${stage}`, tensor) ?? tensor;

const linear = ({ o, parameters }: Pass, x: Tensor, name: string): Tensor =>
  o.linear(x, parameters.get(`${name}.weight`)!, parameters.get(`${name}.bias`));

/** A norm over each head's own numbers, its parameters shared by all heads. */
function headNorm({ o, parameters, stack }: Pass, x: Tensor, name: string): Tensor {
  const [rows = 0, width = 0] = x.shape;
  const heads = o.reshape(x, [(rows * width) / stack.headSize, stack.headSize]);
  return o.reshape(norm(o, parameters, stack, heads, name), x.shape);
}

function rotate({ o, tables, batch, length, past }: Pass, x: Tensor, rotary: Rotary, heads: number): Tensor {
  let table = tables.get(rotary);
  if (!table) {
    const { cosine, sine } = rotaryTable(rotary, past + length);
    const shape = [past + length, rotary.rotated / 2];
    table = { cosine: o.constant(shape, cosine), sine: o.constant(shape, sine) };
    tables.set(rotary, table);
  }
  const positions = Int32Array.from({ length: batch * length }, (_, i) => past + (i % length));
  return o.rotate(x, { batch, heads, rotated: rotary.rotated, interleaved: false, ...table, positions });
}

/** DeBERTa's bias: its learned distances go through the layer's own query and key maps. */
function disentangled(pass: Pass, place: AttentionPlace, layer: Layer, query: Tensor, key: Tensor): Visibility['bias'] {
  const { o, parameters, stack, prefix, batch } = pass;
  const bias = stack.positionBias;
  if (bias?.kind !== 'disentangled') return undefined;
  const raw = parameters.get(`${prefix}relativeEmbeddings`)!;
  const distances = bias.norm ? norm(o, parameters, stack, raw, `${prefix}relativeEmbeddings.norm`) : raw;
  const [positionKey, positionQuery] = (['key', 'query'] as const).map((stage) => {
    if (!(stage === 'key' ? bias.contentToPosition : bias.positionToContent)) return null;
    const made = linear(pass, distances, `${place}.${stage}`);
    pass.listen(`${place}.${stage === 'key' ? 'positionKey' : 'positionQuery'}` as StageName, made);
    return made;
  }) as [Tensor | null, Tensor | null];
  const task = { query, key, positionKey, positionQuery, batch, heads: stack.headCount, scale: layer.scale };
  return disentangledBias(o, bias, task);
}
