/** What a run passes on, put into another: which place carries the difference between two texts. */
import {
  type Edit,
  headedStages,
  layerStage,
  type PatchEdit,
  type StageName,
  type VectorStage,
} from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { attentionStages, headOutput, recordedStage, recordTrace, type Trace } from '../trace/index.ts';
import { allHeads, differentLengths, type HeadPlace, targetsUnder } from './ablate.ts';
import { inRange } from './cells.ts';
import { gradientTarget, logitsAt, type Target, targetOf } from './target.ts';

/** Positions that belong together, [in the run patched, in the run taken from]. */
export type Alignment = readonly (readonly [to: number, from: number])[];

/** Every position with itself, for texts of one length. Throws `differentLengths`. */
export function sameLength(into: Trace, from: Trace): Alignment {
  if (into.ids.length !== from.ids.length)
    throw differentLengths(into.ids.length, from.ids.length, 'Say which positions belong together.');
  return Array.from(into.ids, (_, i) => [i, i] as const);
}

/** One stage of a trace as rows, [position][width] of one head where it has heads. */
async function rowsOf(
  trace: Trace,
  model: Model,
  stage: VectorStage,
  layer: number | undefined,
  head: number | undefined,
): Promise<Float32Array[]> {
  const name = (stage === 'embeddings' ? stage : layerStage(layer ?? 0, stage)) as StageName;
  const { shape, data } =
    stage === 'mixed'
      ? (await attentionStages(trace, layer ?? 0)).mixed
      : stage === 'headOutput'
        ? await headOutput(trace, model, layer ?? 0)
        : recordedStage(trace, name);
  const width = shape.at(-1)!;
  const first = headedStages.includes(stage) ? (head ?? 0) * trace.ids.length : 0;
  return Array.from(trace.ids, (_, i) => data.subarray((first + i) * width, (first + i + 1) * width));
}

/**
 * A stage of another run as an edit: plain data, which replays without that run. Positions are aligned explicitly; texts
 * of one length align by themselves. `feedForward` is not kept in traces and cannot be taken from one (`noStage`).
 * Throws `differentLengths`, `tokenOutOfRange`, `noStage`.
 */
export async function patchFrom(
  from: Trace,
  model: Model,
  place: {
    readonly stage: VectorStage;
    readonly layer?: number;
    readonly head?: number;
    readonly alignment: Alignment;
  },
): Promise<PatchEdit> {
  const { stage, layer, head, alignment } = place;
  const rows = await rowsOf(from, model, stage, layer, head);
  const outside = alignment.find(([, position]) => !rows[position]);
  if (outside)
    throw new SiseonError({
      code: 'tokenOutOfRange',
      kind: 'usage',
      what: `the other run has no position ${outside[1]}`,
      expected: `0 to ${rows.length - 1}`,
    });
  return {
    kind: 'patch',
    stage,
    ...(layer !== undefined && { layer }),
    ...(head !== undefined && { head }),
    positions: alignment.map(([to]) => to),
    vectors: alignment.map(([, position]) => [...rows[position]!]),
    from: {
      model: from.model.fingerprint,
      text: from.encoding?.text ?? [...from.ids].join(' '),
      positions: alignment.map(([, position]) => position),
    },
  };
}

/** A stage changed by a function of the caller: what it gives is recorded as `set` edits, which replay without it. */
export async function replaced(
  trace: Trace,
  model: Model,
  place: { readonly stage: Exclude<VectorStage, 'feedForward'>; readonly layer?: number; readonly head?: number },
  change: (row: Float32Array, position: number) => ArrayLike<number>,
): Promise<Edit[]> {
  const { stage, layer, head } = place;
  const rows = await rowsOf(trace, model, stage, layer, head);
  return rows.map((row, position) => ({
    kind: 'set',
    stage,
    ...(layer !== undefined && { layer }),
    ...(head !== undefined && { head }),
    position,
    vector: Array.from(change(row.slice(), position)),
  }));
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
 * Activation patching (Vig et al. 2020; Meng et al. 2022): each head's mixture of the other run put into this one, in its
 * turn. Cost: a run a head. Throws `differentLengths`, `nothingToExplain` where the two targets are equal.
 */
export async function patchSweep(
  into: Trace,
  from: Trace,
  model: Model,
  target: Target,
  { alignment = sameLength(into, from) }: { readonly alignment?: Alignment } = {},
): Promise<PatchReport> {
  const [here, there] = ends(into, from, target);
  const heads = allHeads(model);
  const edits: Edit[][] = [];
  for (const { layer, head } of heads)
    edits.push([await patchFrom(from, model, { stage: 'mixed', layer, head, alignment })]);
  const values = await targetsUnder(into, model, target, edits);
  return {
    into: here,
    from: there,
    heads: heads.map((place, n) => ({ ...place, value: values[n]!, part: (values[n]! - here) / (there - here) })),
  };
}

/**
 * Attribution patching (Nanda 2023; Syed, Rager & Conmy 2023): the same for all heads at once, to first order, from the
 * two forward passes at hand and one backward: (mixed of the other run − this one's) · gradient of the target here.
 */
export async function attributionSweep(
  into: Trace,
  from: Trace,
  model: Model,
  target: Target,
  { alignment = sameLength(into, from) }: { readonly alignment?: Alignment } = {},
): Promise<PatchReport> {
  const [here, there] = ends(into, from, target);
  const { target: led, sign } = gradientTarget(target);
  const { gradients } = await model.gradients(into.ids, led, (name) => name.endsWith('.mixed'), into.edits);
  const { headSize } = model.architecture;
  const heads: PatchEffect[] = [];
  for (const { layer, head } of allHeads(model)) {
    const [own, other] = [
      await rowsOf(into, model, 'mixed', layer, head),
      await rowsOf(from, model, 'mixed', layer, head),
    ];
    const gradient = gradients.get(layerStage(layer, 'mixed'))!;
    let moved = 0;
    for (const [to, position] of alignment)
      for (let c = 0; c < headSize; c++)
        moved += sign * gradient[(head * into.ids.length + to) * headSize + c]! * (other[position]![c]! - own[to]![c]!);
    heads.push({ layer, head, value: here + moved, part: moved / (there - here) });
  }
  return { into: here, from: there, heads };
}

function ends(into: Trace, from: Trace, target: Target): [number, number] {
  const fromPosition =
    from.ids.length === into.ids.length ? target.position : from.ids.length - into.ids.length + target.position;
  const here = targetOf(logitsAt(into, target.position), target);
  const there = targetOf(logitsAt(from, fromPosition), { ...target, position: fromPosition });
  if (Math.abs(here - there) > 1e-6) return [here, there];
  throw new SiseonError({
    code: 'nothingToExplain',
    kind: 'usage',
    what: 'the two runs say the same of the target, so nothing carries a difference',
    got: `${here.toFixed(6)} in both`,
    next: 'Choose texts or tokens on which they differ.',
  });
}

/**
 * Path patching (Wang et al. 2022; Goldowsky-Dill et al. 2023): what of the other run's difference goes from one head
 * straight into another's queries, keys or values. The sender is patched, all attention in between is held as it was, the
 * receiver's input then read off, and that alone is patched into a plain run. Feed-forward layers in between are let
 * through. Cost: two runs. Throws `differentLengths`, `badPath` unless the sender stands below the receiver.
 */
export async function pathPatch(
  into: Trace,
  from: Trace,
  model: Model,
  path: {
    readonly sender: HeadPlace;
    readonly receiver: HeadPlace & { readonly stage: 'query' | 'key' | 'value' };
    readonly alignment?: Alignment;
  },
): Promise<Trace> {
  const { sender, receiver, alignment = sameLength(into, from) } = path;
  if (sender.layer >= receiver.layer)
    throw new SiseonError({
      code: 'badPath',
      kind: 'usage',
      what: 'a path leads from a layer to a later one',
      expected: `a receiver above layer ${sender.layer}`,
      got: `layer ${receiver.layer}`,
    });
  const all = Array.from(into.ids, (_, i) => [i, i] as const);
  const held: Edit[] = [];
  for (const { layer, head } of allHeads(model))
    if (layer > sender.layer && layer < receiver.layer)
      held.push(await patchFrom(into, model, { stage: 'mixed', layer, head, alignment: all }));
  const sent = await patchFrom(from, model, { stage: 'mixed', ...sender, alignment });
  const first = await recordTrace(model, { ids: into.ids, edits: [...into.edits, sent, ...held] });
  const { keyValueHeadCount, headCount } = model.architecture;
  const head = receiver.stage === 'query' ? receiver.head : Math.floor((receiver.head * keyValueHeadCount) / headCount);
  const received = await patchFrom(first, model, {
    stage: receiver.stage,
    layer: receiver.layer,
    head,
    alignment: all,
  });
  return recordTrace(model, { ids: into.ids, edits: [...into.edits, received] });
}

/**
 * Path patching from every head below a receiver: what part of the difference each carries straight into that head's
 * queries, keys or values, and through it to the target. Cost: two runs a head. Throws what pathPatch and patchSweep throw,
 * `layerOutOfRange`, `headOutOfRange`, and `badPath` where nothing stands below the receiver.
 */
export async function pathSweep(
  into: Trace,
  from: Trace,
  model: Model,
  target: Target,
  {
    receiver,
    alignment = sameLength(into, from),
  }: {
    readonly receiver: HeadPlace & { readonly stage: 'query' | 'key' | 'value' };
    readonly alignment?: Alignment;
  },
): Promise<PatchReport> {
  const { layerCount, headCount } = model.architecture;
  inRange('layer', receiver.layer, layerCount);
  inRange('head', receiver.head, headCount);
  const senders = allHeads(model).filter(({ layer }) => layer < receiver.layer);
  if (senders.length === 0)
    throw new SiseonError({
      code: 'badPath',
      kind: 'usage',
      what: 'a path leads from a layer to a later one',
      expected: 'a receiver above layer 0',
      got: `layer ${receiver.layer}`,
    });
  const [here, there] = ends(into, from, target);
  const heads: PatchEffect[] = [];
  for (const sender of senders) {
    const run = await pathPatch(into, from, model, { sender, receiver, alignment });
    const value = targetOf(logitsAt(run, target.position), target);
    heads.push({ ...sender, value, part: (value - here) / (there - here) });
  }
  return { into: here, from: there, heads };
}
