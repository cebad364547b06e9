/**
 * Rows of `x` from `from` on: the `count` largest numbers of each row stay (of equal ones the first), the rest becomes
 * `fill`. Rows are a router's choices, a few numbers a token: every device runs these loops.
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
    const order = Array.from({ length: columns }, (_, j) => j).sort((a, b) => x[start + b]! - x[start + a]! || a - b);
    const kept = new Set(order.slice(0, count));
    for (let j = 0; j < columns; j++) out[to + row * columns + j] = kept.has(j) ? x[start + j]! : fill;
  }
}
