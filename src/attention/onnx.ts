/** The semantics of ONNX operators, on this project's kernels: onnx/onnx, docs/Operators.md, opsets 23 to 25. */
import { type Kernels, type Storage, wasmKernels } from '../kernels/index.ts';
import { SiseonError } from '../platform/index.ts';
import { type HostArray, size } from './array.ts';
import { attention, type KeptStage } from './attention.ts';

/** An input with its ONNX element type (`float32`, `bool`, `int64`, …); all numbers as float32, which ids and masks fit. */
export interface OnnxTensor extends HostArray {
  readonly dtype: string;
}

export interface OnnxCall {
  readonly op: string;
  /** Version of the default domain; the newest when absent. */
  readonly opset?: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** By the operator's own input names; absent optionals are left out. */
  readonly inputs: Readonly<Record<string, OnnxTensor>>;
  readonly kernels?: Kernels;
}

type Operator = (call: OnnxCall, kernels: Kernels) => Promise<Record<string, HostArray>>;

const bad = (what: string, expected: string): SiseonError => new SiseonError({ code: 'badOperator', kind: 'usage', what, expected });

function need(call: OnnxCall, ...names: string[]): OnnxTensor[] {
  return names.map((name) => {
    const tensor = call.inputs[name];
    if (!tensor) throw bad(`${call.op}: input ${name} is missing`, `inputs ${names.join(', ')}`);
    return tensor;
  });
}

const numberOf = (call: OnnxCall, name: string): number | undefined => {
  const value = call.attributes[name];
  if (value === undefined || typeof value === 'number') return value;
  throw bad(`${call.op}: attribute ${name}`, 'a number');
};

/** `axis` counted from the front. */
function axisOf(call: OnnxCall, rank: number, fallback: number): number {
  const axis = numberOf(call, 'axis') ?? fallback;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) throw bad(`${call.op}: axis ${axis}`, `${-rank} to ${rank - 1}`);
  return axis < 0 ? axis + rank : axis;
}

/** Uploads inputs, runs a kernel call, reads outputs, frees everything. */
async function onDevice(kernels: Kernels, inputs: readonly Float32Array[], outputs: readonly number[], call: (inputs: Storage[], outputs: Storage[]) => void): Promise<Float32Array[]> {
  const ins = inputs.map((data) => {
    const storage = kernels.allocate(data.length);
    kernels.write(storage, data);
    return storage;
  });
  const outs = outputs.map((length) => kernels.allocate(length));
  try {
    call(ins, outs);
    return await Promise.all(outs.map((storage) => kernels.read(storage)));
  } finally {
    for (const storage of [...ins, ...outs]) kernels.free(storage);
  }
}

const outputModes: readonly KeptStage[] = ['dots', 'scores', 'maskedScores', 'weights'];

const Attention: Operator = async (call, kernels) => {
  const [query, key, value] = need(call, 'Q', 'K', 'V') as [OnnxTensor, OnnxTensor, OnnxTensor];
  const { attn_mask: mask, past_key: pastKey, past_value: pastValue, nonpad_kv_seqlen: lengths } = call.inputs;
  const heads = numberOf(call, 'q_num_heads');
  const keyValueHeads = numberOf(call, 'kv_num_heads');
  const sideBySide = query.shape.length === 3;
  if (key.shape.length !== query.shape.length || value.shape.length !== query.shape.length) throw bad('Attention: Q, K and V have different ranks', 'one rank');
  if (sideBySide && (heads === undefined || keyValueHeads === undefined)) throw bad('Attention: inputs of rank 3 do not say their heads', 'q_num_heads and kv_num_heads');
  if (!sideBySide && (call.opset ?? 25) >= 25 && (heads !== undefined || keyValueHeads !== undefined)) throw bad('Attention: inputs of rank 4 say their heads twice', 'no q_num_heads or kv_num_heads');
  if ((pastKey === undefined) !== (pastValue === undefined)) throw bad('Attention: one of past_key and past_value is missing', 'both or neither');
  const mode = numberOf(call, 'qk_matmul_output_mode') ?? 0;
  const stage = outputModes[mode];
  if (!stage) throw bad(`Attention: qk_matmul_output_mode ${mode}`, '0, 1, 2 or 3');
  const precision = numberOf(call, 'softmax_precision');
  if (precision !== undefined && ![1, 10, 11, 16].includes(precision)) throw bad(`Attention: softmax_precision ${precision}`, '1, 10, 11 or 16');
  const scale = numberOf(call, 'scale');
  const softcap = numberOf(call, 'softcap');
  if (softcap !== undefined && softcap < 0) throw bad(`Attention: softcap ${softcap}`, '0 or more');
  const result = await attention({
    query, key, value, kernels,
    ...(sideBySide && { heads: heads!, keyValueHeads: keyValueHeads! }),
    ...(mask && { mask: { ...mask, kind: mask.dtype === 'bool' ? 'boolean' : 'additive' } }),
    ...(pastKey && pastValue && { past: { key: pastKey, value: pastValue } }),
    ...(lengths && { keyLengths: lengths.data }),
    causal: (numberOf(call, 'is_causal') ?? 0) !== 0,
    window: { left: numberOf(call, 'left_window_size') ?? -1, right: numberOf(call, 'right_window_size') ?? -1 },
    ...(scale !== undefined && { scale }),
    softcap: softcap ?? 0,
    keep: [stage],
  });
  return { Y: result.output, present_key: result.presentKey, present_value: result.presentValue, qk_matmul_output: result[stage]! };
};

const RotaryEmbedding: Operator = async (call, kernels) => {
  const [input, cosine, sine] = need(call, 'input', 'cos_cache', 'sin_cache') as [OnnxTensor, OnnxTensor, OnnxTensor];
  const sideBySide = input.shape.length === 3;
  const [batch = 0, second = 0, third = 0, fourth = 0] = input.shape;
  const heads = sideBySide ? (numberOf(call, 'num_heads') ?? 0) : second;
  if (heads < 1 || (sideBySide && third % heads !== 0)) throw bad('RotaryEmbedding: an input of rank 3 does not say its heads', 'num_heads dividing the last axis');
  const [length, headSize] = sideBySide ? [second, third / heads] : [third, fourth];
  const rotated = numberOf(call, 'rotary_embedding_dim') || headSize;
  if (cosine.shape.at(-1) !== rotated / 2 || sine.shape.at(-1) !== rotated / 2) throw bad(`RotaryEmbedding: the caches are ${cosine.shape.at(-1)} and ${sine.shape.at(-1)} wide`, `${rotated / 2}, half of what is rotated`);
  const { position_ids: ids } = call.inputs;
  const rows = size(cosine.shape) / (rotated / 2);
  // Without position ids the caches hold a row for each batch item and position.
  const positions = Int32Array.from({ length: batch * length }, (_, i) => (ids ? ids.data[ids.shape[0] === 1 ? i % length : i]! : i));
  for (const position of positions) if (position < 0 || position >= rows) throw bad(`RotaryEmbedding: position ${position}`, `0 to ${rows - 1}`);
  const strides = sideBySide ? { batchStride: length * heads * headSize, headStride: headSize, rowStride: heads * headSize } : { batchStride: heads * length * headSize, headStride: length * headSize, rowStride: headSize };
  const [data] = await onDevice(kernels, [input.data, cosine.data, sine.data], [input.data.length], ([x, c, s], [out]) =>
    kernels.rotate({
      input: { storage: x!, offset: 0, ...strides }, out: { storage: out!, offset: 0, ...strides },
      batch, heads, length, headSize, rotated, interleaved: (numberOf(call, 'interleaved') ?? 0) !== 0, inverse: false, cosine: c!, sine: s!, positions,
    }),
  );
  return { output: { shape: input.shape, data: data! } };
};

/** Rows before `axis`, columns from it on, and the shape of one number a row. */
function rowsFrom(call: OnnxCall, x: HostArray): { rows: number; columns: number; reduced: number[] } {
  const axis = axisOf(call, x.shape.length, -1);
  return { rows: size(x.shape.slice(0, axis)), columns: size(x.shape.slice(axis)), reduced: x.shape.map((length, i) => (i < axis ? length : 1)) };
}

/** A norm's weight, repeated to the normalised shape where it is smaller. */
function spread(call: OnnxCall, name: string, weight: HostArray, shape: readonly number[]): Float32Array {
  const own = [...Array(Math.max(0, shape.length - weight.shape.length)).fill(1), ...weight.shape] as number[];
  if (own.length !== shape.length || own.some((length, i) => length !== 1 && length !== shape[i])) throw bad(`${call.op}: ${name} has shape [${weight.shape.join(', ')}]`, `one that broadcasts to [${shape.join(', ')}]`);
  return Float32Array.from({ length: size(shape) }, (_, index) => {
    let [from, rest, stride] = [0, index, 1];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const at = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
      if (own[axis] !== 1) from += at * stride;
      stride *= own[axis]!;
    }
    return weight.data[from]!;
  });
}

const LayerNormalization: Operator = async (call, kernels) => {
  const x = call.inputs.X ?? need(call, 'X')[0]!;
  const weight = call.inputs.Scale ?? call.inputs.W ?? need(call, 'Scale')[0]!;
  const bias = call.inputs.B;
  const { rows, columns, reduced } = rowsFrom(call, x);
  const normalised = x.shape.slice(axisOf(call, x.shape.length, -1));
  const inputs = [x.data, spread(call, 'Scale', weight, normalised), bias ? spread(call, 'B', bias, normalised) : new Float32Array(columns)];
  const [y, mean, inverse] = await onDevice(kernels, inputs, [x.data.length, rows, rows], ([a, w, b], [out, m, i]) => kernels.layerNorm(a!, w!, b!, out!, m!, i!, { rows, columns }, numberOf(call, 'epsilon') ?? 1e-5));
  return { Y: { shape: x.shape, data: y! }, Mean: { shape: reduced, data: mean! }, InvStdDev: { shape: reduced, data: inverse! } };
};

const RMSNormalization: Operator = async (call, kernels) => {
  const x = call.inputs.X ?? need(call, 'X')[0]!;
  const weight = call.inputs.scale ?? call.inputs.Scale ?? call.inputs.W ?? need(call, 'scale')[0]!;
  const { rows, columns } = rowsFrom(call, x);
  const normalised = x.shape.slice(axisOf(call, x.shape.length, -1));
  const [y] = await onDevice(kernels, [x.data, spread(call, 'scale', weight, normalised)], [x.data.length, rows], ([a, w], [out, inverse]) => kernels.rmsNorm(a!, w!, out!, inverse!, { rows, columns }, numberOf(call, 'epsilon') ?? 1e-5));
  return { Y: { shape: x.shape, data: y! } };
};

const Softmax: Operator = async (call, kernels) => {
  const x = call.inputs.x ?? call.inputs.input ?? need(call, 'input')[0]!;
  const axis = axisOf(call, x.shape.length, -1);
  const columns = x.shape[axis]!;
  const inner = size(x.shape.slice(axis + 1));
  // Number c of row r lies at outer · columns · inner + c · inner + rest, where r = outer · inner + rest.
  const place = (index: number): number => {
    const [row, c] = [Math.floor(index / columns), index % columns];
    return Math.floor(row / inner) * columns * inner + c * inner + (row % inner);
  };
  const [y] = await onDevice(kernels, [x.data.map((_, i) => x.data[place(i)]!)], [x.data.length], ([a], [out]) => kernels.softmax(a!, out!, { rows: x.data.length / columns, columns }));
  const data = new Float32Array(x.data.length);
  for (let i = 0; i < data.length; i++) data[place(i)] = y![i]!;
  return { y: { shape: x.shape, data } };
};

const Gelu: Operator = async (call, kernels) => {
  const x = call.inputs.x ?? call.inputs.X ?? need(call, 'X')[0]!;
  const approximate = call.attributes.approximate ?? 'none';
  if (approximate !== 'none' && approximate !== 'tanh') throw bad(`Gelu: approximate ${String(approximate)}`, 'none or tanh');
  const [y] = await onDevice(kernels, [x.data], [x.data.length], ([a], [out]) => kernels.activate(approximate === 'tanh' ? 'geluTanh' : 'gelu', a!, out!));
  return { y: { shape: x.shape, data: y! } };
};

const operators: Readonly<Record<string, Operator>> = { Attention, RotaryEmbedding, LayerNormalization, RMSNormalization, Softmax, Gelu };

let shared: Promise<Kernels> | undefined;

/** Runs one operator; outputs by the operator's own names. Throws `badOperator` and `shapeMismatch`. */
export async function runOnnxOperator(call: OnnxCall): Promise<Record<string, HostArray>> {
  const operator = operators[call.op];
  if (!operator) throw bad(`there is no operator ${call.op} here`, Object.keys(operators).join(', '));
  shared ??= call.kernels ? undefined : wasmKernels();
  return operator(call, call.kernels ?? (await shared!));
}
