/** A moment of the path's training as an address names it: the same seed comes by it again. In this form in every language. */
import { steps } from './length.ts';

export interface CourseMoment {
  readonly seed: number;
  readonly step: number;
}

export const writeCourseMoment = ({ seed, step }: CourseMoment): string => `seed ${seed}, step ${step}`;

/** null for what names no moment that the training can have. */
export function readCourseMoment(text: string): CourseMoment | null {
  const [, seed, step] = /^seed (\d{1,9}), step (\d{1,4})$/.exec(text) ?? [];
  const moment = { seed: Number(seed), step: Number(step) };
  return text === writeCourseMoment(moment) && moment.seed > 0 && moment.step <= steps ? moment : null;
}
