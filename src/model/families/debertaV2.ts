import type { Family } from '../architecture.ts';
import { bertArchitecture, classifierParameters } from './bert.ts';
import { everyLayer, linear, norm, one, queryKeyValue } from './naming.ts';
import { activations, classifierOf } from './reading.ts';

/** DeBERTa 2 and 3 (He et al. 2021, 2023): BERT whose scores add dot products with learned distances. */
export const debertaV2: Family = {
  modelType: 'deberta-v2',
  knownBuffers:
    /(^|\.)embeddings\.position_ids$|^(lm_predictions|mask_predictions)\.|^cls\.predictions\.decoder\.(weight|bias)$|(^|\.)pooler\.dense\.(weight|bias)$/,
  ignoredFields: /^(pooler_.*|attention_head_size|conv_act)$/,
  architecture(config) {
    config.only('relative_attention', true);
    config.only('conv_kernel_size', 0);
    const base = bertArchitecture('deberta-v2', config, 128100, 0);
    const embeddingSize = config.count('embedding_size', base.hiddenSize);
    const relative = config.whole('max_relative_positions', -1, -1);
    const reach = relative < 1 ? config.count('max_position_embeddings', 512) : relative;
    const buckets = config.whole('position_buckets', -1, -1);
    // DeBERTa 3 is published with p2c|c2p in one text.
    const named = config.isText('pos_att_type')
      ? config.text('pos_att_type', '').split('|')
      : (config.list('pos_att_type') ?? []);
    const kinds = named.map((kind) => String(kind).trim()).filter((kind) => kind !== '');
    if (kinds.some((kind) => kind !== 'c2p' && kind !== 'p2c')) throw config.refuse('pos_att_type', 'c2p and p2c');
    const norms = config.text('norm_rel_ebd', 'none');
    if (norms !== 'none' && norms !== 'layer_norm') throw config.refuse('norm_rel_ebd', 'none or layer_norm');
    const scale = 1 / Math.sqrt(base.headSize * (1 + kinds.length));
    const masked = config.architectures.some((name) => /ForMaskedLM$/.test(name));
    // A newer masked-token head is as wide as the layers, and the token embeddings are its decoder.
    const newer = !config.flag('legacy', true);
    if (masked && newer && embeddingSize !== base.hiddenSize)
      throw config.refuse('embedding_size', `${base.hiddenSize}, as hidden_size, with this head`);
    return {
      ...base,
      positionOffset: config.flag('position_biased_input', true) ? 0 : null,
      positionBias: {
        kind: 'disentangled',
        span: buckets > 0 ? buckets : reach,
        maxDistance: buckets > 0 ? reach : 0,
        contentToPosition: kinds.includes('c2p'),
        positionToContent: kinds.includes('p2c'),
        ...(!config.flag('share_att_key', false) && { ownMaps: true as const }),
        norm: norms === 'layer_norm',
      },
      embeddingSize,
      embeddingProjection: embeddingSize === base.hiddenSize ? null : 'sum',
      layers: everyLayer(base.layerCount, (n) => ({ ...base.layers[n]!, scale })),
      head: masked
        ? {
            transform: { activation: base.activation, bias: true },
            tied: config.flag('tie_word_embeddings', true) || newer,
            ...(newer && { layout: 'newer' as const }),
            bias: true,
            scale: 1,
            softcap: 0,
          }
        : null,
      classifier: classifierOf(config, {
        of: 'first',
        activation: config.choice('pooler_hidden_act', activations, 'gelu'),
        norm: false,
        bias: true,
      }),
    };
  },
  parameters(a, tensors) {
    const prefix = tensors.has('embeddings.word_embeddings.weight') ? '' : 'deberta.';
    const { hiddenSize: hidden, innerSize: inner, embeddingSize: size } = a;
    const embeddings = `${prefix}embeddings`;
    const bias = a.positionBias?.kind === 'disentangled' ? a.positionBias : null;
    const head = a.head?.layout === 'newer' ? 'lm_predictions.lm_head' : 'cls.predictions';
    const dense = a.head?.layout === 'newer' ? head : `${head}.transform`;
    return [
      one('embeddings.token', [a.vocabularySize, size], `${embeddings}.word_embeddings.weight`),
      ...(a.positionOffset === null
        ? []
        : [one('embeddings.position', [a.positionCount, size], `${embeddings}.position_embeddings.weight`)]),
      ...(a.tokenTypeCount > 0
        ? [one('embeddings.tokenType', [a.tokenTypeCount, size], `${embeddings}.token_type_embeddings.weight`)]
        : []),
      ...(a.embeddingProjection
        ? [one('embeddings.projection.weight', [hidden, size], `${embeddings}.embed_proj.weight`)]
        : []),
      ...norm('embeddings.norm', `${embeddings}.LayerNorm`, hidden),
      one('relativeEmbeddings', [2 * (bias?.span ?? 0), hidden], `${prefix}encoder.rel_embeddings.weight`),
      ...(bias?.norm ? norm('relativeEmbeddings.norm', `${prefix}encoder.LayerNorm`, hidden) : []),
      ...a.layers.flatMap((_, n) => {
        const [name, layer] = [`layers.${n}`, `${prefix}encoder.layer.${n}`];
        return [
          ...queryKeyValue.flatMap((stage) =>
            linear(`${name}.${stage}`, `${layer}.attention.self.${stage}_proj`, hidden, hidden),
          ),
          ...(bias?.ownMaps && bias.contentToPosition
            ? linear(`${name}.positionKey`, `${layer}.attention.self.pos_key_proj`, hidden, hidden)
            : []),
          ...(bias?.ownMaps && bias.positionToContent
            ? linear(`${name}.positionQuery`, `${layer}.attention.self.pos_query_proj`, hidden, hidden)
            : []),
          ...linear(`${name}.attentionOutput`, `${layer}.attention.output.dense`, hidden, hidden),
          ...norm(`${name}.attentionNorm`, `${layer}.attention.output.LayerNorm`, hidden),
          ...linear(`${name}.inner`, `${layer}.intermediate.dense`, inner, hidden),
          ...linear(`${name}.outer`, `${layer}.output.dense`, hidden, inner),
          ...norm(`${name}.outputNorm`, `${layer}.output.LayerNorm`, hidden),
        ];
      }),
      ...(a.head
        ? [
            ...linear('head.transform', `${dense}.dense`, size, hidden),
            ...norm('head.norm', `${dense}.LayerNorm`, size),
            one('head.decoder.bias', [a.vocabularySize], `${head}.bias`),
            ...(a.head.tied
              ? []
              : [one('head.decoder.weight', [a.vocabularySize, size], 'cls.predictions.decoder.weight')]),
          ]
        : []),
      ...classifierParameters(a, { dense: 'pooler.dense', labels: 'classifier', tokens: 'classifier' }),
    ];
  },
};
