/** Where a model has attention, and which places a measure is for. */
import { type AttentionPlace, attentionPlace, type LayerPlace } from '../attention/index.ts';
import type { Architecture, Model } from '../model/index.ts';
import { SiseonError } from '../platform/index.ts';
import { type OfModel, type Place, placeOf, type Trace } from '../trace/index.ts';
import { tokenInRange } from './target.ts';

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

/** The layers through which a text looks at itself alone: of the only stack, or of the encoder. */
export const textLayers = ({ model: { architecture: a } }: OfModel): LayerPlace[] =>
  attentionPlaces(a).filter((place) => !`${place}`.startsWith('decoder.'));

/** Which text of an encoder-decoder is asked about; of other models there is one. */
export type WhichText = 'ids' | 'decoderIds';

/** The way down from a position of the last layer: places from the last to the first, and how many positions each text has. */
export interface WayDown {
  readonly places: readonly Place[];
  /** Positions of the text that the way begins in: of the only stack, the decoder, or an encoder by itself. */
  readonly length: number;
  /** Positions of the encoder's text, where the way begins in a decoder; else 0. */
  readonly memory: number;
  /** Whether the text asked about is the encoder's, reached through cross-attention. */
  readonly through: boolean;
}

/**
 * The way down through all layers: of an encoder-decoder from the decoder through its own and cross-attention into the
 * encoder, or with `stack` through the encoder by itself. Throws `tokenOutOfRange`.
 */
export function wayDown(
  trace: Pick<Trace, 'model' | 'ids' | 'decoderIds'>,
  { token, stack, of = 'ids' }: { readonly token: number; readonly stack?: 'encoder'; readonly of?: WhichText },
): WayDown {
  const { encoder } = trace.model.architecture;
  const whole = encoder !== null && stack !== 'encoder';
  const length = (whole ? trace.decoderIds! : trace.ids).length;
  tokenInRange(token, length);
  return {
    places: attentionPlaces(trace.model.architecture)
      .map((layer) => placeOf(trace, layer))
      .filter(({ prefix }) => whole || prefix !== 'decoder.')
      .reverse(),
    length,
    memory: whole ? trace.ids.length : 0,
    through: whole && of === 'ids',
  };
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
