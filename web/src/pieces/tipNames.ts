/** Names at the tips of arrows that start at one point: each by its own tip, clear of other names, arrows and tips. */

export interface Tip {
  readonly key: number;
  readonly text: string;
  readonly x: number;
  readonly y: number;
}

export interface TipName extends Tip {
  readonly anchor: 'start' | 'middle' | 'end';
  /** The tip that is named; far from it a line leads there. */
  readonly tip: { readonly x: number; readonly y: number };
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}
type Point = { readonly x: number; readonly y: number };

/** Letters are as wide as they are high in Korean and little more than half of that in Latin: near enough to keep names apart. */
export const lengthOf = (text: string, letter: number): number =>
  [...text].reduce((sum, sign) => sum + (sign > '\u10ff' ? 0.95 : 0.6), 0) * letter;

const boxOf = ({ text, x, y, anchor }: TipName, letter: number): Box => {
  const length = lengthOf(text, letter);
  const left = x - { start: 0, middle: length / 2, end: length }[anchor];
  return { left, right: left + length, top: y - letter * 0.85, bottom: y + letter * 0.25 };
};
const covers = (a: Box, b: Box): boolean =>
  a.left < b.right + 4 && b.left < a.right + 4 && a.top < b.bottom && b.top < a.bottom;
const distance = ({ left, right, top, bottom }: Box, { x, y }: Point): number =>
  Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom));
/** How far from a name an arrow passes, looked at in forty places. */
const passes = (box: Box, from: Point, to: Point): number =>
  Math.min(
    ...Array.from({ length: 40 }, (_, i) => (i + 1) / 40).map((part) =>
      distance(box, { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }),
    ),
  );

/** The side on which a name lies in its arrow's own direction. */
const beyondOf = (tip: Tip, origin: Point): 'start' | 'end' => (tip.x < origin.x ? 'end' : 'start');

/** Where a name may stand: on either side of its tip or above it, near at first, then higher; on the inner side clear of the arrow's head. */
function places(tip: Tip, origin: Point, letter: number): TipName[] {
  const level = letter * 0.35;
  const beyond = beyondOf(tip, origin);
  const aside = { start: beyond === 'start' ? 0.55 : 1, end: beyond === 'end' ? -0.55 : -1, middle: 0 };
  return Array.from({ length: 24 }, (_, i) => i * letter * 0.4).flatMap((rise) =>
    (['start', 'end', 'middle'] as const).map((anchor) => ({
      ...tip,
      x: tip.x + aside[anchor] * letter,
      y: tip.y - rise + (anchor === 'middle' ? -0.55 * letter : level),
      anchor,
      tip,
    })),
  );
}

/**
 * A place for each name, those of low tips first. Of all places the one is taken that costs least: a covered name costs more
 * than a name that could be another tip's, that more than a crossed arrow, that more than the way to the tip.
 */
export function nameTips(
  tips: readonly Tip[],
  {
    origin,
    others,
    letter,
  }: {
    origin: Point;
    /** Tips of arrows that have their names already. */
    others: readonly Tip[];
    letter: number;
  },
): TipName[] {
  const placed: TipName[] = [];
  for (const tip of tips.toSorted((a, b) => b.y - a.y)) {
    const strangers = [...tips, ...others].filter(({ key }) => key !== tip.key);
    const cost = (place: TipName): number => {
      const box = boxOf(place, letter);
      const near = distance(box, tip);
      // Beyond the tip reads best, above it second, on its inner side last.
      const away = place.anchor === beyondOf(tip, origin) ? 0 : place.anchor === 'middle' ? 0.4 : 0.6;
      const through = [...strangers, tip].filter((to) => passes(box, origin, to) < 2).length;
      const mistaken = strangers.filter((to) => distance(box, to) < Math.max(8, near)).length;
      const hidden = placed.filter((other) => covers(box, boxOf(other, letter))).length;
      return near + letter * (away + 2 * through + 4 * mistaken + 100 * hidden);
    };
    placed.push(
      places(tip, origin, letter)
        .map((place) => ({ place, cost: cost(place) }))
        .reduce((a, b) => (b.cost < a.cost ? b : a)).place,
    );
  }
  return placed;
}
