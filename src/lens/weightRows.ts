/** Whole rows of a head's weights put in place: another run's, or what a function makes of them. */
import { layerStage, type WeightsEdit } from '../attention/index.ts';
import { attentionBands, recordedStage, type Trace } from '../trace/index.ts';
import { type Aligned, alignedAt } from './pairing.ts';
import { takenFrom } from './patch.ts';
import { type HeadPlace, headIn } from './places.ts';

/** Every row of one head, by query: of its weights, or of the scores that they are the softmax of. */
async function* rowsOf(
  trace: Trace,
  { layer, head }: HeadPlace,
  stage: 'weights' | 'maskedScores',
): AsyncGenerator<{ readonly query: number; readonly row: Float32Array }> {
  headIn(trace, { layer, head });
  for await (const band of attentionBands(trace, layer, head)) {
    const { data, shape } = band[stage];
    const keys = shape[2]!;
    for (let r = 0; r < band.count; r++) yield { query: band.first + r, row: data.slice(r * keys, (r + 1) * keys) };
  }
}

/**
 * The weights of a head as another run has them: what it looks at is patched, what it takes from there stays. Positions
 * are aligned explicitly, queries and keys alike; texts of one length align by themselves. What the other run gives to
 * keys without a counterpart is lost, and the row is then no distribution (`compareRuns` lists it).
 * Cost: one pass over the head's weights. Throws `differentLengths`, `layerOutOfRange`, `headOutOfRange`.
 */
export async function weightsFrom(
  into: Trace,
  from: Trace,
  { layer, head, ...aligned }: HeadPlace & Aligned,
): Promise<WeightsEdit> {
  headIn(into, { layer, head });
  const alignment = alignedAt(into, from, aligned);
  const [queries, keys] = [alignment(layerStage(layer, 'query')), alignment(layerStage(layer, 'key'))];
  const width = recordedStage(into, layerStage(layer, 'key')).shape[1]!;
  const goesTo = new Map(queries.map(([to, query]) => [query, to]));
  const rows = new Map<number, number[]>();
  for await (const { query, row } of rowsOf(from, { layer, head }, 'weights')) {
    const to = goesTo.get(query);
    if (to === undefined) continue;
    const own = new Array<number>(width).fill(0);
    for (const [at, key] of keys) own[at]! += row[key]!;
    rows.set(to, own);
  }
  return {
    kind: 'weights',
    layer,
    head,
    queries: [...rows.keys()],
    rows: [...rows.values()],
    from: takenFrom(from, queries),
  };
}

/**
 * The weights of a head as a function of the caller makes them, row by row: from its weights, or, where it gives masked
 * scores, as their softmax. What it gave is recorded and replays without it. Cost: one pass over the head's weights.
 * Throws `layerOutOfRange`, `headOutOfRange`.
 */
export async function replacedWeights(
  trace: Trace,
  { stage = 'weights', ...place }: HeadPlace & { readonly stage?: 'weights' | 'maskedScores' },
  change: (row: Float32Array, query: number) => ArrayLike<number>,
): Promise<WeightsEdit> {
  const [queries, rows]: [number[], number[][]] = [[], []];
  for await (const { query, row } of rowsOf(trace, place, stage)) {
    const made = Array.from(change(row, query));
    queries.push(query);
    rows.push(stage === 'weights' ? made : softmax(made));
  }
  return { kind: 'weights', layer: place.layer, head: place.head, queries, rows };
}

/** −∞ is masked; a row of −∞ alone becomes all 0. */
function softmax(scores: readonly number[]): number[] {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  if (largest === -Infinity) return scores.map(() => 0);
  const parts = scores.map((score) => Math.exp(score - largest));
  const sum = parts.reduce((a, b) => a + b, 0);
  return parts.map((part) => part / sum);
}
