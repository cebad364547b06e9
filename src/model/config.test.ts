import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readConfig } from './index.ts';

const configOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`../../test/families/${name}/config.json`, import.meta.url), 'utf8')) as Record<
    string,
    unknown
  >;
const read = (name: string, changes: Record<string, unknown> = {}) => readConfig({ ...configOf(name), ...changes });

describe('a config.json', () => {
  it.each([
    ['deberta-v2', { pos_att_type: 'p2c|c2p' }],
    ['gpt_neox', { num_steps: 'global_step301000' }],
    ['opt', { prefix: '</s>' }],
    ['bart', { add_bias_logits: false, do_blenderbot_90_layernorm: false }],
    ['phi3', { attention_bias: false, mlp_bias: false, lm_head_bias: false, full_attn_mod: 1, interpolate_factor: 1 }],
    ['llama', { logits_scaling: 1, embd_pdrop: 0.2, resid_pdrop: 0.2 }],
  ])('of %s is read with fields that published ones have: %j', (name, changes) => {
    expect(read(name, changes).architecture).toEqual(read(name).architecture);
  });
  it.each([
    ['bert', { hidden_act: 'quick_gelu' }, 'hidden_act'],
    ['bert', { position_embedding_type: 'relative_key' }, 'position_embedding_type'],
    ['bert', { is_decoder: true }, 'is_decoder'],
    ['bert', { hidden_size: 13 }, 'hidden_size'],
    ['albert', { num_hidden_groups: 2 }, 'num_hidden_groups'],
    ['gpt2', { add_cross_attention: true }, 'add_cross_attention'],
    ['gpt2', { n_layer: 2.5 }, 'n_layer'],
    ['llama', { num_key_value_heads: 4 }, 'num_key_value_heads'],
    ['llama', { rope_scaling: { rope_type: 'mystery', factor: 2 } }, 'rope_scaling.rope_type'],
    ['llama', { rope_scaling: { rope_type: 'llama3', factor: 2 } }, 'rope_scaling.low_freq_factor'],
    ['phi3', { rope_scaling: { type: 'longrope', short_factor: [1], long_factor: [1] } }, 'rope_scaling.short_factor'],
    ['gemma3_text', { layer_types: ['sliding_attention', 'mystery', 'full_attention'] }, 'layer_types'],
    ['gemma3_text', { use_bidirectional_attention: true }, 'use_bidirectional_attention'],
    ['exaone4', { layer_types: null }, 'layer_types'],
    ['bloom', { apply_residual_connection_post_layernorm: true }, 'apply_residual_connection_post_layernorm'],
    ['opt', { layer_norm_elementwise_affine: false }, 'layer_norm_elementwise_affine'],
    ['deberta-v2', { pos_att_type: 'p2c|p2p' }, 'pos_att_type'],
    ['deberta-v2', { conv_kernel_size: 3 }, 'conv_kernel_size'],
    ['t5', { feed_forward_proj: 'gated-mystery' }, 'feed_forward_proj'],
    ['bart', { normalize_before: true }, 'normalize_before'],
    ['bart', { d_model: 13 }, 'd_model'],
    ['gpt2', { n_embd: 13 }, 'n_embd'],
    ['distilbert', { dim: 13 }, 'dim'],
    ['bart', { decoder_start_token_id: 300 }, 'decoder_start_token_id'],
    ['bart-classes', { eos_token_id: 300 }, 'eos_token_id'],
    ['t5-classes', { eos_token_id: 300 }, 'eos_token_id'],
    ['llama', { quantization_config: { bits: 4 } }, 'quantization_config'],
  ])('of %s that says %j is refused, and the field is named', (name, changes, field) => {
    expect(() => read(name, changes)).toThrow(`config.json: ${field}`);
  });
  it('with a field that nothing here knows is refused, until it is said to change nothing', () => {
    const config = { ...configOf('llama'), residual_multiplier: 0.5 };
    expect(() => readConfig(config)).toThrow('residual_multiplier');
    expect(readConfig(config, { ignoreFields: ['residual_multiplier'] }).architecture).toEqual(
      read('llama').architecture,
    );
  });
  it('of a family that is not here names those that are', () => {
    expect(() => readConfig({ model_type: 'mystery' })).toThrow('llama');
  });
  it('says the same in the words of newer files: rope_parameters instead of rope_theta and rope_scaling', () => {
    const { rope_theta, rope_scaling, ...rest } = configOf('llama') as { rope_theta: number; rope_scaling: object };
    const newer = { ...rest, rope_parameters: { rope_theta, ...rope_scaling } };
    expect(readConfig(newer).architecture).toEqual(read('llama').architecture);
  });
  it('that stretches by length (dynamic) changes nothing up to its own length', () => {
    const plain = read('llama', { rope_scaling: null });
    expect(read('llama', { rope_scaling: { type: 'dynamic', factor: 4 } }).architecture).toEqual(plain.architecture);
  });
  it('names the tokens that end a text', () => {
    expect(read('llama', { eos_token_id: [2, 5] }).architecture.endTokens).toEqual([2, 5]);
  });
});
