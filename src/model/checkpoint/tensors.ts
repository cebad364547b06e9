/** What every format of checkpoints comes to: named tensors, each read when it is asked for. */
import type { NumberType } from '../../kernels/index.ts';
import type { FileTensor } from '../parameters.ts';

export interface CheckpointTensor extends FileTensor {
  /** As its file names the type. */
  readonly dtype: string;
  /** In the file. */
  readonly bytes: number;
  /** As it is read; of int8 with the numbers that share a scale. */
  readonly type: NumberType;
  readonly group?: number;
}

export type CheckpointTensors = ReadonlyMap<string, CheckpointTensor>;

export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, length) => product * length, 1);
