/**
 * The one transformer: every family, with or without a tape. It reads like the figure of Vaswani et al. (2017) and asks
 * only the architecture, never a model's name.
 *
 * Legend: B batch, N positions (padded to the longest text), D hidden, H heads, S head size, V vocabulary.
 */
import type { AttentionPlace, LayerStage, StackPrefix, StageName } from '../attention/stages.ts';
import type { AttendTask, Operations, Tensor } from '../tensor/index.ts';
import type { Architecture, Layer, Rotary, Stack } from './architecture.ts';
import { distanceBias, distanceBiasView } from './bias.ts';
import { attendKept, endToEnd, type Ids, positionsOf, rowsOf } from './continued.ts';
import { type DisentangledTask, disentangledBias } from './disentangled.ts';
import { feedForward } from './feedForward.ts';
import type { Projected } from './headOutputs.ts';
import { norm } from './norm.ts';
import { rotaryTable } from './rotary.ts';

/** Parameters on a device by the transformer's own names. */
export type Parameters = ReadonlyMap<string, Tensor>;

/** Texts of one run. Of an encoder-decoder they are the encoder's, and `decoder` has what the decoder reads. */
export interface Batch extends Ids {
  readonly batch: number;
  /** Segments, (B, N); absent: all 0. */
  readonly tokenTypes?: Int32Array;
  readonly decoder?: Ids;
}

/** Sees each linear stage as it is computed, (B·N, width) with heads side by side, and may put another in its place, made by the operations given. */
export type StageListener = (name: StageName, tensor: Tensor, o: Operations) => Tensor | undefined;

/** How attention is computed where an edit interferes with its square, or where it is led back. */
export type Mix = (
  o: Operations,
  task: AttendTask,
  place: AttentionPlace,
  disentangled: DisentangledTask | null,
) => Tensor;

/** What stands where the heads' outputs are summed, where an edit interferes with one of them. */
export type SumHeads = (o: Operations, projected: Projected) => Tensor;

/** One stack on its way through its layers. */
interface Pass extends Ids {
  readonly o: Operations;
  readonly parameters: Parameters;
  readonly stack: Stack;
  readonly prefix: StackPrefix;
  readonly batch: number;
  /** Where each token stands in its text, (B·N). */
  readonly positions: Int32Array;
  /** Above every position. */
  readonly span: number;
  readonly listen: StageListener;
  readonly mix: Mix;
  readonly sumHeads: SumHeads;
  readonly tables: Tables;
  /** What position adds by distance alone, see distanceBias. */
  readonly byDistance: Tensor | null;
  readonly memory?: Memory;
}

/** What the encoder made of its texts, for cross-attention; null where every text's is in its cache. */
interface Memory {
  readonly states: Tensor | null;
  readonly length: number;
  readonly lengths?: Int32Array;
}

/** Hidden states after the last layer (and its norm), (B·N, D). Of an encoder-decoder: the decoder's. */
export function transform(
  o: Operations,
  parameters: Parameters,
  a: Architecture,
  batch: Batch,
  listen: StageListener = () => undefined,
  mix: Mix = (own, task) => own.attend(task),
  sumHeads: SumHeads = (_, { sum }) => sum,
): Tensor {
  const { decoder, length, lengths } = batch;
  const shared = { o, parameters, a, listen, mix, sumHeads };
  if (!a.encoder) return runStack({ ...shared, stack: a, prefix: '', batch: batch.batch, input: batch });
  const encoded = decoder!.continued?.every(({ cache }) => cache.cross!.encoded) ?? false;
  const states = encoded
    ? null
    : runStack({ ...shared, stack: a.encoder, prefix: 'encoder.', batch: batch.batch, input: batch });
  const memory = { states, length, ...(lengths && { lengths }) };
  const rows = decoder!.continued ? 1 : batch.batch;
  return runStack({ ...shared, stack: a, prefix: 'decoder.', batch: rows, input: decoder!, memory });
}

function runStack(run: {
  readonly o: Operations;
  readonly parameters: Parameters;
  readonly a: Architecture;
  readonly listen: StageListener;
  readonly mix: Mix;
  readonly sumHeads: SumHeads;
  readonly batch: number;
  readonly stack: Stack;
  readonly prefix: StackPrefix;
  readonly input: Ids & { readonly tokenTypes?: Int32Array };
  readonly memory?: Memory;
}): Tensor {
  const { o, parameters, stack, prefix, input, listen } = run;
  const positions = positionsOf(input, run.batch);
  const span = positions.reduce((most, position) => Math.max(most, position + 1), 0);
  let x = embed(o, parameters, run.a, stack, prefix, input, positions);
  x = listen(`${prefix}embeddings`, x, o) ?? x;
  const byDistance = distanceBias(o, stack, parameters.get(`${prefix}relativeBias`), span);
  if (byDistance) listen(`${prefix}relativeBias`, byDistance, o);
  const pass: Pass = {
    o,
    parameters,
    stack,
    prefix,
    ...input,
    batch: run.batch,
    positions,
    span,
    listen,
    mix: run.mix,
    sumHeads: run.sumHeads,
    tables: rotaryTables(o, stack, span),
    byDistance,
    ...(run.memory && { memory: run.memory }),
  };
  // A layer's own numbers are freed before the next one's: a long text takes the memory of one.
  const states = run.memory?.states;
  for (let n = 0; n < stack.layerCount; n++)
    x = o.step(states ? [x, states] : [x], (own, [given, memory]) =>
      block({ ...pass, o: own, ...(memory && { memory: { ...run.memory!, states: memory } }) }, n, given!),
    );
  return stack.finalNorm ? norm(o, parameters, stack, x, `${prefix}finalNorm`) : x;
}

/** Token + position (+ segment) embeddings, (B·N, D). */
export function embed(
  o: Operations,
  parameters: Parameters,
  a: Architecture,
  stack: Stack,
  prefix: StackPrefix,
  { ids, tokenTypes }: Ids & { readonly tokenTypes?: Int32Array },
  positions: Int32Array,
): Tensor {
  const get = (name: string): Tensor => parameters.get(name)!;
  const project = (x: Tensor): Tensor =>
    o.linear(x, get('embeddings.projection.weight'), parameters.get('embeddings.projection.bias'));
  let x = o.embed(get('embeddings.token'), ids);
  if (stack.embeddingScale !== 1) x = o.scale(x, stack.embeddingScale);
  if (a.embeddingProjection === 'tokens') x = project(x);
  const { positionOffset } = stack;
  if (positionOffset !== null) {
    const rows = positions.map((position) => positionOffset + position);
    x = o.add(x, o.embed(get(`${prefix}embeddings.position`), rows));
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
  const see = (stage: LayerStage, tensor: Tensor): Tensor => pass.listen(`${place}.${stage}`, tensor, pass.o) ?? tensor;
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
  const { o, stack, batch, lengths, continued, byDistance, span } = pass;
  const n = Number(place.split('.').at(-1));
  const [heads, keyValueHeads] = [stack.headCount, stack.keyValueHeadCount];
  const turned = (y: Tensor, stage: 'query' | 'key', count: number): Tensor => {
    const name = `${place}.${stage}Norm`;
    const normed = stack.queryKeyNorm ? headNorm(pass, y, name) : y;
    return layer.rotary ? rotate(pass, normed, layer.rotary, count) : normed;
  };
  const query = see(pass, place, 'query', turned(linear(pass, x, `${place}.query`), 'query', heads));
  const key = see(pass, place, 'key', turned(linear(pass, x, `${place}.key`), 'key', keyValueHeads));
  const value = see(pass, place, 'value', linear(pass, x, `${place}.value`));
  const meeting = disentangled(pass, place, layer, query, key);
  const bias = meeting ? disentangledBias(o, meeting) : byDistance && distanceBiasView(byDistance, span, 0);
  const task: AttendTask = {
    query,
    key,
    value,
    batch,
    heads,
    keyValueHeads,
    scale: layer.scale,
    softcap: stack.softcap,
    visibility: {
      left: layer.left,
      right: layer.right,
      ...(lengths && { keyLengths: lengths }),
      ...(bias && { bias }),
    },
  };
  const mixed = see(
    pass,
    place,
    'mixed',
    continued ? attendKept(o, continued, n, task, byDistance, span) : pass.mix(o, task, place, meeting),
  );
  return projected(pass, place, mixed);
}

/** Queries of the decoder, keys and values of the encoder's states; everything is visible. */
function crossAttention(pass: Pass, n: number, layer: Layer, x: Tensor): Tensor {
  const { o, stack, batch, continued } = pass;
  const { states, length, lengths } = pass.memory!;
  const place: AttentionPlace = `decoder.layers.${n}.cross`;
  const query = see(pass, place, 'query', linear(pass, x, `${place}.query`));
  const make = (stage: 'key' | 'value'): Tensor | null =>
    states && see(pass, place, stage, linear(pass, states, `${place}.${stage}`));
  const made = { key: make('key'), value: make('value') };
  const task = {
    heads: stack.headCount,
    keyValueHeads: stack.keyValueHeadCount,
    scale: layer.scale,
    visibility: { left: -1, right: -1 },
  };
  const parts = continued?.map(({ first, count, cache }, b) => {
    const kept = cache.cross!.layers[n]!;
    const of = (stage: 'key' | 'value'): Tensor => {
      const all = made[stage];
      return all ? o.append(kept[stage], rowsOf(o, all, b * length, lengths?.[b] ?? length), 0) : kept[stage];
    };
    return o.attend({ ...task, query: rowsOf(o, query, first, count), key: of('key'), value: of('value'), batch: 1 });
  });
  const visibility = { ...task.visibility, ...(lengths && { keyLengths: lengths }) };
  const all = parts
    ? endToEnd(o, parts)
    : pass.mix(o, { ...task, query, key: made.key!, value: made.value!, batch, visibility }, place, null);
  return projected(pass, place, see(pass, place, 'mixed', all));
}

/** The heads' mixtures through the output projection: the sum of their outputs, and its bias. */
function projected(pass: Pass, place: AttentionPlace, mixed: Tensor): Tensor {
  const { o, parameters, stack } = pass;
  const name = `${place}.attentionOutput`;
  const projection = parameters.get(`${name}.weight`)!;
  const sum = linear(pass, mixed, name);
  return see(
    pass,
    place,
    'attentionOutput',
    pass.sumHeads(o, { place, mixed, projection, sum, headSize: stack.headSize }),
  );
}

/** Hands a stage to who listens, who may put another in its place. */
const see = (pass: Pass, place: AttentionPlace, stage: LayerStage, tensor: Tensor): Tensor =>
  pass.listen(`${place}.${stage}`, tensor, pass.o) ?? tensor;

const linear = ({ o, parameters }: Pass, x: Tensor, name: string): Tensor =>
  o.linear(x, parameters.get(`${name}.weight`)!, parameters.get(`${name}.bias`));

/** A norm over each head's own numbers, its parameters shared by all heads. */
function headNorm({ o, parameters, stack }: Pass, x: Tensor, name: string): Tensor {
  const [rows = 0, width = 0] = x.shape;
  const heads = o.reshape(x, [(rows * width) / stack.headSize, stack.headSize]);
  return o.reshape(norm(o, parameters, stack, heads, name), x.shape);
}

type Tables = ReadonlyMap<Rotary, { readonly cosine: Tensor; readonly sine: Tensor }>;

/** Cosines and sines of all positions for every rotation that the stack's layers have. */
function rotaryTables(o: Operations, { layers }: Stack, span: number): Tables {
  const rotations = new Set(layers.flatMap(({ rotary }) => (rotary ? [rotary] : [])));
  return new Map(
    [...rotations].map((rotary) => {
      const { cosine, sine } = rotaryTable(rotary, span);
      const shape = [span, rotary.rotated / 2];
      return [rotary, { cosine: o.constant(shape, cosine), sine: o.constant(shape, sine) }];
    }),
  );
}

function rotate({ o, tables, batch, positions }: Pass, x: Tensor, rotary: Rotary, heads: number): Tensor {
  return o.rotate(x, { batch, heads, rotated: rotary.rotated, interleaved: false, ...tables.get(rotary)!, positions });
}

/** DeBERTa: its learned distances go through the layer's query and key maps, or maps of their own; null in other models. */
function disentangled(
  pass: Pass,
  place: AttentionPlace,
  layer: Layer,
  query: Tensor,
  key: Tensor,
): DisentangledTask | null {
  const { o, parameters, stack, prefix, batch } = pass;
  const bias = stack.positionBias;
  if (bias?.kind !== 'disentangled') return null;
  const raw = parameters.get(`${prefix}relativeEmbeddings`)!;
  const distances = bias.norm ? norm(o, parameters, stack, raw, `${prefix}relativeEmbeddings.norm`) : raw;
  const [positionKey, positionQuery] = (['key', 'query'] as const).map((stage) => {
    if (!(stage === 'key' ? bias.contentToPosition : bias.positionToContent)) return null;
    const name = stage === 'key' ? 'positionKey' : 'positionQuery';
    const made = linear(pass, distances, `${place}.${bias.ownMaps ? name : stage}`);
    pass.listen(`${place}.${name}` as StageName, made, o);
    return made;
  }) as [Tensor | null, Tensor | null];
  return { bias, query, key, positionKey, positionQuery, batch, heads: stack.headCount, scale: layer.scale };
}
