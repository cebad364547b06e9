/** What llama.cpp's converter made of a checkpoint's tensors (gguf-py, `tensor_mapping`; `convert_hf_to_gguf`), undone. */
import type { Numbers } from '../../kernels/index.ts';
import { widened } from '../numbers.ts';
import type { GgufMetadata } from './ggufMetadata.ts';
import { type CheckpointTensor, elementCount } from './tensors.ts';

/** A tensor of the file, of which each of `count` equal parts along its first axis can be read alone. */
export interface GgufTensor extends CheckpointTensor {
  part(index: number, count: number): CheckpointTensor;
}

/** Hugging Face's names of what lies outside of the layers, of a layer, and of a layer's parts, by ggml's. */
interface Names {
  readonly whole: Readonly<Record<string, string>>;
  readonly layer: string;
  readonly parts: Readonly<Record<string, string>>;
}

const llamaParts = {
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
const llama: Names = {
  whole: { token_embd: 'model.embed_tokens', output_norm: 'model.norm', output: 'lm_head' },
  layer: 'model.layers',
  parts: llamaParts,
};
const withParts = (parts: Readonly<Record<string, string>>): Names => ({
  ...llama,
  parts: { ...llamaParts, ...parts },
});
const sandwich = withParts({
  post_attention_norm: 'post_attention_layernorm',
  ffn_norm: 'pre_feedforward_layernorm',
  post_ffw_norm: 'post_feedforward_layernorm',
});
const whole = { token_embd: 'transformer.wte', output_norm: 'transformer.ln_f', output: 'lm_head' };
const joinedHeads = { attn_norm: 'input_layernorm', ffn_norm: 'post_attention_layernorm' };
const fourfold = { ffn_up: 'mlp.dense_h_to_4h', ffn_down: 'mlp.dense_4h_to_h' };

const namesOf: Readonly<Record<string, Names>> = {
  gemma2: sandwich,
  gemma3: sandwich,
  exaone4: sandwich,
  mixtral: withParts({ ffn_gate_inp: 'block_sparse_moe.gate' }),
  qwen3moe: withParts({ ffn_gate_inp: 'mlp.gate' }),
  phi3: withParts({ attn_qkv: 'self_attn.qkv_proj', ffn_up: 'mlp.gate_up_proj' }),
  exaone: {
    whole,
    layer: 'transformer.h',
    parts: {
      attn_norm: 'ln_1',
      attn_q: 'attn.attention.q_proj',
      attn_k: 'attn.attention.k_proj',
      attn_v: 'attn.attention.v_proj',
      attn_output: 'attn.attention.out_proj',
      ffn_norm: 'ln_2',
      ffn_gate: 'mlp.c_fc_0',
      ffn_up: 'mlp.c_fc_1',
      ffn_down: 'mlp.c_proj',
    },
  },
  gpt2: {
    whole: { ...whole, position_embd: 'transformer.wpe' },
    layer: 'transformer.h',
    parts: {
      attn_norm: 'ln_1',
      attn_qkv: 'attn.c_attn',
      attn_output: 'attn.c_proj',
      ffn_norm: 'ln_2',
      ffn_up: 'mlp.c_fc',
      ffn_down: 'mlp.c_proj',
    },
  },
  gptneox: {
    whole: { token_embd: 'gpt_neox.embed_in', output_norm: 'gpt_neox.final_layer_norm', output: 'embed_out' },
    layer: 'gpt_neox.layers',
    parts: { ...joinedHeads, ...fourfold, attn_qkv: 'attention.query_key_value', attn_output: 'attention.dense' },
  },
  bloom: {
    whole: {
      ...whole,
      token_embd: 'transformer.word_embeddings',
      token_embd_norm: 'transformer.word_embeddings_layernorm',
    },
    layer: 'transformer.h',
    parts: {
      ...joinedHeads,
      ...fourfold,
      attn_qkv: 'self_attention.query_key_value',
      attn_output: 'self_attention.dense',
    },
  },
};

/** Experts lie in one tensor [expert, output, input]: Hugging Face's name of one's map. */
const expertName: Readonly<Record<string, (expert: number, map: 'gate' | 'up' | 'down') => string>> = {
  mixtral: (expert, map) => `block_sparse_moe.experts.${expert}.${{ gate: 'w1', up: 'w3', down: 'w2' }[map]}`,
  qwen3moe: (expert, map) => `mlp.experts.${expert}.${map}_proj`,
};

/** Rotations, which the config tells again. */
const rotation = /^rope_(freqs|factors_short|factors_long)\.weight$/;

/** Tensors by Hugging Face's names, in its layout; a name that is not known stays, and is refused with the unexpected ones. */
export function hugged(
  metadata: GgufMetadata,
  tensors: ReadonlyMap<string, GgufTensor>,
): Map<string, CheckpointTensor> {
  const stated = String(metadata['general.architecture']);
  const field = (name: string): number => Number(metadata[`${stated}.${name}`] ?? 0);
  // Mixtral calls itself a llama.
  const architecture = stated === 'llama' && field('expert_count') > 0 ? 'mixtral' : stated;
  const heads = field('attention.head_count');
  const keyHeads = field('attention.head_count_kv') || heads;
  const experts = field('expert_count');
  const names = Object.hasOwn(namesOf, architecture) ? namesOf[architecture]! : llama;
  const out = new Map<string, CheckpointTensor>();
  for (const [name, tensor] of tensors) {
    if (rotation.test(name)) continue;
    const [, layer, map] = /^blk\.(\d+)\.ffn_(gate|up|down)_exps\.weight$/.exec(name) ?? [];
    const expert = expertName[architecture];
    if (map && expert && tensor.shape[0] === experts)
      for (let e = 0; e < experts; e++)
        out.set(`${names.layer}.${layer}.${expert(e, map as 'gate')}.weight`, tensor.part(e, experts));
    else out.set(huggedName(names, name), huggedTensor(architecture, name, tensor, heads, keyHeads));
  }
  return out;
}

function huggedName({ whole, layer, parts }: Names, name: string): string {
  const [, outside, number, part, kind] = /^(?:([a-z_]+)|blk\.(\d+)\.(\w+))\.(weight|bias)$/.exec(name) ?? [];
  if (outside && Object.hasOwn(whole, outside)) return `${whole[outside]}.${kind}`;
  return part && Object.hasOwn(parts, part) ? `${layer}.${number}.${parts[part]}.${kind}` : name;
}

function huggedTensor(
  architecture: string,
  name: string,
  tensor: CheckpointTensor,
  heads: number,
  keyHeads: number,
): CheckpointTensor {
  const [rows = 1, columns = 1] = tensor.shape;
  switch (architecture) {
    // Llama's queries and keys lie pair by pair, since ggml rotates neighbours where Hugging Face rotates halves.
    case 'llama':
    case 'mixtral': {
      const [, map] = /\.attn_([qk])\.(?:weight|bias)$/.exec(name) ?? [];
      if (!map) return tensor;
      const count = map === 'q' ? heads : keyHeads;
      return swapped(tensor, tensor.shape, [count, rows / count / 2, 2]);
    }
    // GPT-NeoX's and BLOOM's query, key and value lie one after the other, where Hugging Face has them head by head.
    case 'gptneox':
    case 'bloom':
      if (!/\.attn_qkv\.(weight|bias)$/.test(name)) return tensor;
      return swapped(tensor, tensor.shape, [1, 3, heads]);
    // Gemma's norms multiply by 1 + what is learned; ggml stores the sum.
    case 'gemma':
    case 'gemma2':
    case 'gemma3':
      if (!/norm\.weight$/.test(name)) return tensor;
      return asFloats(tensor, async () => widened(await tensor.read()).map((number) => number - 1));
    // GPT-2 stores its linear maps as [input, output].
    case 'gpt2':
      if (!/^blk\..*(attn_qkv|attn_output|ffn_up|ffn_down)\.weight$/.test(name)) return tensor;
      return swapped(tensor, [columns, rows], [1, rows, columns]);
    default:
      return tensor;
  }
}

/** The same with other numbers, which are float32. */
function asFloats({ group: _, ...tensor }: CheckpointTensor, read: () => Promise<Float32Array>): CheckpointTensor {
  return { ...tensor, type: 'f32', read: async () => ({ type: 'f32', values: await read() }) };
}

type Axes = readonly [outer: number, a: number, b: number];

/** (outer, a, b, rest) → (outer, b, a, rest), in the tensor's type; scales move along with the rows that they belong to. */
function swapped(tensor: CheckpointTensor, shape: readonly number[], axes: Axes): CheckpointTensor {
  const [outer, a, b] = axes;
  const rest = elementCount(shape) / (outer * a * b);
  if (tensor.group !== undefined && rest % tensor.group !== 0)
    return asFloats({ ...tensor, shape }, async () => moved(widened(await tensor.read()), axes));
  const read = async (): Promise<Numbers> => {
    const numbers = await tensor.read();
    const scales = numbers.scales && { scales: moved(numbers.scales, axes) };
    return { ...numbers, ...scales, values: moved(numbers.values, axes) };
  };
  return { ...tensor, shape, read };
}

function moved<T extends Numbers['values']>(numbers: T, [outer, a, b]: Axes): T {
  const rest = numbers.length / (outer * a * b);
  const out = new (numbers.constructor as new (length: number) => T)(numbers.length);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < a; i++)
      for (let j = 0; j < b; j++) {
        const from = ((o * a + i) * b + j) * rest;
        const to = ((o * b + j) * a + i) * rest;
        if (rest === 1) out[to] = numbers[from]!;
        else out.set(numbers.subarray(from, from + rest), to);
      }
  return out;
}
