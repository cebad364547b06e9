/** The pinned cell: kept as a pair of tokens in the address, shown in whichever square holds them. */
import { here } from '../place.svelte.ts';
import type { Cell } from './Square.svelte';
import type { Tiles } from './tiles.svelte.ts';

/** The cell that holds the pinned tokens, by words or by tokens; null where the square leaves them out. */
export function pinnedIn(tiles: Tiles | null | undefined): Cell | null {
  const { cell, text } = here;
  if (!cell || tiles?.text !== text) return null;
  const [row, column] = [
    tiles.rows.findIndex(({ tokens }) => tokens.includes(cell.query)),
    tiles.columns.findIndex(({ tokens }) => tokens.includes(cell.key)),
  ];
  return row < 0 || column < 0 ? null : { row, column };
}

export function pin(cell: Cell | null, tiles: Tiles): void {
  const [query, key] = [cell && tiles.rows[cell.row]?.tokens[0], cell && tiles.columns[cell.column]?.tokens[0]];
  here.cell = query == null || key == null ? null : { query, key };
}
