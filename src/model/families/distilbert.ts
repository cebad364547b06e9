import type { Family } from '../architecture.ts';
import { classifierParameters } from './bert.ts';
import { everyLayer, linear, norm, one } from './naming.ts';
import { activations, alone, classifierOf, headSizeOf, plainLayer, plainStack } from './reading.ts';

/** DistilBERT (Sanh et al. 2019): BERT without segments, by other names. */
export const distilbert: Family = {
  modelType: 'distilbert',
  knownBuffers: /(^|\.)embeddings\.position_ids$|^vocab_projector\.weight$/,
  ignoredFields: /^(dropout|seq_classif_dropout|qa_dropout|sinusoidal_pos_embds|output_past)$/,
  architecture(config) {
    const hiddenSize = config.count('dim', 768);
    const headCount = config.count('n_heads', 12);
    const headSize = headSizeOf(config, hiddenSize, headCount, { size: 'dim' });
    const layerCount = config.count('n_layers', 6);
    const activation = config.choice('activation', activations, 'gelu');
    const tied = config.flag('tie_word_embeddings', true);
    const masked = config.architectures.some((name) => /ForMaskedLM$/.test(name));
    return {
      ...plainStack,
      ...alone,
      family: 'distilbert',
      hiddenSize,
      layerCount,
      headCount,
      keyValueHeadCount: headCount,
      headSize,
      innerSize: config.count('hidden_dim', 3072),
      positionCount: config.count('max_position_embeddings', 512),
      positionOffset: 0,
      vocabularySize: config.count('vocab_size', 30522),
      embeddingSize: hiddenSize,
      embeddingProjection: null,
      embeddingNorm: true,
      tokenTypeCount: 0,
      normPlacement: 'after',
      normEpsilon: 1e-12,
      finalNorm: false,
      activation,
      causal: false,
      layers: everyLayer(layerCount, () => plainLayer(headSize, false)),
      head: masked ? { transform: { activation, bias: true }, tied, bias: true, scale: 1, softcap: 0 } : null,
      classifier: classifierOf(config, { of: 'first', activation: 'relu', bias: true, norm: false }),
    };
  },
  parameters(a, tensors) {
    const prefix = tensors.has('embeddings.word_embeddings.weight') ? '' : 'distilbert.';
    const [hidden, inner] = [a.hiddenSize, a.innerSize];
    const maps = {
      query: 'attention.q_lin',
      key: 'attention.k_lin',
      value: 'attention.v_lin',
      attentionOutput: 'attention.out_lin',
    };
    return [
      one('embeddings.token', [a.vocabularySize, hidden], `${prefix}embeddings.word_embeddings.weight`),
      one('embeddings.position', [a.positionCount, hidden], `${prefix}embeddings.position_embeddings.weight`),
      ...norm('embeddings.norm', `${prefix}embeddings.LayerNorm`, hidden),
      ...a.layers.flatMap((_, n) => {
        const [name, layer] = [`layers.${n}`, `${prefix}transformer.layer.${n}`];
        return [
          ...Object.entries(maps).flatMap(([own, theirs]) =>
            linear(`${name}.${own}`, `${layer}.${theirs}`, hidden, hidden),
          ),
          ...norm(`${name}.attentionNorm`, `${layer}.sa_layer_norm`, hidden),
          ...linear(`${name}.inner`, `${layer}.ffn.lin1`, inner, hidden),
          ...linear(`${name}.outer`, `${layer}.ffn.lin2`, hidden, inner),
          ...norm(`${name}.outputNorm`, `${layer}.output_layer_norm`, hidden),
        ];
      }),
      ...(a.head
        ? [
            ...linear('head.transform', 'vocab_transform', hidden, hidden),
            ...norm('head.norm', 'vocab_layer_norm', hidden),
            one('head.decoder.bias', [a.vocabularySize], 'vocab_projector.bias'),
          ]
        : []),
      ...(a.head && !a.head.tied
        ? [one('head.decoder.weight', [a.vocabularySize, hidden], 'vocab_projector.weight')]
        : []),
      ...classifierParameters(a, { dense: 'pre_classifier', labels: 'classifier', tokens: 'classifier' }),
    ];
  },
};
