import type { Family, ParameterSource } from '../architecture.ts';

/** BERT (Devlin et al. 2019) as Hugging Face writes it: encoder, norms after the sum, a masked-token head where there is one. */
export const bert: Family = {
  modelType: 'bert',
  knownBuffers:
    /(^|\.)embeddings\.position_ids$|^cls\.predictions\.decoder\.(weight|bias)$|(^|\.)pooler\.dense\.(weight|bias)$|^cls\.seq_relationship\.(weight|bias)$/,
  architecture(config) {
    config.only('position_embedding_type', 'absolute');
    config.only('is_decoder', false);
    config.only('add_cross_attention', false);
    const hiddenSize = config.count('hidden_size', 768);
    const headCount = config.count('num_attention_heads', 12);
    return {
      family: 'bert',
      hiddenSize,
      layerCount: config.count('num_hidden_layers', 12),
      headCount,
      keyValueHeadCount: headCount,
      headSize: hiddenSize / headCount,
      innerSize: config.count('intermediate_size', 3072),
      positionCount: config.count('max_position_embeddings', 512),
      vocabularySize: config.count('vocab_size', 30522),
      tokenTypeCount: config.count('type_vocab_size', 2),
      normPlacement: 'after',
      normEpsilon: config.number('layer_norm_eps', 1e-12),
      embeddingNorm: true,
      finalNorm: false,
      activation: config.choice(
        'hidden_act',
        { gelu: 'gelu', gelu_new: 'geluTanh', relu: 'relu', silu: 'silu' },
        'gelu',
      ),
      causal: false,
      head: config.architectures.some((name) => /For(MaskedLM|PreTraining)$/.test(name))
        ? { transform: true, tied: config.flag('tie_word_embeddings', true), bias: true }
        : null,
    };
  },
  parameters(a, tensors) {
    const prefix = tensors.has('bert.embeddings.word_embeddings.weight') || a.head ? 'bert.' : '';
    const [hidden, inner] = [a.hiddenSize, a.innerSize];
    const pair = (name: string, tensor: string, outputs: number, inputs?: number): ParameterSource[] => [
      {
        name: `${name}.weight`,
        shape: inputs === undefined ? [outputs] : [outputs, inputs],
        tensor: `${tensor}.weight`,
      },
      { name: `${name}.bias`, shape: [outputs], tensor: `${tensor}.bias` },
    ];
    const embeddings = `${prefix}embeddings`;
    const sources: ParameterSource[] = [
      { name: 'embeddings.token', shape: [a.vocabularySize, hidden], tensor: `${embeddings}.word_embeddings.weight` },
      {
        name: 'embeddings.position',
        shape: [a.positionCount, hidden],
        tensor: `${embeddings}.position_embeddings.weight`,
      },
      {
        name: 'embeddings.tokenType',
        shape: [a.tokenTypeCount, hidden],
        tensor: `${embeddings}.token_type_embeddings.weight`,
      },
      ...pair('embeddings.norm', `${embeddings}.LayerNorm`, hidden),
    ];
    for (let n = 0; n < a.layerCount; n++) {
      const layer = `${prefix}encoder.layer.${n}`;
      sources.push(
        ...pair(`layers.${n}.query`, `${layer}.attention.self.query`, hidden, hidden),
        ...pair(`layers.${n}.key`, `${layer}.attention.self.key`, hidden, hidden),
        ...pair(`layers.${n}.value`, `${layer}.attention.self.value`, hidden, hidden),
        ...pair(`layers.${n}.attentionOutput`, `${layer}.attention.output.dense`, hidden, hidden),
        ...pair(`layers.${n}.attentionNorm`, `${layer}.attention.output.LayerNorm`, hidden),
        ...pair(`layers.${n}.inner`, `${layer}.intermediate.dense`, inner, hidden),
        ...pair(`layers.${n}.outer`, `${layer}.output.dense`, hidden, inner),
        ...pair(`layers.${n}.outputNorm`, `${layer}.output.LayerNorm`, hidden),
      );
    }
    if (a.head) {
      sources.push(
        ...pair('head.transform', 'cls.predictions.transform.dense', hidden, hidden),
        ...pair('head.norm', 'cls.predictions.transform.LayerNorm', hidden),
        { name: 'head.decoder.bias', shape: [a.vocabularySize], tensor: 'cls.predictions.bias' },
      );
      if (!a.head.tied)
        sources.push({
          name: 'head.decoder.weight',
          shape: [a.vocabularySize, hidden],
          tensor: 'cls.predictions.decoder.weight',
        });
    }
    return sources;
  },
};
