// Everything that the host calls. A kernel does one unit of its work: (unit, scratch of the thread, …arguments). It keeps
// no state: no data segments, no start function, no mutable globals, so that every thread's instance can share one memory.
export { attend } from './attention';
export { attendBackward } from './attentionBackward';
export { packHeads } from './attentionTask';
export { activate, activateBackward, adam, combine, gather, rotate, scale, scatterAdd, sumSquares } from './elementwise';
export { matmul, packUnit } from './gemm';
export { crossEntropy, layerNorm, normBackward, normParameters, rmsNorm, softmaxBackward, softmaxRows, sumRows } from './rows';
export { activationConstants } from './activation';
export { constants } from './exponent';
export { gatherTyped, packTyped, unpackTyped } from './widen';
