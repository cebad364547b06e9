/** Checkpoints in Hugging Face layout, and what a GGUF file says of the same. */
import {
  bloomNames,
  byKind,
  divisors,
  exaoneNames,
  gpt2Names,
  llamaNames,
  neoxNames,
  plainNorms,
  plusOne,
  sandwichNorms,
  transposed,
  turned,
} from './conversion.mjs';
import { float } from './gguf.mjs';

const shared = {
  vocab_size: 151,
  hidden_size: 64,
  num_hidden_layers: 3,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  head_dim: 24,
  intermediate_size: 88,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  max_position_embeddings: 256,
  hidden_act: 'silu',
  tie_word_embeddings: false,
};
const llama3 = {
  rope_type: 'llama3',
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
};

const llamaMetadata = (c) => ({
  context_length: c.max_position_embeddings,
  embedding_length: c.hidden_size,
  block_count: c.num_hidden_layers ?? c.num_layers,
  feed_forward_length: c.intermediate_size,
  'attention.head_count': c.num_attention_heads,
  'attention.head_count_kv': c.num_key_value_heads,
  'attention.key_length': c.head_dim,
  'attention.value_length': c.head_dim,
  'attention.layer_norm_rms_epsilon': float(c.rms_norm_eps ?? c.layer_norm_epsilon),
  'rope.freq_base': float(c.rope_theta),
  'rope.dimension_count': c.head_dim,
});
const gpt2Metadata = (c) => ({
  context_length: c.n_positions,
  embedding_length: c.n_embd,
  block_count: c.n_layer,
  feed_forward_length: c.n_inner,
  'attention.head_count': c.n_head,
  'attention.layer_norm_epsilon': float(c.layer_norm_epsilon),
});

const llamaCase = (config, { metadata = {}, tensors = () => [] } = {}) => ({
  config: { model_type: 'llama', architectures: ['LlamaForCausalLM'], ...shared, ...config },
  architecture: 'llama',
  names: plainNorms,
  change: turned,
  metadata: (c) => ({ ...llamaMetadata(c), ...metadata }),
  added: tensors,
});
const qwen = (architecture, model, config, metadata = {}) => ({
  config: {
    model_type: architecture === 'qwen3moe' ? 'qwen3_moe' : architecture,
    architectures: [model],
    ...shared,
    ...config,
  },
  architecture,
  names: plainNorms,
  metadata: (c) => ({ ...llamaMetadata(c), ...metadata }),
});
const gemmaShared = {
  ...shared,
  tie_word_embeddings: true,
  rms_norm_eps: 1e-6,
  hidden_activation: 'gelu_pytorch_tanh',
  hidden_act: 'gelu_pytorch_tanh',
};
const neox = (parallel) => ({
  config: {
    model_type: 'gpt_neox',
    architectures: ['GPTNeoXForCausalLM'],
    vocab_size: 151,
    hidden_size: 96,
    num_attention_heads: 4,
    num_hidden_layers: 3,
    intermediate_size: 88,
    rotary_pct: 0.25,
    rotary_emb_base: 10_000,
    layer_norm_eps: 1e-5,
    hidden_act: 'gelu_new',
    use_parallel_residual: parallel,
    max_position_embeddings: 256,
    tie_word_embeddings: false,
  },
  architecture: 'gptneox',
  gelu: true,
  names: neoxNames,
  change: (c) => (name, tensor) => (/attn_qkv\./.test(name) ? byKind(tensor, c.num_attention_heads) : tensor),
  metadata: (c) => ({
    context_length: c.max_position_embeddings,
    embedding_length: c.hidden_size,
    block_count: c.num_hidden_layers,
    feed_forward_length: c.intermediate_size,
    'rope.dimension_count': (c.hidden_size / c.num_attention_heads) * c.rotary_pct,
    'attention.head_count': c.num_attention_heads,
    use_parallel_residual: parallel,
    'attention.layer_norm_epsilon': float(c.layer_norm_eps),
  }),
});

const exaone4 = (config) => ({
  config: {
    model_type: 'exaone4',
    architectures: ['Exaone4ForCausalLM'],
    ...shared,
    ...config,
    layer_types: Array.from({ length: config.num_hidden_layers }, (_, n) =>
      config.sliding_window && (n + 1) % 4 !== 0 ? 'sliding_attention' : 'full_attention',
    ),
  },
  architecture: 'exaone4',
  names: [
    ...llamaNames,
    ['post_attention_layernorm', 'post_attention_norm'],
    ['post_feedforward_layernorm', 'post_ffw_norm'],
  ],
  metadata: (c) => ({
    ...llamaMetadata(c),
    ...(c.sliding_window && { 'attention.sliding_window': c.sliding_window }),
  }),
});

/**
 * By name: `config` (Hugging Face's), `architecture` (ggml's), `names` (Hugging Face's → ggml's, in order),
 * `change` (numbers), `metadata` (under the architecture's prefix), `added` tensors; `gelu` where its feed-forward layers have one.
 */
export const layouts = {
  llama: llamaCase({}),
  'llama, biases, tied': llamaCase({ attention_bias: true, tie_word_embeddings: true, head_dim: 16 }),
  'llama, llama3 rotation': llamaCase(
    { rope_theta: 500_000, rope_scaling: llama3, max_position_embeddings: 16_384 },
    { tensors: (c) => [divisors(c)] },
  ),
  'llama, linear rotation': llamaCase(
    { rope_scaling: { rope_type: 'linear', factor: 2.5 } },
    { metadata: { 'rope.scaling.type': 'linear', 'rope.scaling.factor': float(2.5) } },
  ),
  'llama, yarn rotation': llamaCase(
    { rope_scaling: { rope_type: 'yarn', factor: 4, original_max_position_embeddings: 64 } },
    {
      metadata: {
        'rope.scaling.type': 'yarn',
        'rope.scaling.factor': float(4),
        'rope.scaling.original_context_length': 64,
      },
    },
  ),
  // llama.cpp's llama has no window: a window wider than the text changes nothing here.
  mistral: {
    ...llamaCase({}),
    config: { model_type: 'mistral', architectures: ['MistralForCausalLM'], ...shared, sliding_window: 128 },
  },
  mixtral: {
    ...llamaCase({}, { metadata: { expert_count: 5, expert_used_count: 2 } }),
    config: {
      model_type: 'mixtral',
      architectures: ['MixtralForCausalLM'],
      ...shared,
      num_local_experts: 5,
      num_experts_per_tok: 2,
    },
  },
  qwen2: qwen('qwen2', 'Qwen2ForCausalLM', { hidden_size: 96, head_dim: 16, use_sliding_window: false }),
  qwen3: qwen('qwen3', 'Qwen3ForCausalLM', { use_sliding_window: false, tie_word_embeddings: true }),
  qwen3_moe: qwen(
    'qwen3moe',
    'Qwen3MoeForCausalLM',
    {
      use_sliding_window: false,
      num_experts: 7,
      num_experts_per_tok: 3,
      moe_intermediate_size: 40,
      norm_topk_prob: true,
    },
    { expert_count: 7, expert_used_count: 3, expert_feed_forward_length: 40 },
  ),
  gemma: {
    config: { model_type: 'gemma', architectures: ['GemmaForCausalLM'], ...gemmaShared },
    architecture: 'gemma',
    gelu: true,
    names: plainNorms,
    change: () => plusOne,
    metadata: llamaMetadata,
  },
  gemma2: {
    config: {
      model_type: 'gemma2',
      architectures: ['Gemma2ForCausalLM'],
      ...gemmaShared,
      sliding_window: 20,
      query_pre_attn_scalar: 24,
      attn_logit_softcapping: 20,
      final_logit_softcapping: 10,
    },
    architecture: 'gemma2',
    gelu: true,
    names: sandwichNorms,
    change: () => plusOne,
    metadata: (c) => ({
      ...llamaMetadata(c),
      'attention.sliding_window': c.sliding_window,
      attn_logit_softcapping: float(c.attn_logit_softcapping),
      final_logit_softcapping: float(c.final_logit_softcapping),
    }),
  },
  gemma3_text: {
    config: {
      model_type: 'gemma3_text',
      architectures: ['Gemma3ForCausalLM'],
      ...gemmaShared,
      num_hidden_layers: 7,
      rope_theta: 1_000_000,
      rope_local_base_freq: 10_000,
      rope_scaling: { rope_type: 'linear', factor: 8 },
      sliding_window: 20,
      sliding_window_pattern: 6,
      query_pre_attn_scalar: 24,
    },
    architecture: 'gemma3',
    gelu: true,
    names: sandwichNorms,
    change: () => plusOne,
    metadata: (c) => ({
      ...llamaMetadata(c),
      'attention.sliding_window': c.sliding_window,
      'rope.scaling.type': 'linear',
      'rope.scaling.factor': float(8),
    }),
  },
  phi3: {
    config: {
      model_type: 'phi3',
      architectures: ['Phi3ForCausalLM'],
      ...shared,
      hidden_size: 96,
      head_dim: 16,
      // llama.cpp leaves Phi's window out; this one is wider than the text.
      sliding_window: 100,
      original_max_position_embeddings: 256,
    },
    architecture: 'phi3',
    names: plainNorms,
    metadata: (c) => ({
      ...llamaMetadata(c),
      'attention.sliding_window': c.sliding_window,
      'rope.scaling.original_context_length': 256,
    }),
  },
  exaone: {
    config: {
      model_type: 'exaone',
      architectures: ['ExaoneForCausalLM'],
      vocab_size: 151,
      hidden_size: 96,
      num_layers: 3,
      num_attention_heads: 6,
      num_key_value_heads: 2,
      head_dim: 16,
      intermediate_size: 88,
      layer_norm_epsilon: 1e-5,
      rope_theta: 1_000_000,
      rope_scaling: llama3,
      max_position_embeddings: 16_384,
      activation_function: 'silu',
      tie_word_embeddings: false,
    },
    architecture: 'exaone',
    names: exaoneNames,
    metadata: llamaMetadata,
    added: (c) => [divisors(c)],
  },
  exaone4: exaone4({ num_hidden_layers: 4, hidden_size: 96, head_dim: 16, sliding_window: null }),
  // llama.cpp knows the window by the number of layers alone.
  'exaone4, window': exaone4({
    num_hidden_layers: 64,
    hidden_size: 36,
    head_dim: 6,
    intermediate_size: 20,
    sliding_window: 20,
  }),
  gpt2: {
    config: {
      model_type: 'gpt2',
      architectures: ['GPT2LMHeadModel'],
      vocab_size: 151,
      n_embd: 96,
      n_head: 6,
      n_layer: 3,
      n_inner: 88,
      n_positions: 256,
      layer_norm_epsilon: 1e-5,
      activation_function: 'gelu_new',
    },
    architecture: 'gpt2',
    gelu: true,
    names: gpt2Names,
    change: () => (name, tensor) =>
      /^blk\..*(attn_qkv|attn_output|ffn_up|ffn_down)\.weight$/.test(name) ? transposed(tensor) : tensor,
    metadata: gpt2Metadata,
  },
  'gpt_neox, parallel': neox(true),
  'gpt_neox, one after the other': neox(false),
  bloom: {
    config: {
      model_type: 'bloom',
      architectures: ['BloomForCausalLM'],
      vocab_size: 151,
      hidden_size: 72,
      n_head: 6,
      n_layer: 3,
      layer_norm_epsilon: 1e-5,
    },
    architecture: 'bloom',
    gelu: true,
    names: bloomNames,
    change: (c) => (name, tensor) => (/attn_qkv\./.test(name) ? byKind(tensor, c.n_head) : tensor),
    metadata: (c) => ({
      context_length: 256,
      embedding_length: c.hidden_size,
      block_count: c.n_layer,
      feed_forward_length: 4 * c.hidden_size,
      'attention.head_count': c.n_head,
      'attention.layer_norm_epsilon': float(c.layer_norm_epsilon),
    }),
  },
};
