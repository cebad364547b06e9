/** One square less another, over the entries that belong together. */
import type { Cells, Named, Tiles } from './tiles.svelte.ts';

/** What the second has more than the first; entries of other names have both. Both squares are there as a whole. */
export function difference(a: Tiles, b: Tiles, pairs: readonly (readonly [number, number])[]): Cells {
  const entries = pairs.map(([i, k]): Named => {
    const [one, { text: other }] = [a.rows[i]!, b.rows[k]!];
    return one.text === other ? one : { ...one, other };
  });
  const at = (row: number, column: number) => [pairs[row]!, pairs[column]!] as const;
  return {
    rows: entries,
    columns: entries,
    range: 1,
    signed: true,
    number(row, column) {
      const [[i, k], [j, l]] = at(row, column);
      return b.number(k, l)! - a.number(i, j)!;
    },
    masked(row, column) {
      const [[i, k], [j, l]] = at(row, column);
      return a.masked(i, j) && b.masked(k, l);
    },
    need: () => {},
    version: 0,
  };
}
