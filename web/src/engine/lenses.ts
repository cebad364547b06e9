/** The measures through which a square of attention is seen, each computed by the package's lens. */
import {
  type GradientRows,
  gradientAttention,
  type LayerNorms,
  layerNorms,
  type Target,
  valueZeroing,
} from 'siseon/lens';
import { type Model, noLogits } from 'siseon/model';
import { attentionRows, type Trace } from 'siseon/trace';
import type { LensName } from './lens.ts';
import type { Square } from './squares.ts';

/** Rows of one layer, a number for each token looked at. */
export interface LayerLens {
  row(head: number, query: number): ArrayLike<number>;
  /** The masked scores of the same row: −∞ where the query may not look. */
  masked(head: number, query: number): ArrayLike<number>;
}

/** Lenses over one run. What a layer's lens computed once stays, since the next row is of the same layer. */
export class Lenses {
  readonly trace: Trace;
  /** The last square that had to be computed as a whole, by its name: its parts are asked for one after another. */
  whole: { readonly name: string; readonly square: Promise<Square> } | null = null;
  readonly #model: Model;
  readonly #norms = new Map<number, Promise<LayerNorms>>();
  readonly #zeroing = new Map<number, Promise<number[][]>>();
  #gradient: { readonly token: number; readonly rows: Promise<GradientRows> } | null = null;

  constructor(trace: Trace, model: Model) {
    this.trace = trace;
    this.#model = model;
  }

  /** Some queries' rows of a layer. `token` is where the prediction stands that gradients are of. */
  async layer(name: LensName, layer: number, queries: readonly number[], token: number): Promise<LayerLens> {
    const place = new Map(queries.map((query, r) => [query, r]));
    const { weights, maskedScores } = await attentionRows(this.trace, layer, queries);
    const [, rows = 0, keys = 0] = weights.shape;
    const of =
      ({ data }: { readonly data: Float32Array }) =>
      (head: number, query: number): Float32Array => {
        const at = (head * rows + place.get(query)!) * keys;
        return data.subarray(at, at + keys);
      };
    return { row: name === 'weight' ? of(weights) : await this.#rows(name, layer, token), masked: of(maskedScores) };
  }

  async #rows(
    name: Exclude<LensName, 'weight'>,
    layer: number,
    token: number,
  ): Promise<(head: number, query: number) => ArrayLike<number>> {
    const { trace } = this;
    if (name === 'gradient') {
      if (this.#gradient?.token !== token)
        this.#gradient = { token, rows: gradientAttention(trace, this.#model, targetAt(trace, token)) };
      return (await this.#gradient.rows)(layer);
    }
    if (name === 'zeroing') {
      const rows = await remembered(this.#zeroing, layer, () => valueZeroing(trace, this.#model, layer));
      return (_, query) => rows[query]!;
    }
    const norms = await remembered(this.#norms, layer, () => layerNorms(trace, this.#model, layer));
    if (name === 'contribution') return (head, query) => norms.head(head, query);
    return (_, query) => (name === 'together' ? norms.contribution(query) : norms.withResidual(query));
  }
}

function remembered<T>(known: Map<number, Promise<T>>, at: number, compute: () => Promise<T>): Promise<T> {
  const found = known.get(at) ?? compute();
  known.set(at, found);
  return found;
}

/** The likeliest token at a position: what the model itself would say there. Throws `noLogits`. */
export function targetAt(trace: Trace, position: number): Target {
  const logits = trace.recorded.get('logits');
  if (!logits) throw noLogits();
  const [, size = 0] = logits.shape;
  let token = 0;
  for (let id = 1; id < size; id++)
    if (logits.data[position * size + id]! > logits.data[position * size + token]!) token = id;
  return { position, token };
}
