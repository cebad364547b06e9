export type * from './contract.ts';
export { referenceKernels } from './reference.ts';
export { wasmKernels } from './wasm.ts';
