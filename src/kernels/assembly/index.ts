export { dot, matmul, packLeft, packRight } from './gemm';
export { capRow, dotGradientRow, finiteRows, maskRow, mixBlock, mixHiddenAside, reweighRow, scoreBlock, spreadBlock, weighRow } from './attention';
export { crossEntropy, layerNorm, normBackward, rmsNorm, softmaxBackward, softmaxRows } from './rows';
export { activate, activateBackward, adam, combine, gather, rotateRow, scale, scatterAdd, sumRows, sumSquares } from './elementwise';
