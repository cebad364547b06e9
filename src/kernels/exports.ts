type Kernel = (unit: number, scratch: number, ...values: number[]) => number;
/** What assembly/index.ts exports. Values are pointers in bytes, sizes and factors. */
export type Exports = Record<
  | 'activate'
  | 'activateBackward'
  | 'adam'
  | 'attend'
  | 'attendBackward'
  | 'combine'
  | 'crossEntropy'
  | 'gather'
  | 'gatherTyped'
  | 'layerNorm'
  | 'matmul'
  | 'normBackward'
  | 'normParameters'
  | 'packHeads'
  | 'packTyped'
  | 'packUnit'
  | 'rmsNorm'
  | 'rotate'
  | 'scale'
  | 'scatterAdd'
  | 'softmaxBackward'
  | 'softmaxRows'
  | 'sumRows'
  | 'unpackTyped',
  Kernel
> & {
  readonly constants: () => void;
  readonly activationConstants: () => void;
  readonly sumSquares: (x: number, length: number) => number;
};
