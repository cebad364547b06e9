import { describe, expect, it } from 'vitest';
import { arcMark } from './index.ts';

describe('an arc', () => {
  it('is as thick and as deep as its weight, and reaches the further the farther its words are apart', () => {
    expect(arcMark(100, 200, 0.5)).toEqual({
      from: 100,
      to: 200,
      height: 46,
      weight: 0.5,
      path: 'M100 0C100 -46 200 -46 200 0',
      width: 5.25,
      opacity: 0.575,
    });
    expect(arcMark(0, 9999, 1)).toMatchObject({ height: 120, width: 9.75, opacity: 1 });
  });
  it('beside a column stands on its left and bends less, and grows with the letters', () => {
    expect(arcMark(40, 10, 0, { down: true, unit: 2 })).toMatchObject({
      height: 37.4,
      path: 'M0 40C-37.4 40 -37.4 10 0 10',
      width: 1.5,
      opacity: 0.15,
    });
  });
  it('uses nothing from around it, so that a report may hold the function as text', () => {
    const alone = new Function(`return ${arcMark.toString()}`)() as typeof arcMark;
    expect(alone(100, 200, 0.5)).toEqual(arcMark(100, 200, 0.5));
  });
});
