/** What token embeddings and the unembedding have in common, token by token: the vocabulary's side of copying. */
import { sharedKernels } from '../attention/device.ts';
import type { Model } from '../model/index.ts';
import { type Operations, operations, read, scope, type Tensor } from '../tensor/index.ts';

export type CopyingAgainst = 'unembedding' | 'embedding';

/** Numbers in rows: [rows, columns]. */
export interface Rows {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

export interface TokenOverlaps {
  readonly against: CopyingAgainst;
  /** Σ E[tokens[n]] ⊗ U[outputs[n]], [hidden, hidden], U with the final norm's gain and, of LayerNorm, centring. Computed on the device in f32. */
  between(tokens: Int32Array, outputs: Int32Array): Promise<Rows>;
}

/** E: token embeddings as they enter the stream, through a projection where there is one. Cost a call: tokens · hidden². */
export function tokenOverlaps(model: Model): TokenOverlaps {
  const { head, hiddenSize: hidden, embeddingProjection, encoder } = model.architecture;
  const against = head && !head.transform && !encoder ? 'unembedding' : 'embedding';
  /** Read back once, for all calls. */
  const numbers = new Map<string, Float32Array>();
  const readOnce = async (name: string): Promise<void> => {
    const parameter = model.parameters.get(name);
    if (parameter && !numbers.has(name)) numbers.set(name, await parameter.read());
  };
  const used = ['embeddings.token', 'embeddings.projection.weight'];
  if (against === 'unembedding') used.push('head.decoder.weight', 'head.projection.weight', 'finalNorm.weight');
  const onDevice = (o: Operations, name: string): Tensor =>
    o.constant(model.parameters.get(name)!.shape, numbers.get(name)!);
  const embedded = (o: Operations, table: Tensor, tokens: Int32Array): Tensor => {
    const rows = o.embed(table, tokens);
    return embeddingProjection === null ? rows : o.linear(rows, onDevice(o, 'embeddings.projection.weight'));
  };
  const unembedded = (o: Operations, table: Tensor, tokens: Int32Array): Tensor => {
    if (against === 'embedding') return embedded(o, table, tokens);
    const rows = o.embed(head!.tied ? table : onDevice(o, 'head.decoder.weight'), tokens);
    return model.parameters.has('head.projection.weight')
      ? o.matmul(rows, onDevice(o, 'head.projection.weight'))
      : rows;
  };
  return {
    against,
    async between(tokens, outputs) {
      for (const name of used) await readOnce(name);
      const kernels = await sharedKernels();
      const pending = scope(kernels, () => {
        const o = operations(kernels);
        const table = onDevice(o, 'embeddings.token');
        return read(o.matmul(embedded(o, table, tokens), unembedded(o, table, outputs), { leftTransposed: true }));
      });
      const gain = numbers.get('finalNorm.weight');
      const data = Float64Array.from(await pending, (number, i) => number * (gain?.[i % hidden] ?? 1));
      const rows = { data, rows: hidden, columns: hidden };
      return gain && model.architecture.norm === 'layer' ? centredRows(rows) : rows;
    },
  };
}

/** Rows less their means: what they say of a vector that LayerNorm centres before (R·(x − mean x) = (R − row means)·x). */
export function centredRows({ data, rows, columns }: Rows): Rows {
  const out = Float64Array.from(data);
  for (let r = 0; r < rows; r++) {
    const row = out.subarray(r * columns, (r + 1) * columns);
    let sum = 0;
    for (const number of row) sum += number;
    for (let c = 0; c < columns; c++) row[c]! -= sum / columns;
  }
  return { data: out, rows, columns };
}

/** The same numbers in another order (Fisher & Yates); the same seed gives the same one. */
export function shuffle(numbers: Int32Array, seed: number): Int32Array {
  const out = numbers.slice();
  // A linear congruential generator (Knuth's constants); its high bits choose.
  let state = seed >>> 0;
  for (let i = out.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
