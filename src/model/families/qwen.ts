import type { Family } from '../architecture.ts';
import type { ConfigReader } from '../config.ts';
import {
  biasesOf,
  type Differences,
  llamaArchitecture,
  llamaBuffers,
  llamaParameters,
  slidingLayers,
} from './llamaLike.ts';

/** The upper layers slide, from `max_window_layers` on, where `use_sliding_window` says so. */
function slidingAbove(config: ConfigReader): NonNullable<Differences['layer']> {
  const layerCount = config.count('num_hidden_layers');
  const first = config.whole('max_window_layers', 28);
  const slides = config.flag('use_sliding_window', false);
  const window = slides && config.has('sliding_window') ? config.count('sliding_window') : null;
  config.has('sliding_window');
  const layers = slidingLayers(config, layerCount, (n) => n >= first);
  return (n) => ({ left: window !== null && layers[n] ? window - 1 : -1 });
}

/** Qwen 2 and 2.5 (Yang et al. 2024): LLaMA with biases on query, key and value. */
export const qwen2: Family = {
  modelType: 'qwen2',
  knownBuffers: llamaBuffers,
  architecture: (config) =>
    llamaArchitecture('qwen2', config, {
      keyValueHeads: 32,
      biases: { queryKeyValue: true, attentionOutput: false, feedForward: false },
      layer: slidingAbove(config),
    }),
  parameters: llamaParameters(),
};

const qwen3Differences = (config: ConfigReader): Differences => ({
  headSize: config.count('head_dim', 128),
  stack: { queryKeyNorm: true },
  biases: { ...biasesOf(config), feedForward: false },
  layer: slidingAbove(config),
});

/** Qwen 3 (Yang et al. 2025): a norm on each head's queries and keys, head size apart from the width. */
export const qwen3: Family = {
  modelType: 'qwen3',
  knownBuffers: llamaBuffers,
  architecture: (config) => llamaArchitecture('qwen3', config, { ...qwen3Differences(config), keyValueHeads: 32 }),
  parameters: llamaParameters(),
};

/** Qwen 3 with a mixture of experts in every `decoder_sparse_step`-th layer but those of `mlp_only_layers`. */
export const qwen3Moe: Family = {
  modelType: 'qwen3_moe',
  knownBuffers: llamaBuffers,
  ignoredFields: /^(router_aux_loss_coef|output_router_logits)$/,
  architecture(config) {
    const differences = qwen3Differences(config);
    const step = config.count('decoder_sparse_step', 1);
    const dense = config.list('mlp_only_layers') ?? [];
    return llamaArchitecture('qwen3_moe', config, {
      ...differences,
      keyValueHeads: 4,
      experts: {
        count: config.count('num_experts', 128),
        chosen: config.count('num_experts_per_tok', 8),
        innerSize: config.count('moe_intermediate_size', 768),
        normalized: config.flag('norm_topk_prob', false),
      },
      layer: (n, layer) => ({
        ...differences.layer!(n, layer),
        experts: !dense.includes(n) && (n + 1) % step === 0,
      }),
    });
  },
  parameters: llamaParameters({
    experts: { router: 'mlp.gate', expert: (n) => `mlp.experts.${n}`, maps: ['gate_proj', 'up_proj', 'down_proj'] },
  }),
};
