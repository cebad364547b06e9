/** What speaks for a token: layer by layer, and part by part. */
import { type AttentionPlace, layerStage } from '../attention/index.ts';
import { type Activation, activations } from '../kernels/index.ts';
import { type Model, noLogits } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { logitCount, recordedStage, sameModel, type Trace } from '../trace/index.ts';
import { dotProduct } from './cells.ts';
import { freeze, through } from './frozen.ts';
import { type Part, residualStream } from './stream.ts';
import { idInRange, logitsAt, logTotal, prediction, type Target, targetOf, tokenInRange } from './target.ts';

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
 * An edit of the logits themselves is behind it and does not show. Cost: one decoding of layers + 1 rows. Throws `noLogits`, `tokenOutOfRange`, `idOutOfRange`, `anotherModel`.
 */
export async function logitLens(
  trace: Trace,
  model: Model,
  { position, token }: { readonly position: number; readonly token?: number },
): Promise<{ readonly token: number; readonly layers: readonly LensLayer[] }> {
  sameModel(trace, model);
  const { layerCount, hiddenSize: hidden, vocabularySize, encoder } = model.architecture;
  tokenInRange(position, logitCount(trace));
  if (token !== undefined) idInRange(token, vocabularySize);
  const followed = token ?? prediction(await logitsAt(trace, model, position)).token;
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
 * says so). Where a layer with an activation stands before the unembedding (BERT's), each of its units keeps the factor
 * activation(z) / z that it had in this run, so that it too is a linear map, as the norms are (Elhage et al. 2021, and for
 * the factor Achtibat et al. 2024). They sum to the logit, or the difference. Cost: one run and a pass over the weights.
 * `rest` is what an edit of the logits added. Throws `noLinearHead` where a soft-cap stands between the state and its
 * logits, `noLogits`, `tokenOutOfRange`, `idOutOfRange`.
 */
export async function directLogits(
  trace: Trace,
  model: Model,
  target: Target,
): Promise<{ readonly parts: readonly DirectPart[]; readonly sum: number; readonly logit: number }> {
  const { architecture: a, parameters } = model;
  if (!a.head) throw noLogits();
  const logits = await logitsAt(trace, model, target.position);
  if (a.head.softcap > 0)
    throw new SiseonError({
      code: 'noLinearHead',
      kind: 'usage',
      what: 'no part speaks for a token by itself in this model',
      expected: 'logits that are linear in the last state',
      got: 'a soft-cap',
      next: 'Use gradientAttention or an ablation.',
    });
  const asked = targetOf(logits, target, a);
  const stream = await residualStream(trace, model);
  let parts = await stream.parts('last', target.position);
  const other = target.against;
  const own = await unembeddingRow(model, target.token);
  const theirs = other === undefined ? undefined : await unembeddingRow(model, other);
  const direction = own.map((number, d) => (number - (theirs?.[d] ?? 0)) * a.head!.scale);
  const bias = await parameters.get('head.decoder.bias')?.read();
  if (a.finalNorm) parts = await normed(parts, model, a.encoder ? 'decoder.finalNorm' : 'finalNorm');
  if (a.head.transform)
    parts = await normed(await activated(parts, model, a.head.transform.activation), model, 'head.norm');
  const named = parts.map(({ name, vector }) => ({ name, logit: dotProduct(vector, direction) }));
  const unembedding = bias ? bias[target.token]! - (other === undefined ? 0 : bias[other]!) : 0;
  if (bias) named.push({ name: 'unembedding bias', logit: unembedding });
  const sum = (): number => named.reduce((whole, { logit }) => whole + logit, 0);
  const logit = other === undefined ? logits[target.token]! : asked;
  // Logits that an edit changed are no longer what the state says.
  if (trace.edits.some((edit) => 'stage' in edit && edit.stage === 'logits'))
    named.push({ name: 'rest', logit: logit - sum() });
  return { parts: named, sum: sum(), logit };
}

/** The parts through a norm of their sum, frozen; its bias joins the biases. */
async function normed(parts: readonly Part[], model: Model, name: string): Promise<Part[]> {
  const { normEpsilon, norm } = model.architecture;
  const gain = await model.parameters.get(`${name}.weight`)!.read();
  const frozen = freeze(total(parts), gain, normEpsilon, norm === 'layer');
  const sent = parts.map((part) => ({ name: part.name, vector: through(frozen, part.vector) }));
  return withBias(sent, await model.parameters.get(`${name}.bias`)?.read());
}

/** The parts through the layer before the unembedding, each unit with the factor that it had for their sum. */
async function activated(parts: readonly Part[], model: Model, activation: Activation): Promise<Part[]> {
  const weight = model.parameters.get('head.transform.weight')!;
  const { shape } = weight;
  const data = await weight.read();
  const [units = 0, width = 0] = shape;
  const mapped = withBias(
    parts.map(({ name, vector }) => ({
      name,
      vector: Float64Array.from({ length: units }, (_, c) =>
        dotProduct(data.subarray(c * width, (c + 1) * width), vector),
      ),
    })),
    await model.parameters.get('head.transform.bias')?.read(),
  );
  const factors = total(mapped).map((z) => (z === 0 ? 0 : activations[activation](z) / z));
  return mapped.map(({ name, vector }) => ({ name, vector: vector.map((number, c) => number * factors[c]!) }));
}

const total = (parts: readonly Part[]): Float64Array =>
  Float64Array.from(parts[0]!.vector, (_, d) => parts.reduce((sum, { vector }) => sum + vector[d]!, 0));

function withBias(parts: readonly Part[], bias: ArrayLike<number> | undefined): Part[] {
  if (!bias) return [...parts];
  const before = parts.find(({ name }) => name === 'biases');
  const vector = Float64Array.from(bias, (number, d) => number + (before?.vector[d] ?? 0));
  return [...parts.filter((part) => part !== before), { name: 'biases', vector }];
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
