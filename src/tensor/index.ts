export type { AttendTask, Operations, RotateTask } from './interface.ts';
export { type Again, operations } from './operations.ts';
export { expectShape, type Shape, sizeOf } from './shape.ts';
export { Tape } from './tape.ts';
export { packedTensor, read, scope, type Tensor, tensor } from './tensor.ts';
