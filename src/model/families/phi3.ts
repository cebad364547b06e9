import type { Family } from '../architecture.ts';
import { llamaArchitecture, llamaBuffers, llamaParameters } from './llamaLike.ts';

/** Phi 3 to 4 (Abdin et al. 2024): LLaMA with joined maps; part of a head may be turned. */
export const phi3: Family = {
  modelType: 'phi3',
  knownBuffers: llamaBuffers,
  // Every Phi says its original length, also where nothing is stretched.
  ignoredFields: /^(embd_pdrop|resid_pdrop|original_max_position_embeddings)$/,
  architecture(config) {
    for (const bias of ['attention_bias', 'mlp_bias', 'lm_head_bias']) config.only(bias, false);
    for (const unused of ['full_attn_mod', 'interpolate_factor']) config.only(unused, 1);
    const window = config.has('sliding_window') ? config.count('sliding_window') : null;
    return llamaArchitecture('phi3', config, {
      rotaryShare: config.above('partial_rotary_factor', 1),
      layer: () => ({ left: window === null ? -1 : window - 1 }),
    });
  },
  parameters: llamaParameters({ joined: true }),
};
