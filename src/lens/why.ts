/** Why this score: q · k taken apart into pairs of earlier parts, exactly. */
import { layerStage } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { attentionRows, type Place, recordedStage, type Trace } from '../trace/index.ts';
import { dotProduct } from './cells.ts';
import { normBefore } from './circuits.ts';
import { freeze, through } from './frozen.ts';
import { type HeadPlace, headIn, keyHeadOf } from './places.ts';
import { turnedBy } from './rotation.ts';
import { type Part, residualStream, type Stream } from './stream.ts';
import { tokenInRange } from './target.ts';

export interface Why extends HeadPlace {
  readonly query: number;
  readonly key: number;
  /** scale · q · k: the sum of all pairs. Where the model bends scores (soft-cap), `score` is what became of it. */
  readonly dot: number;
  readonly score: number;
  readonly scale: number;
  /** Names of the parts that the query and the key are made of. */
  readonly queryParts: readonly string[];
  readonly keyParts: readonly string[];
  /** [query part][key part]: scale · q_a · k_b; all of them sum to `dot`. */
  readonly pairs: readonly (readonly number[])[];
}

/**
 * The score of one query and key, by what put it there: embeddings, each earlier head and feed-forward layer, biases
 * (norms frozen; rotation turns every part alike). In cross-attention the query's parts are the decoder's and the key's the
 * encoder's. What position adds to the score (ALiBi, T5, DeBERTa) is not of q · k; `pair` shows it. Cost: one run and a
 * pass over the weights of the layers below, then parts² dot products.
 * Throws `layerOutOfRange`, `headOutOfRange`, `tokenOutOfRange`, `anotherModel`.
 */
export async function why(
  trace: Trace,
  model: Model,
  {
    layer,
    head,
    query,
    key,
    stream,
  }: HeadPlace & {
    readonly query: number;
    readonly key: number;
    /** Taken apart before; made anew unless given. */
    readonly stream?: Stream;
  },
): Promise<Why> {
  const place = headIn(trace, { layer, head });
  tokenInRange(query, recordedStage(trace, layerStage(layer, 'query')).shape[1]!);
  tokenInRange(key, recordedStage(trace, layerStage(layer, 'key')).shape[1]!);
  const from = stream ?? (await residualStream(trace, model));
  const asks = await projected(trace, model, place, 'query', head, query, await from.parts(layer, query));
  const memory = await from.parts(place.crossed ? 'memory' : layer, key);
  const answers = await projected(trace, model, place, 'key', keyHeadOf(place, head), key, memory);
  const { scale } = place.layer;
  const pairs = asks.map((q) => answers.map((k) => scale * dotProduct(q.vector, k.vector)));
  const { scores } = await attentionRows(trace, layer, [query], head);
  return {
    layer,
    head,
    query,
    key,
    dot: pairs.flat().reduce((sum, number) => sum + number, 0),
    score: scores.data[key]!,
    scale,
    queryParts: asks.map(({ name }) => name),
    keyParts: answers.map(({ name }) => name),
    pairs,
  };
}

/** A position's parts as one head's query or key, [headSize]: the norm in front, the projection, the head's norm, the rotation. */
async function projected(
  trace: Trace,
  model: Model,
  place: Place,
  stage: 'query' | 'key',
  head: number,
  position: number,
  stream: readonly Part[],
): Promise<Part[]> {
  const { parameters } = model;
  const { path, stack, layer, crossed } = place;
  const { headSize, hiddenSize, normEpsilon } = stack;
  const centred = stack.norm === 'layer';
  const withBias = (parts: readonly Part[], bias: ArrayLike<number> | undefined): Part[] =>
    bias ? [...parts, { name: 'biases', vector: Float64Array.from(bias) }] : [...parts];
  const normed = async (parts: readonly Part[], name: string): Promise<Part[]> => {
    const gain = await parameters.get(`${name}.weight`)!.read();
    const frozen = freeze(whole(parts), gain, normEpsilon, centred);
    const sent = parts.map((part) => ({ name: part.name, vector: through(frozen, part.vector) }));
    return withBias(sent, await parameters.get(`${name}.bias`)?.read());
  };

  let parts: Part[] = [...stream];
  const before = normBefore(place);
  // The encoder's states come to cross-attention's keys as they are.
  if (before !== null && !(crossed && stage === 'key')) parts = await normed(parts, before);
  const weight = await parameters.get(`${path}.${stage}.weight`)!.read(head * headSize, headSize);
  const rows = Array.from({ length: headSize }, (_, c) => weight.subarray(c * hiddenSize, (c + 1) * hiddenSize));
  parts = parts.map(({ name, vector }) => ({
    name,
    vector: Float64Array.from(rows, (row) => dotProduct(row, vector)),
  }));
  const bias = await parameters.get(`${path}.${stage}.bias`)?.read();
  parts = withBias(parts, bias?.subarray(head * headSize, (head + 1) * headSize));
  if (stack.queryKeyNorm && !crossed) parts = await normed(parts, `${path}.${stage}Norm`);
  if (layer.rotary && !crossed) {
    const turn = turnedBy(layer.rotary, position);
    parts = parts.map(({ name, vector }) => ({ name, vector: turn(vector) }));
  }
  // What is left to the recorded vector is rounding, or an edit of the query or key itself.
  const { data, shape } = recordedStage(trace, layerStage(path, stage));
  const recorded = data.subarray(
    (head * shape[1]! + position) * headSize,
    (head * shape[1]! + position + 1) * headSize,
  );
  const sum = whole(parts);
  return joined([...parts, { name: 'rest', vector: sum.map((number, c) => recorded[c]! - number) }]);
}

const whole = (parts: readonly Part[]): Float64Array =>
  Float64Array.from(parts[0]!.vector, (_, d) => parts.reduce((sum, { vector }) => sum + vector[d]!, 0));

/** Parts of one name added together, in the order in which the names first come. */
function joined(parts: readonly Part[]): Part[] {
  const byName = new Map<string, Float64Array>();
  for (const { name, vector } of parts) {
    const before = byName.get(name);
    byName.set(name, before ? before.map((number, d) => number + vector[d]!) : vector);
  }
  return [...byName].map(([name, vector]) => ({ name, vector }));
}
