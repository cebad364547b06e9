import type { Family } from '../architecture.ts';
import { bertArchitecture, bertEncoder, classifierParameters } from './bert.ts';
import { linear, norm, one } from './naming.ts';
import { classifierOf } from './reading.ts';

/** ELECTRA (Clark et al. 2020), KoELECTRA among them: BERT with narrow embeddings; its discriminator says for each token whether it was replaced. */
export const electra: Family = {
  modelType: 'electra',
  knownBuffers: /(^|\.)embeddings\.position_ids$|^generator_lm_head\.weight$/,
  ignoredFields: /^(summary_.*|generator_size)$/,
  architecture(config) {
    const architecture = bertArchitecture('electra', config, 30522);
    const embeddingSize = config.count('embedding_size', 128);
    const tied = config.flag('tie_word_embeddings', true);
    const masked = config.architectures.some((name) => name === 'ElectraForMaskedLM');
    const discriminates = config.architectures.some((name) => name === 'ElectraForPreTraining');
    return {
      ...architecture,
      embeddingSize,
      embeddingProjection: embeddingSize === architecture.hiddenSize ? null : 'normed',
      head: masked ? { transform: { activation: 'gelu', bias: true }, tied, bias: true, scale: 1, softcap: 0 } : null,
      classifier: discriminates
        ? {
            of: 'tokens',
            says: 'one',
            labels: ['replaced'],
            activation: architecture.activation,
            bias: true,
            norm: false,
          }
        : classifierOf(config, { of: 'first', activation: 'gelu', bias: true, norm: false }),
    };
  },
  parameters(a, tensors) {
    const prefix = tensors.has('embeddings.word_embeddings.weight') ? '' : 'electra.';
    const discriminates = a.classifier?.of === 'tokens' && a.classifier.activation !== null;
    return [
      ...bertEncoder(a, prefix),
      ...(a.head
        ? [
            ...linear('head.transform', 'generator_predictions.dense', a.embeddingSize, a.hiddenSize),
            ...norm('head.norm', 'generator_predictions.LayerNorm', a.embeddingSize),
            one('head.decoder.bias', [a.vocabularySize], 'generator_lm_head.bias'),
          ]
        : []),
      ...(a.head && !a.head.tied
        ? [one('head.decoder.weight', [a.vocabularySize, a.embeddingSize], 'generator_lm_head.weight')]
        : []),
      ...(discriminates
        ? classifierParameters(a, {
            dense: 'discriminator_predictions.dense',
            labels: '',
            tokens: 'discriminator_predictions.dense_prediction',
          })
        : classifierParameters(a, { dense: 'classifier.dense', labels: 'classifier.out_proj', tokens: 'classifier' })),
    ];
  },
};
