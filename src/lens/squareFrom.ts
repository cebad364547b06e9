/** Rows of a head's scores or weights, and another run's put in their place. */
import { layerStage, type PatchEdit, type SquareStage, squareStages } from '../attention/index.ts';
import { SiseonError } from '../platform/index.ts';
import { attentionBands, recordedStage, type Trace } from '../trace/index.ts';
import { type Aligned, alignedAt, takenFrom } from './pairing.ts';
import { type HeadPlace, headIn } from './places.ts';

/** Every row of one head, by query. Cost: one pass over the head's weights. Throws `layerOutOfRange`, `headOutOfRange`. */
export async function* squareRows(
  trace: Trace,
  { layer, head }: HeadPlace,
  stage: SquareStage,
): AsyncGenerator<{ readonly query: number; readonly row: Float32Array }> {
  headIn(trace, { layer, head });
  for await (const band of attentionBands(trace, layer, head)) {
    const { data, shape } = band[stage];
    const keys = shape[2]!;
    for (let r = 0; r < band.count; r++) yield { query: band.first + r, row: data.slice(r * keys, (r + 1) * keys) };
  }
}

/**
 * The weights of a head (or its `scores`, or `maskedScores`) as another run has them. Of the weights, what it looks at is
 * patched and what it takes from there stays. Positions are aligned explicitly, queries and keys alike; texts of one length
 * align by themselves. Weights that the other run gives to keys without a counterpart are lost, and the row is then no
 * distribution (`compareRuns` lists it); scores of keys without a counterpart stay this run's own.
 * Cost: one pass over the head's weights in each run. Throws `badEdit` for another stage, `differentLengths`,
 * `alignedTwice`, `layerOutOfRange`, `headOutOfRange`.
 */
export async function squareFrom(
  into: Trace,
  from: Trace,
  { layer, head, stage = 'weights', ...aligned }: HeadPlace & Aligned & { readonly stage?: SquareStage },
): Promise<PatchEdit> {
  if (!(squareStages as readonly string[]).includes(stage))
    throw new SiseonError({
      code: 'badEdit',
      kind: 'usage',
      what: 'an edit of a stage that has no square',
      expected: `a stage among ${squareStages.join(', ')}`,
      got: `${stage}`,
      next: 'Other stages are taken by patchFrom.',
    });
  headIn(into, { layer, head });
  const alignment = alignedAt(into, from, aligned);
  const [queries, keys] = [alignment(layerStage(layer, 'query')), alignment(layerStage(layer, 'key'))];
  const width = recordedStage(into, layerStage(layer, 'key')).shape[1]!;
  const own = new Map<number, Float32Array>();
  if (stage !== 'weights')
    for await (const { query, row } of squareRows(into, { layer, head }, stage)) own.set(query, row);
  const goesTo = new Map(queries.map(([to, query]) => [query, to]));
  const rows = new Map<number, number[]>();
  for await (const { query, row } of squareRows(from, { layer, head }, stage)) {
    const to = goesTo.get(query);
    if (to === undefined) continue;
    const made = Array.from(own.get(to) ?? new Float32Array(width));
    for (const [at, key] of keys) made[at] = row[key]!;
    rows.set(to, made);
  }
  return {
    kind: 'patch',
    stage,
    layer,
    head,
    positions: [...rows.keys()],
    vectors: [...rows.values()],
    from: takenFrom(from, queries),
  };
}
