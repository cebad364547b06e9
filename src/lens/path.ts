/** Path patching: what goes from one head straight into another. */
import { attentionPlace, type Edit, layerStage, type PatchEdit } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { recordTrace, type Trace } from '../trace/index.ts';
import { stagesUnder, targetsUnder } from './ablate.ts';
import { type Aligned, alignedAt, takenFrom } from './pairing.ts';
import { ends, type PatchEffect, type PatchReport, patchesOf, patchFrom } from './patch.ts';
import { allHeads, attentionPlaces, type HeadPlace, headIn, keyHeadOf } from './places.ts';
import { type Followed, readAgain } from './target.ts';

/** From one head into another's queries, keys or values. */
export interface Path extends Aligned {
  readonly sender: HeadPlace;
  readonly receiver: HeadPlace & { readonly stage: 'query' | 'key' | 'value' };
}

/**
 * Path patching (Wang et al. 2022; Goldowsky-Dill et al. 2023): what of the other run's difference goes from one head
 * straight into another's queries, keys or values. The sender is patched, all attention in between is held as it was, the
 * receiver's input then read off, and that alone is patched into a plain run. Keys and values that
 * several heads share (grouped-query attention) are patched for all of them. Feed-forward layers in between are let
 * through. Cost: two runs and a pass over the weights of the layers between. Throws `differentLengths`, `layerOutOfRange`,
 * `headOutOfRange`, `badPath` unless the sender stands below the receiver, `noStage` unless it is a query, key or value.
 */
export async function pathPatch(into: Trace, from: Trace, model: Model, path: Path): Promise<Trace> {
  const put = await alongPath(into, from, model, path);
  return recordTrace(model, { ...readAgain(into), edits: [...into.edits, put], logits: false });
}

/** What arrives at a path's end, as an edit. Of the run that finds it nothing but that is read. */
async function alongPath(into: Trace, from: Trace, model: Model, path: Path): Promise<PatchEdit> {
  const { sender, receiver } = path;
  const places = attentionPlaces(model.architecture);
  const order = ({ layer }: HeadPlace): number =>
    places.findIndex((place) => attentionPlace(place) === attentionPlace(layer));
  headIn(into, sender);
  const received = headIn(into, receiver);
  if (order(sender) >= order(receiver))
    throw new SiseonError({
      code: 'badPath',
      kind: 'usage',
      what: 'a path leads from a layer to a later one',
      expected: `a receiver above layer ${sender.layer}`,
      got: `layer ${receiver.layer}`,
    });
  if (!['query', 'key', 'value'].includes(receiver.stage))
    throw new SiseonError({
      code: 'noStage',
      kind: 'usage',
      what: `a path ends in what a head reads, not in its ${receiver.stage}`,
      expected: 'query, key or value',
      details: { name: receiver.stage },
    });
  const alignment = alignedAt(into, from, path);
  const itself = alignedAt(into, into, {});
  const held: Edit[] = [];
  for (const layer of places.slice(order(sender) + 1, order(receiver)))
    held.push(...(await patchesOf(into, layer, itself(layerStage(layer, 'mixed')))));
  const sent = await patchFrom(from, model, {
    stage: 'mixed',
    ...sender,
    alignment: alignment(layerStage(sender.layer, 'mixed')),
  });
  const stage = layerStage(receiver.layer, receiver.stage);
  const [arrived] = await stagesUnder(into, model, stage, [[sent, ...held]]);
  const head = receiver.stage === 'query' ? receiver.head : keyHeadOf(received, receiver.head);
  const positions = itself(stage).map(([to]) => to);
  const { headSize } = received.stack;
  return {
    kind: 'patch',
    stage: receiver.stage,
    layer: receiver.layer,
    head,
    positions,
    vectors: positions.map((i) => {
      const at = (head * positions.length + i) * headSize;
      return [...arrived!.subarray(at, at + headSize)];
    }),
    from: takenFrom(into, itself(stage)),
  };
}

/**
 * Path patching from every head below a receiver, or from the senders named: what part of the difference each carries straight into that head's
 * queries, keys or values, and through it to the target. Cost: two runs a head. Throws what pathPatch and patchSweep throw,
 * and `badPath` where nothing stands below the receiver.
 */
export async function pathSweep(
  into: Trace,
  from: Trace,
  model: Model,
  target: Followed,
  path: Aligned & {
    readonly receiver: HeadPlace & { readonly stage: 'query' | 'key' | 'value' };
    readonly senders?: readonly HeadPlace[];
  },
): Promise<PatchReport> {
  const { receiver } = path;
  headIn(into, receiver);
  const places = attentionPlaces(model.architecture).map(attentionPlace);
  const below = places.slice(0, places.indexOf(attentionPlace(receiver.layer)));
  const senders = path.senders ?? allHeads(model).filter(({ layer }) => below.includes(attentionPlace(layer)));
  if (senders.length === 0)
    throw new SiseonError({
      code: 'badPath',
      kind: 'usage',
      what: 'a path leads from a layer to a later one',
      expected: 'a receiver above layer 0',
      got: `layer ${receiver.layer}`,
    });
  const [here, there] = await ends(into, from, model, target, path);
  const heads: PatchEffect[] = [];
  for (const sender of senders) {
    const put = await alongPath(into, from, model, { ...path, sender });
    const [value = here] = await targetsUnder(into, model, target, [[put]]);
    heads.push({ ...sender, value, part: (value - here) / (there - here) });
  }
  return { into: here, from: there, heads };
}
