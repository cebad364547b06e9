export { useThreadModule } from '../platform/threads.ts';
export type * from './contract.ts';
export { activations, referenceKernels } from './reference.ts';
export { kernelThread, type ThreadData } from './threads.ts';
export { hasRelaxedSimd, type ThreadOptions, type WasmKernels, type WasmOptions, wasmKernels } from './wasm.ts';
