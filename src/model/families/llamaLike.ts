/**
 * Decoders built like LLaMA (Touvron et al. 2023): rms norms before the blocks, rotation, gated feed-forward layers, and
 * parameters named model.layers.N.self_attn.q_proj and so on. What a family does otherwise it says in `Differences`.
 */
import type { Architecture, Experts, Family, Layer, ParameterSource, Rotary, Stack } from '../architecture.ts';
import type { ConfigReader } from '../config.ts';
import { everyLayer, following, linear, norm, one, queryKeyValue } from './naming.ts';
import {
  activations,
  alone,
  classifierOf,
  headSizeOf,
  languageHead,
  plainLayer,
  plainStack,
  positionsOf,
  rotaryOf,
} from './reading.ts';

export interface Differences {
  /** Changes to the stack as a whole. */
  readonly stack?: Partial<Stack>;
  /** Changes to one layer. */
  readonly layer?: (n: number, layer: Layer) => Partial<Layer>;
  readonly headSize?: number;
  readonly keyValueHeads?: number;
  readonly tied?: boolean;
  readonly rotary?: Rotary;
  readonly rotaryShare?: number;
  readonly biases?: Stack['biases'];
  readonly activation?: Stack['activation'];
  readonly experts?: Experts;
  readonly logitSoftcap?: number;
}

const noBiases = { queryKeyValue: false, attentionOutput: false, feedForward: false };

/** Biases as `attention_bias` and `mlp_bias` say. */
export function biasesOf(config: ConfigReader): Stack['biases'] {
  const attention = config.flag('attention_bias', false);
  return { queryKeyValue: attention, attentionOutput: attention, feedForward: config.flag('mlp_bias', false) };
}

/** The architecture that a LLaMA-like config.json describes. */
export function llamaArchitecture(family: string, config: ConfigReader, differences: Differences = {}): Architecture {
  const hiddenSize = config.count('hidden_size');
  const headCount = config.count('num_attention_heads');
  const headSize = differences.headSize ?? headSizeOf(config, hiddenSize, headCount);
  const keyValueHeadCount = config.count('num_key_value_heads', differences.keyValueHeads ?? headCount);
  if (headCount % keyValueHeadCount !== 0)
    throw config.refuse('num_key_value_heads', `a divisor of the ${headCount} heads`);
  const rotary = differences.rotary ?? rotaryOf(config, headSize, { share: differences.rotaryShare ?? 1 });
  const layerCount = config.count('num_hidden_layers');
  const layer: Layer = { ...plainLayer(headSize, true), rotary };
  const head = languageHead(config, /For(CausalLM|ConditionalGeneration)$/, differences.tied ?? false);
  return {
    ...plainStack,
    ...alone,
    family,
    hiddenSize,
    layerCount,
    headCount,
    keyValueHeadCount,
    headSize,
    innerSize: config.count('intermediate_size'),
    positionCount: positionsOf(config, rotary, 2048),
    vocabularySize: config.count('vocab_size'),
    embeddingSize: hiddenSize,
    embeddingProjection: null,
    tokenTypeCount: 0,
    norm: 'rms',
    normBias: false,
    normEpsilon: config.above('rms_norm_eps', 1e-6),
    activation: differences.activation ?? config.choice('hidden_act', activations, 'silu'),
    gated: true,
    causal: true,
    biases: differences.biases ?? noBiases,
    experts: differences.experts ?? null,
    ...differences.stack,
    layers: everyLayer(layerCount, (n) => ({ ...layer, ...differences.layer?.(n, layer) })),
    head: head && { ...head, softcap: differences.logitSoftcap ?? 0 },
    classifier: classifierOf(config, { of: 'last', activation: null, bias: true, norm: false }),
  };
}

/** How a family's checkpoints name and store what LLaMA's do otherwise. */
export interface Storage {
  /** Query, key and value in one tensor, gate and inner in another (Phi 3). */
  readonly joined?: boolean;
  /** Norms are stored less 1 (Gemma). */
  readonly normPlus?: number;
  /** Names of a layer's norms, by the transformer's own. */
  readonly norms?: Readonly<Record<string, string>>;
  /** Names of one expert's maps and of the router. */
  readonly experts?: {
    readonly router: string;
    readonly expert: (n: number) => string;
    readonly maps: readonly [string, string, string];
  };
}

const usualNorms = { attentionNorm: 'input_layernorm', outputNorm: 'post_attention_layernorm' };

/** Where a LLaMA-like checkpoint keeps its parameters. */
export function llamaParameters(storage: Storage = {}): Family['parameters'] {
  return (a, tensors) => {
    const { hiddenSize: hidden, headCount, keyValueHeadCount, headSize } = a;
    const prefix = tensors.has('embed_tokens.weight') ? '' : 'model.';
    const plus = storage.normPlus ? { plus: storage.normPlus } : {};
    const fed = { bias: a.biases.feedForward };
    const rms = (name: string, tensor: string, size: number): ParameterSource[] =>
      norm(name, tensor, size, { bias: false, ...plus });
    const sizes = [headCount * headSize, keyValueHeadCount * headSize, keyValueHeadCount * headSize];
    const feedForward = (
      name: string,
      tensor: string,
      inner: number,
      maps: readonly [string, string, string],
    ): ParameterSource[] => [
      ...linear(`${name}.gate`, `${tensor}.${maps[0]}`, inner, hidden, fed),
      ...linear(`${name}.inner`, `${tensor}.${maps[1]}`, inner, hidden, fed),
      ...linear(`${name}.outer`, `${tensor}.${maps[2]}`, hidden, inner, fed),
    ];
    return [
      one('embeddings.token', [a.vocabularySize, hidden], `${prefix}embed_tokens.weight`),
      ...a.layers.flatMap(({ experts }, n): ParameterSource[] => {
        const [name, layer] = [`layers.${n}`, `${prefix}layers.${n}`];
        const attention = `${layer}.self_attn`;
        const joined = storage.joined ?? false;
        return [
          ...queryKeyValue.flatMap((stage, index) => {
            const tensor = joined ? `${attention}.qkv_proj` : `${attention}.${stage[0]}_proj`;
            return linear(`${name}.${stage}`, tensor, sizes[index]!, hidden, {
              bias: a.biases.queryKeyValue,
              ...(joined && { rows: following(sizes, index) }),
            });
          }),
          ...(a.queryKeyNorm
            ? ['query', 'key'].flatMap((stage) =>
                rms(`${name}.${stage}Norm`, `${attention}.${stage[0]}_norm`, headSize),
              )
            : []),
          ...linear(`${name}.attentionOutput`, `${attention}.o_proj`, hidden, headCount * headSize, {
            bias: a.biases.attentionOutput,
          }),
          ...Object.entries(storage.norms ?? usualNorms).flatMap(([own, theirs]) =>
            rms(`${name}.${own}`, `${layer}.${theirs}`, hidden),
          ),
          ...(experts && storage.experts && a.experts
            ? [
                ...linear(`${name}.router`, `${layer}.${storage.experts.router}`, a.experts.count, hidden, {
                  bias: false,
                }),
                ...everyLayer(a.experts.count, (e) =>
                  feedForward(
                    `${name}.experts.${e}`,
                    `${layer}.${storage.experts!.expert(e)}`,
                    a.experts!.innerSize,
                    storage.experts!.maps,
                  ),
                ).flat(),
              ]
            : joined
              ? [
                  ...['gate', 'inner'].flatMap((own, index) =>
                    linear(`${name}.${own}`, `${layer}.mlp.gate_up_proj`, a.innerSize, hidden, {
                      bias: false,
                      rows: following([a.innerSize, a.innerSize], index),
                    }),
                  ),
                  ...linear(`${name}.outer`, `${layer}.mlp.down_proj`, hidden, a.innerSize, { bias: false }),
                ]
              : feedForward(name, `${layer}.mlp`, a.innerSize, ['gate_proj', 'up_proj', 'down_proj'])),
        ];
      }),
      ...rms('finalNorm', `${prefix}norm`, hidden),
      ...(a.head && !a.head.tied ? [one('head.decoder.weight', [a.vocabularySize, hidden], 'lm_head.weight')] : []),
      ...(a.classifier
        ? linear('classifier.labels', 'score', a.classifier.labels.length, hidden, { bias: false })
        : []),
    ];
  };
}

/** Buffers that LLaMA-like checkpoints may carry; a tied head may be stored all the same. */
export const llamaBuffers = /\.rotary_emb\.inv_freq$|^lm_head\.weight$/;

/** Sliding windows by `layer_types`, or by a rule of the family; `window` counts the query's own position. */
export function slidingLayers(config: ConfigReader, layerCount: number, byRule: (n: number) => boolean): boolean[] {
  const types = config.list('layer_types');
  if (!types) return everyLayer(layerCount, byRule);
  if (types.length !== layerCount || types.some((type) => type !== 'sliding_attention' && type !== 'full_attention'))
    throw config.refuse('layer_types', `${layerCount} of sliding_attention and full_attention`);
  return types.map((type) => type === 'sliding_attention');
}
