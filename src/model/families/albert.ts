import type { Family } from '../architecture.ts';
import { bertArchitecture, classifierParameters } from './bert.ts';
import { linear, norm, one, queryKeyValue } from './naming.ts';
import { classifierOf } from './reading.ts';

/** ALBERT (Lan et al. 2020): narrow embeddings, and one layer's parameters used by all. */
export const albert: Family = {
  modelType: 'albert',
  knownBuffers:
    /(^|\.)embeddings\.position_ids$|^predictions\.decoder\.(weight|bias)$|(^|\.)pooler\.(weight|bias)$|^sop_classifier\./,
  ignoredFields: /^(net_structure_type|gap_size|num_memory_blocks|down_scale_factor|classifier_dropout_prob)$/,
  architecture(config) {
    config.only('num_hidden_groups', 1);
    config.only('inner_group_num', 1);
    const architecture = bertArchitecture('albert', config, 30000);
    const embeddingSize = config.count('embedding_size', 128);
    const activation = config.choice(
      'hidden_act',
      { gelu: 'gelu', gelu_new: 'geluTanh', relu: 'relu' } as const,
      'gelu_new',
    );
    const tied = config.flag('tie_word_embeddings', true);
    const masked = config.architectures.some((name) => /For(MaskedLM|PreTraining)$/.test(name));
    return {
      ...architecture,
      activation,
      embeddingSize,
      // A linear map, even where the sizes are equal.
      embeddingProjection: 'normed',
      head: masked ? { transform: { activation, bias: true }, tied, bias: true, scale: 1, softcap: 0 } : null,
      classifier: classifierOf(config, { of: 'first', activation: 'tanh', bias: true, norm: false }),
    };
  },
  parameters(a, tensors) {
    const prefix = tensors.has('embeddings.word_embeddings.weight') ? '' : 'albert.';
    const { hiddenSize: hidden, innerSize: inner, embeddingSize: size } = a;
    const embeddings = `${prefix}embeddings`;
    const layer = `${prefix}encoder.albert_layer_groups.0.albert_layers.0`;
    return [
      one('embeddings.token', [a.vocabularySize, size], `${embeddings}.word_embeddings.weight`),
      one('embeddings.position', [a.positionCount, size], `${embeddings}.position_embeddings.weight`),
      one('embeddings.tokenType', [a.tokenTypeCount, size], `${embeddings}.token_type_embeddings.weight`),
      ...norm('embeddings.norm', `${embeddings}.LayerNorm`, size),
      ...linear('embeddings.projection', `${prefix}encoder.embedding_hidden_mapping_in`, hidden, size),
      ...a.layers.flatMap((_, n) => {
        const name = `layers.${n}`;
        return [
          ...queryKeyValue.flatMap((stage) =>
            linear(`${name}.${stage}`, `${layer}.attention.${stage}`, hidden, hidden),
          ),
          ...linear(`${name}.attentionOutput`, `${layer}.attention.dense`, hidden, hidden),
          ...norm(`${name}.attentionNorm`, `${layer}.attention.LayerNorm`, hidden),
          ...linear(`${name}.inner`, `${layer}.ffn`, inner, hidden),
          ...linear(`${name}.outer`, `${layer}.ffn_output`, hidden, inner),
          ...norm(`${name}.outputNorm`, `${layer}.full_layer_layer_norm`, hidden),
        ];
      }),
      ...(a.head
        ? [
            ...linear('head.transform', 'predictions.dense', size, hidden),
            ...norm('head.norm', 'predictions.LayerNorm', size),
            one('head.decoder.bias', [a.vocabularySize], 'predictions.bias'),
          ]
        : []),
      ...(a.head && !a.head.tied
        ? [one('head.decoder.weight', [a.vocabularySize, size], 'predictions.decoder.weight')]
        : []),
      ...classifierParameters(a, { dense: `${prefix}pooler`, labels: 'classifier', tokens: 'classifier' }),
    ];
  },
};
