import type { Architecture, Classifier, Family, ParameterSource } from '../architecture.ts';
import type { ConfigReader } from '../config.ts';
import { everyLayer, linear, norm, one, queryKeyValue } from './naming.ts';
import { activations, alone, classifierOf, headSizeOf, plainLayer, plainStack } from './reading.ts';

/** An encoder of BERT's kind (Devlin et al. 2019) from the fields that BERT, RoBERTa and ELECTRA share. */
export function bertArchitecture(
  family: string,
  config: ConfigReader,
  vocabularySize: number,
  segments = 2,
): Omit<Architecture, 'head' | 'classifier'> {
  config.only('position_embedding_type', 'absolute');
  config.only('is_decoder', false);
  config.only('add_cross_attention', false);
  const hiddenSize = config.count('hidden_size', 768);
  const headCount = config.count('num_attention_heads', 12);
  const headSize = headSizeOf(config, hiddenSize, headCount);
  const layerCount = config.count('num_hidden_layers', 12);
  return {
    ...plainStack,
    ...alone,
    family,
    hiddenSize,
    layerCount,
    headCount,
    keyValueHeadCount: headCount,
    headSize,
    innerSize: config.count('intermediate_size', 3072),
    positionCount: config.count('max_position_embeddings', 512),
    positionOffset: 0,
    vocabularySize: config.count('vocab_size', vocabularySize),
    embeddingSize: hiddenSize,
    embeddingProjection: null,
    embeddingNorm: true,
    tokenTypeCount: config.whole('type_vocab_size', segments),
    normPlacement: 'after',
    normEpsilon: config.above('layer_norm_eps', 1e-12),
    finalNorm: false,
    activation: config.choice('hidden_act', activations, 'gelu'),
    causal: false,
    layers: everyLayer(layerCount, () => plainLayer(headSize, false)),
  };
}

/** Where BERT, RoBERTa and ELECTRA keep embeddings and layers; tensors begin with `prefix`. */
export function bertEncoder(a: Architecture, prefix: string): ParameterSource[] {
  const { hiddenSize: hidden, innerSize: inner, embeddingSize: size } = a;
  const embeddings = `${prefix}embeddings`;
  return [
    one('embeddings.token', [a.vocabularySize, size], `${embeddings}.word_embeddings.weight`),
    one(
      'embeddings.position',
      [a.positionCount + (a.positionOffset ?? 0), size],
      `${embeddings}.position_embeddings.weight`,
    ),
    one('embeddings.tokenType', [a.tokenTypeCount, size], `${embeddings}.token_type_embeddings.weight`),
    ...norm('embeddings.norm', `${embeddings}.LayerNorm`, size),
    ...(a.embeddingProjection ? linear('embeddings.projection', `${prefix}embeddings_project`, hidden, size) : []),
    ...a.layers.flatMap((_, n) => {
      const [name, layer] = [`layers.${n}`, `${prefix}encoder.layer.${n}`];
      return [
        ...queryKeyValue.flatMap((stage) =>
          linear(`${name}.${stage}`, `${layer}.attention.self.${stage}`, hidden, hidden),
        ),
        ...linear(`${name}.attentionOutput`, `${layer}.attention.output.dense`, hidden, hidden),
        ...norm(`${name}.attentionNorm`, `${layer}.attention.output.LayerNorm`, hidden),
        ...linear(`${name}.inner`, `${layer}.intermediate.dense`, inner, hidden),
        ...linear(`${name}.outer`, `${layer}.output.dense`, hidden, inner),
        ...norm(`${name}.outputNorm`, `${layer}.output.LayerNorm`, hidden),
      ];
    }),
  ];
}

/** A classifier whose dense layer is at `dense`, and whose labels' own is at `labels`; of tokens there is no dense layer. */
export const classifierParameters = (
  a: Architecture,
  { dense, labels, tokens }: { readonly dense: string; readonly labels: string; readonly tokens: string },
): ParameterSource[] =>
  a.classifier
    ? [
        ...(a.classifier.activation ? linear('classifier.dense', dense, a.hiddenSize, a.hiddenSize) : []),
        ...linear(
          'classifier.labels',
          a.classifier.of === 'tokens' ? tokens : labels,
          a.classifier.labels.length,
          a.hiddenSize,
        ),
      ]
    : [];

/** Where encoder-decoders keep a classifier. */
export const classificationHead = {
  dense: 'classification_head.dense',
  labels: 'classification_head.out_proj',
  tokens: 'classifier',
};

const ofText: Omit<Classifier, 'labels' | 'says'> = { of: 'first', activation: 'tanh', bias: true, norm: false };

/** BERT (Devlin et al. 2019), klue/bert-base among them: norms after the sums, a masked-token head where there is one. */
export const bert: Family = {
  modelType: 'bert',
  knownBuffers:
    /(^|\.)embeddings\.position_ids$|^cls\.predictions\.decoder\.(weight|bias)$|(^|\.)pooler\.dense\.(weight|bias)$|^cls\.seq_relationship\.(weight|bias)$/,
  ignoredFields: /^(pooler_.*|directionality|gradient_checkpointing|position_biased_input)$/,
  architecture(config) {
    const architecture = bertArchitecture('bert', config, 30522);
    const tied = config.flag('tie_word_embeddings', true);
    const masked = config.architectures.some((name) => /For(MaskedLM|PreTraining)$/.test(name));
    return {
      ...architecture,
      head: masked
        ? { transform: { activation: architecture.activation, bias: true }, tied, bias: true, scale: 1, softcap: 0 }
        : null,
      classifier: classifierOf(config, ofText),
    };
  },
  parameters(a, tensors) {
    const prefix = tensors.has('bert.embeddings.word_embeddings.weight') || a.head || a.classifier ? 'bert.' : '';
    const hidden = a.hiddenSize;
    return [
      ...bertEncoder(a, prefix),
      ...(a.head
        ? [
            ...linear('head.transform', 'cls.predictions.transform.dense', hidden, hidden),
            ...norm('head.norm', 'cls.predictions.transform.LayerNorm', hidden),
            one('head.decoder.bias', [a.vocabularySize], 'cls.predictions.bias'),
          ]
        : []),
      ...(a.head && !a.head.tied
        ? [one('head.decoder.weight', [a.vocabularySize, hidden], 'cls.predictions.decoder.weight')]
        : []),
      ...classifierParameters(a, { dense: `${prefix}pooler.dense`, labels: 'classifier', tokens: 'classifier' }),
    ];
  },
};
