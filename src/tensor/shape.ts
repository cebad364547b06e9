import { SiseonError } from '../platform/errors.ts';

export type Shape = readonly number[];

/** How many numbers a tensor of this shape holds. */
export const sizeOf = (shape: Shape): number => shape.reduce((size, length) => size * length, 1);

/** Throws `shapeMismatch`, naming the operation, what it expected and what it got. */
export function expectShape(operation: string, operand: string, got: Shape, expected: Shape): void {
  if (got.length === expected.length && got.every((length, axis) => length === expected[axis])) return;
  throw new SiseonError({
    code: 'shapeMismatch',
    kind: 'usage',
    what: `${operation}: ${operand} has the wrong shape`,
    expected: `[${expected.join(', ')}]`,
    got: `[${got.join(', ')}]`,
  });
}

/** Throws `indexOutOfRange` unless every index lies in [first, end): a kernel would read past its operand. */
export function expectIndices(operation: string, indices: Int32Array, first: number, end: number): void {
  const bad = indices.findIndex((index) => index < first || index >= end);
  if (bad < 0) return;
  throw new SiseonError({
    code: 'indexOutOfRange',
    kind: 'usage',
    what: `${operation}: index ${bad} of ${indices.length}`,
    expected: `${first} to ${end - 1}`,
    got: `${indices[bad]}`,
  });
}
