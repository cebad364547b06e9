/** Learning rate at a step: rises in a line over `warmUp` steps, then falls in a line to 0 at `steps` (no Math.cos: it may differ between engines). */
export function learningRate(
  step: number,
  { rate, warmUp, steps }: { readonly rate: number; readonly warmUp: number; readonly steps: number },
): number {
  return step < warmUp ? (rate * (step + 1)) / warmUp : (rate * (steps - step)) / Math.max(1, steps - warmUp);
}
