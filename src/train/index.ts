export { bertConfig, bertPlan, type TrainingConfig, trainFromConfig, trainingConfig } from './config.ts';
export type { Match, MatchSource, Passage } from './matching.ts';
export { type Corrupted, type Corruption, corrupt } from './objective.ts';
export { type AdamSettings, AdamW } from './optimizer.ts';
export { below, normal, type Random, seededRandom, stepRandom } from './random.ts';
export { learningRate } from './schedule.ts';
export { loadTrainingState, saveTrainingState, type TrainingState } from './state.ts';
export {
  initialParameters,
  type TextSource,
  type TrainingOptions,
  type TrainingPlan,
  type TrainingProgress,
  train,
} from './train.ts';
export {
  joinedTexts,
  type PieceKind,
  specialPieces,
  tokenizerOf,
  type WordPieceReading,
  wordPieceTokenizer,
} from './vocabulary.ts';
