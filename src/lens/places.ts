/** Where a model has attention, and which places a measure is for. */
import { type AttentionPlace, attentionPlace, type LayerPlace } from '../attention/index.ts';
import type { Architecture, Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { type OfModel, type Place, placeOf } from '../trace/index.ts';

/** One head: of a layer by its number, or of an encoder-decoder by its place (`decoder.layers.0.cross`). */
export interface HeadPlace {
  readonly layer: LayerPlace;
  readonly head: number;
}

/** Every place of attention, in the order in which they are computed; numbers where there is one stack. */
export function attentionPlaces({ encoder, layerCount }: Architecture): LayerPlace[] {
  const layers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
  if (!encoder) return layers(layerCount);
  return [
    ...layers(encoder.layerCount).map((n): AttentionPlace => `encoder.layers.${n}`),
    ...layers(layerCount).flatMap((n): AttentionPlace[] => [`decoder.layers.${n}`, `decoder.layers.${n}.cross`]),
  ];
}

/** How many heads a place has. */
export const headsAt = (a: Architecture, layer: LayerPlace): number =>
  attentionPlace(layer).startsWith('encoder.') ? a.encoder!.headCount : a.headCount;

/** All heads of a model, by place. */
export const allHeads = ({ architecture }: Pick<Model, 'architecture'>): HeadPlace[] =>
  attentionPlaces(architecture).flatMap((layer) =>
    Array.from({ length: headsAt(architecture, layer) }, (_, head) => ({ layer, head })),
  );

/** A place of attention of this trace's model. Throws `layerOutOfRange`, saying which there are. */
export function placeIn(trace: OfModel, layer: LayerPlace): Place {
  const { architecture: a } = trace.model;
  if (!a.encoder && typeof layer === 'number') inRange('layer', layer, a.layerCount);
  const places = attentionPlaces(a);
  if (places.some((place) => attentionPlace(place) === attentionPlace(layer))) return placeOf(trace, layer);
  throw new SiseonError({
    code: 'layerOutOfRange',
    kind: 'usage',
    what: `there is no layer ${layer}`,
    expected: a.encoder ? places.join(', ') : `0 to ${a.layerCount - 1}`,
    got: `${layer}`,
    details: { index: layer, last: a.layerCount - 1 },
  });
}

/** Throws `layerOutOfRange` and `headOutOfRange` unless the model has this head. */
export function headIn(trace: OfModel, { layer, head }: HeadPlace): Place {
  const place = placeIn(trace, layer);
  inRange('head', head, place.stack.headCount);
  return place;
}

/** The key/value head that a head reads. */
export const keyHeadOf = ({ stack }: Place, head: number): number =>
  Math.floor((head * stack.keyValueHeadCount) / stack.headCount);

/** A measure that has no meaning at a place, and where it has one. */
export const noMeaning = (what: string, layer: LayerPlace, expected: string): SiseonError =>
  new SiseonError({
    code: 'noMeaning',
    kind: 'usage',
    what: `${what} at ${attentionPlace(layer)}`,
    expected,
  });

/**
 * The layers of one text that looks at itself alone: of the only stack, or of an encoder where `stack` says so. Throws
 * `twoTexts` for what a decoder's tokens are made of: of two texts, which paths through layers do not tell apart.
 */
export function stackedLayers({ model: { architecture: a } }: OfModel, what: string, stack?: 'encoder'): LayerPlace[] {
  if (!a.encoder) return attentionPlaces(a);
  if (stack === 'encoder') return attentionPlaces(a).filter((place) => `${place}`.startsWith('encoder.'));
  throw new SiseonError({
    code: 'twoTexts',
    kind: 'usage',
    what: `${what} follows one text through its layers, and a decoder mixes two`,
    expected: 'stack: "encoder"',
    next: 'Use gradientAttention, valueZeroing or integratedGradients, which know both texts.',
  });
}

/** Throws `layerOutOfRange` or `headOutOfRange`, saying the range. */
export function inRange(name: 'layer' | 'head', index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new SiseonError({
    code: `${name}OutOfRange`,
    kind: 'usage',
    what: `there is no ${name} ${index}`,
    expected: count === 1 ? '0' : `0 to ${count - 1}`,
    got: `${index}`,
    details: { index, last: count - 1 },
  });
}
