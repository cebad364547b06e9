import type { Family } from '../architecture.ts';
import { llamaArchitecture, llamaBuffers, llamaParameters, slidingLayers } from './llamaLike.ts';
import { everyLayer, linear, norm, one } from './naming.ts';
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

/** EXAONE 3 to 3.5 (LG AI Research 2024): LLaMA by other names. */
export const exaone: Family = {
  modelType: 'exaone',
  knownBuffers: /\.(rotary|rotary_emb)\.inv_freq$|^lm_head\.weight$/,
  ignoredFields: /^(embed_dropout|auto_map)$/,
  architecture(config) {
    const hiddenSize = config.count('hidden_size', 2048);
    const headCount = config.count('num_attention_heads', 32);
    const headSize = headSizeOf(config, hiddenSize, headCount);
    const layerCount = config.count('num_layers', config.count('num_hidden_layers', 32));
    const rotary = rotaryOf(config, headSize);
    return {
      ...plainStack,
      ...alone,
      family: 'exaone',
      hiddenSize,
      layerCount,
      headCount,
      keyValueHeadCount: config.count('num_key_value_heads', headCount),
      headSize,
      innerSize: config.count('intermediate_size', 4 * hiddenSize),
      positionCount: positionsOf(config, rotary, 2048),
      vocabularySize: config.count('vocab_size', 102400),
      embeddingSize: hiddenSize,
      embeddingProjection: null,
      tokenTypeCount: 0,
      norm: 'rms',
      normBias: false,
      normEpsilon: config.above('layer_norm_epsilon', 1e-5),
      activation: config.choice('activation_function', activations, 'silu'),
      gated: true,
      biases: { queryKeyValue: false, attentionOutput: false, feedForward: false },
      causal: true,
      layers: everyLayer(layerCount, () => ({ ...plainLayer(headSize, true), rotary })),
      head: languageHead(config, /^ExaoneForCausalLM$/, false),
      classifier: classifierOf(config, { of: 'last', activation: null, bias: true, norm: false }),
    };
  },
  parameters(a, tensors) {
    const prefix = tensors.has('wte.weight') ? '' : 'transformer.';
    const { hiddenSize: hidden, innerSize: inner, headSize } = a;
    const bias = false;
    const [wide, narrow] = [a.headCount * headSize, a.keyValueHeadCount * headSize];
    return [
      one('embeddings.token', [a.vocabularySize, hidden], `${prefix}wte.weight`),
      ...a.layers.flatMap((_, n) => {
        const [name, layer] = [`layers.${n}`, `${prefix}h.${n}`];
        const attention = `${layer}.attn.attention`;
        return [
          ...linear(`${name}.query`, `${attention}.q_proj`, wide, hidden, { bias }),
          ...linear(`${name}.key`, `${attention}.k_proj`, narrow, hidden, { bias }),
          ...linear(`${name}.value`, `${attention}.v_proj`, narrow, hidden, { bias }),
          ...linear(`${name}.attentionOutput`, `${attention}.out_proj`, hidden, wide, { bias }),
          ...norm(`${name}.attentionNorm`, `${layer}.ln_1`, hidden, { bias }),
          ...linear(`${name}.gate`, `${layer}.mlp.c_fc_0`, inner, hidden, { bias }),
          ...linear(`${name}.inner`, `${layer}.mlp.c_fc_1`, inner, hidden, { bias }),
          ...linear(`${name}.outer`, `${layer}.mlp.c_proj`, hidden, inner, { bias }),
          ...norm(`${name}.outputNorm`, `${layer}.ln_2`, hidden, { bias }),
        ];
      }),
      ...norm('finalNorm', `${prefix}ln_f`, hidden, { bias }),
      ...(a.head && !a.head.tied ? [one('head.decoder.weight', [a.vocabularySize, hidden], 'lm_head.weight')] : []),
      ...(a.classifier ? linear('classifier.labels', 'score', a.classifier.labels.length, hidden, { bias }) : []),
    ];
  },
};

/** EXAONE 4 (LG AI Research 2025): norms on the blocks' outputs, on queries and on keys; layers without a window are not turned. */
export const exaone4: Family = {
  modelType: 'exaone4',
  knownBuffers: llamaBuffers,
  ignoredFields: /^(cache_implementation|sliding_window_pattern)$/,
  architecture(config) {
    const window = config.has('sliding_window') ? config.count('sliding_window') : null;
    const layerCount = config.count('num_hidden_layers', 32);
    if (window !== null && !config.has('layer_types'))
      throw config.refuse('layer_types', 'which layers have the window');
    const sliding = slidingLayers(config, layerCount, () => false);
    return llamaArchitecture('exaone4', config, {
      keyValueHeads: 32,
      stack: { normPlacement: 'output', queryKeyNorm: true },
      layer: (n, layer) => ({
        left: window !== null && sliding[n] ? window - 1 : -1,
        // With windows at all, the layers that see everything go without positions.
        rotary: window === null || sliding[n] ? layer.rotary : null,
      }),
    });
  },
  parameters: llamaParameters({
    norms: { attentionPostNorm: 'post_attention_layernorm', outputPostNorm: 'post_feedforward_layernorm' },
  }),
};
