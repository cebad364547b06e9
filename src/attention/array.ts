import { SiseonError } from '../platform/index.ts';

/** Numbers in host memory with a shape; row-major. */
export interface HostArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export const size = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1);

/** Throws `shapeMismatch`, saying what was expected and got. */
export function refuseShape(what: string, expected: string, shape: readonly number[]): never {
  throw new SiseonError({ code: 'shapeMismatch', kind: 'usage', what, expected, got: `[${shape.join(', ')}]` });
}
