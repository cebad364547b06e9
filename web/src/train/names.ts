/** Names of what can be chosen, as the page writes them. */
import * as m from '../paraglide/messages.js';
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
