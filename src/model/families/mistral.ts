import type { Experts, Family } from '../architecture.ts';
import type { ConfigReader } from '../config.ts';
import { llamaArchitecture, llamaBuffers, llamaParameters } from './llamaLike.ts';

/** A window of `sliding_window` keys in every layer, the query's own position among them. */
const windowed = (config: ConfigReader): { left: number } => ({
  left: config.has('sliding_window') ? config.count('sliding_window') - 1 : -1,
});

/** Mistral (Jiang et al. 2023): LLaMA with a sliding window. */
export const mistral: Family = {
  modelType: 'mistral',
  knownBuffers: llamaBuffers,
  architecture: (config) => llamaArchitecture('mistral', config, { keyValueHeads: 8, layer: () => windowed(config) }),
  parameters: llamaParameters(),
};

/** Mixtral (Jiang et al. 2024): Mistral with a mixture of experts in every layer. */
export const mixtral: Family = {
  modelType: 'mixtral',
  knownBuffers: llamaBuffers,
  ignoredFields: /^(router_aux_loss_coef|output_router_logits|router_jitter_noise)$/,
  architecture(config) {
    const experts: Experts = {
      count: config.count('num_local_experts', 8),
      chosen: config.count('num_experts_per_tok', 2),
      innerSize: config.count('intermediate_size'),
      normalized: true,
    };
    return llamaArchitecture('mixtral', config, {
      keyValueHeads: 8,
      experts,
      layer: () => ({ experts: true, ...windowed(config) }),
    });
  },
  parameters: llamaParameters({
    experts: {
      router: 'block_sparse_moe.gate',
      expert: (n) => `block_sparse_moe.experts.${n}`,
      maps: ['w1', 'w3', 'w2'],
    },
  }),
};
