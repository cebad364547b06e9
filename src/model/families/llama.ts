import type { Family } from '../architecture.ts';
import { biasesOf, llamaArchitecture, llamaBuffers, llamaParameters } from './llamaLike.ts';

/** LLaMA 1 to 3.x (Touvron et al. 2023; Grattafiori et al. 2024), and what is stored as such: Kanana, HyperCLOVA X SEED, SmolLM. */
export const llama: Family = {
  modelType: 'llama',
  knownBuffers: llamaBuffers,
  architecture(config) {
    config.only('logits_scaling', 1);
    return llamaArchitecture('llama', config, { biases: biasesOf(config) });
  },
  parameters: llamaParameters(),
};
