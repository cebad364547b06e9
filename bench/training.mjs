/** One training step of a model of the Korean model's size: 3 layers, 4 heads, hidden 64, inner 256; 64 texts of 24 tokens. */
import { decode, toDevice, transform } from '../dist/model/index.js';
import { operations, scope, Tape } from '../dist/tensor/index.js';
import { AdamW, bertConfig, bertPlan } from '../dist/train/index.js';
import { compare } from './measure.mjs';
import { drawn } from './models.mjs';
import { tensorFlow } from './peers.mjs';

const [texts, length, layers, heads, hidden, inner, vocabulary, repaired] = [64, 24, 3, 4, 64, 256, 3500, 300];

function ourStep(kernels) {
  const { architecture, sources } = bertPlan(bertConfig({ layers, heads, hidden, inner, positions: 128 }, vocabulary));
  const host = new Map(sources.map(({ name, shape }) => [name, { shape, data: drawn(name, shape) }]));
  const parameters = toDevice(kernels, host);
  const settings = { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, decay: 0.01 };
  const optimizer = new AdamW(kernels, parameters.values(), settings);
  const ids = Int32Array.from({ length: texts * length }, (_, i) => (i * 31) % vocabulary);
  const chosen = Int32Array.from({ length: repaired }, (_, i) => i * 5);
  const targets = Int32Array.from(chosen, (row) => ids[row]);
  return () =>
    scope(kernels, () => {
      const tape = new Tape();
      tape.watch(...parameters.values());
      const o = operations(kernels, tape);
      const last = transform(o, parameters, architecture, { ids, batch: texts, length });
      const loss = o.crossEntropy(decode(o, parameters, architecture, o.embed(last, chosen)), targets);
      optimizer.step(tape.gradients(loss, operations(kernels)), () => 1e-3);
      return kernels.read(loss.storage);
    });
}

/**
 * The same layers there. Its WebAssembly backend has no gradient for picking rows of a table, so it is spared the
 * embeddings and picks the repaired rows by a product.
 */
function theirStep(tf) {
  const rows = texts * length;
  const size = hidden / heads;
  const map = (inputs, outputs) => [
    tf.variable(tf.randomNormal([inputs, outputs], 0, 1 / Math.sqrt(inputs))),
    tf.variable(tf.zeros([outputs])),
  ];
  const norm = () => [tf.variable(tf.ones([hidden])), tf.variable(tf.zeros([hidden]))];
  const stack = Array.from({ length: layers }, () => ({
    query: map(hidden, hidden),
    key: map(hidden, hidden),
    value: map(hidden, hidden),
    output: map(hidden, hidden),
    inner: map(hidden, inner),
    outer: map(inner, hidden),
    norms: [norm(), norm()],
  }));
  const [decoder, bias] = map(hidden, vocabulary);
  const input = tf.randomNormal([rows, hidden]);
  const pick = tf
    .oneHot(
      tf.tensor1d(
        Array.from({ length: repaired }, (_, i) => i * 5),
        'int32',
      ),
      rows,
    )
    .toFloat();
  const labels = tf
    .oneHot(
      tf.tensor1d(
        Array.from({ length: repaired }, (_, i) => (i * 155) % vocabulary),
        'int32',
      ),
      vocabulary,
    )
    .toFloat();
  const linear = (x, [weight, shift]) => x.matMul(weight).add(shift);
  const normalised = (x, [weight, shift]) => {
    const centred = x.sub(x.mean(-1, true));
    return centred.mul(centred.square().mean(-1, true).add(1e-12).rsqrt()).mul(weight).add(shift);
  };
  const gelu = (x) => x.mul(0.5).mul(x.add(x.square().mul(x).mul(0.044715)).mul(0.7978845608).tanh().add(1));
  const split = (x) => x.reshape([texts, length, heads, size]).transpose([0, 2, 1, 3]);
  const loss = () => {
    let x = input;
    for (const layer of stack) {
      const [query, key, value] = ['query', 'key', 'value'].map((name) => split(linear(x, layer[name])));
      const weights = tf.softmax(tf.matMul(query, key, false, true).mul(1 / Math.sqrt(size)));
      const mixed = tf.matMul(weights, value).transpose([0, 2, 1, 3]).reshape([rows, hidden]);
      x = normalised(x.add(linear(mixed, layer.output)), layer.norms[0]);
      x = normalised(x.add(linear(gelu(linear(x, layer.inner)), layer.outer)), layer.norms[1]);
    }
    return tf.losses.softmaxCrossEntropy(labels, linear(pick.matMul(x), [decoder, bias]));
  };
  const optimizer = tf.train.adam(1e-3);
  return async () => {
    const value = optimizer.minimize(loss, true);
    await value.data();
    value.dispose();
  };
}

export async function training({ kernels, threads }) {
  const { name, tf } = await tensorFlow(threads);
  const measured = await compare(
    ourStep(kernels),
    { [`${name}, one thread`]: theirStep(tf) },
    { turns: 3, milliseconds: 1 },
  );
  return [{ name: `training step, ${texts} × ${length} tokens, ${layers} layers of ${heads} heads`, ...measured }];
}
