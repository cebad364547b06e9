/** A model of GPT-2 small's size with drawn parameters, as a checkpoint folder: what it costs, not what it says. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from 'siseon/model';

const vocabulary = 50_257;
/** GPT-2's own are 1,024; here there is room for 2,048 tokens. */
const config = {
  model_type: 'gpt2',
  architectures: ['GPT2LMHeadModel'],
  n_embd: 768,
  n_head: 12,
  n_layer: 12,
  n_positions: 2048,
  vocab_size: vocabulary,
};
/** Its words are w0, w1, …: a token each. */
const tokenizer = {
  version: '1.0',
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: null,
  decoder: null,
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(Array.from({ length: vocabulary }, (_, id) => [id === 0 ? '[UNK]' : `w${id - 1}`, id])),
  },
};

/** Names and shapes as GPT-2's files have them: linear maps [input, output]. */
function* tensors({ n_embd: hidden, n_layer: layers, n_positions: positions }) {
  yield ['wte.weight', [vocabulary, hidden]];
  yield ['wpe.weight', [positions, hidden]];
  const norm = (name) => ['weight', 'bias'].map((part) => [`${name}.${part}`, [hidden]]);
  const linear = (name, inputs, outputs) => [
    [`${name}.weight`, [inputs, outputs]],
    [`${name}.bias`, [outputs]],
  ];
  for (let n = 0; n < layers; n++) {
    yield* norm(`h.${n}.ln_1`);
    yield* linear(`h.${n}.attn.c_attn`, hidden, 3 * hidden);
    yield* linear(`h.${n}.attn.c_proj`, hidden, hidden);
    yield* norm(`h.${n}.ln_2`);
    yield* linear(`h.${n}.mlp.c_fc`, hidden, 4 * hidden);
    yield* linear(`h.${n}.mlp.c_proj`, 4 * hidden, hidden);
  }
  yield* norm('ln_f');
}

/** Linear maps with deviation 1/√inputs, embeddings 0.05, norms 1, biases 0; uniform, from a linear congruence. */
let drawnSoFar = 1;
function drawn(name, shape) {
  const data = new Float32Array(shape.reduce((size, length) => size * length, 1));
  if (shape.length === 1) return data.fill(/ln_\w+\.weight$/.test(name) ? 1 : 0);
  const spread = (/^w[tp]e/.test(name) ? 0.05 : 1 / Math.sqrt(shape[0])) * Math.sqrt(12);
  let state = drawnSoFar;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = (state / 4294967296 - 0.5) * spread;
  }
  drawnSoFar = state;
  return data;
}

/** Writes its files, about 500 MB, into a folder of their own; their paths come back. */
export function gpt2Files() {
  const folder = mkdtempSync(join(tmpdir(), 'siseon-gpt2-'));
  const entries = [...tensors(config)].map(([name, shape]) => ({ name, shape, data: drawn(name, shape) }));
  const files = {
    'config.json': JSON.stringify(config),
    'tokenizer.json': JSON.stringify(tokenizer),
    'model.safetensors': writeSafetensors(entries, { format: 'pt' }),
  };
  return Object.entries(files).map(([name, bytes]) => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  });
}

/** A text of so many tokens. */
export const wordsOf = (count) => Array.from({ length: count }, (_, i) => `w${(i * 7919) % 50_000}`).join(' ');
