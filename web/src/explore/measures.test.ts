import { describe, expect, it } from 'vitest';
import { measuresOf, tallest } from './measures.ts';
import type { Cells, Named } from './tiles.svelte.ts';

const entry = (text: string, other?: string): Named => ({
  word: 0,
  text,
  sink: null,
  ...(other !== undefined && { other }),
});
const square = (rows: readonly Named[], signed = false): Cells => ({
  rows,
  columns: rows,
  range: 1,
  signed,
  number: () => 0,
  masked: () => false,
  need: () => {},
  version: 0,
});
const words = (count: number): Named[] => Array.from({ length: count }, () => entry('사과를'));

describe('squares beside each other', () => {
  it('have the measures of the one that needs most: names, how many there are, and signs', () => {
    const [few, many] = [square(words(3)), square([...words(5), entry('재미있게')], true)];
    const both = measuresOf([few, many], 300, 16);
    expect(both).toEqual(measuresOf([many, few], 300, 16));
    const alone = [measuresOf([few], 300, 16), measuresOf([many], 300, 16)] as const;
    expect(both.names).toBe(Math.max(alone[0].names, alone[1].names));
    expect(both.cell).toBe(alone[1].cell);
    expect(both.numbers).toBeLessThan(measuresOf([square(many.rows)], 300, 16).numbers!);
  });
  it('show two names of an entry where both have a line, and none of the numbers where they would touch', () => {
    const named = [...words(5), entry('사과를', '책을')];
    expect(measuresOf([square(named, true)], 560, 16)).toMatchObject({ stacked: true });
    const narrow = measuresOf([square(Array(20).fill(entry('사과를')), true)], 328, 16);
    expect(narrow).toMatchObject({ numbers: null, stacked: false, cell: 20 });
  });
  it('are whole on the screen before their cells are as large as they may be', () => {
    const { head, cell } = measuresOf([square(words(10))], 1000, 16);
    expect(cell).toBeLessThan(3.25 * 16);
    expect(head + 10 * cell + 1).toBeLessThanOrEqual(tallest * 16);
  });
  it('leave names room on a slant: letters are no larger than the distance of their lines', () => {
    for (const room of [328, 560, 800]) {
      const { cell, slanted } = measuresOf([square(words(45))], room, 16);
      expect(slanted).toBeLessThanOrEqual(cell * Math.SQRT1_2);
      expect(slanted).toBeGreaterThanOrEqual(0.72 * 16);
    }
  });
});
