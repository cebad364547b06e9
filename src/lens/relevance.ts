/** Relevance propagation: gradient × attention, followed through the layers (Chefer, Gur & Wolf 2021). */
import type { LayerPlace } from '../attention/index.ts';
import type { Model } from '../model/index.ts';
import type { Trace } from '../trace/index.ts';
import { type GradientRows, gradientAttention } from './gradient.ts';
import { attentionPlaces, headsAt, type WhichText } from './places.ts';
import { type Followed, readAt } from './target.ts';

/**
 * Relevance of each token for a target, [position]. Ā is the mean over a place's heads of the positive part of gradient ×
 * attention (equation 5). In self-attention R ← R + Ā · R layer by layer (6, 7); the row of the target's position is given,
 * its own 1 with it, as in the paper. In an encoder-decoder cross-attention adds R̄ᵈᵈᵀ · Ā · R̄ᵉᵉ to the relevance of the
 * encoder's tokens for the decoder's (10), where R̄ = (R − 1) divided by the sums of its rows, + 1 (8, 9; a row of zeros
 * stays one); `of` says which text's tokens are given, the encoder's by default. A classifier is read at its token, or at all alike where it
 * takes their mean; `at` names another.
 * Cost: that of gradientAttention for every layer, in an encoder-decoder twice; a row is held for each layer of the
 * decoder, no matrix. Throws what gradientAttention throws.
 */
export async function relevance(
  trace: Trace,
  model: Model,
  target: Followed,
  { at, of = 'ids' }: { readonly at?: number; readonly of?: WhichText } = {},
): Promise<Float64Array> {
  const rows = await gradientAttention(trace, model, target);
  const places = attentionPlaces(model.architecture);
  const passes = passesOf(model, rows);
  const { encoder } = model.architecture;
  const row = new Float64Array((encoder ? trace.decoderIds! : trace.ids).length);
  const from = at ?? readAt(trace, target);
  if (from === null) row.fill(1 / row.length);
  else row[from] = 1;
  if (!encoder) {
    for (const layer of places.toReversed()) await passes.down(layer, row);
    return row;
  }
  const named = (kind: RegExp): LayerPlace[] => places.filter((place) => kind.test(`${place}`));
  const decoder = named(/^decoder\.layers\.\d+$/);
  // What each layer's cross-attention is asked for: the target's row as it comes down to it.
  const askedFor: Float64Array[] = [];
  for (const layer of decoder.toReversed()) {
    askedFor.unshift(row.slice());
    await passes.down(layer, row);
  }
  if (of === 'decoderIds') return row;
  // R · 1, and R · each row asked for: all columns rise together, and each is taken at its own layer.
  const ones = new Float64Array(row.length).fill(1);
  const rising = askedFor.map((asked) => asked.slice());
  const memory = new Float64Array(trace.ids.length);
  for (const [n, layer] of decoder.entries()) {
    await passes.up(layer, [ones, ...rising.slice(n)]);
    const asked = askedFor[n]!;
    const through = asked.map((number, i) => normalised(rising[n]![i]! - number, ones[i]! - 1) + number);
    await passes.across(`${layer}.cross` as LayerPlace, through, memory);
  }
  const layers = named(/^encoder\./);
  const sums = new Float64Array(memory.length).fill(1);
  for (const layer of layers) await passes.up(layer, [sums]);
  const shares = memory.map((number, i) => normalised(number, sums[i]! - 1));
  const down = shares.slice();
  for (const layer of layers.toReversed()) await passes.down(layer, down);
  return memory.map((number, j) => number + down[j]! - shares[j]!);
}

const normalised = (number: number, sum: number): number => (sum === 0 ? 0 : number / sum);

/** Products with the Ā of a place, row by row as the rows go by. */
interface Passes {
  /** row ← row · (1 + Ā). */
  down(layer: LayerPlace, row: Float64Array): Promise<void>;
  /** column ← (1 + Ā) · column, of several. */
  up(layer: LayerPlace, columns: readonly Float64Array[]): Promise<void>;
  /** into ← into + row · Ā, from one text to the other. */
  across(layer: LayerPlace, row: Float64Array, into: Float64Array): Promise<void>;
}

function passesOf({ architecture }: Model, rows: GradientRows): Passes {
  const across: Passes['across'] = async (layer, row, into) => {
    const heads = headsAt(architecture, layer);
    for await (const { query, row: own } of rows(layer)) {
      const from = row[query]!;
      if (from === 0) continue;
      for (let j = 0; j < own.length; j++) into[j]! += (from * Math.max(0, own[j]!)) / heads;
    }
  };
  const add = (to: Float64Array, added: Float64Array): void => {
    for (let j = 0; j < to.length; j++) to[j]! += added[j]!;
  };
  return {
    across,
    async down(layer, row) {
      const added = new Float64Array(row.length);
      await across(layer, row, added);
      add(row, added);
    },
    async up(layer, columns) {
      const heads = headsAt(architecture, layer);
      const added = columns.map((column) => new Float64Array(column.length));
      for await (const { query, row: own } of rows(layer))
        for (const [n, column] of columns.entries()) {
          let sum = 0;
          for (let j = 0; j < own.length; j++) sum += Math.max(0, own[j]!) * column[j]!;
          added[n]![query]! += sum / heads;
        }
      for (const [n, column] of columns.entries()) add(column, added[n]!);
    },
  };
}
