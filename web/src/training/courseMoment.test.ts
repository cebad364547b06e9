import { expect, it } from 'vitest';
import { readCourseMoment, writeCourseMoment } from './courseMoment.ts';

it('is read as it is written', () => {
  for (const moment of [
    { seed: 1, step: 0 },
    { seed: 12, step: 2400 },
  ])
    expect(readCourseMoment(writeCourseMoment(moment))).toEqual(moment);
});
it.each(['seed 1, step 2401', 'seed 0, step 1', 'seed 01, step 1', 'seed 1', '시드 1, 걸음 1', 'my model'])(
  '%j names none',
  (text) => expect(readCourseMoment(text)).toBeNull(),
);
