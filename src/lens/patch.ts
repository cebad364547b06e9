/** What a run passes on, put into another: which place carries the difference between two texts. */
import {
  attentionPlace,
  type Edit,
  type EditPlace,
  type LayerPlace,
  layerStage,
  outsideLayers,
  type PatchEdit,
  type SquareStage,
  type StageName,
  squareStages,
  type VectorStage,
} from '../attention/index.ts';
import { checkEdits, checkPositions, type Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { headOutput, logitCount, logitRows, mixtures, recordedStage, type Trace } from '../trace/index.ts';
import { targetsUnder } from './ablate.ts';
import { type Aligned, type Alignment, alignedAt, onceEach, takenFrom } from './pairing.ts';
import { allHeads, attentionPlaces, type HeadPlace, headIn } from './places.ts';
import { squareRows } from './squareFrom.ts';
import { type Followed, followed, gradientTarget, readAgain } from './target.ts';

/**
 * Some rows of one stage of a trace, by position, of one head where it has heads; of scores and weights a query's.
 * Throws `badEdit` where such a place cannot be edited, `noStage`, `tokenOutOfRange`.
 */
async function rowsOf(
  trace: Trace,
  model: Model,
  at: EditPlace,
  asked?: readonly number[],
): Promise<Map<number, Float32Array>> {
  const { ids, decoderIds } = trace;
  const lengths = { ids: ids.length, ...(decoderIds && { decoderIds: decoderIds.length }) };
  checkEdits([{ kind: 'set', ...at, positions: [], vectors: [] }], trace.model.architecture, lengths);
  const { stage, layer = 0, head = 0 } = at;
  if (isSquareStage(stage)) {
    const rows = new Map<number, Float32Array>();
    for await (const { query, row } of squareRows(trace, { layer, head }, stage)) rows.set(query, row);
    return chosen(rows, asked);
  }
  if (stage === 'logits') {
    const positions = asked ?? Array.from({ length: logitCount(trace) }, (_, i) => i);
    const { data, shape } = await logitRows(trace, model, positions);
    return new Map(positions.map((position, n) => [position, data.subarray(n * shape[1]!, (n + 1) * shape[1]!)]));
  }
  const { shape, data } =
    stage === 'mixed'
      ? await mixtures(trace, layer)
      : stage === 'headOutput'
        ? await headOutput(trace, model, layer)
        : recordedStage(trace, (outsideLayers(stage) ? stage : `${attentionPlace(layer)}.${stage}`) as StageName);
  const width = shape.at(-1)!;
  const length = shape.length === 1 ? 1 : shape.at(-2)!;
  const first = shape.length === 3 ? head * length : 0;
  const row = (i: number): Float32Array => data.subarray((first + i) * width, (first + i + 1) * width);
  return chosen(new Map(Array.from({ length }, (_, i) => [i, row(i)])), asked);
}

const isSquareStage = (stage: VectorStage): stage is SquareStage => (squareStages as readonly string[]).includes(stage);

/** Those that were asked for. Throws `tokenOutOfRange`. */
function chosen(rows: Map<number, Float32Array>, asked?: readonly number[]): Map<number, Float32Array> {
  if (!asked) return rows;
  checkPositions(asked, rows.size);
  return new Map(asked.map((position) => [position, rows.get(position)!]));
}

/**
 * A stage of another run as an edit: plain data, which replays without that run. Positions are aligned explicitly; texts
 * of one length align by themselves (`sameLength`). For scores and weights, whose keys are aligned as well, see `squareFrom`.
 * Throws `badEdit` where there is no such stage, layer or head, a head is not said of a stage that has them, or the stage
 * is such a square; `alignedTwice`, `tokenOutOfRange`, `noStage`, and of logits what `logitRows` throws.
 */
export async function patchFrom(
  from: Trace,
  model: Model,
  place: EditPlace & { readonly stage: Exclude<VectorStage, SquareStage>; readonly alignment: Alignment },
): Promise<PatchEdit> {
  const { alignment, ...at } = place;
  if (isSquareStage(at.stage))
    throw new SiseonError({
      code: 'badEdit',
      kind: 'usage',
      what: 'an edit of a square, whose keys have to be aligned as well as its queries',
      expected: `a stage other than ${squareStages.join(', ')}`,
      got: `${at.stage}`,
      next: 'Use squareFrom, which aligns both.',
    });
  onceEach(alignment.map(([to]) => to));
  const rows = await rowsOf(
    from,
    model,
    at,
    alignment.map(([, position]) => position),
  );
  return {
    kind: 'patch',
    ...at,
    positions: alignment.map(([to]) => to),
    vectors: alignment.map(([, position]) => [...rows.get(position)!]),
    from: takenFrom(from, alignment),
  };
}

/**
 * Any stage changed by a function of the caller, row by row (those of `positions`, or all): what it gives is recorded as a
 * `set` edit, which replays without it. Of scores and weights a row is a query's, a number a key; of logits a position's, a
 * number a token. Cost: the stage's; of scores and weights one pass over the head. Throws `badEdit` as
 * `patchFrom` does, `noStage`, `noLogits`, `tokenOutOfRange`, and when it runs `badEdit` for a row of another width.
 */
export async function replaced(
  trace: Trace,
  model: Model,
  place: EditPlace & { readonly positions?: readonly number[] },
  change: (row: Float32Array, position: number) => ArrayLike<number>,
): Promise<Edit[]> {
  const { positions, ...at } = place;
  const rows = [...(await rowsOf(trace, model, at, positions))];
  return [
    {
      kind: 'set',
      ...at,
      positions: rows.map(([position]) => position),
      vectors: rows.map(([position, row]) => Array.from(change(row.slice(), position))),
    },
  ];
}

export interface PatchEffect extends HeadPlace {
  /** Part of the way from this run to the other that this head's mixture alone carries: 0 none, 1 all of it. */
  readonly part: number;
  readonly value: number;
}

export interface PatchReport {
  /** The target in the run patched, and in the run taken from. */
  readonly into: number;
  readonly from: number;
  readonly heads: readonly PatchEffect[];
}

/**
 * Activation patching (Vig et al. 2020; Meng et al. 2022): the mixture of each head, or of each of those named, of the other
 * run put into this one, in its turn. Cost: a run a head. Throws `differentLengths`, `nothingToExplain` where the two targets are equal.
 */
export async function patchSweep(
  into: Trace,
  from: Trace,
  model: Model,
  target: Followed,
  { heads = allHeads(model), ...aligned }: Aligned & { readonly heads?: readonly HeadPlace[] } = {},
): Promise<PatchReport> {
  const alignment = alignedAt(into, from, aligned);
  const [here, there] = await ends(into, from, model, target, aligned);
  for (const place of heads) headIn(into, place);
  const patches = new Map<LayerPlace, PatchEdit[]>();
  for (const layer of new Set(heads.map((place) => place.layer)))
    patches.set(layer, await patchesOf(from, layer, alignment(layerStage(layer, 'mixed'))));
  const values = await targetsUnder(
    into,
    model,
    target,
    heads.map(({ layer, head }) => [patches.get(layer)![head]!]),
  );
  return {
    into: here,
    from: there,
    heads: heads.map((place, n) => ({ ...place, value: values[n]!, part: (values[n]! - here) / (there - here) })),
  };
}

/** The mixtures of every head of a layer as patches, from one pass over the weights. */
export async function patchesOf(from: Trace, layer: LayerPlace, alignment: Alignment): Promise<PatchEdit[]> {
  const { data, shape } = await mixtures(from, layer);
  const [heads = 0, length = 0, size = 0] = shape;
  return Array.from({ length: heads }, (_, head) => ({
    kind: 'patch' as const,
    stage: 'mixed' as const,
    layer,
    head,
    positions: alignment.map(([to]) => to),
    vectors: alignment.map(([, position]) => {
      const at = (head * length + position) * size;
      return [...data.subarray(at, at + size)];
    }),
    from: takenFrom(from, alignment),
  }));
}

/**
 * Attribution patching (Nanda 2023; Syed, Rager & Conmy 2023): the same for all heads at once, to first order, from the
 * two forward passes at hand and one backward: (mixed of the other run − this one's) · gradient of the target here. Where a
 * softmax is saturated the slope says little of the whole step: check heads that matter by `patchSweep`.
 * Throws what `patchSweep` and `Model.gradients` throw.
 */
export async function attributionSweep(
  into: Trace,
  from: Trace,
  model: Model,
  target: Followed,
  aligned: Aligned = {},
): Promise<PatchReport> {
  const alignment = alignedAt(into, from, aligned);
  const [here, there] = await ends(into, from, model, target, aligned);
  const { target: led, sign } = gradientTarget(model, target);
  const { ids, decoderIds } = readAgain(into);
  const { gradients } = await model.gradients(ids, led, (name) => name.endsWith('.mixed'), into.edits, {
    ...(decoderIds && { decoderIds }),
  });
  const heads: PatchEffect[] = [];
  for (const layer of attentionPlaces(model.architecture)) {
    const name = layerStage(layer, 'mixed');
    const gradient = gradients.get(name)!;
    const [own, other] = [await mixtures(into, layer), await mixtures(from, layer)];
    const [count = 0, , size = 0] = own.shape;
    for (let head = 0; head < count; head++) {
      let moved = 0;
      for (const [to, position] of alignment(name)) {
        const [mine, theirs] = [(head * own.shape[1]! + to) * size, (head * other.shape[1]! + position) * size];
        for (let c = 0; c < size; c++)
          moved += sign * gradient[mine + c]! * (other.data[theirs + c]! - own.data[mine + c]!);
      }
      heads.push({ layer, head, value: here + moved, part: moved / (there - here) });
    }
  }
  return { into: here, from: there, heads };
}

/**
 * The target in both runs: in the other at the position that belongs to its own, and after a text that a decoder has read to
 * its end, at the end of the other. Throws `noCounterpart`, and `nothingToExplain` where the two targets are equal.
 */
export async function ends(
  into: Trace,
  from: Trace,
  model: Model,
  target: Followed,
  aligned: Aligned,
): Promise<[number, number]> {
  const [here, there] = [
    await followed(into, model, target),
    await followed(from, model, counterpart(into, from, target, aligned)),
  ];
  if (Math.abs(here - there) > 1e-6) return [here, there];
  throw new SiseonError({
    code: 'nothingToExplain',
    kind: 'usage',
    what: 'the two runs say the same of the target, so nothing carries a difference',
    got: `${here.toFixed(6)} in both`,
    next: 'Choose texts or tokens on which they differ.',
  });
}

function counterpart(into: Trace, from: Trace, target: Followed, aligned: Aligned): Followed {
  const { position } = target;
  if (position === undefined) return target;
  const pair = alignedAt(into, from, aligned)('logits').find(([to]) => to === position);
  if (pair) return { ...target, position: pair[1] };
  const [own, other] = [into.decoderIds ?? into.ids, from.decoderIds ?? from.ids];
  const { architecture } = into.model;
  // What comes after the whole of a text can be asked of any two, whatever they end with.
  const afterAll = position === own.length - 1 && (architecture.causal || architecture.encoder !== null);
  if (afterAll && !('label' in target)) return { ...target, position: other.length - 1 };
  throw new SiseonError({
    code: 'noCounterpart',
    kind: 'usage',
    what: `nothing in the other text belongs to position ${position}, where the target is read`,
    next: 'Choose a word that both texts have, or say which positions belong together.',
    details: { position },
  });
}
