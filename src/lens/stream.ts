/**
 * The residual stream taken apart: what a position holds after some layers is a sum of what was put there, each part sent
 * through the norms on its way with their statistics frozen (Elhage et al. 2021).
 */
import {
  type AttentionPlace,
  type LayerPlace,
  layerStage,
  type StackPrefix,
  type StageName,
} from '../attention/index.ts';
import type { Model, Stack } from '../model/index.ts';
import { mixtures, recordedStage, sameModel, type Trace } from '../trace/index.ts';
import { outputSlices } from './circuits.ts';
import { freeze, through } from './frozen.ts';
import { placeIn } from './places.ts';
import { tokenInRange } from './target.ts';

/** One of the things that a position of the stream is made of. */
export interface Part {
  /** `token`, `position`, `segment` (or `embeddings`, where they cannot be told apart), `L0·H3`, `L0·cross·H3`, `L0·feedForward`, `biases`; `rest`: rounding, and what edits put there. */
  readonly name: string;
  readonly vector: Float64Array;
}

/** Where a stream is taken apart: what a place of attention reads, the last state (before the final norm), or what a decoder sees of the encoder's text. */
export type StreamPlace = LayerPlace | 'last' | 'memory';

export interface Stream {
  /** Parts of the stream at a position, before the norm of the place that reads it. They sum to it. Throws `tokenOutOfRange`. */
  parts(at: StreamPlace, position: number): Promise<Part[]>;
}

/** Named vectors that add up as they come. */
class Sum {
  readonly parts = new Map<string, Float64Array>();
  readonly stack: Stack;
  constructor(stack: Stack) {
    this.stack = stack;
  }
  add(name: string, vector: ArrayLike<number>): void {
    const { hiddenSize } = this.stack;
    const into = this.parts.get(name) ?? new Float64Array(hiddenSize);
    for (let d = 0; d < hiddenSize; d++) into[d]! += vector[d]!;
    this.parts.set(name, into);
  }
  get whole(): Float64Array {
    const whole = new Float64Array(this.stack.hiddenSize);
    for (const vector of this.parts.values()) for (let d = 0; d < whole.length; d++) whole[d]! += vector[d]!;
    return whole;
  }
  /** What is left to what was recorded. */
  complete(recorded: Float32Array): void {
    const whole = this.whole;
    this.add(
      'rest',
      whole.map((number, d) => recorded[d]! - number),
    );
  }
  /** Sends every part through a norm of the whole, its bias becoming a part. */
  async normed(model: Model, name: string): Promise<void> {
    const { norm, normEpsilon } = this.stack;
    const gain = await model.parameters.get(`${name}.weight`)!.read();
    const frozen = freeze(this.whole, gain, normEpsilon, norm === 'layer');
    for (const [part, vector] of this.parts) this.parts.set(part, through(frozen, vector));
    const bias = await model.parameters.get(`${name}.bias`)?.read();
    if (bias) this.add('biases', bias);
  }
  get list(): Part[] {
    return [...this.parts].map(([name, vector]) => ({ name, vector }));
  }
}

/**
 * Takes a trace's stream apart. Cost: one pass over the weights of each layer that is asked through; nothing square is held. Throws `anotherModel`, `layerOutOfRange`, `tokenOutOfRange`.
 */
export async function residualStream(trace: Trace, model: Model): Promise<Stream> {
  sameModel(trace, model);
  const mixed = new Map<AttentionPlace, ReturnType<typeof mixtures>>();
  const mixedAt = (place: AttentionPlace): ReturnType<typeof mixtures> => {
    const known = mixed.get(place) ?? mixtures(trace, place);
    mixed.set(place, known);
    return known;
  };
  /** Each head's output at a position, mixed · W_O, and the projection's bias. */
  const attended = async (place: AttentionPlace, stack: Stack, position: number): Promise<Sum> => {
    const sum = new Sum(stack);
    const { data, shape } = await mixedAt(place);
    const [, , layer = '', cross = ''] = /^(encoder\.|decoder\.)?layers\.(\d+)(\.cross)?$/.exec(place) ?? [];
    const outputOf = await outputSlices(model, place, stack.headSize);
    for (let head = 0; head < stack.headCount; head++) {
      const from = (head * shape[1]! + position) * stack.headSize;
      const output = outputOf(head).data;
      const row = new Float64Array(stack.hiddenSize);
      for (let c = 0; c < stack.headSize; c++)
        for (let d = 0; d < row.length; d++) row[d]! += data[from + c]! * output[c * row.length + d]!;
      sum.add(`L${layer}${cross && '·cross'}·H${head}`, row);
    }
    const bias = await model.parameters.get(`${place}.attentionOutput.bias`)?.read();
    if (bias) sum.add('biases', bias);
    return sum;
  };
  const layers = { trace, model, attended };
  return {
    async parts(at, position) {
      const { encoder } = model.architecture;
      if (at === 'memory') {
        const sum = await upTo(layers, 'encoder.', encoder!, encoder!.layerCount, position);
        if (encoder!.finalNorm) await sum.normed(model, 'encoder.finalNorm');
        return sum.list;
      }
      if (at === 'last') {
        const { architecture: a } = model;
        return (await upTo(layers, encoder ? 'decoder.' : '', a, a.layerCount, position)).list;
      }
      const { prefix, stack, path, crossed } = placeIn(trace, at);
      const n = Number(/\d+/.exec(path));
      const sum = await upTo(layers, prefix, stack, n, position);
      if (crossed)
        await join(
          model,
          sum,
          await attended(`${prefix}layers.${n}`, stack, position),
          `${prefix}layers.${n}`,
          'attention',
        );
      return sum.list;
    },
  };
}

interface Layers {
  readonly trace: Trace;
  readonly model: Model;
  readonly attended: (place: AttentionPlace, stack: Stack, position: number) => Promise<Sum>;
}

/** The input of layer `count` of a stack, or its last state, as far as it was recorded. */
async function upTo(layers: Layers, prefix: StackPrefix, stack: Stack, count: number, position: number): Promise<Sum> {
  const { trace, model } = layers;
  tokenInRange(position, (prefix === 'decoder.' ? trace.decoderIds! : trace.ids).length);
  const sum = await embeddingParts(trace, model, prefix, stack, position);
  for (let n = 0; n < count; n++) await addLayer(layers, sum, `${prefix}layers.${n}` as AttentionPlace, position);
  const last = count === stack.layerCount;
  const place = `${prefix}layers.${last ? count - 1 : count}` as AttentionPlace;
  const { data } = recordedStage(trace, layerStage(place, last ? 'output' : 'input'));
  sum.complete(data.subarray(position * stack.hiddenSize, (position + 1) * stack.hiddenSize));
  return sum;
}

/** Token, position and segment of one position; all in one where a projection or an edit joins them. */
async function embeddingParts(
  trace: Trace,
  model: Model,
  prefix: StackPrefix,
  stack: Stack,
  position: number,
): Promise<Sum> {
  const { architecture: a } = model;
  const sum = new Sum(stack);
  const name: StageName = `${prefix}embeddings`;
  const edited = trace.edits.some((edit) => 'stage' in edit && edit.stage === name);
  const width = stack.hiddenSize;
  if (a.embeddingProjection !== null || edited) {
    sum.add('embeddings', recordedStage(trace, name).data.subarray(position * width, (position + 1) * width));
    return sum;
  }
  const row = (table: string, index: number): Promise<Float32Array> => model.parameters.get(table)!.read(index, 1);
  const ids = prefix === 'decoder.' ? trace.decoderIds! : trace.ids;
  const token = await row('embeddings.token', ids[position]!);
  sum.add(
    'token',
    token.map((number) => number * stack.embeddingScale),
  );
  if (stack.positionOffset !== null)
    sum.add('position', await row(`${prefix}embeddings.position`, stack.positionOffset + position));
  if (a.tokenTypeCount > 0) sum.add('segment', await row('embeddings.tokenType', 0));
  if (stack.embeddingNorm) await sum.normed(model, `${prefix}embeddings.norm`);
  return sum;
}

/** One layer's parts, added in the order and through the norms of the architecture (see the transformer's `block`). */
async function addLayer(
  { trace, model, attended }: Layers,
  sum: Sum,
  place: AttentionPlace,
  position: number,
): Promise<void> {
  const { stack } = sum;
  const width = stack.hiddenSize;
  const forward = new Sum(stack);
  const { data: output } = recordedStage(trace, layerStage(place, 'feedForward'));
  forward.add(`L${/\d+/.exec(place)}·feedForward`, output.subarray(position * width, (position + 1) * width));
  const attention = await attended(place, stack, position);
  if (stack.parallel) {
    for (const part of [attention, forward]) for (const [name, vector] of part.parts) sum.add(name, vector);
    return;
  }
  await join(model, sum, attention, place, 'attention');
  if (place.startsWith('decoder.'))
    await join(model, sum, await attended(`${place}.cross` as AttentionPlace, stack, position), place, 'cross');
  await join(model, sum, forward, place, 'output');
}

/** What a block gives, added to the stream; norms on it or on the sum, where they stand. */
async function join(
  model: Model,
  sum: Sum,
  given: Sum,
  place: string,
  block: 'attention' | 'cross' | 'output',
): Promise<void> {
  const { normPlacement } = sum.stack;
  if (normPlacement === 'output' || normPlacement === 'both') await given.normed(model, `${place}.${block}PostNorm`);
  for (const [name, vector] of given.parts) sum.add(name, vector);
  if (normPlacement === 'after') await sum.normed(model, `${place}.${block}Norm`);
}
