/** Colours of the page for a canvas: a weight from the ground (0) to the full colour (1), a difference to either side. */
import { legible } from 'siseon/views';

type Channels = readonly [number, number, number];

const channels = (name: string): Channels => {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16)) as unknown as Channels;
};
const between = (from: Channels, to: Channels, share: number): Channels =>
  from.map((number, c) => Math.round(number + (to[c]! - number) * share)) as unknown as Channels;

export interface Ink {
  readonly css: (name: 'ground' | 'ink' | 'faint' | 'rule' | 'query' | 'key' | 'score' | 'field' | 'stripe') => string;
  readonly fill: (name: 'field') => Channels;
  /** 0 to 1. */
  readonly weight: (weight: number) => Channels;
  /** What a number on a colour is read in. */
  readonly on: (color: Channels) => string;
  /** A cell at which no query may look, where there is room for a pixel alone. */
  readonly stripe: Channels;
  /** −1 to 1: orange below 0, blue above. */
  readonly difference: (difference: number) => Channels;
}

/** Read anew whenever the theme has changed. */
export function readInk(): Ink {
  const [ground, score, positive, negative, stripe] = ['--ground', '--score', '--query', '--negative', '--stripe'].map(
    channels,
  ) as [Channels, Channels, Channels, Channels, Channels];
  // A style that is asked for has the whole page's brought up to date first: once, not for every name that is painted.
  const style = getComputedStyle(document.documentElement);
  const read = new Map<string, string>();
  const css = (name: string): string => {
    const known = read.get(name) ?? style.getPropertyValue(`--${name}`).trim();
    read.set(name, known);
    return known;
  };
  return {
    stripe,
    fill: (name) => channels(`--${name}`),
    css,
    on: (color) => legible(color, [css('ink'), css('ground')]),
    weight: (weight) => between(ground, score, Math.min(1, Math.max(0, weight))),
    difference: (difference) =>
      between(ground, difference < 0 ? negative : positive, Math.min(1, Math.abs(difference))),
  };
}

export const rgb = ([r, g, b]: Channels): string => `rgb(${r} ${g} ${b})`;

/** Grey stripes: no number stands here. A pattern for a canvas whose pen may be scaled. */
export function hatch(
  pen: Pick<CanvasRenderingContext2D, 'createPattern'>,
  { ground, stripe }: { readonly ground: string; readonly stripe: string },
): CanvasPattern {
  const side = 6;
  const tile = new OffscreenCanvas(side, side);
  const own = tile.getContext('2d')!;
  own.fillStyle = ground;
  own.fillRect(0, 0, side, side);
  own.strokeStyle = stripe;
  own.lineWidth = 1.2;
  for (const start of [-side, 0, side]) {
    own.beginPath();
    own.moveTo(start, side);
    own.lineTo(start + side, 0);
    own.stroke();
  }
  return pen.createPattern(tile, 'repeat')!;
}
