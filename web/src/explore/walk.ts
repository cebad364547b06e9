/** The arrow keys among heads: up and down are layers, left and right heads. */
const steps: Readonly<Record<string, readonly [layer: number, head: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Where a key leads; null where it is no arrow. */
export function walked(
  key: string,
  { layer, head }: { readonly layer: number; readonly head: number },
  size: { readonly layers: number; readonly heads: number },
): { layer: number; head: number } | null {
  const step = steps[key];
  if (!step) return null;
  const within = (index: number, count: number): number => Math.min(count - 1, Math.max(0, index));
  return { layer: within(layer + step[0], size.layers), head: within(head + step[1], size.heads) };
}
