/**
 * How often a property is tried, and from which seed: a fixed one, so that a change is judged by the same cases as the
 * commit before it. `SISEON_FUZZ=N` tries N times as many, from a seed of their own each time (which a failure prints).
 */
export function fuzz(numRuns: number): { numRuns: number; seed?: number } {
  const times = Number(process.env.SISEON_FUZZ ?? 0);
  return times > 0 ? { numRuns: numRuns * times } : { numRuns, seed: 20_261_126 };
}
