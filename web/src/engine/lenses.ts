/** The measures through which a square of attention is seen, each computed by the package's lens. */
import {
  type GradientRows,
  gradientAttention,
  type LayerNorms,
  layerNorms,
  logitsFor,
  type NormRow,
  prediction,
  type Target,
  valueZeroing,
} from 'siseon/lens';
import type { Model } from 'siseon/model';
import { attentionRows, type Trace } from 'siseon/trace';
import type { LensName } from './lens.ts';

/** Rows of one layer. */
export interface LayerLens {
  /** A number for each token looked at; of a measure that is a length (`joined`), for each of the words asked for. */
  row(head: number, query: number): ArrayLike<number>;
  /** By token, the masked scores of the same row: −∞ where the query may not look. */
  masked(head: number, query: number): ArrayLike<number>;
}
type Row = LayerLens['row'];

/** Lenses over one run. What a layer's lens computed once stays, since the next row is of the same layer. */
export class Lenses {
  readonly trace: Trace;
  readonly #model: Model;
  readonly #norms = new Map<number, Promise<LayerNorms>>();
  readonly #zeroing = new Map<number, Promise<number[][]>>();
  #gradient: { readonly token: number; readonly rows: Promise<GradientRows> } | null = null;
  /** Of the last layer asked for alone: a layer holds every head's square. */
  #slopes: { readonly of: Promise<GradientRows>; readonly layer: number; readonly rows: Promise<Row> } | null = null;

  constructor(trace: Trace, model: Model) {
    this.trace = trace;
    this.#model = model;
  }

  /**
   * Some queries' rows of a layer, of one head or of all, into `words`, by their tokens. `token` is where the prediction
   * stands that gradients are of.
   */
  async layer(
    name: LensName,
    layer: number,
    queries: readonly number[],
    {
      token,
      head,
      words,
    }: {
      readonly token: number;
      readonly head?: number | undefined;
      readonly words: readonly (readonly number[])[];
    },
  ): Promise<LayerLens> {
    const place = new Map(queries.map((query, r) => [query, r]));
    const { weights, maskedScores } = await attentionRows(this.trace, layer, queries, head, [
      'weights',
      'maskedScores',
    ]);
    const [, rows = 0, keys = 0] = weights.shape;
    const of =
      ({ data }: { readonly data: Float32Array }): Row =>
      (asked, query) => {
        const at = ((head === undefined ? asked : 0) * rows + place.get(query)!) * keys;
        return data.subarray(at, at + keys);
      };
    const row = name === 'weight' ? of(weights) : await this.#rows(name, layer, queries, token, words);
    return { row, masked: of(maskedScores) };
  }

  async #rows(
    name: Exclude<LensName, 'weight'>,
    layer: number,
    queries: readonly number[],
    token: number,
    words: readonly (readonly number[])[],
  ): Promise<Row> {
    const { trace } = this;
    if (name === 'gradient') return this.#gradientRows(layer, token);
    if (name === 'zeroing') {
      const rows = await remembered(this.#zeroing, layer, () => valueZeroing(trace, this.#model, layer));
      return (_, query) => rows[query]!;
    }
    const norms = await remembered(this.#norms, layer, () => layerNorms(trace, this.#model, layer));
    const rows = new Map<number, NormRow>();
    for (const query of queries) rows.set(query, await norms.row(query));
    if (name === 'contribution') return (head, query) => rows.get(query)!.head(head, words);
    return (_, query) => {
      const row = rows.get(query)!;
      return name === 'together' ? row.contribution(words) : row.withResidual(words);
    };
  }

  #gradientRows(layer: number, token: number): Promise<Row> {
    const { trace } = this;
    if (this.#gradient?.token !== token)
      this.#gradient = {
        token,
        rows: targetAt(trace, this.#model, token).then((target) => gradientAttention(trace, this.#model, target)),
      };
    const of = this.#gradient.rows;
    if (this.#slopes?.of !== of || this.#slopes.layer !== layer)
      this.#slopes = { of, layer, rows: heldRows(of, layer) };
    return this.#slopes.rows;
  }
}

async function heldRows(gradient: Promise<GradientRows>, layer: number): Promise<Row> {
  const rows: Float64Array[][] = [];
  for await (const { head, query, row } of (await gradient)(layer)) {
    rows[head] ??= [];
    rows[head][query] = row;
  }
  return (head, query) => rows[head]![query]!;
}

function remembered<T>(known: Map<number, Promise<T>>, at: number, compute: () => Promise<T>): Promise<T> {
  const found = known.get(at) ?? compute();
  known.set(at, found);
  return found;
}

/** The likeliest token at a position: what the model itself would say there. Throws `noLogits`. */
export const targetAt = async (trace: Trace, model: Model, position: number): Promise<Target> => ({
  position,
  token: prediction(await logitsFor(trace, model, position)).token,
});
