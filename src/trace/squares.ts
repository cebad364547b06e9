/** What is square, recomputed from query, key and value for the rows that are looked at. */
import {
  type AttentionParts,
  type AttentionPlace,
  attention,
  attentionPlace,
  isCrossed,
  type LayerPlace,
  type LayerStage,
  layerStage,
  type StackPrefix,
  type StageName,
} from '../attention/index.ts';
import {
  changeNumbers,
  disentangledDistances,
  headOutputChanges,
  type Layer,
  type Model,
  type Stack,
} from '../model/index.ts';
import { interfered, lengthsOf } from './interfered.ts';
import type { Stage } from './stage.ts';
import { noStage, type OfModel, recordedStage, sameModel, type Trace } from './trace.ts';

/** What one place of attention is made of: a layer's own, or a decoder layer's cross-attention. */
export interface Place {
  readonly path: AttentionPlace;
  readonly prefix: StackPrefix;
  readonly stack: Stack;
  readonly layer: Layer;
  readonly crossed: boolean;
}

/** Throws `noStage` where the trace's model has no such place. */
export function placeOf(trace: OfModel, place: LayerPlace): Place {
  const { architecture } = trace.model;
  const path = attentionPlace(place);
  const [, prefix = '', layer = ''] = /^((?:en|de)coder\.)?layers\.(\d+)(?:\.cross)?$/.exec(path) ?? [];
  const stack = prefix === 'encoder.' ? architecture.encoder : architecture;
  const own = stack?.layers[Number(layer)];
  const crossed = isCrossed(path);
  if (!stack || !own || (prefix !== '') !== (architecture.encoder !== null) || (crossed && prefix !== 'decoder.'))
    throw noStage(trace, path);
  return { path, prefix: prefix as StackPrefix, stack, layer: own, crossed };
}

/** The multiplier of q · k in a layer of this trace's model. */
export const scaleOf = (trace: Trace, place: LayerPlace): number => placeOf(trace, place).layer.scale;

const squares = ['scores', 'maskedScores', 'weights'] as const;
type SquareName = (typeof squares)[number];

/** Squares [head, query, key] and the mixture [head, query, headSize] of the rows that were asked for. */
export type AttentionRows<Kept extends SquareName = SquareName> = Record<Kept | 'mixed', Stage>;

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/**
 * What position adds to the scores of one place, as numbers [head, query, key]; null where it adds nothing.
 * ALiBi and T5 by distance; DeBERTa by the products with its distances' vectors, times scale.
 */
export async function positionBias(
  trace: Trace,
  place: Place,
  queries: readonly number[],
  heads: readonly number[],
): Promise<Stage | null> {
  const { path, prefix, stack, layer, crossed } = place;
  if (stack.positionBias === null || crossed) return null;
  const length = recordedStage(trace, layerStage(path, 'query')).shape[1]!;
  const data = new Float32Array(heads.length * queries.length * length);
  const shape = [heads.length, queries.length, length];
  const rowAt = (h: number, r: number): number => (h * queries.length + r) * length;
  if (stack.positionBias.kind !== 'disentangled') {
    const { data: byDistance } = recordedStage(trace, `${prefix}relativeBias`);
    for (const [h, head] of heads.entries())
      for (const [r, i] of queries.entries()) {
        const first = head * (2 * length - 1) + length - 1 - i;
        data.set(byDistance.subarray(first, first + length), rowAt(h, r));
      }
    return { shape, data };
  }
  const distances = disentangledDistances(stack.positionBias, length);
  const add = async (
    stage: 'query' | 'key',
    positions: 'positionKey' | 'positionQuery',
    row: (r: number, j: number) => number,
  ): Promise<void> => {
    const vectors = picked(
      recordedStage(trace, layerStage(path, stage)),
      heads,
      stage === 'query' ? queries : undefined,
    );
    const table = picked(recordedStage(trace, `${path}.${positions}` as StageName), heads);
    const batched = (x: Stage): Stage => ({ shape: [1, ...x.shape], data: x.data });
    const [query, key] = [batched(vectors), batched(table)];
    const { dots } = await attention({ query, key, value: key, scale: layer.scale, keep: ['dots'] });
    const [rows, count] = [vectors.shape[1]!, table.shape[1]!];
    for (const h of heads.keys())
      for (const [r, i] of queries.entries())
        for (let j = 0; j < length; j++)
          data[rowAt(h, r) + j]! += dots!.data[(h * rows + row(r, j)) * count + distances[i - j + length - 1]!]!;
  };
  if (stack.positionBias.contentToPosition) await add('query', 'positionKey', (r) => r);
  if (stack.positionBias.positionToContent) await add('key', 'positionQuery', (_, j) => j);
  return { shape, data };
}

/** Heads, or rows of every head, picked out of [head, row, width]. */
function picked({ shape, data }: Stage, heads: readonly number[], rows?: readonly number[]): Stage {
  const [count = 0, length = 0, width = 0] = shape;
  if (!rows && heads.length === count) return { shape, data };
  const own = rows ?? upTo(length);
  const out = new Float32Array(heads.length * own.length * width);
  for (const [h, head] of heads.entries())
    for (const [r, i] of own.entries())
      out.set(
        data.subarray((head * length + i) * width, (head * length + i + 1) * width),
        (h * own.length + r) * width,
      );
  return { shape: [heads.length, own.length, width], data: out };
}

/**
 * Some queries' rows of a place, or all: scores, maskedScores and weights [head, query, key], mixed [head, query, headSize]; with
 * `head` that head alone, with `keep` those squares alone: without scores, what the mask hides is not computed. A number
 * means a layer of the only stack; of an encoder-decoder say `encoder.layers.0`, `decoder.layers.0` or
 * `decoder.layers.0.cross`. Cost: heads · queries · keys cells of each square, nothing beyond. Throws `noStage`.
 */
export async function attentionRows<Kept extends SquareName = SquareName>(
  trace: Trace,
  layer: LayerPlace,
  queries?: readonly number[],
  head?: number,
  keep: readonly Kept[] = squares as readonly SquareName[] as readonly Kept[],
): Promise<AttentionRows<Kept>> {
  const place = placeOf(trace, layer);
  const { path, stack, crossed } = place;
  const stage = (name: LayerStage): Stage => recordedStage(trace, layerStage(path, name));
  const [, length = 0] = stage('query').shape;
  const heads = head === undefined ? upTo(stack.headCount) : [head];
  const keyHeads =
    head === undefined
      ? upTo(stack.keyValueHeadCount)
      : [Math.floor((head * stack.keyValueHeadCount) / stack.headCount)];
  const [key, value] = [picked(stage('key'), keyHeads), picked(stage('value'), keyHeads)];
  const asking = queries ?? upTo(length);
  const bias = await positionBias(trace, place, asking, heads);
  const batched = ({ shape, data }: Stage): Stage => ({ shape: [1, ...shape], data });
  // Edits are made to all squares of a row.
  const edited = trace.edits.length > 0;
  const result = await attention({
    query: batched(picked(stage('query'), heads, queries)),
    key: batched(key),
    value: batched(value),
    scale: place.layer.scale,
    ...(!crossed && { softcap: stack.softcap }),
    ...visibleTo(place, asking, key.shape[1]!, bias),
    keep: edited ? squares : keep,
  });
  const own = (square: Stage): Stage => ({ shape: square.shape.slice(1), data: square.data });
  const mixed = own(result.output);
  const of = <Name extends SquareName>(names: readonly Name[]) =>
    Object.fromEntries(names.map((name) => [name, own(result[name]!)])) as Record<Name, Stage>;
  if (!edited) return { ...of(keep), mixed };
  return interfered(trace, { path, heads, queries: asking, crossed }, { ...of(squares), mixed }, value);
}

/**
 * What a place's window and bias let some queries see. A window is left to the kernel, which passes over what it hides:
 * of all queries, and of a run of them that see nothing after themselves. Of others it becomes part of the mask.
 */
function visibleTo(
  { layer: { left, right }, crossed }: Place,
  queries: readonly number[],
  keys: number,
  bias: Stage | null,
): Pick<AttentionParts, 'window' | 'keyLengths' | 'mask'> {
  const mask = bias ? { mask: bias } : {};
  if (crossed || (left < 0 && right < 0)) return mask;
  const [first = 0, count] = [queries[0], queries.length];
  if (queries.every((query, r) => query === first + r)) {
    if (count === keys) return { ...mask, window: { left, right } };
    // The last of so many keys is the last query's own.
    if (right === 0) return { ...mask, window: { left, right }, keyLengths: [first + count] };
  }
  const hiding = bias ?? { shape: [1, count, keys], data: new Float32Array(count * keys) };
  for (let at = 0; at < hiding.data.length; at++) {
    const distance = (at % keys) - queries[Math.floor(at / keys) % count]!;
    if ((left >= 0 && distance < -left) || (right >= 0 && distance > right)) hiding.data[at] = -Infinity;
  }
  return { mask: hiding };
}

/** Cells of one square that are held at a time where rows go by in bands. */
const bandCells = 2 ** 21;

/** A band of rows on its way: its queries follow one another from `first` on. */
export interface AttentionBand extends AttentionRows {
  readonly first: number;
  readonly count: number;
}

/**
 * All rows of a place, in bands that hold heads · queries · keys ≤ 2²¹ cells of each square (8 MiB), whatever the text's
 * length: one pass over the weights in constant memory. Short texts come in one band. Throws `noStage`.
 */
export async function* attentionBands(trace: Trace, layer: LayerPlace, head?: number): AsyncGenerator<AttentionBand> {
  const { path, stack } = placeOf(trace, layer);
  const length = recordedStage(trace, layerStage(path, 'query')).shape[1]!;
  const keys = recordedStage(trace, layerStage(path, 'key')).shape[1]!;
  const heads = head === undefined ? stack.headCount : 1;
  const most = Math.max(1, Math.floor(bandCells / (heads * keys)));
  for (let first = 0; first < length; first += most) {
    const count = Math.min(most, length - first);
    const queries = count === length ? undefined : Array.from({ length: count }, (_, r) => first + r);
    const rows = await attentionRows(trace, path, queries, head);
    yield { ...rows, first, count };
  }
}

/**
 * All heads of one layer: scores, maskedScores and weights [head, query, key], mixed [head, query, headSize]. Cost: the
 * squares of all heads at once; longer texts are read by `attentionRows` or `attentionBands`. Throws `noStage`.
 */
export const attentionStages = (trace: Trace, layer: LayerPlace): Promise<AttentionRows> => attentionRows(trace, layer);

/** One query's row in every head of a layer: scores, maskedScores and weights [head, key]. Throws `noStage`. */
export async function attentionRow(
  trace: Trace,
  layer: LayerPlace,
  query: number,
): Promise<Record<'scores' | 'maskedScores' | 'weights', Stage>> {
  const { scores, maskedScores, weights } = await attentionRows(trace, layer, [query]);
  const row = ({ shape: [heads = 0, , keys = 0], data }: Stage): Stage => ({ shape: [heads, keys], data });
  return { scores: row(scores), maskedScores: row(maskedScores), weights: row(weights) };
}

/** The mixtures of a layer, [head, position, headSize], by one pass in bands. Throws `noStage`. */
export async function mixtures(trace: Trace, layer: LayerPlace): Promise<Stage> {
  let whole: Stage | null = null;
  for await (const { first, count, mixed } of attentionBands(trace, layer)) {
    const [heads = 0, , size = 0] = mixed.shape;
    const length = recordedStage(trace, layerStage(layer, 'query')).shape[1]!;
    if (count === length) return mixed;
    whole ??= { shape: [heads, length, size], data: new Float32Array(heads * length * size) };
    for (let h = 0; h < heads; h++)
      whole.data.set(mixed.data.subarray(h * count * size, (h + 1) * count * size), (h * length + first) * size);
  }
  return whole!;
}

/** Each head's part of a layer's output: headOutput [head, query, hidden] = mixed · W_O of that head, without the projection's bias. */
export async function headOutput(trace: Trace, model: Model, layer: LayerPlace): Promise<Stage> {
  sameModel(trace, model);
  const { path: place, stack } = placeOf(trace, layer);
  const mixed = await mixtures(trace, place);
  const [heads = 0, queries = 0] = mixed.shape;
  const data = await model.projectHeads(place, mixed);
  const lengths = lengthsOf(trace);
  for (let head = 0; head < heads; head++) {
    const own = data.subarray(head * queries * stack.hiddenSize, (head + 1) * queries * stack.hiddenSize);
    changeNumbers(own, stack.hiddenSize, headOutputChanges(trace.edits, { place, head }, model.architecture, lengths));
  }
  return { shape: [heads, queries, stack.hiddenSize], data };
}
