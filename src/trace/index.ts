export { type AttentionCache, openCache } from './cache.ts';
export { type GenerateOptions, generate, type NewToken } from './generate.ts';
export { saveTrace, type TraceFormat } from './save.ts';
export { TraceSession } from './session.ts';
export type { Stage } from './stage.ts';
export {
  attentionRow,
  attentionRows,
  attentionStages,
  headOutput,
  recordedStage,
  recordTrace,
  recordTraces,
  sameModel,
  scaleOf,
  stages,
  type Trace,
  type TraceInput,
  traceStages,
} from './trace.ts';
