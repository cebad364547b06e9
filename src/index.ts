export * from './attention/index.ts';
export { type Kernels, referenceKernels, wasmKernels } from './kernels/index.ts';
export * from './lens/index.ts';
export {
  type Architecture,
  loadModel,
  Model,
  readSafetensors,
  saveModel,
  shippedModel,
  splitWords,
  Tokenizer,
  writeSafetensors,
} from './model/index.ts';
export { SiseonError } from './platform/index.ts';
export * from './trace/index.ts';
export * from './views/index.ts';
