import type { Activation } from '../kernels/index.ts';

/** What distinguishes one transformer from another, as data. The mathematics reads this and never a model's name. */
export interface Architecture {
  readonly family: string;
  readonly hiddenSize: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headSize: number;
  /** Width of the feed-forward layer. */
  readonly innerSize: number;
  /** Longest text in tokens, special tokens included. */
  readonly positionCount: number;
  readonly vocabularySize: number;
  /** Segment embeddings (BERT); 0 where there are none. */
  readonly tokenTypeCount: number;
  /** Where norms stand: `before` each block (GPT-2) or `after` its sum with the residual (BERT). */
  readonly normPlacement: 'before' | 'after';
  readonly normEpsilon: number;
  readonly embeddingNorm: boolean;
  readonly finalNorm: boolean;
  readonly activation: Activation;
  readonly causal: boolean;
  /** What turns hidden states into logits: `transform` puts a dense layer, activation and norm before the decoder (BERT). */
  readonly head: { readonly transform: boolean; readonly tied: boolean; readonly bias: boolean } | null;
}

/** A parameter as the transformer asks for it, and where a checkpoint of the family keeps it. */
export interface ParameterSource {
  /** The transformer's own name, such as `layers.0.query.weight`. */
  readonly name: string;
  /** Linear maps are [output, input]. */
  readonly shape: readonly number[];
  /** Tensor in the checkpoint. */
  readonly tensor: string;
  /** The checkpoint stores the transpose (GPT-2's Conv1D). */
  readonly transposed?: boolean;
  /** The checkpoint stores several side by side along the output axis: this is part `index` of `count`. */
  readonly part?: { readonly index: number; readonly count: number };
}

/** One family of checkpoints: which configurations it reads, and where its parameters lie. */
export interface Family {
  readonly modelType: string;
  /** Reads config.json; throws where a field would change the numbers in a way that is not supported. */
  readonly architecture: (config: ConfigReader) => Architecture;
  readonly parameters: (architecture: Architecture, tensors: ReadonlySet<string>) => ParameterSource[];
  /** Tensors that checkpoints of this family carry and that are no parameters. */
  readonly knownBuffers: RegExp;
}

/** Typed access to config.json, with errors that name the field. */
export interface ConfigReader {
  count(field: string, fallback?: number): number;
  number(field: string, fallback?: number): number;
  flag(field: string, fallback: boolean): boolean;
  choice<T extends string>(field: string, choices: Readonly<Record<string, T>>, fallback?: string): T;
  /** Throws unless the field is absent or equal to one of these. */
  only(field: string, ...allowed: readonly unknown[]): void;
  readonly architectures: readonly string[];
}
