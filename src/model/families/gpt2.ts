import type { Family } from '../architecture.ts';
import { everyLayer, following, linear, norm, one, queryKeyValue } from './naming.ts';
import { activations, alone, classifierOf, headSizeOf, languageHead, plainLayer, plainStack } from './reading.ts';

/** GPT-2 (Radford et al. 2019) as Hugging Face writes it, KoGPT2 among them: norms before the blocks, linear maps stored transposed. */
export const gpt2: Family = {
  modelType: 'gpt2',
  knownBuffers: /\.attn\.(bias|masked_bias)$|^lm_head\.weight$/,
  ignoredFields: /^(n_ctx|attn_pdrop|embd_pdrop|resid_pdrop|summary_.*|reorder_and_upcast_attn)$/,
  architecture(config) {
    config.only('add_cross_attention', false);
    const hiddenSize = config.count('n_embd', 768);
    const headCount = config.count('n_head', 12);
    const headSize = headSizeOf(config, hiddenSize, headCount, { size: 'n_embd', field: 'n_embd_per_head' });
    const layerCount = config.count('n_layer', 12);
    const layer = plainLayer(headSize, true);
    const scale = config.flag('scale_attn_weights', true) ? layer.scale : 1;
    const byLayer = config.flag('scale_attn_by_inverse_layer_idx', false);
    return {
      ...plainStack,
      ...alone,
      family: 'gpt2',
      hiddenSize,
      layerCount,
      headCount,
      keyValueHeadCount: headCount,
      headSize,
      innerSize: config.count('n_inner', 4 * hiddenSize),
      positionCount: config.count('n_positions', 1024),
      positionOffset: 0,
      vocabularySize: config.count('vocab_size', 50257),
      embeddingSize: hiddenSize,
      embeddingProjection: null,
      tokenTypeCount: 0,
      normEpsilon: config.above('layer_norm_epsilon', 1e-5),
      activation: config.choice('activation_function', activations, 'gelu_new'),
      causal: true,
      layers: everyLayer(layerCount, (n) => ({ ...layer, scale: byLayer ? scale / (n + 1) : scale })),
      head: languageHead(config, /^GPT2LMHeadModel$/, true),
      classifier: classifierOf(config, { of: 'last', activation: null, bias: true, norm: false }),
    };
  },
  parameters(a, tensors) {
    const prefix = tensors.has('wte.weight') ? '' : 'transformer.';
    const [hidden, inner] = [a.hiddenSize, a.innerSize];
    const transposed = true;
    return [
      one('embeddings.token', [a.vocabularySize, hidden], `${prefix}wte.weight`),
      one('embeddings.position', [a.positionCount, hidden], `${prefix}wpe.weight`),
      ...a.layers.flatMap((_, n) => {
        const [name, layer] = [`layers.${n}`, `${prefix}h.${n}`];
        return [
          ...queryKeyValue.flatMap((stage, index) =>
            linear(`${name}.${stage}`, `${layer}.attn.c_attn`, hidden, hidden, {
              transposed,
              rows: following([hidden, hidden, hidden], index),
            }),
          ),
          ...linear(`${name}.attentionOutput`, `${layer}.attn.c_proj`, hidden, hidden, { transposed }),
          ...norm(`${name}.attentionNorm`, `${layer}.ln_1`, hidden),
          ...linear(`${name}.inner`, `${layer}.mlp.c_fc`, inner, hidden, { transposed }),
          ...linear(`${name}.outer`, `${layer}.mlp.c_proj`, hidden, inner, { transposed }),
          ...norm(`${name}.outputNorm`, `${layer}.ln_2`, hidden),
        ];
      }),
      ...norm('finalNorm', `${prefix}ln_f`, hidden),
      ...(a.head && !a.head.tied ? [one('head.decoder.weight', [a.vocabularySize, hidden], 'lm_head.weight')] : []),
      ...(a.classifier
        ? linear('classifier.labels', 'score', a.classifier.labels.length, hidden, { bias: false })
        : []),
    ];
  },
};
