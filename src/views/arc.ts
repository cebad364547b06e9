/** An arc from the word that asks to one that it looks at. */

export interface ArcMark {
  readonly from: number;
  readonly to: number;
  /** How far the curve's handles reach from the words: the curve itself reaches three quarters of that. */
  readonly height: number;
  readonly weight: number;
  /** SVG path data; the words stand on the line y = 0, in a column on x = 0. */
  readonly path: string;
  /** Of the stroke. */
  readonly width: number;
  /** 0 to 1. */
  readonly opacity: number;
}

/**
 * The arc between the middles of two words, above a row of them, or `down`: to the left of a column. Its width and opacity are
 * the weight, 0 to 1; `unit` is the length of one of SVG's units on a page whose letters are not 16 high. Reports hold this
 * function as it is written here, so it uses nothing from around it.
 */
export function arcMark(
  from: number,
  to: number,
  weight: number,
  { down = false, unit = 1 }: { readonly down?: boolean; readonly unit?: number } = {},
): ArcMark {
  const rise = Math.abs(to - from);
  const height = down ? Math.min(64 * unit, 16 * unit + 0.18 * rise) : Math.min(120 * unit, 24 * unit + 0.22 * rise);
  const [a, b, h] = [from, to, -height].map((number) => Math.round(number * 100) / 100);
  const path = down ? `M0 ${a}C${h} ${a} ${h} ${b} 0 ${b}` : `M${a} 0C${a} ${h} ${b} ${h} ${b} 0`;
  return { from, to, height, weight, path, width: (0.75 + 9 * weight) * unit, opacity: 0.15 + 0.85 * weight };
}
