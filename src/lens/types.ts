import type { AttentionPlace, LayerPlace } from '../attention/index.ts';

/** How one query token looks, in one head: every number that the three steps, the caption and `--json` need. */
export interface Look {
  /** Name of the model, as given or `siseon/models/ko`. */
  readonly model: string;
  readonly text: string;
  readonly words: readonly LookWord[];
  readonly layer: number;
  /** Where that is: `layers.1`, of an encoder-decoder `encoder.layers.1`, `decoder.layers.1` or `decoder.layers.1.cross`. */
  readonly place: AttentionPlace;
  readonly head: number;
  /** `word` and `token` are indices; `text` the word, `tokenText` the one token that asks. Of two texts (cross) `word` is null: the keys are another text's. */
  readonly query: {
    readonly word: number | null;
    readonly text: string;
    readonly token: number;
    readonly tokenText: string;
  };
  /** scores = scale · dot (soft-capped where the model does). */
  readonly scale: number;
  /** One entry for each word and each special token, in the order of the text; weights sum to 1. */
  readonly keys: readonly LookKey[];
  /** Weight on the query's own word, and on special tokens ([CLS], [SEP]). */
  readonly leftOver: { readonly self: number; readonly special: number };
  /** Part of the head's output that comes from the value projection's bias: a row of its own beside keys[].contribution; all sum to 1. */
  readonly biasContribution: number;
  /** The words ranked by the weight that they would have if … : same order as keys, each sums to 1. */
  readonly counterfactual: {
    /** … every |k| were the mean length (directions kept): what direction alone does. */
    readonly equalLengths: readonly number[];
    /** … every cosine were the mean cosine (lengths kept): what length alone does. */
    readonly equalDirections: readonly number[];
  };
  readonly notices: readonly {
    readonly code: string;
    readonly text: string;
    readonly start: number;
    readonly end: number;
  }[];
}

export interface LookWord {
  readonly text: string;
  /** UTF-16 units in the text. */
  readonly start: number;
  readonly end: number;
  readonly tokens: readonly number[];
}

export interface LookKey {
  /** Index of the word; null for a special token. */
  readonly word: number | null;
  readonly text: string;
  /** log Σ exp of its tokens' scores (before mask and bias are added nothing is hidden: masked tokens count as −∞, null when all are). */
  readonly score: number | null;
  readonly weight: number;
  /** Weight among the other words alone; null for the query's own word and special tokens. */
  readonly share: number | null;
  /** ⟨oᵢ, o⟩ / ‖o‖², where oᵢ = weight · value · W_O without the value bias. */
  readonly contribution: number;
  /** ‖oᵢ‖ */
  readonly contributionNorm: number;
  readonly tokens: readonly LookToken[];
}

export interface LookToken {
  readonly token: number;
  readonly text: string;
  /** q · k. */
  readonly dot: number;
  readonly score: number | null;
  readonly weight: number;
  readonly cosine: number;
  /** cos of q and k − mean k, the mean over the keys that this query sees. */
  readonly centredCosine: number;
  readonly queryNorm: number;
  readonly keyNorm: number;
  readonly centredKeyNorm: number;
}

/** One cell of one head, query token × key token, taken apart to the last product. */
export interface Cell {
  readonly model: string;
  readonly layer: LayerPlace;
  readonly head: number;
  /** Token indices. */
  readonly asking: number;
  readonly answering: number;
  /** q[c] · k[c]; they sum to `dot`. */
  readonly products: readonly number[];
  readonly dot: number;
  /** |q|, |k| and cos θ; |q||k| cos θ = dot (0 where a vector has no length). */
  readonly geometry: { readonly queryNorm: number; readonly keyNorm: number; readonly cosine: number };
  readonly scale: number;
  /** What turning by position does to the dot product; null where nothing is turned. */
  readonly rotation: Rotation | null;
  /** score = limit · tanh(scale · dot / limit), where the model bends its scores; else score = scale · dot. */
  readonly softcap: { readonly limit: number; readonly before: number; readonly after: number } | null;
  readonly score: number;
  /** What position adds to the score before the softmax: 0 in most models, −∞ where the query may not look. */
  readonly bias: number;
  /** What the bias is made of, where position adds one; its parts sum to it. */
  readonly position: PositionTerm | null;
  /** The query may look at the key, as far as the model and its window go. */
  readonly visible: boolean;
  /** What edits of the square made of the score, of that + bias: · times + plus, and of the softmax: · share + put; null without such edits. */
  readonly edited: {
    readonly score: number;
    readonly times: number;
    readonly plus: number;
    readonly share: number;
    readonly put: number;
  } | null;
  /** The row's softmax: exp(score + bias − largest) / sum, as edits left it. The weight of a row that sees nothing is 0. */
  readonly softmax: {
    readonly largest: number;
    readonly exponential: number;
    /** The same of every key: `sum` is theirs. */
    readonly exponentials: readonly number[];
    readonly sum: number;
    readonly weight: number;
  };
  readonly value: readonly number[];
  readonly valueNorm: number;
  /** weight · value */
  readonly weightedValue: readonly number[];
  /** ⟨o_j, o⟩ / ‖o‖², where o_j = weight · value · W_O without the value bias, and ‖o_j‖ (Kobayashi et al. 2020). */
  readonly contribution: number;
  readonly contributionNorm: number;
  /**
   * The same key in all heads of the layer together, ‖Σ_h weight · f_h‖ (2020); with the residual in its own place and the
   * norm that follows (2021; null in cross-attention, where the residual stands in no key's place), and the query's mixing ratio.
   */
  readonly layerContribution: {
    readonly together: number;
    readonly withResidual: number | null;
    readonly mixing: number | null;
  };
  /** What the engine measured for the same cell, and the largest difference from the numbers above, of score and weight. */
  readonly check: { readonly score: number; readonly weight: number; readonly largestDifference: number };
}

export interface Rotation {
  /** q · k before either was turned, and what turning changed: dot − unturned. */
  readonly unturned: number;
  readonly change: number;
  /** Numbers c and c + rotated / 2 of a head turn together; by how far, and their part of the dot product before and after. */
  readonly pairs: readonly {
    readonly dimensions: readonly [number, number];
    /** Radians between query and key: (query − key position) · the pair's frequency. */
    readonly angle: number;
    readonly before: number;
    readonly after: number;
  }[];
  /** Part of the dot product of numbers that are not turned. */
  readonly rest: number;
  /** Turned numbers are stretched as well, so that their products grow by this; 1 but in models made to read longer texts (YaRN, LongRoPE). */
  readonly stretch: number;
}

export type PositionTerm =
  | { readonly kind: 'alibi' | 'buckets'; readonly distance: number }
  /** scale · query · key of the distance, and scale · key · query of the distance (DeBERTa). */
  | { readonly kind: 'disentangled'; readonly contentToPosition: number; readonly positionToContent: number };

/** A token as a side of a pair. */
export interface PairSide {
  readonly word: number | null;
  readonly text: string;
  readonly token: number;
  readonly tokenText: string;
  readonly vector: readonly number[];
}

/** A cell of a text, with its words. */
export interface Pair extends Cell {
  readonly text: string;
  readonly query: PairSide;
  readonly key: PairSide;
}

/** Word × word weights of one head; from a word: its asking token's row. */
export interface WordMatrix {
  readonly layer: number;
  readonly place: AttentionPlace;
  readonly head: number;
  readonly rows: readonly { readonly word: number | null; readonly text: string; readonly token: number }[];
  readonly columns: readonly { readonly word: number | null; readonly text: string }[];
  /** [row][column] */
  readonly weights: readonly (readonly number[])[];
}
