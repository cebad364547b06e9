export { type Attended, type AttentionParts, attention, type Square } from './attention.ts';
export { type ConformanceResult, runConformance } from './conformance.ts';
export type { Mask, Window } from './masks.ts';
export { runOnnxOperator } from './onnx.ts';
export type { OnnxCall, OnnxTensor, OnnxType } from './onnxTypes.ts';
export type { HostArray } from './operands.ts';
export { type RotaryTables, rotaryTables } from './positions.ts';
export { type LookupEntry, type LookupOptions, type SoftLookup, softLookup } from './softLookup.ts';
export * from './stages.ts';
