import type { Family } from '../architecture.ts';
import type { ConfigReader } from '../config.ts';
import { slidingLayers } from './llamaLike.ts';
import { everyLayer, following, linear, norm, one, queryKeyValue } from './naming.ts';
import { activations, alone, classifierOf, headSizeOf, plainLayer, plainStack, rotaryOf } from './reading.ts';

/** Rotation of layers with a window and of those that see everything. */
function rotations(config: ConfigReader, headSize: number) {
  const byType = config.object('rope_parameters');
  if (byType?.has('sliding_attention'))
    return (['sliding_attention', 'full_attention'] as const).map((type) =>
      rotaryOf(config, headSize, { parameters: byType.object(type) }),
    );
  const plain = (base: number) => ({ rotated: headSize, base, scaling: null });
  const far = plain(config.above('global_rope_theta', 160_000));
  return [config.has('local_rope_theta') ? plain(config.above('local_rope_theta')) : far, far];
}

/** ModernBERT (Warner et al. 2024): norms before the blocks, rotation, gated feed-forward layers, two layers of three with a window. */
export const modernbert: Family = {
  modelType: 'modernbert',
  knownBuffers: /\.rotary_emb\.inv_freq$|^decoder\.weight$/,
  ignoredFields:
    /^(deterministic_flash_attn|reference_compile|repad_logits_with_grad|sparse_prediction|sparse_pred_ignore_index|layer_norm_eps|position_embedding_type|initializer_cutoff_factor)$/,
  architecture(config) {
    const hiddenSize = config.count('hidden_size', 768);
    const headCount = config.count('num_attention_heads', 12);
    const headSize = headSizeOf(config, hiddenSize, headCount);
    const layerCount = config.count('num_hidden_layers', 22);
    const [near, far] = rotations(config, headSize);
    const every = config.count('global_attn_every_n_layers', 3);
    const sliding = slidingLayers(config, layerCount, (n) => n % every !== 0);
    const side = Math.floor(config.count('local_attention', 128) / 2);
    const attentionBias = config.flag('attention_bias', false);
    const activation = config.choice('classifier_activation', activations, 'gelu');
    const tied = config.flag('tie_word_embeddings', true);
    const pooled = config.choice('classifier_pooling', { cls: 'first', mean: 'mean' } as const, 'cls');
    const masked = config.architectures.some((name) => /ForMaskedLM$/.test(name));
    return {
      ...plainStack,
      ...alone,
      family: 'modernbert',
      hiddenSize,
      layerCount,
      headCount,
      keyValueHeadCount: headCount,
      headSize,
      innerSize: config.count('intermediate_size', 1152),
      positionCount: config.count('max_position_embeddings', 8192),
      vocabularySize: config.count('vocab_size', 50368),
      embeddingSize: hiddenSize,
      embeddingProjection: null,
      embeddingNorm: true,
      tokenTypeCount: 0,
      normEpsilon: config.above('norm_eps', 1e-5),
      normBias: config.flag('norm_bias', false),
      activation: config.choice('hidden_activation', activations, 'gelu'),
      gated: true,
      biases: {
        queryKeyValue: attentionBias,
        attentionOutput: attentionBias,
        feedForward: config.flag('mlp_bias', false),
      },
      causal: false,
      layers: everyLayer(layerCount, (n) => ({
        ...plainLayer(headSize, false),
        ...(sliding[n] ? { left: side, right: side } : {}),
        rotary: (sliding[n] ? near : far)!,
        // The embeddings have just been normed.
        attentionNorm: n > 0,
      })),
      head: masked
        ? {
            transform: { activation, bias: config.flag('classifier_bias', false) },
            tied,
            bias: config.flag('decoder_bias', true),
            scale: 1,
            softcap: 0,
          }
        : null,
      classifier: classifierOf(
        config,
        { of: pooled, activation, norm: true, bias: config.flag('classifier_bias', false) },
        { of: 'tokens', activation, norm: true, bias: config.flag('classifier_bias', false) },
      ),
    };
  },
  parameters(a, tensors) {
    const prefix = tensors.has('embeddings.tok_embeddings.weight') ? '' : 'model.';
    const { hiddenSize: hidden, innerSize: inner } = a;
    const [attends, feeds, normed] = [a.biases.queryKeyValue, a.biases.feedForward, { bias: a.normBias }];
    return [
      one('embeddings.token', [a.vocabularySize, hidden], `${prefix}embeddings.tok_embeddings.weight`),
      ...norm('embeddings.norm', `${prefix}embeddings.norm`, hidden, normed),
      ...a.layers.flatMap(({ attentionNorm }, n) => {
        const [name, layer] = [`layers.${n}`, `${prefix}layers.${n}`];
        return [
          ...(attentionNorm ? norm(`${name}.attentionNorm`, `${layer}.attn_norm`, hidden, normed) : []),
          ...queryKeyValue.flatMap((stage, index) =>
            linear(`${name}.${stage}`, `${layer}.attn.Wqkv`, hidden, hidden, {
              bias: attends,
              rows: following([hidden, hidden, hidden], index),
            }),
          ),
          ...linear(`${name}.attentionOutput`, `${layer}.attn.Wo`, hidden, hidden, { bias: a.biases.attentionOutput }),
          ...norm(`${name}.outputNorm`, `${layer}.mlp_norm`, hidden, normed),
          ...['gate', 'inner'].flatMap((own, index) =>
            linear(`${name}.${own}`, `${layer}.mlp.Wi`, inner, hidden, {
              bias: feeds,
              rows: following([inner, inner], index),
            }),
          ),
          ...linear(`${name}.outer`, `${layer}.mlp.Wo`, hidden, inner, { bias: feeds }),
        ];
      }),
      ...norm('finalNorm', `${prefix}final_norm`, hidden, normed),
      ...(a.head
        ? [
            ...linear('head.transform', 'head.dense', hidden, hidden, { bias: a.head.transform!.bias }),
            ...norm('head.norm', 'head.norm', hidden, normed),
            ...(a.head.bias ? [one('head.decoder.bias', [a.vocabularySize], 'decoder.bias')] : []),
            ...(a.head.tied ? [] : [one('head.decoder.weight', [a.vocabularySize, hidden], 'decoder.weight')]),
          ]
        : []),
      ...(a.classifier
        ? [
            ...linear('classifier.dense', 'head.dense', hidden, hidden, { bias: a.classifier.bias }),
            ...norm('classifier.norm', 'head.norm', hidden, normed),
            ...linear('classifier.labels', 'classifier', a.classifier.labels.length, hidden),
          ]
        : []),
    ];
  },
};
