/** How every number of the engine is written on the page: at a glance, or with all its digits where the visitor asks for them. */
import { fixed, measured as glanced, scientific, whole } from 'siseon/views';
import { settings } from './settings.svelte.ts';

export { scientific };

/** `decimals`: so many at a glance. */
export const numeral = (number: number, decimals = 2): string =>
  settings.exact ? whole(number) : fixed(number, decimals);

/** Two decimals at a glance; of a number that they would call 0, as many as its first digit needs, or a power of ten. */
export function telling(number: number): string {
  const size = Math.abs(number);
  if (settings.exact || size >= 0.01 || size === 0) return numeral(number);
  return size < 1e-4 ? scientific(number, 1) : fixed(number, Math.ceil(-Math.log10(size)));
}

/** At a glance as many decimals as tell numbers of this range apart. */
export const measured = (number: number, range: number): string =>
  settings.exact ? whole(number) : glanced(number, range);
