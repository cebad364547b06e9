export { type AttentionCache, type CacheStack, openCache } from './cache.ts';
export { unpackEdits } from './editTables.ts';
export { type Ending, type GenerateOptions, generate, generateAll, type NewToken } from './generate.ts';
export { logitCount, logitRows } from './logits.ts';
export { namedStages, type StageNames } from './names.ts';
export { readSavedRun, type SavedRun } from './replay.ts';
export { saveTrace, type TraceFormat } from './save.ts';
export { TraceSession } from './session.ts';
export {
  type AttentionBand,
  type AttentionRows,
  attentionBands,
  attentionRow,
  attentionRows,
  attentionStages,
  headOutput,
  mixtures,
  type Place,
  placeOf,
  positionBias,
  scaleOf,
} from './squares.ts';
export type { Stage } from './stage.ts';
export { stages, traceStages } from './stages.ts';
export {
  type OfModel,
  readInput,
  recordedStage,
  recordTrace,
  recordTraces,
  sameModel,
  type Trace,
  type TraceInput,
} from './trace.ts';
