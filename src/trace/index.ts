export { type AttentionCache, openCache } from './cache.ts';
export { saveTrace, type TraceFormat } from './save.ts';
export {
  attentionStages,
  headOutput,
  recordedStage,
  recordTrace,
  type Stage,
  sameModel,
  scaleOf,
  stages,
  type Trace,
  traceStages,
} from './trace.ts';
