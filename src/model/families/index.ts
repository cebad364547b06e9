import type { Family } from '../architecture.ts';
import { bert } from './bert.ts';
import { gpt2 } from './gpt2.ts';

/** Every family that can be read, by the `model_type` of config.json. */
export const families: ReadonlyMap<string, Family> = new Map([bert, gpt2].map((family) => [family.modelType, family]));
