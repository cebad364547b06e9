/** What llama.cpp's converter made of a checkpoint (gguf-py, `tensor_mapping` and `convert_hf_to_gguf`), undone. */
import type { Numbers } from '../../kernels/index.ts';
import { widened } from '../numbers.ts';
import type { CheckpointTensor } from './tensors.ts';

export type GgufMetadata = Readonly<Record<string, unknown>>;
/** Refuses the file, with what is wrong and what to do. */
export type RefuseGguf = (problem: string, next?: string) => never;
type Tensors = ReadonlyMap<string, CheckpointTensor>;

/** Architectures that are read, by their name in the file, with the model_type of a config.json. */
const modelTypes: Readonly<Record<string, string>> = {
  llama: 'llama',
  qwen2: 'qwen2',
  qwen3: 'qwen3',
  gemma2: 'gemma2',
  gpt2: 'gpt2',
};
const classes: Readonly<Record<string, string>> = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
  gemma2: 'Gemma2ForCausalLM',
  gpt2: 'GPT2LMHeadModel',
};

const architectureOf = (metadata: GgufMetadata): string => String(metadata['general.architecture']);

/** The decimal that a float32 was written from: 1e-5 and not 0.000009999999747378752. */
function decimal(value: number): number {
  const short = Number(value.toPrecision(7));
  return Math.fround(short) === value ? short : value;
}

/** A number of the file under its architecture's prefix. */
function reader(metadata: GgufMetadata, refuse: RefuseGguf) {
  const architecture = architectureOf(metadata);
  const find = (key: string): number | undefined => {
    const value = metadata[`${architecture}.${key}`];
    return typeof value === 'bigint' ? Number(value) : typeof value === 'number' ? decimal(value) : undefined;
  };
  const need = (key: string): number => find(key) ?? refuse(`it lacks the number ${architecture}.${key}`);
  return { find, need };
}

/** The config.json that the file's metadata stand for. */
export async function ggufConfig(
  metadata: GgufMetadata,
  tensors: Tensors,
  refuse: RefuseGguf,
): Promise<Record<string, unknown>> {
  const architecture = architectureOf(metadata);
  const modelType = Object.hasOwn(modelTypes, architecture) ? modelTypes[architecture]! : null;
  if (!modelType)
    return refuse(
      `its architecture is ${JSON.stringify(architecture)}, not one of ${Object.keys(modelTypes).join(', ')}`,
      'Take the checkpoint in Hugging Face layout.',
    );
  const { find, need } = reader(metadata, refuse);
  const embeddings = tensors.get('token_embd.weight')?.shape ?? refuse('it lacks token_embd.weight');
  const shared = {
    model_type: modelType,
    architectures: [classes[architecture]],
    vocab_size: embeddings[0],
    tie_word_embeddings: !tensors.has('output.weight'),
  };
  if (architecture === 'gpt2')
    return {
      ...shared,
      n_embd: need('embedding_length'),
      n_layer: need('block_count'),
      n_head: need('attention.head_count'),
      n_positions: need('context_length'),
      n_inner: need('feed_forward_length'),
      layer_norm_epsilon: need('attention.layer_norm_epsilon'),
      activation_function: 'gelu_new',
    };
  const hidden = need('embedding_length');
  const heads = need('attention.head_count');
  const headSize = find('attention.key_length') ?? hidden / heads;
  const valueSize = find('attention.value_length');
  if (valueSize !== undefined && valueSize !== headSize)
    refuse(`its values have ${valueSize} numbers a head, and its keys ${headSize}`);
  const rotated = find('rope.dimension_count');
  if (rotated !== undefined && rotated !== headSize)
    refuse(`it rotates ${rotated} of the ${headSize} numbers of a head`);
  if (find('expert_count')) refuse('it is a mixture of experts', 'Take the checkpoint in Hugging Face layout.');
  const gemma = architecture === 'gemma2';
  return {
    ...shared,
    hidden_size: hidden,
    num_hidden_layers: need('block_count'),
    num_attention_heads: heads,
    num_key_value_heads: find('attention.head_count_kv') ?? heads,
    head_dim: headSize,
    intermediate_size: need('feed_forward_length'),
    max_position_embeddings: need('context_length'),
    rms_norm_eps: need('attention.layer_norm_rms_epsilon'),
    rope_theta: find('rope.freq_base') ?? 10_000,
    rope_scaling: await ropeScaling(metadata, tensors.get('rope_freqs.weight'), headSize, refuse),
    ...(architecture === 'llama' && {
      attention_bias: tensors.has('blk.0.attn_q.bias'),
      mlp_bias: false,
      hidden_act: 'silu',
    }),
    ...(architecture.startsWith('qwen') && { use_sliding_window: false, hidden_act: 'silu' }),
    ...(architecture === 'qwen3' && { attention_bias: false }),
    ...(gemma && {
      hidden_activation: 'gelu_pytorch_tanh',
      sliding_window: need('attention.sliding_window'),
      attn_logit_softcapping: find('attn_logit_softcapping') ?? 50,
      final_logit_softcapping: find('final_logit_softcapping') ?? 30,
      // The file does not say it: all models of the family have their head's size, the one of 46 layers its share of the width.
      query_pre_attn_scalar: need('block_count') === 46 ? hidden / heads : headSize,
    }),
  };
}

/**
 * How positions were stretched. llama3's rule is stored as one divisor for each pair of numbers; it is told again by its
 * own parameters, and refused where those do not give the same divisors.
 */
async function ropeScaling(
  metadata: GgufMetadata,
  divisors: CheckpointTensor | undefined,
  headSize: number,
  refuse: RefuseGguf,
): Promise<Record<string, unknown> | null> {
  const architecture = architectureOf(metadata);
  const type = metadata[`${architecture}.rope.scaling.type`];
  const factor = Number(metadata[`${architecture}.rope.scaling.factor`] ?? 1);
  if (type === 'linear' && factor !== 1) return { rope_type: 'linear', factor };
  if (type !== undefined && type !== 'none' && type !== 'linear')
    refuse(
      `its positions are stretched by the rule ${JSON.stringify(type)}`,
      'Take the checkpoint in Hugging Face layout.',
    );
  if (!divisors) return null;
  const stored = widened(await divisors.read());
  const base = Number(metadata[`${architecture}.rope.freq_base`] ?? 10_000);
  const scaling = {
    rope_type: 'llama3',
    factor: Math.max(...stored),
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 8192,
  };
  const expected = llama3Divisors(base, headSize, scaling);
  if (stored.length !== expected.length || expected.some((value, i) => Math.abs(value - stored[i]!) > 1e-4 * value))
    refuse('its rope_freqs follow no rule that is known', 'Take the checkpoint in Hugging Face layout.');
  return scaling;
}

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

const llamaParts: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};
const gemma2Parts: Readonly<Record<string, string>> = {
  ...llamaParts,
  post_attention_norm: 'post_attention_layernorm',
  ffn_norm: 'pre_feedforward_layernorm',
  post_ffw_norm: 'post_feedforward_layernorm',
};
const gpt2Parts: Readonly<Record<string, string>> = {
  attn_norm: 'ln_1',
  attn_qkv: 'attn.c_attn',
  attn_output: 'attn.c_proj',
  ffn_norm: 'ln_2',
  ffn_up: 'mlp.c_fc',
  ffn_down: 'mlp.c_proj',
};

/** Tensors by Hugging Face's names, in its layout; a name that is not known stays, and is refused with the unexpected ones. */
export function hugged(metadata: GgufMetadata, tensors: Tensors): Map<string, CheckpointTensor> {
  const architecture = architectureOf(metadata);
  const heads = Number(metadata[`${architecture}.attention.head_count`]);
  const keyHeads = Number(metadata[`${architecture}.attention.head_count_kv`] ?? heads);
  const out = new Map<string, CheckpointTensor>();
  for (const [name, tensor] of tensors) {
    if (name === 'rope_freqs.weight') continue;
    out.set(huggedName(architecture, name), huggedTensor(architecture, name, tensor, heads, keyHeads));
  }
  return out;
}

function huggedName(architecture: string, name: string): string {
  const gpt2 = architecture === 'gpt2';
  const whole: Readonly<Record<string, string>> = gpt2
    ? {
        'token_embd.weight': 'transformer.wte.weight',
        'position_embd.weight': 'transformer.wpe.weight',
        'output_norm.weight': 'transformer.ln_f.weight',
        'output_norm.bias': 'transformer.ln_f.bias',
        'output.weight': 'lm_head.weight',
      }
    : {
        'token_embd.weight': 'model.embed_tokens.weight',
        'output_norm.weight': 'model.norm.weight',
        'output.weight': 'lm_head.weight',
      };
  const found = whole[name];
  if (found) return found;
  const [, layer, part, kind] = /^blk\.(\d+)\.(\w+)\.(weight|bias)$/.exec(name) ?? [];
  const parts = gpt2 ? gpt2Parts : architecture === 'gemma2' ? gemma2Parts : llamaParts;
  if (!part || !Object.hasOwn(parts, part)) return name;
  return `${gpt2 ? 'transformer.h' : 'model.layers'}.${layer}.${parts[part]}.${kind}`;
}

function huggedTensor(
  architecture: string,
  name: string,
  tensor: CheckpointTensor,
  heads: number,
  keyHeads: number,
): CheckpointTensor {
  // Llama's queries and keys lie pair by pair, since ggml rotates neighbours where Hugging Face rotates halves.
  if (architecture === 'llama' && /\.attn_[qk]\.(weight|bias)$/.test(name)) {
    const [rows = 0] = tensor.shape;
    const count = name.includes('attn_q') ? heads : keyHeads;
    const read = async (): Promise<Numbers> => {
      const numbers = await tensor.read();
      const scales = numbers.scales && { scales: halves(numbers.scales, rows, count) };
      return { ...numbers, ...scales, values: halves(numbers.values, rows, count) };
    };
    return { ...tensor, read };
  }
  // Gemma's norms multiply by 1 + what is learned; ggml stores the sum.
  if (architecture === 'gemma2' && /norm\.weight$/.test(name))
    return asFloats(tensor, tensor.shape, (values) => values.map((number) => number - 1));
  // GPT-2 stores its linear maps as [input, output].
  if (architecture === 'gpt2' && /^blk\..*(attn_qkv|attn_output|ffn_up|ffn_down)\.weight$/.test(name))
    return asFloats(tensor, [...tensor.shape].reverse(), (values) =>
      transposed(values, tensor.shape[0]!, tensor.shape[1]!),
    );
  return tensor;
}

/** A tensor whose numbers are changed: as float32. */
function asFloats(
  { group: _, ...tensor }: CheckpointTensor,
  shape: readonly number[],
  change: (values: Float32Array) => Float32Array,
): CheckpointTensor {
  return {
    ...tensor,
    shape,
    type: 'f32',
    read: async () => ({ type: 'f32', values: change(widened(await tensor.read())) }),
  };
}

/** Rows (head, pair, half) → (head, half, pair). */
function halves<T extends Numbers['values']>(numbers: T, rows: number, heads: number): T {
  const width = numbers.length / rows;
  const pairs = rows / heads / 2;
  const out = numbers.slice() as T;
  for (let head = 0; head < heads; head++)
    for (let pair = 0; pair < pairs; pair++)
      for (let half = 0; half < 2; half++) {
        const from = (head * pairs + pair) * 2 + half;
        const to = (head * 2 + half) * pairs + pair;
        out.set(numbers.subarray(from * width, (from + 1) * width), to * width);
      }
  return out;
}

function transposed(numbers: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(numbers.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) out[column * rows + row] = numbers[row * columns + column]!;
  return out;
}
