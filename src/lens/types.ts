/** How one query token looks, in one head: every number that the three steps, the caption and `--json` need. */
export interface Look {
  /** Name of the model, as given or `siseon/models/ko`. */
  readonly model: string;
  readonly text: string;
  readonly words: readonly LookWord[];
  readonly layer: number;
  readonly head: number;
  /** `word` and `token` are indices; `text` the word, `tokenText` the one token that asks. */
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

/** One cell taken apart to the last product. */
export interface Pair {
  readonly model: string;
  readonly text: string;
  readonly layer: number;
  readonly head: number;
  readonly query: {
    readonly word: number | null;
    readonly text: string;
    readonly token: number;
    readonly tokenText: string;
    readonly vector: readonly number[];
  };
  readonly key: {
    readonly word: number | null;
    readonly text: string;
    readonly token: number;
    readonly tokenText: string;
    readonly vector: readonly number[];
  };
  /** q[c] · k[c] */
  readonly products: readonly number[];
  readonly dot: number;
  readonly scale: number;
  readonly score: number;
  /** What position adds to the score before the softmax: 0 in most models, −∞ where the query may not look. */
  readonly bias: number;
  /** The row's softmax: exp(score + bias − largest) / sum. `others` is Σ over the other keys of exp(score − largest). */
  readonly softmax: {
    readonly largest: number;
    readonly exponential: number;
    readonly sum: number;
    readonly weight: number;
  };
  readonly value: readonly number[];
  /** weight · value */
  readonly weightedValue: readonly number[];
  readonly contribution: number;
  readonly contributionNorm: number;
  /** What the engine measured for the same cell, and the largest difference from the numbers above. */
  readonly check: { readonly score: number; readonly weight: number; readonly largestDifference: number };
}

/** Word × word weights of one head; from a word: its asking token's row. */
export interface WordMatrix {
  readonly layer: number;
  readonly head: number;
  readonly rows: readonly { readonly word: number | null; readonly text: string; readonly token: number }[];
  readonly columns: readonly { readonly word: number | null; readonly text: string }[];
  /** [row][column] */
  readonly weights: readonly (readonly number[])[];
}
