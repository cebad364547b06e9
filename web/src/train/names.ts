/** Names of what can be chosen, as the page writes them. */
import * as m from '../paraglide/messages.js';
import { type Moment, settingsOf } from './moment.ts';
import type { Objective, TaskName } from './settings.ts';

export const taskNames: Record<TaskName, () => string> = {
  small: m.train_small,
  korean: m.train_korean,
  sorting: m.train_sorting,
  own: m.train_own,
};
export const objectiveNames: Record<Objective, () => string> = {
  masked: m.train_masked,
  repair: m.train_repair,
  contrastive: m.train_contrastive,
};

/** In the language that the page speaks when it is read. */
export function momentName(moment: Moment): string {
  const { task, seed } = settingsOf(moment);
  return m.train_name({ task: taskNames[task](), seed, step: moment.step });
}
