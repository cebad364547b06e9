/** One square less another, over the entries that belong together. */
import type { Cells, Tiles } from './tiles.svelte.ts';

/** What the second has more than the first; entries of other names are named by both. Both squares are there as a whole. */
export function difference(a: Tiles, b: Tiles, pairs: readonly (readonly [number, number])[]): Cells {
  const named = (i: number, k: number): string => {
    const [one, two] = [a.rows[i]!.text, b.rows[k]!.text];
    return one === two ? one : `${one}/${two}`;
  };
  const entries = pairs.map(([i, k]) => ({ ...a.rows[i]!, text: named(i, k) }));
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
