import type { Family } from '../architecture.ts';
import { everyLayer, headByHead, linear, norm, one, queryKeyValue } from './naming.ts';
import {
  activations,
  alone,
  classifierOf,
  headSizeOf,
  languageHead,
  plainLayer,
  plainStack,
  rotaryOf,
} from './reading.ts';

/** GPT-NeoX (Black et al. 2022), Polyglot-Ko and Pythia among them: parallel blocks, part of each head turned, maps joined head by head. */
export const gptNeox: Family = {
  modelType: 'gpt_neox',
  knownBuffers: /\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)$|^embed_out\.weight$/,
  ignoredFields: /^(hidden_dropout|classifier_dropout|num_steps)$/,
  architecture(config) {
    const hiddenSize = config.count('hidden_size', 6144);
    const headCount = config.count('num_attention_heads', 64);
    const headSize = headSizeOf(config, hiddenSize, headCount);
    const layerCount = config.count('num_hidden_layers', 44);
    const rotary = rotaryOf(config, headSize, {
      share: config.above('rotary_pct', 0.25),
      base: config.above('rotary_emb_base', 10_000),
    });
    const attentionBias = config.flag('attention_bias', true);
    return {
      ...plainStack,
      ...alone,
      family: 'gpt_neox',
      hiddenSize,
      layerCount,
      headCount,
      keyValueHeadCount: headCount,
      headSize,
      innerSize: config.count('intermediate_size', 24576),
      positionCount: config.count('max_position_embeddings', 2048),
      vocabularySize: config.count('vocab_size', 50432),
      embeddingSize: hiddenSize,
      embeddingProjection: null,
      tokenTypeCount: 0,
      normEpsilon: config.above('layer_norm_eps', 1e-5),
      parallel: config.flag('use_parallel_residual', true),
      activation: config.choice('hidden_act', activations, 'gelu'),
      biases: { queryKeyValue: attentionBias, attentionOutput: attentionBias, feedForward: true },
      causal: true,
      layers: everyLayer(layerCount, () => ({ ...plainLayer(headSize, true), rotary })),
      head: languageHead(config, /^GPTNeoXForCausalLM$/, false),
      classifier: classifierOf(config, { of: 'last', activation: null, bias: true, norm: false }),
    };
  },
  parameters(a, tensors) {
    const prefix = tensors.has('embed_in.weight') ? '' : 'gpt_neox.';
    const [hidden, inner] = [a.hiddenSize, a.innerSize];
    return [
      one('embeddings.token', [a.vocabularySize, hidden], `${prefix}embed_in.weight`),
      ...a.layers.flatMap((_, n) => {
        const [name, layer] = [`layers.${n}`, `${prefix}layers.${n}`];
        return [
          ...queryKeyValue.flatMap((stage, index) =>
            linear(`${name}.${stage}`, `${layer}.attention.query_key_value`, hidden, hidden, {
              bias: a.biases.queryKeyValue,
              rows: headByHead(a.headCount, a.headSize, index),
            }),
          ),
          ...linear(`${name}.attentionOutput`, `${layer}.attention.dense`, hidden, hidden, {
            bias: a.biases.attentionOutput,
          }),
          ...norm(`${name}.attentionNorm`, `${layer}.input_layernorm`, hidden),
          ...linear(`${name}.inner`, `${layer}.mlp.dense_h_to_4h`, inner, hidden),
          ...linear(`${name}.outer`, `${layer}.mlp.dense_4h_to_h`, hidden, inner),
          ...norm(`${name}.outputNorm`, `${layer}.post_attention_layernorm`, hidden),
        ];
      }),
      ...norm('finalNorm', `${prefix}final_layer_norm`, hidden),
      ...(a.head && !a.head.tied ? [one('head.decoder.weight', [a.vocabularySize, hidden], 'embed_out.weight')] : []),
      ...(a.classifier
        ? linear('classifier.labels', 'score', a.classifier.labels.length, hidden, { bias: false })
        : []),
    ];
  },
};
