/**
 * Rows of `x` from `from` on: the `count` largest numbers of each row stay (of equal ones the first; NaN is above all, so
 * that it is not lost), the rest becomes `fill`. Rows are a router's choices, a few numbers a token: every device runs these loops.
 */
export function keepLargest(
  x: ArrayLike<number>,
  from: number,
  out: { [index: number]: number },
  to: number,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  count: number,
  fill: number,
): void {
  for (let row = 0; row < rows; row++) {
    const start = from + row * columns;
    const order = Array.from({ length: columns }, (_, j) => j).sort(
      (a, b) => below(x[start + a]!, x[start + b]!) || a - b,
    );
    const kept = new Set(order.slice(0, count));
    for (let j = 0; j < columns; j++) out[to + row * columns + j] = kept.has(j) ? x[start + j]! : fill;
  }
}

/** Above 0 where `a` comes after `b`. Two that are both ∞ have no difference. */
const below = (a: number, b: number): number =>
  Number.isNaN(a) || Number.isNaN(b)
    ? Number(Number.isNaN(b)) - Number(Number.isNaN(a))
    : Number(b > a) - Number(b < a);
