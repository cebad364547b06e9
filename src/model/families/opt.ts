import type { Family } from '../architecture.ts';
import { everyLayer, linear, norm, one, queryKeyValue } from './naming.ts';
import { activations, alone, classifierOf, headSizeOf, languageHead, plainLayer, plainStack } from './reading.ts';

/** OPT (Zhang et al. 2022): learned positions from row 2 on, relu; the 350M model projects its embeddings and norms after the blocks. */
export const opt: Family = {
  modelType: 'opt',
  knownBuffers: /^lm_head\.weight$/,
  ignoredFields: /^(layerdrop|word_embed_proj_dim|_remove_final_layer_norm|prefix)$/,
  architecture(config) {
    config.only('layer_norm_elementwise_affine', true);
    const hiddenSize = config.count('hidden_size', 768);
    const headCount = config.count('num_attention_heads', 12);
    const headSize = headSizeOf(config, hiddenSize, headCount);
    const layerCount = config.count('num_hidden_layers', 12);
    const embeddingSize = config.count('word_embed_proj_dim', hiddenSize);
    const before = config.flag('do_layer_norm_before', true);
    const bias = config.flag('enable_bias', true);
    return {
      ...plainStack,
      ...alone,
      family: 'opt',
      hiddenSize,
      layerCount,
      headCount,
      keyValueHeadCount: headCount,
      headSize,
      innerSize: config.count('ffn_dim', 3072),
      positionCount: config.count('max_position_embeddings', 2048),
      positionOffset: 2,
      vocabularySize: config.count('vocab_size', 50272),
      embeddingSize,
      embeddingProjection: embeddingSize === hiddenSize ? null : 'tokens',
      tokenTypeCount: 0,
      normEpsilon: 1e-5,
      normPlacement: before ? 'before' : 'after',
      finalNorm: before && !config.flag('_remove_final_layer_norm', false),
      activation: config.choice('activation_function', activations, 'relu'),
      biases: { queryKeyValue: bias, attentionOutput: bias, feedForward: bias },
      causal: true,
      layers: everyLayer(layerCount, () => plainLayer(headSize, true)),
      head: languageHead(config, /^OPTForCausalLM$/, true),
      classifier: classifierOf(config, { of: 'last', activation: null, bias: true, norm: false }),
    };
  },
  parameters(a, tensors) {
    const prefix =
      ['decoder.', 'model.decoder.'].find((p) => tensors.has(`${p}embed_tokens.weight`)) ?? 'model.decoder.';
    const [hidden, inner, narrow] = [a.hiddenSize, a.innerSize, a.embeddingSize];
    const [attends, feeds] = [{ bias: a.biases.queryKeyValue }, { bias: a.biases.feedForward }];
    return [
      one('embeddings.token', [a.vocabularySize, narrow], `${prefix}embed_tokens.weight`),
      one('embeddings.position', [a.positionCount + 2, hidden], `${prefix}embed_positions.weight`),
      ...(a.embeddingProjection
        ? [
            one('embeddings.projection.weight', [hidden, narrow], `${prefix}project_in.weight`),
            one('head.projection.weight', [narrow, hidden], `${prefix}project_out.weight`),
          ]
        : []),
      ...a.layers.flatMap((_, n) => {
        const [name, layer] = [`layers.${n}`, `${prefix}layers.${n}`];
        return [
          ...queryKeyValue.flatMap((stage) =>
            linear(`${name}.${stage}`, `${layer}.self_attn.${stage[0]}_proj`, hidden, hidden, attends),
          ),
          ...linear(`${name}.attentionOutput`, `${layer}.self_attn.out_proj`, hidden, hidden, attends),
          ...norm(`${name}.attentionNorm`, `${layer}.self_attn_layer_norm`, hidden),
          ...linear(`${name}.inner`, `${layer}.fc1`, inner, hidden, feeds),
          ...linear(`${name}.outer`, `${layer}.fc2`, hidden, inner, feeds),
          ...norm(`${name}.outputNorm`, `${layer}.final_layer_norm`, hidden),
        ];
      }),
      ...(a.finalNorm ? norm('finalNorm', `${prefix}final_layer_norm`, hidden) : []),
      ...(a.head && !a.head.tied ? [one('head.decoder.weight', [a.vocabularySize, narrow], 'lm_head.weight')] : []),
      ...(a.classifier
        ? linear('classifier.labels', 'score', a.classifier.labels.length, narrow, { bias: false })
        : []),
    ];
  },
};
