export { saveTrace, type TraceFormat } from './save.ts';
export { attentionStages, headOutput, recordedStage, recordTrace, sameModel, scaleOf, type Stage, stages, type Trace, traceStages } from './trace.ts';
