/** Norms with their statistics frozen: linear maps, so that a sum may be taken apart and each part sent through. */

/** x ↦ (x − mean(x)) · gain / σ, with σ of the whole that was normed. */
export interface FrozenNorm {
  readonly gain: ArrayLike<number>;
  readonly inverse: number;
  /** LayerNorm takes each part's own mean away; RMSNorm does not. */
  readonly centred: boolean;
}

/** The norm of one whole vector, frozen (Ba et al. 2016): the parts of `whole`, sent through, sum to norm(whole) − bias. */
export function freeze(whole: ArrayLike<number>, gain: ArrayLike<number>, epsilon: number, centred = true): FrozenNorm {
  const n = whole.length;
  let mean = 0;
  if (centred) for (let d = 0; d < n; d++) mean += whole[d]! / n;
  let variance = 0;
  for (let d = 0; d < n; d++) variance += (whole[d]! - mean) ** 2 / n;
  return { gain, inverse: 1 / Math.sqrt(variance + epsilon), centred };
}

/** One part through the frozen norm. */
export function through({ gain, inverse, centred }: FrozenNorm, part: ArrayLike<number>): Float64Array {
  let mean = 0;
  if (centred) for (let d = 0; d < part.length; d++) mean += part[d]! / part.length;
  return Float64Array.from(part, (number, d) => (number - mean) * gain[d]! * inverse);
}
