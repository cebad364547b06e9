import type { Architecture, Family } from '../architecture.ts';
import { bertArchitecture, bertEncoder, classifierParameters } from './bert.ts';
import { linear, norm, one } from './naming.ts';
import { classifierOf } from './reading.ts';

/** RoBERTa (Liu et al. 2019) and XLM-RoBERTa (Conneau et al. 2020): BERT whose positions begin behind the padding's. */
const robertaLike = (modelType: string): Family => ({
  modelType,
  knownBuffers: /(^|\.)embeddings\.position_ids$|(^|\.)pooler\.dense\.(weight|bias)$|^lm_head\.decoder\.(weight|bias)$/,
  ignoredFields: /^(pooler_.*|gradient_checkpointing|output_past)$/,
  architecture(config) {
    const architecture = bertArchitecture(modelType, config, modelType === 'roberta' ? 50265 : 250002);
    // klue/roberta says pad_token_id 1, as the code does where nothing is said.
    const offset = (config.has('pad_token_id') ? config.whole('pad_token_id') : 1) + 1;
    const tied = config.flag('tie_word_embeddings', true);
    const masked = config.architectures.some((name) => /ForMaskedLM$/.test(name));
    return {
      ...architecture,
      positionCount: architecture.positionCount - offset,
      positionOffset: offset,
      head: masked ? { transform: { activation: 'gelu', bias: true }, tied, bias: true, scale: 1, softcap: 0 } : null,
      classifier: classifierOf(config, { of: 'first', activation: 'tanh', bias: true, norm: false }),
    };
  },
  parameters(a: Architecture, tensors) {
    const prefix = tensors.has('embeddings.word_embeddings.weight') ? '' : 'roberta.';
    const hidden = a.hiddenSize;
    return [
      ...bertEncoder(a, prefix),
      ...(a.head
        ? [
            ...linear('head.transform', 'lm_head.dense', hidden, hidden),
            ...norm('head.norm', 'lm_head.layer_norm', hidden),
            one('head.decoder.bias', [a.vocabularySize], 'lm_head.bias'),
          ]
        : []),
      ...(a.head && !a.head.tied
        ? [one('head.decoder.weight', [a.vocabularySize, hidden], 'lm_head.decoder.weight')]
        : []),
      ...classifierParameters(a, { dense: 'classifier.dense', labels: 'classifier.out_proj', tokens: 'classifier' }),
    ];
  },
});

export const roberta = robertaLike('roberta');
export const xlmRoberta = robertaLike('xlm-roberta');
