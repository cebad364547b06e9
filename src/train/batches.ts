/** Texts side by side for one run. */
import type { Batch } from '../model/index.ts';

/** Indices of the texts in groups of about one length, the shortest first, so that little of a run is padding. */
export function byLength(texts: readonly ArrayLike<number>[], groupSize: number): number[][] {
  const order = [...texts.keys()].sort((a, b) => texts[a]!.length - texts[b]!.length || a - b);
  return Array.from({ length: Math.ceil(order.length / groupSize) }, (_, i) =>
    order.slice(i * groupSize, (i + 1) * groupSize),
  );
}

/** Texts of token ids padded to the longest of them. */
export function padded(texts: readonly ArrayLike<number>[]): Batch & { readonly lengths: Int32Array } {
  const length = Math.max(...texts.map((text) => text.length));
  const ids = new Int32Array(texts.length * length);
  for (const [row, text] of texts.entries()) ids.set(text, row * length);
  return { ids, batch: texts.length, length, lengths: Int32Array.from(texts, (text) => text.length) };
}
