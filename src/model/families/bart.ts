import type { Family, ParameterSource, Stack } from '../architecture.ts';
import type { ConfigReader } from '../config.ts';
import { classificationHead, classifierParameters } from './bert.ts';
import { everyLayer, linear, norm, one, queryKeyValue } from './naming.ts';
import { activations, classifierOf, headSizeOf, languageHead, plainLayer, plainStack } from './reading.ts';

function stackOf(config: ConfigReader, side: 'encoder' | 'decoder'): Stack {
  const hiddenSize = config.count('d_model', 1024);
  const headCount = config.count(`${side}_attention_heads`, 16);
  const headSize = headSizeOf(config, hiddenSize, headCount, { size: 'd_model' });
  const layerCount = config.count(`${side}_layers`, 12);
  const causal = side === 'decoder';
  return {
    ...plainStack,
    hiddenSize,
    layerCount,
    headCount,
    keyValueHeadCount: headCount,
    headSize,
    innerSize: config.count(`${side}_ffn_dim`, 4096),
    positionCount: config.count('max_position_embeddings', 1024),
    positionOffset: 2,
    embeddingScale: config.flag('scale_embedding', false) ? Math.sqrt(hiddenSize) : 1,
    embeddingNorm: true,
    normPlacement: 'after',
    normEpsilon: 1e-5,
    finalNorm: false,
    activation: config.choice('activation_function', activations, 'gelu'),
    causal,
    layers: everyLayer(layerCount, () => plainLayer(headSize, causal)),
  };
}

/** BART (Lewis et al. 2020), KoBART among them: an encoder-decoder with learned positions from row 2 on and norms after the sums. */
export const bart: Family = {
  modelType: 'bart',
  knownBuffers: /(^|\.)(encoder|decoder)\.(embed_tokens\.weight|version)$|^lm_head\.weight$/,
  ignoredFields:
    /^(num_hidden_layers|(encoder|decoder)_layerdrop|classifier_.*|extra_pos_embeddings|force_bos_token_to_be_generated|kobart_.*)$/,
  architecture(config) {
    config.only('normalize_before', false);
    config.only('normalize_embedding', true);
    config.only('add_final_layer_norm', false);
    config.only('add_bias_logits', false);
    config.only('do_blenderbot_90_layernorm', false);
    config.only('static_position_embeddings', false);
    const stack = stackOf(config, 'decoder');
    return {
      ...stack,
      encoder: stackOf(config, 'encoder'),
      decoderStart: config.whole('decoder_start_token_id', 2),
      family: 'bart',
      vocabularySize: config.count('vocab_size', 50265),
      embeddingSize: stack.hiddenSize,
      embeddingProjection: null,
      tokenTypeCount: 0,
      // Tied, the head has no parameters of its own: KoBART is published without its name.
      head: languageHead(config, /^Bart(ForConditionalGeneration|Model)$/, true),
      classifier: classifierOf(
        config,
        { of: 'end', endToken: config.whole('eos_token_id', 2), activation: 'tanh', bias: true, norm: false },
        null,
      ),
    };
  },
  parameters(a, tensors) {
    const prefix = tensors.has('shared.weight') ? '' : 'model.';
    const { hiddenSize: hidden } = a;
    const attention = (name: string, tensor: string): ParameterSource[] => [
      ...queryKeyValue.flatMap((stage) => linear(`${name}.${stage}`, `${tensor}.${stage[0]}_proj`, hidden, hidden)),
      ...linear(`${name}.attentionOutput`, `${tensor}.out_proj`, hidden, hidden),
    ];
    const stack = (side: 'encoder' | 'decoder', s: Stack): ParameterSource[] => [
      one(`${side}.embeddings.position`, [s.positionCount + 2, hidden], `${prefix}${side}.embed_positions.weight`),
      ...norm(`${side}.embeddings.norm`, `${prefix}${side}.layernorm_embedding`, hidden),
      ...s.layers.flatMap((_, n) => {
        const [name, layer] = [`${side}.layers.${n}`, `${prefix}${side}.layers.${n}`];
        return [
          ...attention(name, `${layer}.self_attn`),
          ...norm(`${name}.attentionNorm`, `${layer}.self_attn_layer_norm`, hidden),
          ...(side === 'decoder'
            ? [
                ...attention(`${name}.cross`, `${layer}.encoder_attn`),
                ...norm(`${name}.crossNorm`, `${layer}.encoder_attn_layer_norm`, hidden),
              ]
            : []),
          ...linear(`${name}.inner`, `${layer}.fc1`, s.innerSize, hidden),
          ...linear(`${name}.outer`, `${layer}.fc2`, hidden, s.innerSize),
          ...norm(`${name}.outputNorm`, `${layer}.final_layer_norm`, hidden),
        ];
      }),
    ];
    return [
      one('embeddings.token', [a.vocabularySize, hidden], `${prefix}shared.weight`),
      ...stack('encoder', a.encoder!),
      ...stack('decoder', a),
      ...(a.head && tensors.has('final_logits_bias')
        ? [one('head.decoder.bias', [a.vocabularySize], 'final_logits_bias', { stored: [1, a.vocabularySize] })]
        : []),
      ...(a.head && !a.head.tied ? [one('head.decoder.weight', [a.vocabularySize, hidden], 'lm_head.weight')] : []),
      ...classifierParameters(a, classificationHead),
    ];
  },
};
