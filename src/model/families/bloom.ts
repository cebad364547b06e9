import type { Family } from '../architecture.ts';
import { everyLayer, headByHead, linear, norm, one, queryKeyValue } from './naming.ts';
import { alone, classifierOf, headSizeOf, languageHead, plainLayer, plainStack } from './reading.ts';

/** BLOOM (BigScience 2022): ALiBi instead of positions, a norm on the embeddings, gelu by tanh. */
export const bloom: Family = {
  modelType: 'bloom',
  knownBuffers: /^lm_head\.weight$/,
  ignoredFields:
    /^(pretraining_tp|slow_but_exact|hidden_dropout|masked_softmax_fusion|n_inner|offset_alibi|skip_bias_add.*|unk_token_id|bias_dropout_fusion|attention_softmax_in_fp32|seq_length)$/,
  architecture(config) {
    config.only('apply_residual_connection_post_layernorm', false);
    const hiddenSize = config.count('hidden_size', config.count('n_embed', 64));
    const headCount = config.count('n_head', config.count('num_attention_heads', 8));
    const headSize = headSizeOf(config, hiddenSize, headCount, {
      size: config.has('hidden_size') ? 'hidden_size' : 'n_embed',
    });
    const layerCount = config.count('n_layer', config.count('num_hidden_layers', 2));
    return {
      ...plainStack,
      ...alone,
      family: 'bloom',
      hiddenSize,
      layerCount,
      headCount,
      keyValueHeadCount: headCount,
      headSize,
      innerSize: 4 * hiddenSize,
      // ALiBi knows no end; this is the length that the models were trained with.
      positionCount: config.count('seq_length', 2048),
      positionBias: { kind: 'alibi' },
      vocabularySize: config.count('vocab_size', 250880),
      embeddingSize: hiddenSize,
      embeddingProjection: null,
      embeddingNorm: true,
      tokenTypeCount: 0,
      normEpsilon: config.above('layer_norm_epsilon', 1e-5),
      activation: 'geluTanh',
      causal: true,
      layers: everyLayer(layerCount, () => plainLayer(headSize, true)),
      head: languageHead(config, /^BloomForCausalLM$/, true),
      classifier: classifierOf(config, { of: 'last', activation: null, bias: true, norm: false }),
    };
  },
  parameters(a, tensors) {
    const prefix = tensors.has('word_embeddings.weight') ? '' : 'transformer.';
    const [hidden, inner] = [a.hiddenSize, a.innerSize];
    return [
      one('embeddings.token', [a.vocabularySize, hidden], `${prefix}word_embeddings.weight`),
      ...norm('embeddings.norm', `${prefix}word_embeddings_layernorm`, hidden),
      ...a.layers.flatMap((_, n) => {
        const [name, layer] = [`layers.${n}`, `${prefix}h.${n}`];
        return [
          ...queryKeyValue.flatMap((stage, index) =>
            linear(`${name}.${stage}`, `${layer}.self_attention.query_key_value`, hidden, hidden, {
              rows: headByHead(a.headCount, a.headSize, index),
            }),
          ),
          ...linear(`${name}.attentionOutput`, `${layer}.self_attention.dense`, hidden, hidden),
          ...norm(`${name}.attentionNorm`, `${layer}.input_layernorm`, hidden),
          ...linear(`${name}.inner`, `${layer}.mlp.dense_h_to_4h`, inner, hidden),
          ...linear(`${name}.outer`, `${layer}.mlp.dense_4h_to_h`, hidden, inner),
          ...norm(`${name}.outputNorm`, `${layer}.post_attention_layernorm`, hidden),
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
