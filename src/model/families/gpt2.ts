import type { Family, ParameterSource } from '../architecture.ts';

/** GPT-2 (Radford et al. 2019) as Hugging Face writes it: decoder, norms before the blocks, linear maps stored transposed. */
export const gpt2: Family = {
  modelType: 'gpt2',
  knownBuffers: /\.attn\.(bias|masked_bias)$/,
  architecture(config) {
    config.only('scale_attn_weights', true);
    config.only('scale_attn_by_inverse_layer_idx', false);
    config.only('reorder_and_upcast_attn', false, true); // the same numbers, another order of rounding
    config.only('add_cross_attention', false);
    const hiddenSize = config.count('n_embd', 768);
    const headCount = config.count('n_head', 12);
    return {
      family: 'gpt2',
      hiddenSize,
      layerCount: config.count('n_layer', 12),
      headCount,
      keyValueHeadCount: headCount,
      headSize: hiddenSize / headCount,
      innerSize: config.count('n_inner', 4 * hiddenSize),
      positionCount: config.count('n_positions', 1024),
      vocabularySize: config.count('vocab_size', 50257),
      tokenTypeCount: 0,
      normPlacement: 'before',
      normEpsilon: config.number('layer_norm_epsilon', 1e-5),
      embeddingNorm: false,
      finalNorm: true,
      activation: config.choice(
        'activation_function',
        { gelu_new: 'geluTanh', gelu: 'gelu', relu: 'relu', silu: 'silu', tanh: 'tanh' },
        'gelu_new',
      ),
      causal: true,
      head: config.architectures.includes('GPT2LMHeadModel')
        ? { transform: false, tied: config.flag('tie_word_embeddings', true), bias: false }
        : null,
    };
  },
  parameters(a, tensors) {
    const prefix = tensors.has('wte.weight') ? '' : 'transformer.';
    const [hidden, inner] = [a.hiddenSize, a.innerSize];
    const linear = (
      name: string,
      tensor: string,
      outputs: number,
      inputs: number,
      part?: ParameterSource['part'],
    ): ParameterSource[] => [
      {
        name: `${name}.weight`,
        shape: [outputs, inputs],
        tensor: `${tensor}.weight`,
        transposed: true,
        ...(part && { part }),
      },
      { name: `${name}.bias`, shape: [outputs], tensor: `${tensor}.bias`, ...(part && { part }) },
    ];
    const norm = (name: string, tensor: string): ParameterSource[] => [
      { name: `${name}.weight`, shape: [hidden], tensor: `${tensor}.weight` },
      { name: `${name}.bias`, shape: [hidden], tensor: `${tensor}.bias` },
    ];
    const sources: ParameterSource[] = [
      { name: 'embeddings.token', shape: [a.vocabularySize, hidden], tensor: `${prefix}wte.weight` },
      { name: 'embeddings.position', shape: [a.positionCount, hidden], tensor: `${prefix}wpe.weight` },
    ];
    for (let n = 0; n < a.layerCount; n++) {
      const layer = `${prefix}h.${n}`;
      sources.push(
        ...linear(`layers.${n}.query`, `${layer}.attn.c_attn`, hidden, hidden, { index: 0, count: 3 }),
        ...linear(`layers.${n}.key`, `${layer}.attn.c_attn`, hidden, hidden, { index: 1, count: 3 }),
        ...linear(`layers.${n}.value`, `${layer}.attn.c_attn`, hidden, hidden, { index: 2, count: 3 }),
        ...linear(`layers.${n}.attentionOutput`, `${layer}.attn.c_proj`, hidden, hidden),
        ...norm(`layers.${n}.attentionNorm`, `${layer}.ln_1`),
        ...linear(`layers.${n}.inner`, `${layer}.mlp.c_fc`, inner, hidden),
        ...linear(`layers.${n}.outer`, `${layer}.mlp.c_proj`, hidden, inner),
        ...norm(`layers.${n}.outputNorm`, `${layer}.ln_2`),
      );
    }
    sources.push(...norm('finalNorm', `${prefix}ln_f`));
    if (a.head && !a.head.tied)
      sources.push({ name: 'head.decoder.weight', shape: [a.vocabularySize, hidden], tensor: 'lm_head.weight' });
    return sources;
  },
};
