/** Why this score: q · k taken apart into pairs of earlier parts, exactly. */
import { layerStage } from '../attention/index.ts';
import { type Model, rotaryTable } from '../model/index.ts';
import { attentionStages, recordedStage, type Trace } from '../trace/index.ts';
import { dotProduct, inRange } from './cells.ts';
import { normsBefore } from './circuits.ts';
import { freeze, through } from './frozen.ts';
import { tokenInRange } from './rollout.ts';
import { type Part, residualStream, type Stream } from './stream.ts';

export interface Why {
  readonly layer: number;
  readonly head: number;
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
 * (norms frozen; rotation turns every part alike). Cost: one run, then parts² dot products.
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
  }: {
    readonly layer: number;
    readonly head: number;
    readonly query: number;
    readonly key: number;
    /** Taken apart before; made anew unless given. */
    readonly stream?: Stream;
  },
): Promise<Why> {
  const { architecture: a } = model;
  inRange('layer', layer, a.layerCount);
  inRange('head', head, a.headCount);
  for (const token of [query, key]) tokenInRange(token, trace.ids.length);
  const from = stream ?? (await residualStream(trace, model));
  const keyHead = Math.floor((head * a.keyValueHeadCount) / a.headCount);
  const asks = await projected(trace, model, layer, 'query', head, query, await from.parts(layer, query));
  const answers = await projected(trace, model, layer, 'key', keyHead, key, await from.parts(layer, key));
  const { scale } = a.layers[layer]!;
  const pairs = asks.map((q) => answers.map((k) => scale * dotProduct(q.vector, k.vector)));
  const length = trace.ids.length;
  return {
    layer,
    head,
    query,
    key,
    dot: pairs.flat().reduce((sum, number) => sum + number, 0),
    score: (await attentionStages(trace, layer)).scores.data[(head * length + query) * length + key]!,
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
  layer: number,
  stage: 'query' | 'key',
  head: number,
  position: number,
  stream: readonly Part[],
): Promise<Part[]> {
  const { architecture: a, parameters } = model;
  const numbers = async (name: string): Promise<Float32Array | undefined> => parameters.get(name)?.read();
  const [place, centred] = [`layers.${layer}`, a.norm === 'layer'];
  const whole = (parts: readonly Part[]): Float64Array =>
    Float64Array.from({ length: parts[0]!.vector.length }, (_, d) =>
      parts.reduce((sum, { vector }) => sum + vector[d]!, 0),
    );
  const withBias = (parts: readonly Part[], bias: ArrayLike<number> | undefined): Part[] =>
    bias ? [...parts, { name: 'biases', vector: Float64Array.from(bias) }] : [...parts];

  let parts: Part[] = [...stream];
  if (normsBefore(a, layer)) {
    const gain = (await numbers(`${place}.attentionNorm.weight`))!;
    const frozen = freeze(whole(parts), gain, a.normEpsilon, centred);
    parts = parts.map(({ name, vector }) => ({ name, vector: through(frozen, vector) }));
    parts = withBias(parts, await numbers(`${place}.attentionNorm.bias`));
  }
  const weight = await parameters.get(`${place}.${stage}.weight`)!.read(head * a.headSize, a.headSize);
  const row = (c: number): Float32Array => weight.subarray(c * a.hiddenSize, (c + 1) * a.hiddenSize);
  parts = parts.map(({ name, vector }) => ({
    name,
    vector: Float64Array.from({ length: a.headSize }, (_, c) => dotProduct(row(c), vector)),
  }));
  const bias = await numbers(`${place}.${stage}.bias`);
  parts = withBias(parts, bias?.subarray(head * a.headSize, (head + 1) * a.headSize));
  if (a.queryKeyNorm) {
    const name = `${place}.${stage}Norm`;
    const frozen = freeze(whole(parts), (await numbers(`${name}.weight`))!, a.normEpsilon, centred);
    parts = withBias(
      parts.map((part) => ({ name: part.name, vector: through(frozen, part.vector) })),
      await numbers(`${name}.bias`),
    );
  }
  const { rotary } = a.layers[layer]!;
  if (rotary) {
    const { cosine, sine } = rotaryTable(rotary, position + 1);
    const half = rotary.rotated / 2;
    parts = parts.map(({ name, vector }) => {
      const turned = vector.slice();
      for (let c = 0; c < half; c++) {
        const [cos, sin] = [cosine[position * half + c]!, sine[position * half + c]!];
        turned[c] = vector[c]! * cos - vector[c + half]! * sin;
        turned[c + half] = vector[c + half]! * cos + vector[c]! * sin;
      }
      return { name, vector: turned };
    });
  }
  // What is left to the recorded vector is rounding, or an edit of the query or key itself.
  const recorded = recordedStage(trace, layerStage(layer, stage)).data.subarray(
    (head * trace.ids.length + position) * a.headSize,
    (head * trace.ids.length + position + 1) * a.headSize,
  );
  const sum = whole(parts);
  return joined([...parts, { name: 'rest', vector: Float64Array.from(recorded, (number, c) => number - sum[c]!) }]);
}

/** Parts of one name added together, in the order in which the names first come. */
function joined(parts: readonly Part[]): Part[] {
  const byName = new Map<string, Float64Array>();
  for (const { name, vector } of parts) {
    const before = byName.get(name);
    byName.set(name, before ? before.map((number, d) => number + vector[d]!) : vector);
  }
  return [...byName].map(([name, vector]) => ({ name, vector }));
}
