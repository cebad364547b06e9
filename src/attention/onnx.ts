/** Operators of ONNX (the default domain) on a device, as the specification and its reference implementation define them. */
import type { Kernels, Storage } from '../kernels/contract.ts';
import { type Known, knownOnly } from '../platform/options.ts';
import { sharedKernels } from './device.ts';
import { attentionOperator } from './onnxAttention.ts';
import { isFloat, narrow, type OnnxCall, type OnnxTensor, widen } from './onnxTypes.ts';
import { refusal, shapeText, sizeOf } from './refusal.ts';

type Operator = (call: OnnxCall, kernels: Kernels) => Promise<OnnxTensor[]>;

const attributesOf: Readonly<Record<string, readonly string[]>> = {
  Attention: [
    'is_causal',
    'kv_num_heads',
    'left_window_size',
    'q_num_heads',
    'qk_matmul_output_mode',
    'right_window_size',
    'scale',
    'softcap',
    'softmax_precision',
  ],
  RotaryEmbedding: ['interleaved', 'num_heads', 'rotary_embedding_dim'],
  RMSNormalization: ['axis', 'epsilon', 'stash_type'],
  LayerNormalization: ['axis', 'epsilon', 'stash_type'],
  Softmax: ['axis'],
  Gelu: ['approximate'],
};

type RunOnnx = Omit<OnnxCall, 'opset'> & { readonly opset?: number; readonly kernels?: Kernels };
const known: Known<RunOnnx> = { op: true, opset: true, attributes: true, inputs: true, outputs: true, kernels: true };

/**
 * Runs one operator: Attention (opsets 23, 24, 25), RotaryEmbedding, RMSNormalization, LayerNormalization, Softmax, Gelu.
 * float16, bfloat16 and double inputs are widened or narrowed to the device's single precision and the outputs rounded to
 * the type that ONNX gives them; Attention keeps double precision. Outputs by position. Throws `unknownOperator`,
 * `badAttribute`, `missingInput`, `badTensor`, `badAxis`, `badRotation`, `unknownOption`, and what `attention` throws.
 */
export async function runOnnxOperator(call: RunOnnx): Promise<OnnxTensor[]> {
  knownOnly('runOnnxOperator', call, known);
  const { kernels, opset = 25, ...rest } = call;
  const operator = Object.hasOwn(operators, call.op) ? operators[call.op] : undefined;
  if (!operator)
    throw refusal(
      'unknownOperator',
      `there is no operator ${call.op} here`,
      Object.keys(operators).join(', '),
      call.op,
      'Use one of those.',
    );
  const attributes = attributesOf[call.op]!.filter((name) => opset >= 25 || !name.endsWith('window_size'));
  const unknown = Object.keys(call.attributes).find((name) => !attributes.includes(name));
  if (unknown)
    throw refusal(
      'badAttribute',
      `${call.op} has no attribute ${unknown} in opset ${opset}`,
      attributes.join(', '),
      unknown,
      'Check its name and the opset.',
    );
  for (const tensor of call.inputs)
    if (tensor && sizeOf(tensor.shape) !== tensor.data.length)
      throw refusal(
        'badTensor',
        `an input of ${call.op} holds another number of numbers than its shape`,
        `${sizeOf(tensor.shape)}`,
        `${tensor.data.length}`,
        'Check shape and data.',
      );
  return operator({ ...rest, opset }, kernels ?? (await sharedKernels()));
}

const input = ({ op, inputs }: OnnxCall, index: number, name: string): OnnxTensor => {
  const tensor = inputs[index];
  if (!tensor) throw refusal('missingInput', `${op} lacks its input ${name}`, name, 'nothing', 'Give it.');
  return tensor;
};

const floats = ({ op, attributes }: OnnxCall, name: string, otherwise: number): number => {
  const number = attributes[name] ?? otherwise;
  if (typeof number !== 'number')
    throw refusal('badAttribute', `${op}: ${name} is not a number`, 'a number', `${number}`, 'Check its type.');
  return number;
};

function axisOf(call: OnnxCall, rank: number, otherwise: number): number {
  const given = floats(call, 'axis', otherwise);
  const axis = given < 0 ? given + rank : given;
  if (!Number.isInteger(axis) || axis < 0 || axis >= rank)
    throw refusal(
      'badAxis',
      `${call.op}: there is no axis ${given}`,
      `−${rank} to ${rank - 1}`,
      `${given}`,
      'Count axes from 0, or back from −1.',
    );
  return axis;
}

/** Lets a job allocate on a device, and frees what it allocated. */
async function borrow<T>(
  kernels: Kernels,
  job: (make: (values: ArrayLike<number> | number) => Storage) => Promise<T>,
): Promise<T> {
  const owned: Storage[] = [];
  try {
    return await job((values) => {
      const storage = kernels.allocate(typeof values === 'number' ? values : values.length);
      owned.push(storage);
      if (typeof values !== 'number') kernels.write(storage, values);
      return storage;
    });
  } finally {
    for (const storage of owned) kernels.free(storage);
  }
}

/** Numbers repeated to fill a shape, axes aligned from the right. */
function broadcast(tensor: OnnxTensor, shape: readonly number[]): Float64Array {
  const { shape: own } = tensor;
  const lead = shape.length - own.length;
  if (lead < 0 || own.some((length, axis) => length !== 1 && length !== shape[axis + lead]))
    throw refusal(
      'shapeMismatch',
      'a scale or bias does not broadcast to its input',
      shapeText(shape),
      shapeText(own),
      'Give it the shape of the normalised axes.',
    );
  const numbers = widen(tensor);
  const steps = shape.map((_, axis) =>
    axis < lead || own[axis - lead] === 1 ? 0 : sizeOf(own.slice(axis - lead + 1)),
  );
  return Float64Array.from({ length: sizeOf(shape) }, (_, index) => {
    let [rest, from] = [index, 0];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += (rest % shape[axis]!) * steps[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return numbers[from]!;
  });
}

const layerNormalization: Operator = (call, kernels) => normalization(call, kernels, true);
const rmsNormalization: Operator = (call, kernels) => normalization(call, kernels, false);

/** Y, Mean and InvStdDev, or Y alone. Scale and bias may broadcast over any axes, not only over the normalised ones. */
async function normalization(call: OnnxCall, kernels: Kernels, centred: boolean): Promise<OnnxTensor[]> {
  const x = input(call, 0, 'X');
  const scale = input(call, 1, 'Scale');
  const bias = centred ? call.inputs[2] : undefined;
  const axis = axisOf(call, x.shape.length, -1);
  const epsilon = floats(call, 'epsilon', 1e-5);
  if (floats(call, 'stash_type', 1) !== 1)
    throw refusal(
      'badAttribute',
      `${call.op} computes in single precision`,
      'stash_type 1',
      `${call.attributes.stash_type}`,
      'Leave it away.',
    );
  const normalised = x.shape.slice(axis);
  const columns = sizeOf(normalised);
  const rows = sizeOf(x.shape.slice(0, axis));
  const perRow = (tensor: OnnxTensor): boolean =>
    tensor.shape.slice(0, Math.max(0, tensor.shape.length - normalised.length)).some((length) => length !== 1);
  const aside = perRow(scale) || (bias !== undefined && perRow(bias));
  const alone = (tensor: OnnxTensor): OnnxTensor => ({ ...tensor, shape: tensor.shape.slice(-normalised.length) });
  const statistics = [...x.shape.slice(0, axis), ...normalised.map(() => 1)];
  if (rows * columns === 0)
    return [
      narrow(x.dtype, x.shape, []),
      ...(centred ? [narrow(x.dtype, statistics, []), narrow(x.dtype, statistics, [])] : []),
    ];
  return borrow(kernels, async (make) => {
    const [from, out, mean, inverse] = [make(widen(x)), make(rows * columns), make(rows), make(rows)];
    const weight = make(aside ? new Float32Array(columns).fill(1) : broadcast(alone(scale), normalised));
    if (centred)
      kernels.layerNorm(
        from,
        weight,
        bias && !aside ? make(broadcast(alone(bias), normalised)) : null,
        out,
        mean,
        inverse,
        { rows, columns },
        epsilon,
      );
    else kernels.rmsNorm(from, weight, out, inverse, { rows, columns }, epsilon);
    const [y, means, inverses] = await Promise.all([kernels.read(out), kernels.read(mean), kernels.read(inverse)]);
    if (aside) {
      const [factors, shifts] = [broadcast(scale, x.shape), bias && broadcast(bias, x.shape)];
      for (let i = 0; i < y.length; i++) y[i] = y[i]! * factors[i]! + (shifts?.[i] ?? 0);
    }
    return [
      narrow(x.dtype, x.shape, y),
      ...(centred ? [narrow(x.dtype, statistics, means), narrow(x.dtype, statistics, inverses)] : []),
    ];
  });
}

/** Before opset 13 the axis and all behind it are weighed together. A slice of −∞ alone gives NaN, as in the specification. */
const softmax: Operator = async (call, kernels) => {
  const x = input(call, 0, 'input');
  const { shape } = x;
  const together = call.opset < 13;
  const axis = axisOf(call, shape.length, together ? 1 : -1);
  const columns = together ? sizeOf(shape.slice(axis)) : shape[axis]!;
  const stride = together ? 1 : sizeOf(shape.slice(axis + 1));
  const numbers = widen(x);
  if (numbers.length === 0) return [narrow(x.dtype, shape, [])];
  const rows = numbers.length / columns;
  // Number c of row r lies here; a row's numbers are `stride` apart.
  const place = (r: number, c: number): number => (Math.floor(r / stride) * columns + c) * stride + (r % stride);
  const gathered = new Float32Array(numbers.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) gathered[r * columns + c] = numbers[place(r, c)]!;
  const weighed = await borrow(kernels, (make) => {
    const [from, out] = [make(gathered), make(gathered.length)];
    kernels.softmax(from, out, { rows, columns });
    return kernels.read(out);
  });
  const y = new Float32Array(numbers.length);
  for (let r = 0; r < rows; r++) {
    const hidden = gathered.subarray(r * columns, (r + 1) * columns).every((number) => number === -Infinity);
    for (let c = 0; c < columns; c++) y[place(r, c)] = hidden ? NaN : weighed[r * columns + c]!;
  }
  return [narrow(x.dtype, shape, y)];
};

const gelu: Operator = async (call, kernels) => {
  const x = input(call, 0, 'X');
  const approximate = call.attributes.approximate ?? 'none';
  if (approximate !== 'none' && approximate !== 'tanh')
    throw refusal(
      'badAttribute',
      'Gelu has no such approximation',
      'none or tanh',
      `${approximate}`,
      'Use one of those.',
    );
  const numbers = widen(x);
  if (numbers.length === 0) return [x];
  const y = await borrow(kernels, (make) => {
    const [from, out] = [make(numbers), make(numbers.length)];
    kernels.activate(approximate === 'tanh' ? 'geluTanh' : 'gelu', from, out);
    return kernels.read(out);
  });
  return [narrow(x.dtype, x.shape, y)];
};

/** Input [batch, heads, length, headSize] or [batch, length, heads · headSize]; tables by position or, without positions, by batch item and row. */
const rotaryEmbedding: Operator = async (call, kernels) => {
  const [x, cosine, sine, positionIds] = [
    input(call, 0, 'X'),
    input(call, 1, 'cos_cache'),
    input(call, 2, 'sin_cache'),
    call.inputs[3],
  ];
  const flat = x.shape.length === 3;
  const fail = (what: string, expected: string, got: string): Error =>
    refusal('badRotation', `RotaryEmbedding: ${what}`, expected, got, 'See the operator specification.');
  if (!flat && x.shape.length !== 4)
    throw fail('the input has neither three axes nor four', '3 or 4 axes', shapeText(x.shape));
  if (!isFloat(x.dtype)) throw fail('the input is not of a floating type', 'floats', x.dtype);
  const heads = flat ? floats(call, 'num_heads', 0) : x.shape[1]!;
  const [batch, length] = [x.shape[0]!, x.shape.at(-2)!];
  const headSize = flat ? x.shape[2]! / heads : x.shape[3]!;
  if (!Number.isInteger(headSize) || heads < 1)
    throw fail(
      'the last axis does not divide into heads',
      'num_heads that divides it',
      `${heads} for ${x.shape.at(-1)}`,
    );
  const rotated = floats(call, 'rotary_embedding_dim', 0) || headSize;
  if (rotated % 2 !== 0 || rotated > headSize || rotated < 2)
    throw fail('so many numbers cannot be rotated', `an even number up to ${headSize}`, `${rotated}`);
  for (const table of [cosine, sine])
    if (
      table.shape.at(-1) !== rotated / 2 ||
      table.shape.length !== (positionIds ? 2 : 3) ||
      shapeText(table.shape) !== shapeText(cosine.shape)
    )
      throw fail(
        'a table has another shape',
        positionIds ? `[positions, ${rotated / 2}]` : shapeText([batch, length, rotated / 2]),
        shapeText(table.shape),
      );
  const tableRows = sizeOf(cosine.shape.slice(0, -1));
  const rowsShape = positionIds ? positionIds.shape : cosine.shape.slice(0, -1);
  const [rowBatch, rowLength] = [rowsShape.at(-2) ?? 1, rowsShape.at(-1)!];
  if (rowsShape.length > 2 || (rowBatch !== batch && rowBatch !== 1) || (rowLength !== length && rowLength !== 1))
    throw fail('there is not one position for each row', shapeText([batch, length]), shapeText(rowsShape));
  const ids = positionIds && widen(positionIds);
  const positions = Int32Array.from({ length: batch * length }, (_, index) => {
    const row = (rowBatch === 1 ? 0 : Math.floor(index / length)) * rowLength + (rowLength === 1 ? 0 : index % length);
    const id = ids ? ids[row]! : row;
    const position = id < 0 ? id + tableRows : id;
    if (position < 0 || position >= tableRows)
      throw fail('a position lies outside the table', `0 to ${tableRows - 1}`, `${id}`);
    return position;
  });
  const numbers = widen(x);
  if (numbers.length === 0) return [x];
  const strides = flat
    ? { batchStride: length * heads * headSize, headStride: headSize, rowStride: heads * headSize }
    : { batchStride: length * heads * headSize, headStride: length * headSize, rowStride: headSize };
  const y = await borrow(kernels, (make) => {
    const out = make(numbers.length);
    kernels.rotate({
      input: { storage: make(numbers), offset: 0, ...strides },
      out: { storage: out, offset: 0, ...strides },
      batch,
      heads,
      length,
      headSize,
      rotated,
      positions,
      interleaved: floats(call, 'interleaved', 0) !== 0,
      inverse: false,
      cosine: make(widen(cosine)),
      sine: make(widen(sine)),
    });
    return kernels.read(out);
  });
  return [narrow(x.dtype, x.shape, y)];
};

const operators: Readonly<Record<string, Operator>> = {
  Attention: attentionOperator,
  RotaryEmbedding: rotaryEmbedding,
  RMSNormalization: rmsNormalization,
  LayerNormalization: layerNormalization,
  Softmax: softmax,
  Gelu: gelu,
};
