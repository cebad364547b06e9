import { format } from 'd3-format';
import { scaleLinear } from 'd3-scale';
import { scientific } from '../numerals.ts';

/** An upright axis: where it ends, the values that have a line, and what stands beside each. */
export interface Axis {
  readonly ends: readonly number[];
  readonly ticks: readonly number[];
  readonly labels: readonly string[];
}

/**
 * Without ticks that are given, about four round numbers, and an end at one of them, so that the highest value stands below
 * a line that is named. 40,000 is written with its comma, 0.2 as what it is, a loss that ran away by its power of ten.
 */
export function axisOf(range: readonly [number, number], given?: readonly number[], unit = ''): Axis {
  const ends = given ? [...range] : scaleLinear().domain(range).nice(4).domain();
  const ticks = given ?? scaleLinear().domain(ends).ticks(4);
  const large = Math.max(...ends) >= 1e6;
  return {
    ends,
    ticks,
    labels: ticks.map((tick) => (large ? scientific(tick) : format(tick < 1000 ? '~r' : ',')(tick) + unit)),
  };
}
