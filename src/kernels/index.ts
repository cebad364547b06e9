export type * from './contract.ts';
export { activations, referenceKernels } from './reference.ts';
export { kernelThread } from './threads.ts';
export { type ThreadOptions, type WasmKernels, wasmKernels } from './wasm.ts';
