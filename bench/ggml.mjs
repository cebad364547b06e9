/** The GPT-2-small-sized model as a GGUF file of f32. */
import { float, vocabulary, writeGguf } from './verify/gguf.mjs';

const F32 = 0;
const ofLayer = [
  ['attentionNorm', 'attn_norm'],
  ['attentionOutput', 'attn_output'],
  ['outputNorm', 'ffn_norm'],
  ['inner', 'ffn_up'],
  ['outer', 'ffn_down'],
];

/** Our names and tensors → GPT-2's in GGUF; queries, keys and values lie in one. */
function* ggml(parameters, layers) {
  const tensor = (to, { shape, data }) => [to, { shape, type: F32, bytes: data }];
  const get = (name) => parameters.get(name);
  yield tensor('token_embd.weight', get('embeddings.token'));
  yield tensor('position_embd.weight', get('embeddings.position'));
  for (const part of ['weight', 'bias']) yield tensor(`output_norm.${part}`, get(`finalNorm.${part}`));
  for (let n = 0; n < layers; n++)
    for (const part of ['weight', 'bias']) {
      for (const [ours, theirs] of ofLayer)
        yield tensor(`blk.${n}.${theirs}.${part}`, get(`layers.${n}.${ours}.${part}`));
      const three = ['query', 'key', 'value'].map((stage) => get(`layers.${n}.${stage}.${part}`));
      const data = new Float32Array(three.reduce((sum, each) => sum + each.data.length, 0));
      for (const [i, each] of three.entries()) data.set(each.data, i * each.data.length);
      const [rows, ...rest] = three[0].shape;
      yield tensor(`blk.${n}.attn_qkv.${part}`, { shape: [3 * rows, ...rest], data });
    }
}

/** The file's bytes. */
export function gguf(parameters, { hidden, heads, layers, positions, vocabulary: size }) {
  const own = {
    vocab_size: size,
    context_length: positions,
    embedding_length: hidden,
    block_count: layers,
    feed_forward_length: 4 * hidden,
    'attention.head_count': heads,
    'attention.layer_norm_epsilon': float(1e-5),
  };
  const metadata = {
    'general.architecture': 'gpt2',
    ...Object.fromEntries(Object.entries(own).map(([key, value]) => [`gpt2.${key}`, value])),
    ...vocabulary(size),
  };
  return writeGguf(metadata, [...ggml(parameters, layers)]);
}
