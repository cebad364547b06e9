import { shippedModel } from 'siseon/model';
import type { Random } from 'siseon/train';
import { writeTrainingSentence } from './grammar/write.ts';

/** Folder of the Korean model (Hugging Face layout): pass it to `loadModel`. */
export const modelFolder: URL = shippedModel;

/** One sentence of the grammar's training part: a text source for trainings of one's own. */
export const writeText = (random: Random): string => writeTrainingSentence(random).text;
