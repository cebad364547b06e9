/** Encoders as ONNX graphs, one function a layout: (graph, config, length) → logits and every layer's weights out. */

/** Layers of BERT's kind (Devlin et al. 2019): norms after the sums. */
function bertLayers(g, c, length, first, { layer, names, act }) {
  const { hidden_size: hidden, num_attention_heads: heads } = c;
  const size = hidden / heads;
  let x = first;
  for (let n = 0; n < c.num_hidden_layers; n++) {
    const at = layer(n);
    const [q, k, v] = names.maps.map((map) => g.heads(g.linear(x, `${at}.${map}`), length, heads, size));
    const mixed = g.attend(q, k, v, {
      ...{ scale: size ** -0.5, weights: `layers.${n}.weights`, bias: names.bias?.(n, q, k) },
      ...{ heads, queries: length, keys: length, size },
      ...(names.scale && { scale: names.scale }),
    });
    x = g.layerNorm(g.add(x, g.linear(mixed, `${at}.${names.out}`)), `${at}.${names.outNorm}`, c.layer_norm_eps);
    const inner = g.activate(g.linear(x, `${at}.${names.inner}`), act);
    x = g.layerNorm(g.add(x, g.linear(inner, `${at}.${names.outer}`)), `${at}.${names.norm}`, c.layer_norm_eps);
  }
  return x;
}
const bertNames = {
  maps: ['query', 'key', 'value'].map((map) => `attention.self.${map}`),
  out: 'attention.output.dense',
  outNorm: 'attention.output.LayerNorm',
  inner: 'intermediate.dense',
  outer: 'output.dense',
  norm: 'output.LayerNorm',
};
/** Words, positions and segment 0, normed. */
function bertEmbeddings(g, c, length, at, { offset = 0, positions = true, types = true } = {}) {
  let x = g.rows(g.tensor(`${at}.word_embeddings.weight`), 'ids');
  if (positions) x = g.add(x, g.positions(`${at}.position_embeddings.weight`, length, offset));
  if (types)
    x = g.add(
      x,
      g.rows(g.tensor(`${at}.token_type_embeddings.weight`), g.indices([length], new Array(length).fill(0))),
    );
  return g.layerNorm(x, `${at}.LayerNorm`, c.layer_norm_eps);
}
/** Dense, activation, norm, and the token embeddings as decoder. */
function maskedHead(g, c, length, x, { dense, norm, bias, table, act }) {
  const z = g.layerNorm(g.activate(g.linear(x, dense), act), norm, c.layer_norm_eps);
  g.output('logits', g.op('Gemm', [z, g.tensor(table), g.tensor(bias)], { transB: 1 }), [length, c.vocab_size]);
}

export function bert(g, c, length) {
  const x = bertLayers(g, c, length, bertEmbeddings(g, c, length, 'bert.embeddings'), {
    layer: (n) => `bert.encoder.layer.${n}`,
    names: bertNames,
    act: c.hidden_act,
  });
  maskedHead(g, c, length, x, {
    dense: 'cls.predictions.transform.dense',
    norm: 'cls.predictions.transform.LayerNorm',
    bias: 'cls.predictions.bias',
    table: 'bert.embeddings.word_embeddings.weight',
    act: c.hidden_act,
  });
}

export function roberta(g, c, length) {
  const embedded = bertEmbeddings(g, c, length, 'roberta.embeddings', { offset: c.pad_token_id + 1 });
  const x = bertLayers(g, c, length, embedded, {
    layer: (n) => `roberta.encoder.layer.${n}`,
    names: bertNames,
    act: c.hidden_act,
  });
  maskedHead(g, c, length, x, {
    dense: 'lm_head.dense',
    norm: 'lm_head.layer_norm',
    bias: 'lm_head.bias',
    table: 'roberta.embeddings.word_embeddings.weight',
    act: 'gelu',
  });
}

export function electra(g, c, length) {
  const embedded = g.linear(bertEmbeddings(g, c, length, 'electra.embeddings'), 'electra.embeddings_project');
  const x = bertLayers(g, c, length, embedded, {
    layer: (n) => `electra.encoder.layer.${n}`,
    names: bertNames,
    act: c.hidden_act,
  });
  maskedHead(g, c, length, x, {
    dense: 'generator_predictions.dense',
    norm: 'generator_predictions.LayerNorm',
    bias: 'generator_lm_head.bias',
    table: 'electra.embeddings.word_embeddings.weight',
    act: 'gelu',
  });
}

export function albert(g, c, length) {
  const embedded = g.linear(
    bertEmbeddings(g, c, length, 'albert.embeddings'),
    'albert.encoder.embedding_hidden_mapping_in',
  );
  const x = bertLayers(g, c, length, embedded, {
    layer: () => 'albert.encoder.albert_layer_groups.0.albert_layers.0',
    names: {
      maps: ['attention.query', 'attention.key', 'attention.value'],
      out: 'attention.dense',
      outNorm: 'attention.LayerNorm',
      inner: 'ffn',
      outer: 'ffn_output',
      norm: 'full_layer_layer_norm',
    },
    act: c.hidden_act,
  });
  maskedHead(g, c, length, x, {
    dense: 'predictions.dense',
    norm: 'predictions.LayerNorm',
    bias: 'predictions.bias',
    table: 'albert.embeddings.word_embeddings.weight',
    act: c.hidden_act,
  });
}

export function distilbert(g, c, length) {
  const own = {
    hidden_size: c.dim,
    num_attention_heads: c.n_heads,
    num_hidden_layers: c.n_layers,
    layer_norm_eps: 1e-12,
    vocab_size: c.vocab_size,
  };
  const x = bertLayers(g, own, length, bertEmbeddings(g, own, length, 'distilbert.embeddings', { types: false }), {
    layer: (n) => `distilbert.transformer.layer.${n}`,
    names: {
      maps: ['attention.q_lin', 'attention.k_lin', 'attention.v_lin'],
      out: 'attention.out_lin',
      outNorm: 'sa_layer_norm',
      inner: 'ffn.lin1',
      outer: 'ffn.lin2',
      norm: 'output_layer_norm',
    },
    act: c.activation,
  });
  maskedHead(g, own, length, x, {
    dense: 'vocab_transform',
    norm: 'vocab_layer_norm',
    bias: 'vocab_projector.bias',
    table: 'distilbert.embeddings.word_embeddings.weight',
    act: c.activation,
  });
}

/** He et al. (2021): query · key(distance) and key · query(distance) are added to the scores. */
export function debertaV2(g, c, length) {
  const { hidden_size: hidden, num_attention_heads: heads, position_buckets: span } = c;
  const size = hidden / heads;
  const scale = 1 / Math.sqrt(3 * size);
  const distances = g.layerNorm(
    g.tensor('deberta.encoder.rel_embeddings.weight'),
    'deberta.encoder.LayerNorm',
    c.layer_norm_eps,
  );
  const middle = span / 2;
  const bucket = (distance) => {
    const far = Math.abs(distance);
    if (far <= middle) return distance;
    const part = (Math.log(far / middle) / Math.log((c.max_position_embeddings - 1) / middle)) * (middle - 1);
    return Math.sign(distance) * (Math.ceil(part) + middle);
  };
  const index = (of) =>
    g.indices(
      [heads, length, length],
      Array.from({ length: heads * length * length }, (_, at) => {
        const [i, j] = [Math.floor(at / length) % length, at % length];
        return Math.min(2 * span - 1, Math.max(0, of(i, j) + span));
      }),
    );
  const [forward, back] = [index((i, j) => bucket(i - j)), index((i, j) => bucket(j - i))];
  const names = {
    ...bertNames,
    maps: ['query', 'key', 'value'].map((map) => `attention.self.${map}_proj`),
    scale,
    bias(n, q, k) {
      const of = (map) =>
        g.turned(
          g.heads(g.linear(distances, `deberta.encoder.layer.${n}.attention.self.${map}_proj`), 2 * span, heads, size),
          [0, 2, 1],
        );
      const contentToPosition = g.op('GatherElements', [g.matmul(q, of('key')), forward], { axis: 2 });
      // Of key j and query i, gathered by key and turned.
      const positionToContent = g.turned(
        g.op('GatherElements', [g.matmul(k, of('query')), back], { axis: 2 }),
        [0, 2, 1],
      );
      return g.times(g.add(contentToPosition, positionToContent), g.number(scale));
    },
  };
  const embedded = bertEmbeddings(g, c, length, 'deberta.embeddings', { positions: false, types: false });
  const x = bertLayers(g, c, length, embedded, {
    layer: (n) => `deberta.encoder.layer.${n}`,
    names,
    act: c.hidden_act,
  });
  maskedHead(g, c, length, x, {
    dense: 'cls.predictions.transform.dense',
    norm: 'cls.predictions.transform.LayerNorm',
    bias: 'cls.predictions.bias',
    table: 'deberta.embeddings.word_embeddings.weight',
    act: c.hidden_act,
  });
}
