/** The ONNX operator Attention, opsets 23 to 25, on top of `attention`. Formula and rules: ONNX operator specification. */
import type { Kernels } from '../kernels/contract.ts';
import { type AttentionParts, attention, type Square } from './attention.ts';
import { denseBias, type Mask, visibleOf } from './masks.ts';
import { narrow, type OnnxCall, type OnnxTensor, type OnnxType, rounding, widen } from './onnxTypes.ts';
import { type HostInput, joined, type Operand, problemOf } from './operands.ts';
import { refusal } from './refusal.ts';

const modes: readonly Square[] = ['dots', 'scores', 'maskedScores', 'weights'];
const precisions: Readonly<Record<number, OnnxType>> = { 1: 'float32', 10: 'float16', 11: 'float64', 16: 'bfloat16' };

const onHost = (tensor: OnnxTensor): HostInput => ({
  shape: tensor.shape,
  data: tensor.dtype === 'float64' ? widen(tensor) : Float32Array.from(widen(tensor)),
});
const maskOf = ({ dtype, shape, data }: OnnxTensor): Mask =>
  dtype === 'bool'
    ? { shape, data: data as Uint8Array }
    : { shape, data: Float32Array.from(widen({ dtype, shape, data })) };

/** Y, present_key, present_value, qk_matmul_output; the last only where four outputs are wanted. */
export async function attentionOperator(call: OnnxCall, kernels: Kernels | undefined): Promise<OnnxTensor[]> {
  const { attributes, opset } = call;
  const number = (name: string): number | undefined => attributes[name] as number | undefined;
  const [query, key, value, mask, pastKey, pastValue, lengths] = call.inputs;
  if (!query || !key || !value)
    throw refusal('missingInput', 'Attention lacks an input', 'Q, K and V', 'fewer', 'Give all three.');
  const heads = number('q_num_heads');
  const keyValueHeads = number('kv_num_heads');
  if (query.shape.length === 4 && opset >= 25 && (heads !== undefined || keyValueHeads !== undefined))
    throw refusal(
      'badHeads',
      'inputs of four axes say themselves how many heads there are',
      'no q_num_heads and kv_num_heads',
      `${heads} and ${keyValueHeads}`,
      'Leave both attributes away.',
    );
  if (query.shape.length === 3 && (heads === undefined || keyValueHeads === undefined))
    throw refusal(
      'headsMissing',
      'inputs of three axes do not say how many heads there are',
      'q_num_heads and kv_num_heads',
      'fewer',
      'Give both attributes.',
    );
  const mode = number('qk_matmul_output_mode') ?? 0;
  const square = modes[mode];
  if (!square) throw badAttribute('qk_matmul_output_mode', '0, 1, 2 or 3', mode);
  const precision = number('softmax_precision');
  if (precision !== undefined && !precisions[precision])
    throw badAttribute('softmax_precision', '1, 10, 11 or 16', precision);
  const wantsSquare = (call.outputs ?? 4) > 3;
  const parts: AttentionParts = {
    query: onHost(query),
    key: onHost(key),
    value: onHost(value),
    causal: (number('is_causal') ?? 0) === 1,
    window: { left: number('left_window_size') ?? -1, right: number('right_window_size') ?? -1 },
    softcap: Math.max(0, number('softcap') ?? 0),
    ...(attributes.scale !== undefined && { scale: number('scale')! }),
    ...(heads !== undefined && { heads }),
    ...(keyValueHeads !== undefined && { keyValueHeads }),
    ...(mask && { mask: maskOf(mask) }),
    ...(pastKey && { pastKey: onHost(pastKey) }),
    ...(pastValue && { pastValue: onHost(pastValue) }),
    ...(lengths && { keyLengths: widen(lengths) }),
    ...(kernels && { kernels }),
    keep: wantsSquare ? [square] : [],
  };
  const softmaxType = precision === undefined ? query.dtype : precisions[precision]!;
  const found = plain(parts, query.dtype, value.dtype, softmaxType)
    ? await attention(parts)
    : await stepByStep(parts, query.dtype, softmaxType, square);
  return [
    narrow(query.dtype, found.output.shape, found.output.data),
    narrow(key.dtype, found.presentKey.shape, found.presentKey.data),
    narrow(value.dtype, found.presentValue.shape, found.presentValue.data),
    ...(wantsSquare ? [narrow(query.dtype, found[square]!.shape, found[square]!.data)] : []),
  ];
}

const badAttribute = (name: string, expected: string, got: unknown): Error =>
  refusal(
    'badAttribute',
    `${name} has a value that it cannot have`,
    expected,
    `${got}`,
    'See the operator specification.',
  );

/** Whether single precision throughout and finite numbers leave no choice of where to round or what ∞ − ∞ becomes. */
function plain(parts: AttentionParts, queryType: OnnxType, valueType: OnnxType, softmaxType: OnnxType): boolean {
  if (queryType !== 'float32' || valueType !== 'float32' || !['float32', 'float64'].includes(softmaxType)) return false;
  const largest = (x: HostInput | undefined): number => {
    let most = 0;
    for (const number of x?.data ?? []) most = Math.max(most, Math.abs(number));
    return most;
  };
  const [query, key] = [largest(parts.query), Math.max(largest(parts.key), largest(parts.pastKey))];
  const dots = query * key * (parts.query.shape.at(-1) ?? 1);
  if (!(dots < 1e37) || !(dots * Math.abs(parts.scale ?? 1) < 1e37)) return false;
  if (!Number.isFinite(largest(parts.value)) || !Number.isFinite(largest(parts.pastValue))) return false;
  return !(parts.mask?.data instanceof Float32Array) || parts.mask.data.every((number) => number < Infinity);
}

type Exact = { readonly shape: readonly number[]; readonly data: ArrayLike<number> };

/**
 * The operator as its specification writes it, one stage after the other, each rounded to the type that it has there.
 * For half precision, double precision, and for inputs with ∞ or NaN, where a hidden NaN still reaches its row's output
 * (NaN + −∞ = NaN; 0 · ∞ = NaN), unless nothing in the row is visible.
 */
async function stepByStep(
  parts: AttentionParts,
  type: OnnxType,
  softmaxType: OnnxType,
  kept: Square,
): Promise<Record<'output' | 'presentKey' | 'presentValue', Exact> & Partial<Record<Square, Exact>>> {
  if (parts.pastKey && parts.keyLengths) return attention(parts);
  const problem = problemOf(parts);
  const { query, key, value, batch, heads, keyValueHeads, queryLength, keyLength, headSize, valueSize, rank } = problem;
  const bias = denseBias(visibleOf(parts, problem), problem);
  const round = rounding(type);
  const roundSoftmax = rounding(softmaxType);
  const { softcap = 0, scale = 1 / Math.sqrt(headSize) } = parts;
  const factor = round(Math.sqrt(scale));
  const square = new Float64Array(bias.length);
  const output = new Float64Array(batch * heads * queryLength * valueSize);
  const at = (x: Operand, b: number, h: number, i: number): number =>
    b * x.batchStride + h * x.headStride + i * x.rowStride;
  const row = new Float64Array(keyLength);
  const keep = (stage: Square, from: number): void => {
    if (stage === kept) square.set(row, from);
  };
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < queryLength; i++) {
        const from = ((b * heads + h) * queryLength + i) * keyLength;
        const keyHead = Math.floor((h * keyValueHeads) / heads);
        const [q, y] = [
          at(query, b, h, i),
          rank === 4 ? (from / keyLength) * valueSize : ((b * queryLength + i) * heads + h) * valueSize,
        ];
        for (let j = 0; j < keyLength; j++) {
          const k = at(key, b, keyHead, j);
          let dot = 0;
          for (let c = 0; c < headSize; c++)
            dot += round(query.data[q + c]! * factor) * round(key.data[k + c]! * factor);
          row[j] = round(dot);
        }
        keep('dots', from);
        if (softcap > 0)
          for (let j = 0; j < keyLength; j++) row[j] = round(round(Math.tanh(round(row[j]! / softcap))) * softcap);
        keep('scores', from);
        const biasRow = bias.subarray(from, from + keyLength);
        for (let j = 0; j < keyLength; j++) row[j] = round(row[j]! + biasRow[j]!);
        keep('maskedScores', from);
        softmaxRow(row, roundSoftmax);
        if (biasRow.every((added) => added === -Infinity)) row.fill(0);
        keep('weights', from);
        for (let c = 0; c < valueSize; c++) {
          let sum = 0;
          for (let j = 0; j < keyLength; j++) sum += row[j]! * value.data[at(value, b, keyHead, j) + c]!;
          output[y + c] = sum;
        }
      }
  return {
    output: {
      shape: rank === 4 ? [batch, heads, queryLength, valueSize] : [batch, queryLength, heads * valueSize],
      data: output,
    },
    presentKey: { shape: [batch, keyValueHeads, keyLength, headSize], data: joined(undefined, key) },
    presentValue: { shape: [batch, keyValueHeads, keyLength, valueSize], data: joined(undefined, value) },
    [kept]: { shape: [batch, heads, queryLength, keyLength], data: square },
  };
}

function softmaxRow(row: Float64Array, round: (x: number) => number): void {
  let largest = -Infinity;
  for (let j = 0; j < row.length; j++) {
    row[j] = round(row[j]!);
    largest = Math.max(largest, row[j]!);
  }
  if (largest === -Infinity) return void row.fill(0);
  let sum = 0;
  for (let j = 0; j < row.length; j++) {
    row[j] = round(Math.exp(round(row[j]! - largest)));
    sum += row[j]!;
  }
  const total = round(sum);
  for (let j = 0; j < row.length; j++) row[j] = round(row[j]! / total);
}
