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

/** P(T ≥ t), Student's t with so many degrees of freedom: the incomplete beta function by its continued fraction (Lentz). */
export function studentTail(t: number, degrees: number): number {
  if (Number.isNaN(t)) return 1;
  if (!Number.isFinite(t)) return t > 0 ? 0 : 1;
  const half = incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2;
  return t > 0 ? half : 1 - half;
}

/** I_x(a, b) (Abramowitz & Stegun 26.5.8). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const kept = (number: number): number => (Math.abs(number) < 1e-300 ? 1e-300 : number);
  let [c, d] = [1, 1 / kept(1 - ((a + b) * x) / (a + 1))];
  let fraction = d;
  for (let m = 1; m < 300; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    for (const step of [even, odd]) {
      d = 1 / kept(1 + step * d);
      c = kept(1 + step / c);
      fraction *= c * d;
    }
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return front * fraction;
}

/** log Γ of half-integers and integers above 0, by Γ(x + 1) = x Γ(x) from Γ(1) and Γ(½) = √π. */
function logGamma(x: number): number {
  let [total, at] = [0, x];
  for (; at > 1; at--) total += Math.log(at - 1);
  return total + (at === 1 ? 0 : Math.log(Math.PI) / 2);
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
