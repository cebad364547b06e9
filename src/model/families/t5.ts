import type { Family, ParameterSource, Stack } from '../architecture.ts';
import { classificationHead, classifierParameters } from './bert.ts';
import { everyLayer, linear, norm, one } from './naming.ts';
import { alone, classifierOf, languageHead, plainLayer, plainStack } from './reading.ts';

const feedForwards = {
  relu: { activation: 'relu', gated: false },
  gelu: { activation: 'gelu', gated: false },
  'gated-gelu': { activation: 'geluTanh', gated: true },
  'gated-silu': { activation: 'silu', gated: true },
  'gated-relu': { activation: 'relu', gated: true },
} as const;

const maps = { query: 'q', key: 'k', value: 'v', attentionOutput: 'o' };

/**
 * T5 (Raffel et al. 2020) and mT5 (Xue et al. 2021), KoT5 among them: encoder-decoders, or an encoder alone, without
 * positions but distances in buckets, unscaled scores.
 */
const t5Like = (modelType: string, tied: boolean, forward: keyof typeof feedForwards): Family => ({
  modelType,
  knownBuffers:
    /^(transformer\.)?(encoder|decoder)\.embed_tokens\.weight$|EncDecAttention\.relative_attention_bias\.weight$|^lm_head\.weight$/,
  ignoredFields: /^(dense_act_fn|is_gated_act|n_positions|num_decoder_layers|scalable_attention)$/,
  architecture(config) {
    const hiddenSize = config.count('d_model', 512);
    const headCount = config.count('num_heads', 8);
    const headSize = config.count('d_kv', 64);
    const layerCount = config.count('num_layers', 6);
    const buckets = config.count('relative_attention_num_buckets', 32);
    const maxDistance = config.count('relative_attention_max_distance', 128);
    const stack = (causal: boolean, layers: number): Stack => ({
      ...plainStack,
      hiddenSize,
      layerCount: layers,
      headCount,
      keyValueHeadCount: headCount,
      headSize,
      innerSize: config.count('d_ff', 2048),
      // Distances know no end; this is the length that the models were trained with.
      positionCount: config.count('n_positions', 512),
      positionBias: { kind: 'buckets', buckets, maxDistance, bothSides: !causal },
      norm: 'rms',
      normBias: false,
      normEpsilon: config.above('layer_norm_epsilon', 1e-6),
      ...config.choice('feed_forward_proj', feedForwards, forward),
      biases: { queryKeyValue: false, attentionOutput: false, feedForward: false },
      causal,
      layers: everyLayer(layers, () => ({ ...plainLayer(headSize, causal), scale: 1 })),
    });
    const head = languageHead(config, /For(ConditionalGeneration)$|WithLMHeadModel$/, tied);
    const encoderAlone = config.architectures.some((name) => /(EncoderModel|ForTokenClassification)$/.test(name));
    const stacks = encoderAlone
      ? { ...stack(false, layerCount), ...alone }
      : {
          ...stack(true, config.count('num_decoder_layers', layerCount)),
          encoder: stack(false, layerCount),
          decoderStart: config.whole('decoder_start_token_id', 0),
        };
    return {
      ...stacks,
      family: modelType,
      vocabularySize: config.count('vocab_size', 32128),
      embeddingSize: hiddenSize,
      embeddingProjection: null,
      tokenTypeCount: 0,
      head: head && { ...head, scale: head.tied ? 1 / Math.sqrt(hiddenSize) : 1 },
      classifier: classifierOf(config, {
        of: 'end',
        endToken: config.whole('eos_token_id', 1),
        activation: 'tanh',
        bias: true,
        norm: false,
      }),
    };
  },
  parameters(a) {
    const prefix = a.classifier ? 'transformer.' : '';
    const { hiddenSize: hidden } = a;
    const wide = a.headCount * a.headSize;
    const rms = (name: string, tensor: string) => norm(name, tensor, hidden, { bias: false });
    const attention = (name: string, tensor: string): ParameterSource[] =>
      Object.entries(maps).flatMap(([own, theirs]) =>
        own === 'attentionOutput'
          ? linear(`${name}.${own}`, `${tensor}.${theirs}`, hidden, wide, { bias: false })
          : linear(`${name}.${own}`, `${tensor}.${theirs}`, wide, hidden, { bias: false }),
      );
    // An encoder alone is the only stack, and its parameters have no side in their names.
    const stack = (side: 'encoder' | 'decoder', s: Stack, own = `${side}.`): ParameterSource[] => [
      one(
        `${own}relativeBias`,
        [s.positionBias?.kind === 'buckets' ? s.positionBias.buckets : 0, s.headCount],
        `${prefix}${side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`,
      ),
      ...s.layers.flatMap((_, n) => {
        const [name, block] = [`${own}layers.${n}`, `${prefix}${side}.block.${n}`];
        const last = `${block}.layer.${side === 'encoder' ? 1 : 2}`;
        const feed = (map: string, theirs: string, outputs: number, inputs: number) =>
          linear(`${name}.${map}`, `${last}.DenseReluDense.${theirs}`, outputs, inputs, { bias: false });
        return [
          ...attention(name, `${block}.layer.0.SelfAttention`),
          ...rms(`${name}.attentionNorm`, `${block}.layer.0.layer_norm`),
          ...(side === 'decoder'
            ? [
                ...attention(`${name}.cross`, `${block}.layer.1.EncDecAttention`),
                ...rms(`${name}.crossNorm`, `${block}.layer.1.layer_norm`),
              ]
            : []),
          ...(s.gated
            ? [...feed('gate', 'wi_0', s.innerSize, hidden), ...feed('inner', 'wi_1', s.innerSize, hidden)]
            : feed('inner', 'wi', s.innerSize, hidden)),
          ...feed('outer', 'wo', hidden, s.innerSize),
          ...rms(`${name}.outputNorm`, `${last}.layer_norm`),
        ];
      }),
      ...rms(`${own}finalNorm`, `${prefix}${side}.final_layer_norm`),
    ];
    return [
      one('embeddings.token', [a.vocabularySize, hidden], `${prefix}shared.weight`),
      ...(a.encoder ? [...stack('encoder', a.encoder), ...stack('decoder', a)] : stack('encoder', a, '')),
      ...(a.head && !a.head.tied ? [one('head.decoder.weight', [a.vocabularySize, hidden], 'lm_head.weight')] : []),
      ...classifierParameters(a, classificationHead),
    ];
  },
});

export const t5 = t5Like('t5', true, 'relu');
export const mt5 = t5Like('mt5', false, 'gated-gelu');
