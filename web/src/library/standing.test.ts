import { describe, expect, it } from 'vitest';
import { spread, standing } from './standing.ts';

/** Books as rows of numbers. */
const flat = (rows: readonly (readonly number[])[]): Float32Array => Float32Array.from(rows.flat());

describe('how well contents find their own tags', () => {
  it('4 tags at right angles, every content along its own: 4 of 4, which guessing does once in 4⁴ times', () => {
    const rows = [0, 1, 2, 3].map((i) => [0, 0, 0, 0].with(i, i + 1));
    expect(standing(flat(rows), flat(rows), 4, [0, 1, 2, 3])).toEqual({
      tries: 4,
      hits: 4,
      guessed: 1,
      probability: 1 / 256,
    });
  });
  it('contents that point elsewhere find nothing, and guessing does as well always', () => {
    const keys = flat([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    const values = flat([
      [0, 5, 1],
      [7, 0, 1],
    ]);
    expect(standing(keys, values, 3, [0, 1])).toEqual({ tries: 2, hits: 0, guessed: 1, probability: 1 });
  });
  it('a tag that stands there twice is found by either, and guessed twice as often: 1 − (1 − 2/3)² = 8/9 for one hit of two', () => {
    const keys = flat([
      [2, 0],
      [2, 0],
      [0, 3],
    ]);
    const values = flat([
      [1, 0],
      [0, 1],
      [0, 1],
    ]);
    const found = standing(keys, values, 2, [0, 1]);
    expect(found).toMatchObject({ tries: 2, hits: 1 });
    expect(found.guessed).toBeCloseTo(4 / 3, 12);
    expect(found.probability).toBeCloseTo(8 / 9, 12);
  });
  it('asks of a long list evenly', () => {
    expect(spread([3, 5, 7], 3)).toEqual([3, 5, 7]);
    expect(spread([10, 11, 12, 13, 14, 15, 16], 3)).toEqual([10, 12, 14]);
  });
});
