/**
 * What a run recorded: plain numbers, no model. Query, key and value are kept; everything square is recomputed, exactly,
 * when it is looked at, so that memory stays linear in the length of the text.
 */
import {
  type AttentionPlace,
  attention,
  derivedStages,
  type Edit,
  type LayerStage,
  layerStage,
  linearStages,
  type Probe,
  type StackPrefix,
  type StageName,
} from '../attention/index.ts';
import {
  type Architecture,
  disentangledIndex,
  type Encoding,
  type Layer,
  type Model,
  type Stack,
  type Tokenizer,
} from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { headOutputPuts, interfered } from './interfered.ts';
import type { Stage } from './stage.ts';

export interface Trace {
  readonly model: { readonly name: string; readonly fingerprint: string; readonly architecture: Architecture };
  readonly ids: Int32Array;
  /** What the decoder of an encoder-decoder read; null where there is none. */
  readonly decoderIds: Int32Array | null;
  /** Tokens, words and notices of the text; null where the run was given ids alone. */
  readonly encoding: Encoding | null;
  /** What was interfered with; none in a plain run. */
  readonly edits: readonly Edit[];
  /**
   * `embeddings`, `layers.N.{input, query, key, value, attentionOutput, output}`, with heads `logits` and `classes`, and
   * what position adds to the scores: `relativeBias` [head, 2n − 1] by distance key − query from −(n − 1) on, or
   * `layers.N.positionKey` and `.positionQuery` [head, distance, size].
   */
  readonly recorded: ReadonlyMap<StageName, Stage>;
}

/** What a run reads: a text or token ids. */
export type TraceInput = ({ readonly text: string } | { readonly ids: ArrayLike<number> }) & {
  /** What the decoder of an encoder-decoder reads; its first token alone unless given. */
  readonly decoderIds?: ArrayLike<number>;
  /** Interventions, made as the stages are computed. */
  readonly edits?: readonly Edit[];
};

/** Runs the model over a text or over token ids, keeping every linear stage. Throws what Tokenizer.encode and Model.run throw, and `noTokenizer`. */
export async function recordTrace(model: Model, input: TraceInput): Promise<Trace> {
  const [trace] = await recordTraces(model, [input]);
  return trace!;
}

/** Runs the model over several texts side by side; each trace is the one that the text has alone, to rounding. Throws what recordTrace throws. */
export async function recordTraces(model: Model, inputs: readonly TraceInput[]): Promise<Trace[]> {
  const { name, fingerprint, architecture } = model;
  const runs = inputs.map((input) => {
    const { encoding, ids, decoderIds } = readInput(model, input);
    const pending: Promise<[StageName, Stage]>[] = [];
    const probe: Probe = (stage, shape, values) => pending.push(values.then((data) => [stage, { shape, data }]));
    const edits = input.edits ?? [];
    return { encoding, ids, decoderIds, edits, pending, run: { ids, probe, edits, ...(decoderIds && { decoderIds }) } };
  });
  await model.runBatch(runs.map(({ run }) => run));
  return Promise.all(
    runs.map(async ({ encoding, ids, decoderIds, edits, pending }) => ({
      model: { name, fingerprint, architecture },
      ids,
      decoderIds,
      encoding,
      edits,
      recorded: new Map(await Promise.all(pending)),
    })),
  );
}

/** What the model reads of an input. Throws what Tokenizer.encode throws, and `noTokenizer`. */
export function readInput(model: Model, input: TraceInput): Pick<Trace, 'ids' | 'decoderIds' | 'encoding'> {
  const { encoder, decoderStart } = model.architecture;
  const encoding = 'text' in input ? tokenizerOf(model).encode(input.text) : null;
  return {
    encoding,
    ids: encoding?.ids ?? Int32Array.from((input as { ids: ArrayLike<number> }).ids),
    decoderIds: encoder ? Int32Array.from(input.decoderIds ?? [decoderStart ?? 0]) : null,
  };
}

function tokenizerOf({ name, tokenizer }: Model): Tokenizer {
  if (tokenizer) return tokenizer;
  throw new SiseonError({
    code: 'noTokenizer',
    kind: 'usage',
    what: `${name} has no tokenizer.json, so it cannot read text`,
    next: 'Give token ids instead (--ids 1,2,3).',
  });
}

/** A linear stage as it was recorded. Throws `noStage` where the trace does not hold it. */
export function recordedStage(trace: Trace, name: StageName): Stage {
  const stage = trace.recorded.get(name);
  if (stage) return stage;
  throw noStage(trace, name);
}

const noStage = (trace: Trace, name: string): SiseonError => {
  const { layerCount, head, encoder } = trace.model.architecture;
  const stagesOfALayer = [...linearStages, ...derivedStages].join(', ');
  return new SiseonError({
    code: 'noStage',
    kind: 'usage',
    what: `the trace has no stage "${name}"`,
    expected: encoder
      ? `encoder.embeddings, encoder.layers.0 to ${encoder.layerCount - 1}, decoder.embeddings, decoder.layers.0 to ${layerCount - 1} (and their cross), each with ${stagesOfALayer}${head ? ', or logits' : ''}`
      : `embeddings, layers.0 to layers.${layerCount - 1} with ${stagesOfALayer}${head ? ', or logits' : ''}`,
    details: { name },
  });
};

/** What one place of attention is made of: a layer's own, or a decoder layer's cross-attention. */
interface Place {
  readonly path: AttentionPlace;
  readonly prefix: StackPrefix;
  readonly stack: Stack;
  readonly layer: Layer;
  readonly crossed: boolean;
}

function placeOf(trace: Trace, place: number | AttentionPlace): Place {
  const { architecture } = trace.model;
  const path: AttentionPlace = typeof place === 'number' ? `layers.${place}` : place;
  const [, prefix = '', layer = '', cross] = /^((?:en|de)coder\.)?layers\.(\d+)(\.cross)?$/.exec(path) ?? [];
  const stack = prefix === 'encoder.' ? architecture.encoder : architecture;
  const own = stack?.layers[Number(layer)];
  if (!stack || !own || (prefix !== '') !== (architecture.encoder !== null)) throw noStage(trace, path);
  return { path, prefix: prefix as StackPrefix, stack, layer: own, crossed: cross !== undefined };
}

/** The multiplier of q · k in a layer of this trace's model. */
export const scaleOf = (trace: Trace, place: number | AttentionPlace): number => placeOf(trace, place).layer.scale;

/** What position adds to the scores of one place for these queries (all), as numbers [head, query, key]; null where it adds nothing. */
function positionBias(
  trace: Trace,
  { path, prefix, stack, layer, crossed }: Place,
  queries?: readonly number[],
): Stage | null {
  if (stack.positionBias === null || crossed) return null;
  const [heads, length] = [stack.headCount, recordedStage(trace, layerStage(path, 'query')).shape[1]!];
  const rows = queries ?? Array.from({ length }, (_, i) => i);
  const data = new Float32Array(heads * rows.length * length);
  const shape = [heads, rows.length, length];
  if (stack.positionBias.kind !== 'disentangled') {
    const { data: byDistance } = recordedStage(trace, `${prefix}relativeBias`);
    for (let h = 0; h < heads; h++)
      for (const [r, i] of rows.entries()) {
        const first = h * (2 * length - 1) + length - 1 - i;
        data.set(byDistance.subarray(first, first + length), (h * rows.length + r) * length);
      }
    return { shape, data };
  }
  const index = disentangledIndex(stack.positionBias, length);
  const add = (stage: 'query' | 'key', positions: 'positionKey' | 'positionQuery'): void => {
    const vectors = recordedStage(trace, layerStage(path, stage)).data;
    const {
      data: distances,
      shape: [, count = 0, size = 0],
    } = recordedStage(trace, `${path}.${positions}` as StageName);
    for (let h = 0; h < heads; h++)
      for (const [r, i] of rows.entries())
        for (let j = 0; j < length; j++) {
          const vector = (h * length + (stage === 'query' ? i : j)) * size;
          const distance = (h * count + index[i * length + j]!) * size;
          let dot = 0;
          for (let c = 0; c < size; c++) dot += vectors[vector + c]! * distances[distance + c]!;
          data[(h * rows.length + r) * length + j]! += layer.scale * dot;
        }
  };
  if (stack.positionBias.contentToPosition) add('query', 'positionKey');
  if (stack.positionBias.positionToContent) add('key', 'positionQuery');
  return { shape, data };
}

/**
 * All heads of one layer: scores, maskedScores and weights [head, query, key], mixed [head, query, headSize]. A number
 * means a layer of the only stack; of an encoder-decoder say `encoder.layers.0`, `decoder.layers.0` or
 * `decoder.layers.0.cross`. Throws `noStage`.
 */
export async function attentionStages(
  trace: Trace,
  layer: number | AttentionPlace,
): Promise<Record<'scores' | 'maskedScores' | 'weights' | 'mixed', Stage>> {
  const place = placeOf(trace, layer);
  const operand = (stage: LayerStage): { shape: number[]; data: Float32Array } => {
    const { shape, data } = recordedStage(trace, layerStage(place.path, stage));
    return { shape: [1, ...shape], data };
  };
  const bias = positionBias(trace, place);
  const result = await attention({
    query: operand('query'),
    key: operand('key'),
    value: operand('value'),
    scale: place.layer.scale,
    ...(!place.crossed && {
      softcap: place.stack.softcap,
      window: { left: place.layer.left, right: place.layer.right },
    }),
    ...(bias && { mask: bias }),
    keep: ['scores', 'maskedScores', 'weights'],
  });
  const withoutBatch = (stage: { shape: readonly number[]; data: Float32Array }): Stage => ({
    shape: stage.shape.slice(1),
    data: stage.data,
  });
  const plain = {
    scores: withoutBatch(result.scores!),
    maskedScores: withoutBatch(result.maskedScores!),
    weights: withoutBatch(result.weights!),
    mixed: withoutBatch(result.output),
  };
  if (trace.edits.length === 0) return plain;
  return interfered(trace, place.path, plain, recordedStage(trace, layerStage(place.path, 'value')));
}

/**
 * Some queries' rows in every head of a layer: scores, maskedScores and weights [head, query, key], as a view of a long
 * text asks for them; beyond these rows nothing square is computed, unless the trace has edits. Throws `noStage`.
 */
export async function attentionRows(
  trace: Trace,
  layer: number | AttentionPlace,
  queries: readonly number[],
): Promise<Record<'scores' | 'maskedScores' | 'weights', Stage>> {
  const place = placeOf(trace, layer);
  const {
    shape: [heads = 0, length = 0, size = 0],
    data,
  } = recordedStage(trace, layerStage(place.path, 'query'));
  const [key, value] = (['key', 'value'] as const).map((stage) => recordedStage(trace, layerStage(place.path, stage)));
  const keys = key!.shape[1]!;
  const count = queries.length;
  if (trace.edits.length > 0) {
    const whole = await attentionStages(trace, layer);
    const rows = (stage: Stage): Stage => gather(stage.data, heads, length, keys, queries);
    return { scores: rows(whole.scores), maskedScores: rows(whole.maskedScores), weights: rows(whole.weights) };
  }
  const own = gather(data, heads, length, size, queries).data;
  const mask = positionBias(trace, place, queries)?.data ?? new Float32Array(heads * count * keys);
  const { left, right } = place.layer;
  if (!place.crossed)
    for (let at = 0; at < mask.length; at++) {
      const distance = (at % keys) - queries[Math.floor(at / keys) % count]!;
      if ((left >= 0 && distance < -left) || (right >= 0 && distance > right)) mask[at] = -Infinity;
    }
  const batched = ({ shape, data: numbers }: Stage) => ({ shape: [1, ...shape], data: numbers });
  const result = await attention({
    query: { shape: [1, heads, count, size], data: own },
    key: batched(key!),
    value: batched(value!),
    scale: place.layer.scale,
    softcap: place.crossed ? 0 : place.stack.softcap,
    mask: { shape: [heads, count, keys], data: mask },
    keep: ['scores', 'maskedScores', 'weights'],
  });
  const rows = (stage: { data: Float32Array } | undefined): Stage => ({
    shape: [heads, count, keys],
    data: stage!.data,
  });
  return { scores: rows(result.scores), maskedScores: rows(result.maskedScores), weights: rows(result.weights) };
}

/** Rows of [head, row, width], some of each head's. */
function gather(data: Float32Array, heads: number, length: number, width: number, rows: readonly number[]): Stage {
  const out = new Float32Array(heads * rows.length * width);
  for (let h = 0; h < heads; h++)
    for (const [r, i] of rows.entries())
      out.set(data.subarray((h * length + i) * width, (h * length + i + 1) * width), (h * rows.length + r) * width);
  return { shape: [heads, rows.length, width], data: out };
}

/** One query's row in every head of a layer: scores, maskedScores and weights [head, key]. Throws `noStage`. */
export async function attentionRow(
  trace: Trace,
  layer: number | AttentionPlace,
  query: number,
): Promise<Record<'scores' | 'maskedScores' | 'weights', Stage>> {
  const { scores, maskedScores, weights } = await attentionRows(trace, layer, [query]);
  const row = ({ shape: [heads = 0, , keys = 0], data }: Stage): Stage => ({ shape: [heads, keys], data });
  return { scores: row(scores), maskedScores: row(maskedScores), weights: row(weights) };
}

/** Refuses a model that did not make this trace: its parameters would give other numbers. Throws `anotherModel`. */
export function sameModel(trace: Trace, model: Model): void {
  if (trace.model.fingerprint === model.fingerprint) return;
  throw new SiseonError({
    code: 'anotherModel',
    kind: 'usage',
    what: 'the trace was recorded with another model',
    expected: `${trace.model.name} (${trace.model.fingerprint})`,
    got: `${model.name} (${model.fingerprint})`,
  });
}

/** Each head's part of a layer's output: headOutput [head, query, hidden] = mixed · W_O of that head, without the projection's bias. */
export async function headOutput(trace: Trace, model: Model, layer: number | AttentionPlace): Promise<Stage> {
  sameModel(trace, model);
  const { mixed } = await attentionStages(trace, layer);
  const [heads = 0, queries = 0, size = 0] = mixed.shape;
  const projection = model.parameters.get(`${placeOf(trace, layer).path}.attentionOutput.weight`)!;
  const [hidden = 0, inputs = 0] = projection.shape;
  const weight = await projection.read();
  const data = new Float32Array(heads * queries * hidden);
  for (let h = 0; h < heads; h++)
    for (let i = 0; i < queries; i++)
      for (let d = 0; d < hidden; d++) {
        let sum = 0;
        for (let c = 0; c < size; c++)
          sum += mixed.data[(h * queries + i) * size + c]! * weight[d * inputs + h * size + c]!;
        data[(h * queries + i) * hidden + d] = sum;
      }
  for (const { head, position, vector } of headOutputPuts(trace.edits, placeOf(trace, layer).path))
    data.set(vector, (head * queries + position) * hidden);
  return { shape: [heads, queries, hidden], data };
}

/** Names of every stage that can be had from this trace (headOutput with its model), in the order in which they are computed. */
export function traceStages(trace: Trace): StageName[] {
  const names: StageName[] = [];
  for (const name of trace.recorded.keys()) {
    // What is derived from query, key and value comes before the output that they lead to.
    const place = /^(.*)\.attentionOutput$/.exec(name)?.[1] as AttentionPlace | undefined;
    if (place) names.push(...derivedStages.map((stage) => layerStage(place, stage)));
    names.push(name);
  }
  return names;
}

/** Stages by name, recorded or recomputed; those of one layer are computed once. Throws `noStage`. */
export async function stages(trace: Trace, model: Model, names: readonly string[]): Promise<Map<StageName, Stage>> {
  const known = new Set<string>(traceStages(trace));
  const result = new Map<StageName, Stage>();
  const byPlace = new Map<string, ReturnType<typeof attentionStages>>();
  for (const asked of names) {
    if (!known.has(asked)) throw noStage(trace, asked);
    const name = asked as StageName;
    const [, path = '', stage = ''] = /^(.*)\.([^.]+)$/.exec(name) ?? [];
    const place = path as AttentionPlace;
    if (!(derivedStages as readonly string[]).includes(stage)) result.set(name, recordedStage(trace, name));
    else if (stage === 'headOutput') result.set(name, await headOutput(trace, model, place));
    else {
      if (!byPlace.has(place)) byPlace.set(place, attentionStages(trace, place));
      result.set(name, (await byPlace.get(place)!)[stage as 'scores' | 'maskedScores' | 'weights' | 'mixed']);
    }
  }
  return result;
}
