/**
 * From Hugging Face's names and orders of tensors to ggml's, as llama.cpp's converter has them (gguf-py, `tensor_mapping`;
 * `convert_hf_to_gguf`), put down here once more, apart from the reader in src/.
 */

export const llamaNames = [
  [/^model\.embed_tokens\./, 'token_embd.'],
  [/^model\.norm\./, 'output_norm.'],
  [/^lm_head\./, 'output.'],
  [/^model\.layers\./, 'blk.'],
  ['input_layernorm', 'attn_norm'],
  ['self_attn.q_proj', 'attn_q'],
  ['self_attn.k_proj', 'attn_k'],
  ['self_attn.v_proj', 'attn_v'],
  ['self_attn.qkv_proj', 'attn_qkv'],
  ['self_attn.o_proj', 'attn_output'],
  ['self_attn.q_norm', 'attn_q_norm'],
  ['self_attn.k_norm', 'attn_k_norm'],
  ['mlp.gate_proj', 'ffn_gate'],
  ['mlp.gate_up_proj', 'ffn_up'],
  ['mlp.up_proj', 'ffn_up'],
  ['mlp.down_proj', 'ffn_down'],
  ['block_sparse_moe.gate', 'ffn_gate_inp'],
  [/mlp\.gate\./, 'ffn_gate_inp.'],
];
export const plainNorms = [...llamaNames, ['post_attention_layernorm', 'ffn_norm']];
export const sandwichNorms = [
  ...llamaNames,
  ['post_attention_layernorm', 'post_attention_norm'],
  ['pre_feedforward_layernorm', 'ffn_norm'],
  ['post_feedforward_layernorm', 'post_ffw_norm'],
];
export const gpt2Names = [
  ['transformer.wte', 'token_embd'],
  ['transformer.wpe', 'position_embd'],
  ['transformer.ln_f', 'output_norm'],
  [/^transformer\.h\./, 'blk.'],
  ['ln_1', 'attn_norm'],
  ['attn.c_attn', 'attn_qkv'],
  ['attn.c_proj', 'attn_output'],
  ['ln_2', 'ffn_norm'],
  ['mlp.c_fc', 'ffn_up'],
  ['mlp.c_proj', 'ffn_down'],
];
export const neoxNames = [
  ['gpt_neox.embed_in', 'token_embd'],
  ['gpt_neox.final_layer_norm', 'output_norm'],
  ['embed_out', 'output'],
  [/^gpt_neox\.layers\./, 'blk.'],
  ['input_layernorm', 'attn_norm'],
  ['post_attention_layernorm', 'ffn_norm'],
  ['attention.query_key_value', 'attn_qkv'],
  ['attention.dense', 'attn_output'],
  ['mlp.dense_h_to_4h', 'ffn_up'],
  ['mlp.dense_4h_to_h', 'ffn_down'],
];
export const bloomNames = [
  ['transformer.word_embeddings_layernorm', 'token_embd_norm'],
  ['transformer.word_embeddings', 'token_embd'],
  ['transformer.ln_f', 'output_norm'],
  [/^transformer\.h\./, 'blk.'],
  ['input_layernorm', 'attn_norm'],
  ['post_attention_layernorm', 'ffn_norm'],
  ['self_attention.query_key_value', 'attn_qkv'],
  ['self_attention.dense', 'attn_output'],
  ['mlp.dense_h_to_4h', 'ffn_up'],
  ['mlp.dense_4h_to_h', 'ffn_down'],
];
export const exaoneNames = [
  ['transformer.wte', 'token_embd'],
  ['transformer.ln_f', 'output_norm'],
  ['lm_head', 'output'],
  [/^transformer\.h\./, 'blk.'],
  ['ln_1', 'attn_norm'],
  ['ln_2', 'ffn_norm'],
  ['attn.attention.q_proj', 'attn_q'],
  ['attn.attention.k_proj', 'attn_k'],
  ['attn.attention.v_proj', 'attn_v'],
  ['attn.attention.out_proj', 'attn_output'],
  ['mlp.c_fc_0', 'ffn_gate'],
  ['mlp.c_fc_1', 'ffn_up'],
  ['mlp.c_proj', 'ffn_down'],
];
/** A tensor with its rows in another order: row r of the new one is row `from(r)` of the old. */
function rows({ shape, data }, from) {
  const width = data.length / shape[0];
  const out = new Float32Array(data.length);
  for (let r = 0; r < shape[0]; r++) out.set(data.subarray(from(r) * width, (from(r) + 1) * width), r * width);
  return { shape, data: out };
}
const mapped = ({ shape, data }, change) => ({ shape, data: data.map(change) });
export function transposed({ shape: [m, n], data }) {
  const out = new Float32Array(data.length);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[j * m + i] = data[i * n + j];
  return { shape: [n, m], data: out };
}

/** ggml's llama turns neighbours where Hugging Face turns halves: (head, half, pair) → (head, pair, half). */
const neighbours = (tensor, heads) => {
  const size = tensor.shape[0] / heads;
  return rows(tensor, (r) => {
    const [head, within] = [Math.floor(r / size), r % size];
    return head * size + (within % 2) * (size / 2) + (within >> 1);
  });
};
/** Query, key and value of head 0, of head 1, … → all queries, all keys, all values. */
export const byKind = (tensor, heads) => {
  const size = tensor.shape[0] / heads / 3;
  return rows(tensor, (r) => {
    const [kind, within] = [Math.floor(r / (heads * size)), r % (heads * size)];
    return Math.floor(within / size) * 3 * size + kind * size + (within % size);
  });
};
export const turned = (config) => (name, tensor) =>
  /attn_q\./.test(name)
    ? neighbours(tensor, config.num_attention_heads)
    : /attn_k\./.test(name)
      ? neighbours(tensor, config.num_key_value_heads)
      : tensor;
export const plusOne = (name, tensor) => (/norm\.weight$/.test(name) ? mapped(tensor, (x) => x + 1) : tensor);

/** Experts of a layer in one tensor [expert, output, input]. */
function joinedExperts(tensors) {
  const out = [];
  const groups = new Map();
  const kinds = { w1: 'gate', gate_proj: 'gate', w2: 'down', down_proj: 'down', w3: 'up', up_proj: 'up' };
  for (const [name, tensor] of tensors) {
    const [, layer, , kind] = /^blk\.(\d+)\..*experts\.(\d+)\.(\w+)\.weight$/.exec(name) ?? [];
    if (!kind) out.push([name, tensor]);
    else {
      const key = `blk.${layer}.ffn_${kinds[kind]}_exps.weight`;
      groups.set(key, [...(groups.get(key) ?? []), tensor]);
    }
  }
  for (const [name, list] of groups) {
    const size = list[0].data.length;
    const data = new Float32Array(size * list.length);
    list.forEach((tensor, e) => {
      data.set(tensor.data, e * size);
    });
    out.push([name, { shape: [list.length, ...list[0].shape], data }]);
  }
  return out;
}

/** Llama 3's smoothing as one divisor for each pair of numbers (Llama 3.1's `apply_scaling`). */
export function divisors(config) {
  const {
    factor,
    low_freq_factor: low,
    high_freq_factor: high,
    original_max_position_embeddings: old,
  } = config.rope_scaling;
  const data = Float32Array.from({ length: config.head_dim / 2 }, (_, pair) => {
    const wavelength = 2 * Math.PI * config.rope_theta ** ((2 * pair) / config.head_dim);
    if (wavelength < old / high) return 1;
    if (wavelength > old / low) return factor;
    const smooth = (old / wavelength - low) / (high - low);
    return 1 / ((1 - smooth) / factor + smooth);
  });
  return ['rope_freqs.weight', { shape: [data.length], data }];
}

/** A layout's tensors under ggml's names. */
export function converted({ config, names, change = () => (_, tensor) => tensor, added = () => [] }, tensors) {
  const renamed = [...tensors].map(([name, tensor]) => [
    names.reduce((text, [from, to]) => text.replace(from, to), name),
    tensor,
  ]);
  const changed = change(config);
  return [...joinedExperts(renamed).map(([name, tensor]) => [name, changed(name, tensor)]), ...added(config)];
}
