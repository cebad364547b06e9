export { bertConfig, bertPlan, type TrainingConfig, trainFromConfig, trainingConfig } from './config.ts';
export { type Corrupted, type Corruption, corrupt } from './objective.ts';
export { type AdamSettings, AdamW } from './optimizer.ts';
export { below, normal, type Random, seededRandom } from './random.ts';
export { learningRate } from './schedule.ts';
export { initialParameters, type TextSource, type TrainingPlan, type TrainingProgress, train } from './train.ts';
