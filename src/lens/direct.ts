/** What speaks for a token: layer by layer, and part by part. */
import { type AttentionPlace, layerStage } from '../attention/index.ts';
import { type Model, noLogits } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { recordedStage, sameModel, type Trace } from '../trace/index.ts';
import { dotProduct } from './cells.ts';
import { freeze, through } from './frozen.ts';
import { residualStream } from './stream.ts';
import { logitsAt, logTotal, prediction, type Target, targetOf } from './target.ts';

export interface LensLayer {
  /** `embeddings`, or the layer whose output is read. */
  readonly after: 'embeddings' | number;
  readonly best: { readonly token: number; readonly probability: number };
  /** Of the token asked about: its probability, and how many tokens stand before it. */
  readonly probability: number;
  readonly rank: number;
}

/**
 * Logit lens (nostalgebraist 2020): the state of one position after the embeddings and after every layer, read through
 * the model's final norm and head as if it were the last; of an encoder-decoder the decoder's. Without `token` the model's own prediction is followed.
 * Cost: one decoding of layers + 1 rows. Throws `noLogits`, `tokenOutOfRange`, `anotherModel`.
 */
export async function logitLens(
  trace: Trace,
  model: Model,
  { position, token }: { readonly position: number; readonly token?: number },
): Promise<{ readonly token: number; readonly layers: readonly LensLayer[] }> {
  sameModel(trace, model);
  const { layerCount, hiddenSize: hidden, vocabularySize, encoder } = model.architecture;
  const followed = token ?? prediction(logitsAt(trace, position)).token;
  const states = new Float32Array((layerCount + 1) * hidden);
  const row = (data: Float32Array): Float32Array => data.subarray(position * hidden, (position + 1) * hidden);
  const prefix = encoder ? 'decoder.' : '';
  states.set(row(recordedStage(trace, `${prefix}embeddings`).data));
  for (let n = 0; n < layerCount; n++) {
    const output = layerStage(`${prefix}layers.${n}` as AttentionPlace, 'output');
    states.set(row(recordedStage(trace, output).data), (n + 1) * hidden);
  }
  const logits = await model.readOut(states);
  const layers = Array.from({ length: layerCount + 1 }, (_, n): LensLayer => {
    const own = logits.subarray(n * vocabularySize, (n + 1) * vocabularySize);
    return {
      after: n === 0 ? 'embeddings' : n - 1,
      best: prediction(own),
      probability: Math.exp(own[followed]! - logTotal(own)),
      rank: own.reduce((before, logit) => before + (logit > own[followed]! ? 1 : 0), 0),
    };
  });
  return { token: followed, layers };
}

export interface DirectPart {
  /** As in `Part`: `L3·H1`, `L3·feedForward`, `token`, … */
  readonly name: string;
  /** What the part adds to the target by itself, later layers passed over. */
  readonly logit: number;
}

/**
 * Direct logit attribution: the last state's parts (each head, each feed-forward layer, embeddings, biases), sent through
 * the final norm, frozen, and held against the token's row of the unembedding (against another token's, where the target
 * says so). They sum to the logit, or the difference. Cost: one run and a pass over the weights. Throws `noLinearHead` where a
 * layer with an activation (BERT's) or a soft-cap stands between the state and its logits, `noLogits`, `tokenOutOfRange`.
 */
export async function directLogits(
  trace: Trace,
  model: Model,
  target: Target,
): Promise<{ readonly parts: readonly DirectPart[]; readonly sum: number; readonly logit: number }> {
  const { architecture: a, parameters } = model;
  if (!a.head) throw noLogits();
  const logits = logitsAt(trace, target.position);
  if (a.head.transform || a.head.softcap > 0)
    throw new SiseonError({
      code: 'noLinearHead',
      kind: 'usage',
      what: 'no part speaks for a token by itself in this model',
      expected: 'logits that are linear in the last state',
      got: a.head.transform ? 'a layer with an activation in between' : 'a soft-cap',
      next: 'Use gradientAttention or an ablation.',
    });
  const stream = await residualStream(trace, model);
  let parts = await stream.parts('last', target.position);
  const other = target.against;
  const own = await unembeddingRow(model, target.token);
  const theirs = other === undefined ? undefined : await unembeddingRow(model, other);
  const direction = own.map((number, d) => (number - (theirs?.[d] ?? 0)) * a.head!.scale);
  const bias = await parameters.get('head.decoder.bias')?.read();
  if (a.finalNorm) {
    const name = a.encoder ? 'decoder.finalNorm' : 'finalNorm';
    const whole = Float64Array.from({ length: a.hiddenSize }, (_, d) =>
      parts.reduce((sum, { vector }) => sum + vector[d]!, 0),
    );
    const gain = await parameters.get(`${name}.weight`)!.read();
    const frozen = freeze(whole, gain, a.normEpsilon, a.norm === 'layer');
    const shift = await parameters.get(`${name}.bias`)?.read();
    parts = parts.map((part) => ({ name: part.name, vector: through(frozen, part.vector) }));
    if (shift) {
      const biases = parts.find((part) => part.name === 'biases');
      if (biases) for (let d = 0; d < shift.length; d++) biases.vector[d]! += shift[d]!;
      else parts.push({ name: 'biases', vector: Float64Array.from(shift) });
    }
  }
  const named = parts.map(({ name, vector }) => ({ name, logit: dotProduct(vector, direction) }));
  const unembedding = bias ? bias[target.token]! - (other === undefined ? 0 : bias[other]!) : 0;
  if (bias) named.push({ name: 'unembedding bias', logit: unembedding });
  return {
    parts: named,
    sum: named.reduce((sum, { logit }) => sum + logit, 0),
    logit: other === undefined ? logits[target.token]! : targetOf(logits, target),
  };
}

/** A token's row of the unembedding, [hidden]; through the projection that narrows states, where there is one (OPT). */
async function unembeddingRow({ architecture: a, parameters }: Model, token: number): Promise<Float64Array> {
  const row = await parameters.get(a.head!.tied ? 'embeddings.token' : 'head.decoder.weight')!.read(token, 1);
  const projection = await parameters.get('head.projection.weight')?.read();
  if (!projection) return Float64Array.from(row);
  return Float64Array.from({ length: a.hiddenSize }, (_, d) => {
    let sum = 0;
    for (let e = 0; e < row.length; e++) sum += row[e]! * projection[e * a.hiddenSize + d]!;
    return sum;
  });
}
