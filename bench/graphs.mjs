/** Whole transformers as ONNX graphs of one length: what they say, and every layer's attention weights, as outputs. */
import { constant, node, onnxModel, value } from './onnx.mjs';

/** The steps that both graphs are written in; parameters become constants as they are named. */
function steps(parameters, { hidden, heads }) {
  const constants = [];
  const nodes = [];
  const known = new Set();
  const named = (name, make) => {
    if (!known.has(name)) constants.push(make());
    known.add(name);
    return name;
  };
  const add = (name) => {
    const { shape, data } = parameters.get(name);
    return named(name, () => constant(name, shape, data));
  };
  const put = (type, inputs, output, attributes) => {
    nodes.push(node(type, inputs, Array.isArray(output) ? output : [output], attributes));
    return output;
  };
  return {
    constants,
    nodes,
    add,
    put,
    whole: (name, numbers) => named(name, () => constant(name, [numbers.length], BigInt64Array.from(numbers, BigInt))),
    linear: (from, name, to) => put('Gemm', [from, add(`${name}.weight`), add(`${name}.bias`)], to, { transB: 1 }),
    norm: (from, name, to, epsilon) =>
      put('LayerNormalization', [from, add(`${name}.weight`), add(`${name}.bias`)], to, {
        epsilon: { float: epsilon },
      }),
    /** Attention of layer n over x (length, hidden); `past`: keys and values come in, and go out with the new ones. */
    attend(x, n, length, { causal, past = false }) {
      const [at, it] = [`layers.${n}`, `l${n}`];
      const three = this.whole('three', [1, length, hidden]);
      const [q, k, v] = ['query', 'key', 'value'].map((stage) =>
        put('Reshape', [this.linear(x, `${at}.${stage}`, `${it}${stage}`), three], `${it}${stage}3`),
      );
      const attributes = { is_causal: causal ? 1 : 0, q_num_heads: heads, kv_num_heads: heads };
      const mixed = past
        ? put(
            'Attention',
            [q, k, v, '', `pastKey${n}`, `pastValue${n}`],
            [`${it}mixed`, `key${n}`, `value${n}`],
            attributes,
          )
        : put('Attention', [q, k, v], [`${it}mixed`, '', '', `weights${n}`], {
            ...attributes,
            qk_matmul_output_mode: 3,
          });
      const two = put('Reshape', [mixed[0], this.whole('two', [length, hidden])], `${it}mixed2`);
      return this.linear(two, `${at}.attentionOutput`, `${it}a`);
    },
    positions: (first, length) =>
      named('positions', () =>
        constant(
          'positions',
          [length, hidden],
          parameters.get('embeddings.position').data.slice(first * hidden, (first + length) * hidden),
        ),
      ),
  };
}

const weightsOut = ({ heads, layers }, length) =>
  Array.from({ length: layers }, (_, n) => value(`weights${n}`, [1, heads, length, length]));

/**
 * GPT-2: logits of the last position. With `past` tokens before it, one more token: their keys and values are inputs, and
 * those of all tokens outputs, as a program that goes on writing needs them.
 */
export function gpt2Graph(parameters, sizes, length, past = 0) {
  const { hidden, heads, layers, vocabulary } = sizes;
  const s = steps(parameters, sizes);
  s.put('Gather', [s.add('embeddings.token'), 'ids'], 'tokens');
  s.put('Add', ['tokens', s.positions(past, length)], 'x0');
  for (let n = 0; n < layers; n++) {
    const [at, it] = [`layers.${n}`, `l${n}`];
    s.norm(`x${n}`, `${at}.attentionNorm`, `${it}n`, 1e-5);
    // One query sees all that came before it.
    const attended = s.attend(`${it}n`, n, length, { causal: past === 0, past: past > 0 });
    s.put('Add', [`x${n}`, attended], `${it}x`);
    s.norm(`${it}x`, `${at}.outputNorm`, `${it}m`, 1e-5);
    s.put('Gelu', [s.linear(`${it}m`, `${at}.inner`, `${it}i`)], `${it}g`, { approximate: 'tanh' });
    s.put('Add', [`${it}x`, s.linear(`${it}g`, `${at}.outer`, `${it}o`)], `x${n + 1}`);
  }
  s.norm(`x${layers}`, 'finalNorm', 'final', 1e-5);
  s.put('Gather', ['final', s.whole('last', [length - 1])], 'end', { axis: 0 });
  s.put('Gemm', ['end', 'embeddings.token'], 'logits', { transB: 1 });
  const logits = value('logits', [1, vocabulary]);
  const pairs = (prefix, count) =>
    Array.from({ length: layers }, (_, n) =>
      ['Key', 'Value'].map((stage) => {
        const name = prefix ? `${prefix}${stage}${n}` : `${stage.toLowerCase()}${n}`;
        return value(name, [1, heads, count, hidden / heads]);
      }),
    ).flat();
  return onnxModel({
    nodes: s.nodes,
    constants: s.constants,
    inputs: [value('ids', [length], 7), ...(past ? pairs('past', past) : [])],
    outputs: [logits, ...(past ? pairs('', past + length) : weightsOut(sizes, length))],
  });
}

/** BERT: the last hidden states. */
export function bertGraph(parameters, sizes, length) {
  const s = steps(parameters, sizes);
  s.put('Gather', [s.add('embeddings.token'), 'ids'], 'tokens');
  s.put('Add', ['tokens', s.positions(0, length)], 'placed');
  s.put('Gather', [s.add('embeddings.tokenType'), s.whole('segments', new Array(length).fill(0))], 'segment');
  s.put('Add', ['placed', 'segment'], 'sum');
  s.norm('sum', 'embeddings.norm', 'x0', 1e-12);
  for (let n = 0; n < sizes.layers; n++) {
    const [at, it] = [`layers.${n}`, `l${n}`];
    s.put('Add', [`x${n}`, s.attend(`x${n}`, n, length, { causal: false })], `${it}s`);
    s.norm(`${it}s`, `${at}.attentionNorm`, `${it}x`, 1e-12);
    s.put('Gelu', [s.linear(`${it}x`, `${at}.inner`, `${it}i`)], `${it}g`, {});
    s.put('Add', [`${it}x`, s.linear(`${it}g`, `${at}.outer`, `${it}o`)], `${it}t`);
    s.norm(`${it}t`, `${at}.outputNorm`, n + 1 === sizes.layers ? 'hidden' : `x${n + 1}`, 1e-12);
  }
  return onnxModel({
    nodes: s.nodes,
    constants: s.constants,
    inputs: [value('ids', [length], 7)],
    outputs: [value('hidden', [length, sizes.hidden]), ...weightsOut(sizes, length)],
  });
}
