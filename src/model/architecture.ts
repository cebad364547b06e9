import type { Activation } from '../kernels/index.ts';
import type { ConfigReader } from './config.ts';

/** Rotation of queries and keys by their position (Su et al. 2021): number c of the first half turns with number c of the second. */
export interface Rotary {
  /** Numbers of a head that are turned, even; the rest stays as it is. */
  readonly rotated: number;
  /** Pair c turns by base^(−2c / rotated) radians a position, before scaling. */
  readonly base: number;
  readonly scaling: RotaryScaling | null;
}

/** How a model trained on short texts was made to read longer ones; rotary.ts has the formulas. */
export type RotaryScaling =
  | { readonly kind: 'linear'; readonly factor: number }
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalPositions: number;
    }
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      readonly originalPositions: number;
      readonly betaFast: number;
      readonly betaSlow: number;
      readonly truncate: boolean;
      /** Multiplies cosines and sines. */
      readonly magnitude: number;
    }
  /** Each pair's frequency divided by a factor of its own (LongRoPE). */
  | { readonly kind: 'divided'; readonly factors: readonly number[]; readonly magnitude: number };

/** What one layer does differently from its neighbours. */
export interface Layer {
  /** Multiplier of q · k. */
  readonly scale: number;
  /** How many keys before and after its own position a query sees; −1: all. */
  readonly left: number;
  readonly right: number;
  readonly rotary: Rotary | null;
  /** False where the layer takes its input to attention as it is, though norms stand before (ModernBERT's first). */
  readonly attentionNorm: boolean;
  /** The feed-forward part is a mixture of experts. */
  readonly experts: boolean;
}

/** Numbers added to the scores for where query and key stand. */
export type PositionBias =
  /** slope(head) · (key − query) (ALiBi, Press et al. 2022). */
  | { readonly kind: 'alibi' }
  /** A learned number for each head and bucket of distances, shared by all layers (T5, Raffel et al. 2020). */
  | {
      readonly kind: 'buckets';
      readonly buckets: number;
      readonly maxDistance: number;
      /** Keys after the query have buckets of their own. */
      readonly bothSides: boolean;
    }
  /** Dot products with learned vectors of distances: query · key of the distance + key · query of it (DeBERTa, He et al. 2021). */
  | {
      readonly kind: 'disentangled';
      /** Distances are −span to span − 1, those beyond are clamped. */
      readonly span: number;
      /** Distances fall into logarithmic buckets up to this one; 0: they count as they are. */
      readonly maxDistance: number;
      readonly contentToPosition: boolean;
      readonly positionToContent: boolean;
      /** Distances go through maps of their own instead of the layer's key and query maps. */
      readonly ownMaps?: true;
      readonly norm: boolean;
    };

/** A mixture of experts: each token goes through `chosen` of `count` feed-forward layers, weighted by its router's softmax. */
export interface Experts {
  readonly count: number;
  readonly chosen: number;
  readonly innerSize: number;
  /** The weights of the chosen ones are divided by their sum. */
  readonly normalized: boolean;
}

/** A stack of layers, encoder or decoder, as data. */
export interface Stack {
  readonly hiddenSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headSize: number;
  /** Width of the feed-forward layer. */
  readonly innerSize: number;
  /** Longest text in tokens, special tokens included. */
  readonly positionCount: number;
  /** Learned position embeddings: the row of position 0 in their table; null where there are none. */
  readonly positionOffset: number | null;
  readonly positionBias: PositionBias | null;
  /** Multiplies the token embeddings. */
  readonly embeddingScale: number;
  readonly embeddingNorm: boolean;
  /** `layer`: mean and variance (Ba et al. 2016); `rms`: root mean square, no bias (Zhang & Sennrich 2019). */
  readonly norm: 'layer' | 'rms';
  readonly normEpsilon: number;
  readonly normBias: boolean;
  /**
   * Where norms stand: `before` each block (GPT-2), `after` its sum with the residual (BERT), on the `output` of each
   * block before that sum (EXAONE 4), or `both` before and on the output (Gemma 2).
   */
  readonly normPlacement: 'before' | 'after' | 'output' | 'both';
  /** Attention and feed-forward layer both read the layer's input and are added together (GPT-NeoX). */
  readonly parallel: boolean;
  readonly finalNorm: boolean;
  /** Each head's queries and keys pass a norm of their own, before rotation (Qwen 3). */
  readonly queryKeyNorm: boolean;
  /** Scores are bent into (−softcap, softcap) by tanh; 0: they are not (Gemma 2). */
  readonly softcap: number;
  readonly activation: Activation;
  /** The feed-forward layer multiplies its activation with a second linear map (Shazeer 2020). */
  readonly gated: boolean;
  readonly experts: Experts | null;
  /** Which linear maps add a bias. */
  readonly biases: {
    readonly queryKeyValue: boolean;
    readonly attentionOutput: boolean;
    readonly feedForward: boolean;
  };
  readonly causal: boolean;
  /** One entry for each layer. */
  readonly layers: readonly Layer[];
}

/**
 * What distinguishes one transformer from another, as data. The mathematics reads this and never a model's name. Of an
 * encoder-decoder these are the decoder's own numbers, and `encoder` has the encoder's.
 */
export interface Architecture extends Stack {
  readonly family: string;
  readonly vocabularySize: number;
  /** Width of the token embeddings; another than hiddenSize where they are factorised (ALBERT). */
  readonly embeddingSize: number;
  /** Where embeddings are projected to hiddenSize: the tokens' alone (OPT), their `sum` before its norm (DeBERTa), or `normed` (ALBERT, ELECTRA). */
  readonly embeddingProjection: 'tokens' | 'sum' | 'normed' | null;
  /** Segment embeddings (BERT); 0 where there are none. */
  readonly tokenTypeCount: number;
  /** Turns hidden states into a score for every token of the vocabulary. */
  readonly head: LanguageHead | null;
  /** Turns hidden states into a score for every label. */
  readonly classifier: Classifier | null;
  readonly encoder: Stack | null;
  /** The token that a decoder of an encoder-decoder begins with. */
  readonly decoderStart: number | null;
  /** Tokens that end a text that the model writes. */
  readonly endTokens?: readonly number[];
}

export interface LanguageHead {
  /** A dense layer, activation and norm before the decoder (BERT). */
  readonly transform: { readonly activation: Activation; readonly bias: boolean } | null;
  /** The decoder is the token embeddings. */
  readonly tied: boolean;
  /** The decoder adds a bias. */
  readonly bias: boolean;
  /** Which of a family's two ways of storing it, where there are two (DeBERTa). */
  readonly layout?: 'newer';
  /** Multiplies hidden states first (T5). */
  readonly scale: number;
  /** Logits are bent into (−softcap, softcap) by tanh; 0: they are not. */
  readonly softcap: number;
}

export interface Classifier {
  /**
   * One score per label for each token, or for the text by its first or last token, the mean of all, or its last `end`
   * token (`endToken`): an encoder-decoder reads the text with both, the decoder one token behind (BART).
   */
  readonly of: 'tokens' | 'first' | 'last' | 'mean' | 'end';
  readonly endToken?: number;
  readonly labels: readonly string[];
  /** What the scores say (`problem_type`): one label of all (softmax), each label by itself (logistic), or a number. */
  readonly says: 'one' | 'each' | 'number';
  /** A dense layer with this activation comes before the labels' own. */
  readonly activation: Activation | null;
  /** Its bias. */
  readonly bias: boolean;
  /** And a norm after that (ModernBERT). */
  readonly norm: boolean;
}

/** A parameter as the transformer asks for it, and where a checkpoint of the family keeps it. */
export interface ParameterSource {
  /** The transformer's own name, such as `layers.0.query.weight`. */
  readonly name: string;
  /** Linear maps are [output, input]. */
  readonly shape: readonly number[];
  /** Tensor in the checkpoint; several parameters may come from one, or be the same one. */
  readonly tensor: string;
  /** Its shape in the file, where that is another of the same size. */
  readonly stored?: readonly number[];
  /** The checkpoint stores the transpose (GPT-2's Conv1D). */
  readonly transposed?: boolean;
  /** The checkpoint stores several maps in one tensor: these are its outputs of this one. */
  readonly rows?: TensorRows;
  /** Added to every number: Gemma stores the weights of its norms less 1. */
  readonly plus?: number;
}

/** Outputs start + ⌊r / block⌋ · stride + r mod block, for r from 0, of a tensor with `total` of them. */
export interface TensorRows {
  readonly total: number;
  readonly start: number;
  readonly block: number;
  readonly stride: number;
}

/** One family of checkpoints: which configurations it reads, and where its parameters lie. */
export interface Family {
  readonly modelType: string;
  /** Reads config.json; throws `badConfig` where a field would change the numbers in a way that is not supported. */
  readonly architecture: (config: ConfigReader) => Architecture;
  readonly parameters: (architecture: Architecture, tensors: ReadonlySet<string>) => ParameterSource[];
  /** Tensors that checkpoints of this family carry and that are no parameters. */
  readonly knownBuffers: RegExp;
  /** Fields of config.json that change no number here, beside those that every family may have. */
  readonly ignoredFields?: RegExp;
}
