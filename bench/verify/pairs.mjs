/** Encoder-decoders as ONNX graphs: (graph, config, length, length of the decoder's text) → logits and all weights out. */

const causal = (i, j) => j <= i;

/** Raffel et al. (2020), §2.1: near distances have their own bucket, far ones share logarithmically. */
function t5Bucket(distance, bothSides, buckets, furthest) {
  const count = bothSides ? buckets / 2 : buckets;
  const first = bothSides && distance > 0 ? count : 0;
  const far = bothSides ? Math.abs(distance) : Math.max(0, -distance);
  const exact = count / 2;
  if (far < exact) return first + far;
  const part = Math.log(far / exact) / Math.log(furthest / exact);
  return first + Math.min(count - 1, exact + Math.floor(part * (count - exact)));
}

export function t5(g, c, length, decoderLength) {
  const { num_heads: heads, d_kv: size, layer_norm_epsilon: epsilon } = c;
  const map = (x, name) => g.linear(x, name, { bias: false });
  const stack = (side, layers, ids, count, memory) => {
    let x = g.rows(g.tensor('shared.weight'), ids);
    const table = g.tensor(`${side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`);
    const buckets = Array.from({ length: count * count }, (_, at) =>
      t5Bucket(
        (at % count) - Math.floor(at / count),
        side === 'encoder',
        c.relative_attention_num_buckets,
        c.relative_attention_max_distance,
      ),
    );
    let bias = g.turned(g.shaped(g.rows(table, g.indices([count * count], buckets)), [count, count, heads]), [2, 0, 1]);
    if (memory) bias = g.add(bias, g.mask(count, count, causal));
    const attention = (z, from, keys, at, rest) => {
      const q = g.heads(map(z, `${at}.q`), count, heads, size);
      const [k, v] = ['k', 'v'].map((name) => g.heads(map(from, `${at}.${name}`), keys, heads, size));
      return map(g.attend(q, k, v, { heads, queries: count, keys, size, scale: 1, ...rest }), `${at}.o`);
    };
    for (let n = 0; n < layers; n++) {
      const at = `${side}.block.${n}`;
      const z = g.rmsNorm(x, `${at}.layer.0.layer_norm`, epsilon);
      x = g.add(
        x,
        attention(z, z, count, `${at}.layer.0.SelfAttention`, { bias, weights: `${side}.layers.${n}.weights` }),
      );
      if (memory) {
        const own = g.rmsNorm(x, `${at}.layer.1.layer_norm`, epsilon);
        const weights = `decoder.layers.${n}.cross.weights`;
        x = g.add(x, attention(own, memory, length, `${at}.layer.1.EncDecAttention`, { weights }));
      }
      const last = `${at}.layer.${memory ? 2 : 1}`;
      const y = g.rmsNorm(x, `${last}.layer_norm`, epsilon);
      const [gate, up] = ['wi_0', 'wi_1'].map((name) => map(y, `${last}.DenseReluDense.${name}`));
      x = g.add(x, map(g.times(g.activate(gate, 'gelu_new'), up), `${last}.DenseReluDense.wo`));
    }
    return g.rmsNorm(x, `${side}.final_layer_norm`, epsilon);
  };
  const memory = stack('encoder', c.num_layers, 'ids', length, null);
  const states = stack('decoder', c.num_decoder_layers, 'decoderIds', decoderLength, memory);
  g.output('logits', map(states, 'lm_head'), [decoderLength, c.vocab_size]);
}

export function bart(g, c, length, decoderLength) {
  const { d_model: hidden } = c;
  const norm = (x, name) => g.layerNorm(x, name, 1e-5);
  const stack = (side, ids, count, memory) => {
    const heads = c[`${side}_attention_heads`];
    const size = hidden / heads;
    const at0 = `model.${side}`;
    const words = g.times(
      g.rows(g.tensor('model.shared.weight'), ids),
      g.number(c.scale_embedding ? Math.sqrt(hidden) : 1),
    );
    let x = norm(g.add(words, g.positions(`${at0}.embed_positions.weight`, count, 2)), `${at0}.layernorm_embedding`);
    const attention = (z, from, keys, at, rest) => {
      const q = g.heads(g.linear(z, `${at}.q_proj`), count, heads, size);
      const [k, v] = ['k', 'v'].map((name) => g.heads(g.linear(from, `${at}.${name}_proj`), keys, heads, size));
      return g.linear(
        g.attend(q, k, v, { heads, queries: count, keys, size, scale: size ** -0.5, ...rest }),
        `${at}.out_proj`,
      );
    };
    for (let n = 0; n < c[`${side}_layers`]; n++) {
      const at = `${at0}.layers.${n}`;
      const seen = memory ? { bias: g.mask(count, count, causal) } : {};
      const attended = attention(x, x, count, `${at}.self_attn`, { ...seen, weights: `${side}.layers.${n}.weights` });
      x = norm(g.add(x, attended), `${at}.self_attn_layer_norm`);
      if (memory) {
        const weights = `decoder.layers.${n}.cross.weights`;
        x = norm(
          g.add(x, attention(x, memory, length, `${at}.encoder_attn`, { weights })),
          `${at}.encoder_attn_layer_norm`,
        );
      }
      const inner = g.activate(g.linear(x, `${at}.fc1`), c.activation_function);
      x = norm(g.add(x, g.linear(inner, `${at}.fc2`)), `${at}.final_layer_norm`);
    }
    return x;
  };
  const memory = stack('encoder', 'ids', length, null);
  const states = stack('decoder', 'decoderIds', decoderLength, memory);
  g.output('logits', g.op('Gemm', [states, g.tensor('model.shared.weight')], { transB: 1 }), [
    decoderLength,
    c.vocab_size,
  ]);
}
