import type { Kernels } from '../kernels/contract.ts';
import { wasmKernels } from '../kernels/wasm.ts';

let shared: Promise<Kernels> | undefined;

/** The device that computes where none is given: one for all callers, started at the first need. */
export function sharedKernels(): Promise<Kernels> {
  shared ??= wasmKernels();
  return shared;
}
