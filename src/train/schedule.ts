/**
 * Learning rate at a step: rises in a line over `warmUp` steps, then falls in a line to 0 at `steps` (no Math.cos: it may
 * differ between engines). A layer that is to learn later than the others rises over `late` steps besides.
 */
export function learningRate(
  step: number,
  { rate, warmUp, steps }: { readonly rate: number; readonly warmUp: number; readonly steps: number },
  late = 0,
): number {
  const whole = step < warmUp ? (rate * (step + 1)) / warmUp : (rate * (steps - step)) / Math.max(1, steps - warmUp);
  return step < late ? (whole * (step + 1)) / late : whole;
}
