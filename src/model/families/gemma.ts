import type { Family } from '../architecture.ts';
import type { ConfigReader } from '../config.ts';
import { type Differences, llamaArchitecture, llamaBuffers, llamaParameters, slidingLayers } from './llamaLike.ts';
import { activations, rotaryOf } from './reading.ts';

const sandwich = {
  attentionNorm: 'input_layernorm',
  attentionPostNorm: 'post_attention_layernorm',
  outputNorm: 'pre_feedforward_layernorm',
  outputPostNorm: 'post_feedforward_layernorm',
};

/** What all Gemmas share: tied embeddings times √hidden, gelu by tanh, head size apart from the width. */
function gemmaDifferences(config: ConfigReader, stack: Differences['stack'] = {}): Differences {
  const attention = config.flag('attention_bias', false);
  // The first checkpoints say gelu and mean its tanh form.
  const older = config.choice('hidden_act', { gelu: 'geluTanh', gelu_pytorch_tanh: 'geluTanh' }, 'gelu_pytorch_tanh');
  return {
    headSize: config.count('head_dim', 256),
    tied: true,
    activation: config.has('hidden_activation')
      ? config.choice('hidden_activation', activations)
      : (older as 'geluTanh'),
    biases: { queryKeyValue: attention, attentionOutput: attention, feedForward: false },
    stack: { embeddingScale: Math.sqrt(config.count('hidden_size')), ...stack },
  };
}

/** Gemma (Gemma Team 2024). */
export const gemma: Family = {
  modelType: 'gemma',
  knownBuffers: llamaBuffers,
  architecture: (config) => llamaArchitecture('gemma', config, { ...gemmaDifferences(config), keyValueHeads: 16 }),
  parameters: llamaParameters({ normPlus: 1 }),
};

/** Gemma 2 (Gemma Team 2024): norms around both blocks, soft-caps, every other layer sees a window. */
export const gemma2: Family = {
  modelType: 'gemma2',
  knownBuffers: llamaBuffers,
  ignoredFields: /^cache_implementation$/,
  architecture(config) {
    const window = config.count('sliding_window', 4096);
    const sliding = slidingLayers(config, config.count('num_hidden_layers'), (n) => n % 2 === 0);
    const softcap = config.has('attn_logit_softcapping') ? config.above('attn_logit_softcapping') : 0;
    const scale = 1 / Math.sqrt(config.above('query_pre_attn_scalar', 256));
    return llamaArchitecture('gemma2', config, {
      ...gemmaDifferences(config, { normPlacement: 'both', softcap }),
      keyValueHeads: 4,
      logitSoftcap: config.has('final_logit_softcapping') ? config.above('final_logit_softcapping') : 0,
      layer: (n) => ({ scale, left: sliding[n] ? window - 1 : -1 }),
    });
  },
  parameters: llamaParameters({ normPlus: 1, norms: sandwich }),
};

/** Gemma 3, text alone (Gemma Team 2025): norms on queries and keys instead of soft-caps; five layers with a window to one without, which turns more slowly. */
export const gemma3: Family = {
  modelType: 'gemma3_text',
  knownBuffers: llamaBuffers,
  ignoredFields: /^cache_implementation$/,
  architecture(config) {
    const window = config.count('sliding_window', 4096);
    config.only('use_bidirectional_attention', false);
    const every = config.count('sliding_window_pattern', config.count('_sliding_window_pattern', 6));
    const sliding = slidingLayers(config, config.count('num_hidden_layers'), (n) => (n + 1) % every !== 0);
    const scale = 1 / Math.sqrt(config.above('query_pre_attn_scalar', 256));
    const headSize = config.count('head_dim', 256);
    const [near, far] = rotations(config, headSize);
    return llamaArchitecture('gemma3_text', config, {
      ...gemmaDifferences(config, {
        normPlacement: 'both',
        queryKeyNorm: true,
        softcap: config.has('attn_logit_softcapping') ? config.above('attn_logit_softcapping') : 0,
      }),
      keyValueHeads: 4,
      logitSoftcap: config.has('final_logit_softcapping') ? config.above('final_logit_softcapping') : 0,
      rotary: far,
      layer: (n) => ({ scale, left: sliding[n] ? window - 1 : -1, rotary: sliding[n] ? near : far }),
    });
  },
  parameters: llamaParameters({ normPlus: 1, norms: sandwich }),
};

/** Rotation of layers with a window (unscaled, of `rope_local_base_freq`) and of those without. */
function rotations(config: ConfigReader, headSize: number) {
  const byType = config.object('rope_parameters');
  if (byType?.has('sliding_attention'))
    return (['sliding_attention', 'full_attention'] as const).map((type) =>
      rotaryOf(config, headSize, { parameters: byType.object(type) }),
    ) as [ReturnType<typeof rotaryOf>, ReturnType<typeof rotaryOf>];
  const far = rotaryOf(config, headSize, { base: 1_000_000 });
  const near = { rotated: far.rotated, base: config.above('rope_local_base_freq', 10_000), scaling: null };
  return [near, far] as const;
}
