/** Numbers of one stage with their shape. */
export interface Stage {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
