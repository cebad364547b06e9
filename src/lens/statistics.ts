/** Counting honestly: shares with their intervals, and how surprising a share is after many looks. */

/** A share with its 95% interval. */
export interface Share {
  readonly right: number;
  readonly count: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/**
 * `right` of `count` with the score interval of Wilson (1927): it stays inside [0, 1] and holds at small counts, where
 * share ± z·√(…) does not. z = 1.96 gives 95%. Nothing counted: share NaN, interval [0, 1].
 */
export function wilson(right: number, count: number, z = 1.959963984540054): Share {
  if (count === 0) return { right, count, share: Number.NaN, low: 0, high: 1 };
  const share = right / count;
  const square = z * z;
  const middle = (share + square / (2 * count)) / (1 + square / count);
  const half = (z / (1 + square / count)) * Math.sqrt((share * (1 - share)) / count + square / (4 * count * count));
  return { right, count, share, low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

/** log Γ(n + 1) for whole n, summed: exact enough (1e-12 relative) at the counts met here, and cached. */
const logFactorials: number[] = [0];
function logFactorial(n: number): number {
  for (let i = logFactorials.length; i <= n; i++) logFactorials.push(logFactorials[i - 1]! + Math.log(i));
  return logFactorials[n]!;
}

/** P(X ≥ right), X binomial(count, chance): how often chance alone does as well. */
export function binomialTail(right: number, count: number, chance: number): number {
  if (right <= 0) return 1;
  if (chance <= 0) return 0;
  if (chance >= 1) return 1;
  let total = 0;
  for (let k = right; k <= count; k++)
    total += Math.exp(
      logFactorial(count) -
        logFactorial(k) -
        logFactorial(count - k) +
        k * Math.log(chance) +
        (count - k) * Math.log1p(-chance),
    );
  return Math.min(1, total);
}

/** A probability after looking at so many heads (Bonferroni: the most cautious correction, right under any dependence). */
export const corrected = (probability: number, looks: number): number => Math.min(1, probability * looks);

/** Arithmetic mean; NaN of nothing. */
export const mean = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0) / numbers.length;

/** Mean with the half-width of its 95% interval (normal approximation over texts). */
export function meanInterval(numbers: readonly number[]): { mean: number; half: number; count: number } {
  const middle = mean(numbers);
  const variance =
    numbers.reduce((total, number) => total + (number - middle) ** 2, 0) / Math.max(1, numbers.length - 1);
  return { mean: middle, half: 1.959963984540054 * Math.sqrt(variance / numbers.length), count: numbers.length };
}
