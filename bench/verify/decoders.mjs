/** Decoders as ONNX graphs, one function a layout: (graph, config, length) → logits and every layer's weights out. */

const causal = (i, j) => j <= i;
const turns = (length, half, base, size) =>
  Array.from({ length: length * half }, (_, at) => Math.floor(at / half) * base ** ((-2 * (at % half)) / size));

export function gpt2(g, c, length) {
  const size = c.n_embd / c.n_head;
  const mask = g.mask(length, length, causal);
  const conv = (x, name) => g.linear(x, name, { transposed: true });
  const norm = (x, name) => g.layerNorm(x, name, c.layer_norm_epsilon);
  let x = g.add(g.rows(g.tensor('transformer.wte.weight'), 'ids'), g.positions('transformer.wpe.weight', length));
  for (let n = 0; n < c.n_layer; n++) {
    const at = `transformer.h.${n}`;
    const joined = g.shaped(conv(norm(x, `${at}.ln_1`), `${at}.attn.c_attn`), [length, 3, c.n_head, size]);
    const [q, k, v] = [0, 1, 2].map((kind) =>
      g.turned(g.op('Gather', [joined, g.indices([], [kind])], { axis: 1 }), [1, 0, 2]),
    );
    const shape = { heads: c.n_head, queries: length, keys: length, size };
    const mixed = g.attend(q, k, v, { ...shape, scale: size ** -0.5, bias: mask, weights: `layers.${n}.weights` });
    x = g.add(x, conv(mixed, `${at}.attn.c_proj`));
    const inner = g.activate(conv(norm(x, `${at}.ln_2`), `${at}.mlp.c_fc`), c.activation_function);
    x = g.add(x, conv(inner, `${at}.mlp.c_proj`));
  }
  const logits = g.op('Gemm', [norm(x, 'transformer.ln_f'), g.tensor('transformer.wte.weight')], { transB: 1 });
  g.output('logits', logits, [length, c.vocab_size]);
}

/** Query, key and value of each head side by side: [head, position, size] each. */
const byHead = (g, joined, length, heads, size) => {
  const apart = g.shaped(joined, [length, heads, 3, size]);
  return [0, 1, 2].map((kind) => g.turned(g.op('Gather', [apart, g.indices([], [kind])], { axis: 2 }), [1, 0, 2]));
};

export function gptNeox(g, c, length) {
  const { hidden_size: hidden, num_attention_heads: heads } = c;
  const size = hidden / heads;
  const rotated = size * c.rotary_pct;
  const angles = turns(length, rotated / 2, c.rotary_emb_base, rotated);
  const mask = g.mask(length, length, causal);
  const norm = (x, name) => g.layerNorm(x, name, c.layer_norm_eps);
  let x = g.rows(g.tensor('gpt_neox.embed_in.weight'), 'ids');
  for (let n = 0; n < c.num_hidden_layers; n++) {
    const at = `gpt_neox.layers.${n}`;
    const joined = g.linear(norm(x, `${at}.input_layernorm`), `${at}.attention.query_key_value`);
    const [q, k, v] = byHead(g, joined, length, heads, size);
    const mixed = g.attend(g.rope(q, length, size, angles), g.rope(k, length, size, angles), v, {
      ...{ heads, queries: length, keys: length, size },
      ...{ scale: size ** -0.5, bias: mask, weights: `layers.${n}.weights` },
    });
    const attended = g.linear(mixed, `${at}.attention.dense`);
    const beside = c.use_parallel_residual ? x : g.add(x, attended);
    const normed = norm(beside, `${at}.post_attention_layernorm`);
    const fed = g.linear(
      g.activate(g.linear(normed, `${at}.mlp.dense_h_to_4h`), c.hidden_act),
      `${at}.mlp.dense_4h_to_h`,
    );
    x = g.add(g.add(x, attended), fed);
  }
  const logits = g.linear(norm(x, 'gpt_neox.final_layer_norm'), 'embed_out', { bias: false });
  g.output('logits', logits, [length, c.vocab_size]);
}

export function bloom(g, c, length) {
  const { hidden_size: hidden, n_head: heads } = c;
  const size = hidden / heads;
  const norm = (x, name) => g.layerNorm(x, name, c.layer_norm_epsilon);
  // Press et al. (2022): a geometric sequence; for a number that is no power of two, every other of the next one's too.
  const closest = 2 ** Math.floor(Math.log2(heads));
  const sequence = (count) => Array.from({ length: count }, (_, h) => 2 ** ((-8 * (h + 1)) / count));
  const slopes = [...sequence(closest), ...sequence(2 * closest).filter((_, h) => h % 2 === 0)].slice(0, heads);
  const bias = g.numbers(
    [heads, length, length],
    Array.from({ length: heads * length * length }, (_, at) => {
      const [h, i, j] = [Math.floor(at / length / length), Math.floor(at / length) % length, at % length];
      return j <= i ? slopes[h] * (j - i) : -1e30;
    }),
  );
  let x = norm(g.rows(g.tensor('transformer.word_embeddings.weight'), 'ids'), 'transformer.word_embeddings_layernorm');
  for (let n = 0; n < c.n_layer; n++) {
    const at = `transformer.h.${n}`;
    const joined = g.linear(norm(x, `${at}.input_layernorm`), `${at}.self_attention.query_key_value`);
    const [q, k, v] = byHead(g, joined, length, heads, size);
    const shape = { heads, queries: length, keys: length, size };
    const mixed = g.attend(q, k, v, { ...shape, scale: size ** -0.5, bias, weights: `layers.${n}.weights` });
    x = g.add(x, g.linear(mixed, `${at}.self_attention.dense`));
    const inner = g.activate(
      g.linear(norm(x, `${at}.post_attention_layernorm`), `${at}.mlp.dense_h_to_4h`),
      'gelu_new',
    );
    x = g.add(x, g.linear(inner, `${at}.mlp.dense_4h_to_h`));
  }
  const table = g.tensor('transformer.word_embeddings.weight');
  g.output('logits', g.op('Gemm', [norm(x, 'transformer.ln_f'), table], { transB: 1 }), [length, c.vocab_size]);
}

export function opt(g, c, length) {
  const { hidden_size: hidden, num_attention_heads: heads } = c;
  const size = hidden / heads;
  const mask = g.mask(length, length, causal);
  const norm = (x, name) => g.layerNorm(x, name, 1e-5);
  const at0 = 'model.decoder';
  let x = g.add(
    g.rows(g.tensor(`${at0}.embed_tokens.weight`), 'ids'),
    g.positions(`${at0}.embed_positions.weight`, length, 2),
  );
  for (let n = 0; n < c.num_hidden_layers; n++) {
    const at = `${at0}.layers.${n}`;
    const z = norm(x, `${at}.self_attn_layer_norm`);
    const [q, k, v] = ['q', 'k', 'v'].map((map) =>
      g.heads(g.linear(z, `${at}.self_attn.${map}_proj`), length, heads, size),
    );
    const shape = { heads, queries: length, keys: length, size };
    const mixed = g.attend(q, k, v, { ...shape, scale: size ** -0.5, bias: mask, weights: `layers.${n}.weights` });
    x = g.add(x, g.linear(mixed, `${at}.self_attn.out_proj`));
    const inner = g.activate(g.linear(norm(x, `${at}.final_layer_norm`), `${at}.fc1`), 'relu');
    x = g.add(x, g.linear(inner, `${at}.fc2`));
  }
  const table = g.tensor(`${at0}.embed_tokens.weight`);
  g.output('logits', g.op('Gemm', [norm(x, `${at0}.final_layer_norm`), table], { transB: 1 }), [length, c.vocab_size]);
}

export function llama(g, c, length) {
  const { num_attention_heads: heads, num_key_value_heads: keyHeads, head_dim: size, rms_norm_eps: epsilon } = c;
  const angles = turns(length, size / 2, c.rope_theta, size);
  const mask = g.mask(length, length, causal);
  const map = (x, name) => g.linear(x, name, { bias: false });
  let x = g.rows(g.tensor('model.embed_tokens.weight'), 'ids');
  for (let n = 0; n < c.num_hidden_layers; n++) {
    const at = `model.layers.${n}`;
    const z = g.rmsNorm(x, `${at}.input_layernorm`, epsilon);
    const [q, k, v] = [heads, keyHeads, keyHeads].map((count, i) =>
      g.heads(map(z, `${at}.self_attn.${'qkv'[i]}_proj`), length, count, size),
    );
    const keys = g.repeated(g.rope(k, length, size, angles), keyHeads, heads);
    const mixed = g.attend(g.rope(q, length, size, angles), keys, g.repeated(v, keyHeads, heads), {
      ...{ heads, queries: length, keys: length, size },
      ...{ scale: size ** -0.5, bias: mask, weights: `layers.${n}.weights` },
    });
    x = g.add(x, map(mixed, `${at}.self_attn.o_proj`));
    const y = g.rmsNorm(x, `${at}.post_attention_layernorm`, epsilon);
    const inner = g.times(g.activate(map(y, `${at}.mlp.gate_proj`), 'silu'), map(y, `${at}.mlp.up_proj`));
    x = g.add(x, map(inner, `${at}.mlp.down_proj`));
  }
  g.output('logits', map(g.rmsNorm(x, 'model.norm', epsilon), 'lm_head'), [length, c.vocab_size]);
}
