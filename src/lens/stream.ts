/**
 * The residual stream taken apart: what a position holds after some layers is a sum of what was put there, each part sent
 * through the norms on its way with their statistics frozen (Elhage et al. 2021).
 */
import { layerStage } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { attentionStages, recordedStage, sameModel, type Trace } from '../trace/index.ts';
import { outputSlices, type Rows } from './circuits.ts';
import { freeze, through } from './frozen.ts';

/** One of the things that a position of the stream is made of. */
export interface Part {
  /** `token`, `position`, `segment` (or `embeddings`, where they cannot be told apart), `L0·H3`, `L0·feedForward`, `biases`; `rest`: rounding, and what edits put there. */
  readonly name: string;
  readonly vector: Float64Array;
}

export interface Stream {
  /** Parts of the input of a layer at a position; of the last state (before the final norm) for `layerCount`. They sum to it. */
  parts(layer: number, position: number): Promise<Part[]>;
}

/** Named vectors that add up as they come. */
class Sum {
  readonly parts = new Map<string, Float64Array>();
  readonly hidden: number;
  constructor(hidden: number) {
    this.hidden = hidden;
  }
  add(name: string, vector: ArrayLike<number>): void {
    const into = this.parts.get(name) ?? new Float64Array(this.hidden);
    for (let d = 0; d < this.hidden; d++) into[d]! += vector[d]!;
    this.parts.set(name, into);
  }
  get whole(): Float64Array {
    const whole = new Float64Array(this.hidden);
    for (const vector of this.parts.values()) for (let d = 0; d < this.hidden; d++) whole[d]! += vector[d]!;
    return whole;
  }
  /** Sends every part through a norm of the whole, its bias becoming a part. */
  async normed(model: Model, name: string): Promise<void> {
    const gain = await model.parameters.get(`${name}.weight`)!.read();
    const { norm, normEpsilon } = model.architecture;
    const frozen = freeze(this.whole, gain, normEpsilon, norm === 'layer');
    for (const [part, vector] of this.parts) this.parts.set(part, through(frozen, vector));
    const bias = await model.parameters.get(`${name}.bias`)?.read();
    if (bias) this.add('biases', bias);
  }
}

/** Takes a trace's stream apart. Cost: one more run, for the feed-forward layers' outputs. Throws `anotherModel`. */
export async function residualStream(trace: Trace, model: Model): Promise<Stream> {
  sameModel(trace, model);
  const { architecture: a } = model;
  const pending: Promise<void>[] = [];
  const fed = new Map<string, Float32Array>();
  await model.run(
    trace.ids,
    (name, _, values) => {
      if (name.endsWith('.feedForward')) pending.push(values.then((data) => void fed.set(name, data)));
    },
    trace.edits,
    { passing: true },
  );
  await Promise.all(pending);
  const mixed = new Map<number, Promise<Float32Array>>();
  const mixedOf = (layer: number): Promise<Float32Array> => {
    if (!mixed.has(layer))
      mixed.set(
        layer,
        attentionStages(trace, layer).then((stages) => stages.mixed.data),
      );
    return mixed.get(layer)!;
  };
  const rowOf = (data: Float32Array, i: number): Float32Array =>
    data.subarray(i * a.hiddenSize, (i + 1) * a.hiddenSize);
  return {
    async parts(layer, position) {
      const sum = await embeddingParts(trace, model, position);
      for (let n = 0; n < layer; n++) {
        const row = await mixedOf(n);
        const outputOf = await outputSlices(model, n);
        await addLayer(
          model,
          sum,
          n,
          (head) => headRow(trace, head, position, row, outputOf(head)),
          rowOf(fed.get(`layers.${n}.feedForward`)!, position),
        );
      }
      const name = layer === a.layerCount ? layerStage(layer - 1, 'output') : layerStage(layer, 'input');
      const recorded = rowOf(recordedStage(trace, name).data, position);
      const whole = sum.whole;
      sum.add(
        'rest',
        Float64Array.from(recorded, (number, d) => number - whole[d]!),
      );
      return [...sum.parts].map(([part, vector]) => ({ name: part, vector }));
    },
  };
}

/** Token, position and segment of one position; all in one where a projection or an edit joins them. */
async function embeddingParts(trace: Trace, model: Model, position: number): Promise<Sum> {
  const { architecture: a } = model;
  const sum = new Sum(a.hiddenSize);
  const edited = trace.edits.some((edit) => 'stage' in edit && edit.stage === 'embeddings');
  if (a.embeddingProjection !== null || edited) {
    const { data } = recordedStage(trace, 'embeddings');
    sum.add('embeddings', data.subarray(position * a.hiddenSize, (position + 1) * a.hiddenSize));
    return sum;
  }
  const row = (name: string, index: number): Promise<Float32Array> => model.parameters.get(name)!.read(index, 1);
  const token = await row('embeddings.token', trace.ids[position]!);
  sum.add(
    'token',
    token.map((number) => number * a.embeddingScale),
  );
  if (a.positionOffset !== null) sum.add('position', await row('embeddings.position', a.positionOffset + position));
  if (a.tokenTypeCount > 0) sum.add('segment', await row('embeddings.tokenType', 0));
  if (a.embeddingNorm) await sum.normed(model, 'embeddings.norm');
  return sum;
}

/** One layer's parts, added in the order and through the norms of the architecture (see the transformer's `block`). */
async function addLayer(
  model: Model,
  sum: Sum,
  layer: number,
  headRow: (head: number) => Float64Array,
  fed: Float32Array,
): Promise<void> {
  const { architecture: a } = model;
  const place = `layers.${layer}`;
  const onOutput = a.normPlacement === 'output' || a.normPlacement === 'both';
  const attention = new Sum(a.hiddenSize);
  for (let head = 0; head < a.headCount; head++) attention.add(`L${layer}·H${head}`, headRow(head));
  const bias = await model.parameters.get(`${place}.attentionOutput.bias`)?.read();
  if (bias) attention.add('biases', bias);
  const forward = new Sum(a.hiddenSize);
  forward.add(`L${layer}·feedForward`, fed);
  if (onOutput && !a.parallel) {
    await attention.normed(model, `${place}.attentionPostNorm`);
    await forward.normed(model, `${place}.outputPostNorm`);
  }
  for (const [name, vector] of attention.parts) sum.add(name, vector);
  if (a.normPlacement === 'after' && !a.parallel) await sum.normed(model, `${place}.attentionNorm`);
  for (const [name, vector] of forward.parts) sum.add(name, vector);
  if (a.normPlacement === 'after' && !a.parallel) await sum.normed(model, `${place}.outputNorm`);
}

/** One head's output at one position, mixed · W_O, [hidden]. */
function headRow(
  trace: Trace,
  head: number,
  position: number,
  mixed: Float32Array,
  { data: output, rows: headSize, columns: hidden }: Rows,
): Float64Array {
  const from = (head * trace.ids.length + position) * headSize;
  const row = new Float64Array(hidden);
  for (let c = 0; c < headSize; c++)
    for (let d = 0; d < hidden; d++) row[d]! += mixed[from + c]! * output[c * hidden + d]!;
  return row;
}
