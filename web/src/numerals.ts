/** How every number of the engine is written on the page: at a glance, or with all its digits where the visitor asks for them. */
import { fixed, measured as glanced } from 'siseon/views';
import { settings } from './settings.svelte.ts';

/** With a power of ten, which no line parts from its digits: 2.3 × 10¹⁶. */
export const scientific = (number: number, digits = 2): string => {
  const [lead = '', power] = number.toExponential(digits - 1).split('e');
  const raised = [...String(Number(power))].map((sign) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)] ?? '⁻').join('');
  return number === 0 ? '0' : `${lead.replace('-', '−')}\u00a0×\u00a010${raised}`;
};

/** As many digits as 32 bits hold. */
const all = 7;

function whole(number: number): string {
  const text = String(Number(number.toPrecision(all)));
  return text.includes('e') ? scientific(number, all) : text.replace('-', '−');
}

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
