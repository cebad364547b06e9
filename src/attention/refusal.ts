import { SiseonError } from '../platform/errors.ts';

/** The error for something asked wrongly. */
export const refusal = (code: string, what: string, expected: string, got: string, next: string): SiseonError =>
  new SiseonError({ code, kind: 'usage', what, expected, got, next });

/** A shape as messages write it: [2, 3, 5]. */
export const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** How many numbers a shape holds. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);
