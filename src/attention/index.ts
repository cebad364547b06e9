export type { HostArray } from './array.ts';
export { type AttentionInput, type AttentionResult, attention, type KeptStage } from './attention.ts';
export { type CaseResult, runConformance } from './conformance.ts';
export { type Bias, broadcastMask, type Mask } from './masks.ts';
export { runOnnxOperator } from './onnx.ts';
export { type SoftLookup, softLookup } from './softLookup.ts';
export { type DerivedStage, derivedStages, type LayerStage, type LinearStage, layerStage, linearStages, type Probe, type StageName, stageNames } from './stages.ts';
