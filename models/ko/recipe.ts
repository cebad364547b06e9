/** How the Korean model is trained: sizes, objective, rate. Chosen on development sentences; the test sentences were not looked at. */
import type { Model, Tokenizer } from 'siseon/model';
import { bertConfig, bertPlan, type TextSource, type TrainingPlan } from 'siseon/train';
import { writeTrainingSentence } from './grammar/write.ts';

export const sizes = { layers: 2, heads: 2, hidden: 64, inner: 256, positions: 128 };

/** config.json without the fields that are known only after training. */
export const layout = (tokenizer: Tokenizer): Record<string, unknown> => bertConfig(sizes, tokenizer.vocabularySize);

/** What there is to learn in a model of this architecture. */
export const bertPlanOf = (model: Model): Pick<TrainingPlan, 'architecture' | 'sources'> => ({
  architecture: model.architecture,
  sources: model.family.parameters(model.architecture, new Set()),
});

/** The plan of one seed. */
export function trainingPlan(tokenizer: Tokenizer, { seed = 2, steps = 2500 } = {}): TrainingPlan {
  return {
    ...bertPlan(layout(tokenizer)),
    seed,
    steps,
    batchSize: 128,
    rate: 0.003,
    warmUp: 150,
    decay: 0.01,
    // Mostly replaced: a model trained on masked tokens alone parks a visible verb's attention on the separators.
    corruption: { chosen: 0.25, masked: 0.4, replaced: 0.45 },
    maskId: tokenizer.tokenId('[MASK]')!,
    firstToken: 5,
  };
}

/** Token ids of sentences of the training part, without end. */
export const trainingTexts =
  (tokenizer: Tokenizer): TextSource =>
  (random) =>
    tokenizer.encode(writeTrainingSentence(random).text).ids;
