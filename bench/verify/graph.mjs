/** ONNX graphs of transformers, written from their papers and their checkpoints' layouts; nothing of the engine is used. */
import { constant, node, onnxModel, value } from '../onnx.mjs';

/** A graph in the making: every method adds nodes and gives the name of what they make. */
export class Graph {
  #nodes = [];
  #constants = [];
  #known = new Set();
  #outputs = [];
  #count = 0;
  #tensors;

  /** @param tensors of a checkpoint, by their names in it: { shape, data }. */
  constructor(tensors) {
    this.#tensors = tensors;
  }

  op(type, inputs, attributes = {}, outputs = 1) {
    const names = Array.from({ length: outputs }, () => `x${this.#count++}`);
    this.#nodes.push(node(type, inputs, names, attributes));
    return outputs === 1 ? names[0] : names;
  }
  /** A tensor of the checkpoint. */
  tensor(name) {
    const { shape, data } = this.#tensors.get(name) ?? missing(name);
    if (!this.#known.has(name)) this.#constants.push(constant(name, shape, data));
    this.#known.add(name);
    return name;
  }
  numbers(shape, data) {
    const name = `c${this.#count++}`;
    this.#constants.push(constant(name, shape, Float32Array.from(data)));
    return name;
  }
  indices(shape, data) {
    const name = `c${this.#count++}`;
    this.#constants.push(constant(name, shape, BigInt64Array.from(data, BigInt)));
    return name;
  }
  number = (x) => this.numbers([], [x]);
  shaped = (x, shape) => this.op('Reshape', [x, this.indices([shape.length], shape)]);
  turned = (x, perm) => this.op('Transpose', [x], { perm });
  add = (a, b) => this.op('Add', [a, b]);
  times = (a, b) => this.op('Mul', [a, b]);
  matmul = (a, b) => this.op('MatMul', [a, b]);
  /** Rows of a table. */
  rows = (table, ids) => this.op('Gather', [table, ids]);
  /** The first positions of a table of them, from `offset` on. */
  positions = (name, length, offset = 0) =>
    this.rows(
      this.tensor(name),
      this.indices(
        [length],
        Array.from({ length }, (_, i) => i + offset),
      ),
    );
  /** x · Wᵀ + b, or x · W + b where the map is stored transposed. */
  linear(x, name, { bias = true, transposed = false } = {}) {
    const inputs = [x, this.tensor(`${name}.weight`), ...(bias ? [this.tensor(`${name}.bias`)] : [])];
    return this.op('Gemm', inputs, { transB: transposed ? 0 : 1 });
  }
  layerNorm = (x, name, epsilon) =>
    this.op('LayerNormalization', [x, this.tensor(`${name}.weight`), this.tensor(`${name}.bias`)], {
      epsilon: { float: epsilon },
    });
  rmsNorm(x, name, epsilon) {
    const mean = this.op('ReduceMean', [this.times(x, x), this.indices([1], [-1])]);
    const root = this.op('Sqrt', [this.add(mean, this.number(epsilon))]);
    return this.times(this.op('Div', [x, root]), this.tensor(`${name}.weight`));
  }
  activate(x, kind) {
    if (kind === 'gelu') return this.op('Gelu', [x]);
    if (kind === 'gelu_new') return this.op('Gelu', [x], { approximate: 'tanh' });
    if (kind === 'silu') return this.times(x, this.op('Sigmoid', [x]));
    return this.op({ relu: 'Relu', tanh: 'Tanh' }[kind], [x]);
  }
  /** [positions, heads · size] → [head, position, size]. */
  heads = (x, length, count, size) => this.turned(this.shaped(x, [length, count, size]), [1, 0, 2]);
  /** Each of fewer key heads for as many query heads. */
  repeated = (x, from, to) =>
    from === to
      ? x
      : this.op(
          'Gather',
          [
            x,
            this.indices(
              [to],
              Array.from({ length: to }, (_, h) => Math.floor(h / (to / from))),
            ),
          ],
          { axis: 0 },
        );
  /** Halves of each head turned against each other; angles [position, rotated / 2]. */
  rope(x, length, size, angles) {
    const half = angles.length / length;
    const table = (f) => this.numbers([length, half], angles.map(f));
    const [cosine, sine] = [table(Math.cos), table(Math.sin)];
    const parts = [half, half, ...(size > 2 * half ? [size - 2 * half] : [])];
    const [a, b, ...rest] = this.#split(x, parts);
    const left = this.op('Sub', [this.times(a, cosine), this.times(b, sine)]);
    const right = this.add(this.times(b, cosine), this.times(a, sine));
    return this.op('Concat', [left, right, ...rest], { axis: 2 });
  }
  #split = (x, sizes) => this.op('Split', [x, this.indices([sizes.length], sizes)], { axis: 2 }, sizes.length);
  /** softmax(scale · q kᵀ + bias) v, heads side by side; the weights become an output under `weights`. */
  attend(q, k, v, { scale, bias, weights, heads, queries, keys, size }) {
    let scores = this.times(this.matmul(q, this.turned(k, [0, 2, 1])), this.number(scale));
    if (bias) scores = this.add(scores, bias);
    const soft = this.op('Softmax', [scores], { axis: -1 });
    this.output(weights, soft, [heads, queries, keys]);
    return this.shaped(this.turned(this.matmul(soft, v), [1, 0, 2]), [queries, heads * size]);
  }
  /** 0 where key j may be seen from query i, a large negative number elsewhere. */
  mask = (queries, keys, seen) =>
    this.numbers(
      [queries, keys],
      Array.from({ length: queries * keys }, (_, at) => (seen(Math.floor(at / keys), at % keys) ? 0 : -1e30)),
    );
  output(name, x, shape) {
    this.#nodes.push(node('Identity', [x], [name]));
    this.#outputs.push(value(name, shape));
  }
  /** @param inputs by name: how many ids. */
  model = (inputs) =>
    onnxModel({
      nodes: this.#nodes,
      constants: this.#constants,
      inputs: Object.entries(inputs).map(([name, length]) => value(name, [length], 7)),
      outputs: this.#outputs,
    });
}

const missing = (name) => {
  throw new Error(`the checkpoint has no ${name}`);
};
