/** The config.json that a GGUF file's metadata stand for (gguf-py, `constants`; llama.cpp's `load_hparams`). */

import type { Numbers } from '../../kernels/index.ts';
import { everyLayer } from '../families/naming.ts';
import { widened } from '../numbers.ts';
import { type GgufMetadata, type MetadataReader, metadataReader, type RefuseGguf } from './ggufMetadata.ts';
import type { CheckpointTensors } from './tensors.ts';

/** A file's metadata and tensors as the rules below ask for them. */
interface Source {
  readonly read: MetadataReader;
  readonly tensors: CheckpointTensors;
  readonly refuse: RefuseGguf;
}

type Config = Record<string, unknown>;

const elsewhere = 'Take the checkpoint in Hugging Face layout.';

/** Architectures that are read, by their name in the file: the class of Hugging Face's, and its config. */
const architectures: Readonly<Record<string, (source: Source) => Config | Promise<Config>>> = {
  llama: async (source) => {
    const { read, tensors } = source;
    const config = await llamaLike(source);
    const [experts, chosen] = [read.number('expert_count'), read.number('expert_used_count')];
    if (!experts)
      return {
        ...named('llama', 'LlamaForCausalLM'),
        ...config,
        attention_bias: tensors.has('blk.0.attn_q.bias'),
        mlp_bias: false,
      };
    return {
      ...named('mixtral', 'MixtralForCausalLM'),
      ...config,
      num_local_experts: experts,
      num_experts_per_tok: chosen,
    };
  },
  qwen2: async (source) => ({
    ...named('qwen2', 'Qwen2ForCausalLM'),
    ...(await llamaLike(source)),
    use_sliding_window: false,
  }),
  qwen3: async (source) => ({
    ...named('qwen3', 'Qwen3ForCausalLM'),
    ...(await llamaLike(source)),
    use_sliding_window: false,
    attention_bias: false,
  }),
  qwen3moe: async (source) => ({
    ...named('qwen3_moe', 'Qwen3MoeForCausalLM'),
    ...(await llamaLike(source)),
    use_sliding_window: false,
    attention_bias: false,
    num_experts: source.read.need('expert_count'),
    num_experts_per_tok: source.read.need('expert_used_count'),
    moe_intermediate_size: source.read.need('expert_feed_forward_length'),
    norm_topk_prob: true,
  }),
  gemma: async (source) => ({ ...named('gemma', 'GemmaForCausalLM'), ...(await gemmaLike(source)) }),
  gemma2: async (source) => ({
    ...named('gemma2', 'Gemma2ForCausalLM'),
    ...(await gemmaLike(source)),
    sliding_window: source.read.need('attention.sliding_window'),
    attn_logit_softcapping: source.read.number('attn_logit_softcapping') ?? 50,
    final_logit_softcapping: source.read.number('final_logit_softcapping') ?? 30,
    // The file does not say it: all models of the family have their head's size, the one of 46 layers its share of the width.
    query_pre_attn_scalar: queryScalar(source, 46),
  }),
  gemma3: async (source) => ({
    ...named('gemma3_text', 'Gemma3ForCausalLM'),
    ...(await gemmaLike(source, 1_000_000)),
    sliding_window: source.read.need('attention.sliding_window'),
    sliding_window_pattern: source.read.number('attention.sliding_window_pattern') ?? 6,
    rope_local_base_freq: source.read.number('rope.freq_base_swa') ?? 10_000,
    query_pre_attn_scalar: queryScalar(source, 62),
  }),
  phi3: async (source) => {
    const { read } = source;
    const rotated = read.number('rope.dimension_count');
    const config = await llamaLike(source, { part: true });
    return {
      ...named('phi3', 'Phi3ForCausalLM'),
      ...config,
      partial_rotary_factor: rotated === undefined ? 1 : rotated / Number(config.head_dim),
      // 0 says that there is none.
      sliding_window: read.number('attention.sliding_window') || null,
    };
  },
  exaone: async (source) => {
    const { num_hidden_layers, rms_norm_eps, hidden_act, ...config } = await llamaLike(source);
    return {
      ...named('exaone', 'ExaoneForCausalLM'),
      ...config,
      num_layers: num_hidden_layers,
      layer_norm_epsilon: rms_norm_eps,
      activation_function: hidden_act,
    };
  },
  exaone4: async (source) => {
    const config = await llamaLike(source);
    const window = source.read.number('attention.sliding_window') || null;
    // The file does not say it: three layers with a window to one without, where there are windows.
    const types = everyLayer(Number(config.num_hidden_layers), (n) =>
      window !== null && (n + 1) % 4 !== 0 ? 'sliding_attention' : 'full_attention',
    );
    return { ...named('exaone4', 'Exaone4ForCausalLM'), ...config, sliding_window: window, layer_types: types };
  },
  gpt2: ({ read }) => ({
    ...named('gpt2', 'GPT2LMHeadModel'),
    n_embd: read.need('embedding_length'),
    n_layer: read.need('block_count'),
    n_head: read.need('attention.head_count'),
    n_positions: read.need('context_length'),
    n_inner: read.need('feed_forward_length'),
    layer_norm_epsilon: read.need('attention.layer_norm_epsilon'),
    activation_function: 'gelu_new',
  }),
  gptneox: ({ read }) => {
    const [hidden, heads] = [read.need('embedding_length'), read.need('attention.head_count')];
    return {
      ...named('gpt_neox', 'GPTNeoXForCausalLM'),
      hidden_size: hidden,
      num_hidden_layers: read.need('block_count'),
      num_attention_heads: heads,
      max_position_embeddings: read.need('context_length'),
      intermediate_size: read.need('feed_forward_length'),
      layer_norm_eps: read.need('attention.layer_norm_epsilon'),
      rotary_pct: read.need('rope.dimension_count') / (hidden / heads),
      rotary_emb_base: read.number('rope.freq_base') ?? 10_000,
      use_parallel_residual: read.flag('use_parallel_residual') ?? true,
      hidden_act: 'gelu',
    };
  },
  bloom: ({ read, refuse }) => {
    const hidden = read.need('embedding_length');
    const inner = read.need('feed_forward_length');
    if (inner !== 4 * hidden) refuse(`its feed-forward layers are ${inner} wide, not four times ${hidden}`, elsewhere);
    return {
      ...named('bloom', 'BloomForCausalLM'),
      hidden_size: hidden,
      n_layer: read.need('block_count'),
      n_head: read.need('attention.head_count'),
      seq_length: read.need('context_length'),
      layer_norm_epsilon: read.need('attention.layer_norm_epsilon'),
    };
  },
};

/** Names of the architectures that are read. */
export const ggufArchitectures: readonly string[] = Object.keys(architectures);

/**
 * The config.json that the file's metadata stand for. Refuses architectures that are not read, numbers that are missing,
 * and fields that nobody here knows: they may change the numbers.
 */
export async function ggufConfig(
  metadata: GgufMetadata,
  tensors: CheckpointTensors,
  refuse: RefuseGguf,
): Promise<Config> {
  const read = metadataReader(metadata, refuse);
  const { architecture } = read;
  if (!Object.hasOwn(architectures, architecture))
    return refuse(
      `its architecture is ${JSON.stringify(architecture)}, not one of ${ggufArchitectures.join(', ')}`,
      elsewhere,
    );
  const embeddings = tensors.get('token_embd.weight')?.shape ?? refuse('it lacks token_embd.weight');
  const config = await architectures[architecture]!({ read, tensors, refuse });
  if (read.flag('attention.causal') === false) refuse('it is an encoder', elsewhere);
  const unread = read.unread();
  if (unread.length > 0)
    refuse(
      `it says ${unread.map((field) => `${architecture}.${field}`).join(', ')}, which may change the numbers`,
      elsewhere,
    );
  return { ...config, vocab_size: embeddings[0], tie_word_embeddings: !tensors.has('output.weight') };
}

const named = (modelType: string, model: string): Config => ({ model_type: modelType, architectures: [model] });

/** What decoders of LLaMA's kind share. `part` of a head may be turned where the family can say so. */
async function llamaLike(source: Source, { part = false, base = 10_000 } = {}): Promise<Config> {
  const { read, refuse } = source;
  const hidden = read.need('embedding_length');
  const heads = read.need('attention.head_count');
  const headSize = read.number('attention.key_length') ?? hidden / heads;
  const valueSize = read.number('attention.value_length');
  if (valueSize !== undefined && valueSize !== headSize)
    refuse(`its values have ${valueSize} numbers a head, and its keys ${headSize}`);
  const rotated = read.number('rope.dimension_count');
  if (!part && rotated !== undefined && rotated !== headSize)
    refuse(`it rotates ${rotated} of the ${headSize} numbers of a head`);
  const theta = read.number('rope.freq_base') ?? base;
  return {
    hidden_size: hidden,
    num_hidden_layers: read.need('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: read.number('attention.head_count_kv') ?? heads,
    head_dim: headSize,
    intermediate_size: read.need('feed_forward_length'),
    max_position_embeddings: read.need('context_length'),
    rms_norm_eps: read.need('attention.layer_norm_rms_epsilon'),
    rope_theta: theta,
    rope_scaling: await ropeScaling(source, theta, rotated ?? headSize),
    hidden_act: 'silu',
  };
}

async function gemmaLike(source: Source, base = 10_000): Promise<Config> {
  const { hidden_act: _, ...config } = await llamaLike(source, { base });
  return { ...config, hidden_activation: 'gelu_pytorch_tanh' };
}

/** The number whose root divides the scores: a head's size, or in the model with `layers` layers its share of the width. */
function queryScalar({ read }: Source, layers: number): number {
  const [hidden, heads] = [read.need('embedding_length'), read.need('attention.head_count')];
  return read.need('block_count') === layers ? hidden / heads : (read.number('attention.key_length') ?? hidden / heads);
}

/** How positions were stretched, by rope_scaling of a config.json. */
async function ropeScaling({ read, tensors, refuse }: Source, base: number, rotated: number): Promise<Config | null> {
  const type = read.text('rope.scaling.type');
  const factor = read.number('rope.scaling.factor') ?? read.number('rope.scale_linear') ?? 1;
  const original = read.number('rope.scaling.original_context_length');
  const magnitude = read.number('rope.scaling.attn_factor');
  const [short, long] = [tensors.get('rope_factors_short.weight'), tensors.get('rope_factors_long.weight')];
  const divisors = tensors.get('rope_freqs.weight');
  if (short && long)
    return {
      rope_type: 'longrope',
      short_factor: decimals(await short.read()),
      long_factor: decimals(await long.read()),
      original_max_position_embeddings: original ?? read.need('context_length'),
      ...(magnitude !== undefined && { attention_factor: magnitude }),
    };
  if (magnitude !== undefined && magnitude !== 1) refuse(`its rotation is multiplied by ${magnitude}`, elsewhere);
  if (type === 'yarn')
    return {
      rope_type: 'yarn',
      factor,
      ...(original !== undefined && { original_max_position_embeddings: original }),
      beta_fast: read.number('rope.scaling.yarn_beta_fast') ?? 32,
      beta_slow: read.number('rope.scaling.yarn_beta_slow') ?? 1,
    };
  if (type !== undefined && type !== 'none' && type !== 'linear')
    refuse(`its positions are stretched by the rule ${JSON.stringify(type)}`, elsewhere);
  if (type !== 'none' && factor !== 1) return { rope_type: 'linear', factor };
  return divisors ? divided(decimals(await divisors.read()), base, rotated, read.need('context_length')) : null;
}

/** Frequencies divided pair by pair: llama3's rule told again by its own numbers where it gives these, else as they are. */
function divided(stored: number[], base: number, rotated: number, positions: number): Config {
  const rule = {
    rope_type: 'llama3',
    factor: Math.max(...stored),
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };
  const expected = stored.length === rotated / 2 ? llama3Divisors(base, rotated, rule) : [];
  const same =
    stored.length === expected.length && expected.every((value, i) => Math.abs(value - stored[i]!) <= 1e-5 * value);
  if (same) return rule;
  return {
    rope_type: 'longrope',
    short_factor: stored,
    long_factor: stored,
    original_max_position_embeddings: positions,
    attention_factor: 1,
  };
}

const decimals = (numbers: Numbers): number[] => Array.from(widened(numbers));

/** By what llama3's rule divides each pair's frequency (Llama 3.1's `apply_scaling`). */
export function llama3Divisors(
  base: number,
  headSize: number,
  rule: { factor: number; low_freq_factor: number; high_freq_factor: number; original_max_position_embeddings: number },
): number[] {
  return Array.from({ length: headSize / 2 }, (_, pair) => {
    const wavelength = 2 * Math.PI * base ** ((2 * pair) / headSize);
    const turns = rule.original_max_position_embeddings / wavelength;
    if (turns > rule.high_freq_factor) return 1;
    if (turns < rule.low_freq_factor) return rule.factor;
    const smooth = (turns - rule.low_freq_factor) / (rule.high_freq_factor - rule.low_freq_factor);
    return 1 / ((1 - smooth) / rule.factor + smooth);
  });
}
