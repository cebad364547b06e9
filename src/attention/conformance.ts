/** Runs files of ONNX cases: one JSON object a line with base64 tensors (docs/formats.md). */
import type { Kernels } from '../kernels/index.ts';
import { SiseonError } from '../platform/index.ts';
import { size } from './array.ts';
import { runOnnxOperator, type OnnxTensor } from './onnx.ts';

export interface CaseResult {
  readonly name: string;
  readonly passed: boolean;
  /** Largest |a − b| over finite numbers; ∞ where one side alone is not finite. */
  readonly largestError: number;
  /** Why it failed, if it did. */
  readonly reason: string | null;
}

interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: string;
}

interface Case {
  readonly name: string;
  readonly op: string;
  readonly opset?: readonly (readonly [string, number])[];
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly input_slots: readonly string[];
  readonly output_slots: readonly string[];
  readonly inputs: Readonly<Record<string, Stored>>;
  readonly outputs: Readonly<Record<string, Stored>>;
}

/** Absolute and relative tolerance by the type of the expected numbers. */
const tolerances: Readonly<Record<string, readonly [number, number]>> = { float16: [1e-3, 1e-2], bfloat16: [1e-3, 1e-2] };

/** Every case of a file, on the device given. A line that cannot be read or run is a failed case that says why. */
export async function runConformance(text: string, kernels?: Kernels): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    let name = `line ${index + 1}`;
    try {
      const parsed = JSON.parse(line) as Case;
      name = parsed.name;
      results.push(await runCase(parsed, kernels));
    } catch (error) {
      results.push({ name, passed: false, largestError: Infinity, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return results;
}

async function runCase(given: Case, kernels?: Kernels): Promise<CaseResult> {
  const inputs: Record<string, OnnxTensor> = {};
  for (const slot of given.input_slots) if (slot !== '') inputs[slot] = decode(slot, given.inputs[slot]);
  const opset = given.opset?.find(([domain]) => domain === '')?.[1];
  const got = await runOnnxOperator({ op: given.op, attributes: given.attributes ?? {}, inputs, ...(opset !== undefined && { opset }), ...(kernels && { kernels }) });
  let largestError = 0;
  let reason: string | null = null;
  for (const slot of given.output_slots) {
    if (slot === '') continue;
    const stored = given.outputs[slot];
    const expected = decode(slot, stored);
    const ours = got[slot] ?? got[slot.toLowerCase()] ?? got[slot.toUpperCase()];
    if (!ours) throw new SiseonError({ code: 'badCase', kind: 'failure', what: `there is no output ${slot}`, expected: Object.keys(got).join(', ') });
    if (ours.shape.join() !== expected.shape.join()) {
      reason ??= `${slot} has shape [${ours.shape.join(', ')}], expected [${expected.shape.join(', ')}]`;
      largestError = Infinity;
      continue;
    }
    const [absolute, relative] = tolerances[stored!.dtype] ?? [1e-6, 1e-5];
    for (const [i, right] of expected.data.entries()) {
      const left = ours.data[i]!;
      const error = Object.is(left, right) || left === right ? 0 : Number.isFinite(left) && Number.isFinite(right) ? Math.abs(left - right) : Infinity;
      largestError = Math.max(largestError, error);
      if (error > absolute + relative * (Number.isFinite(right) ? Math.abs(right) : 0)) reason ??= `${slot}[${i}] is ${left}, expected ${right}`;
    }
  }
  return { name: given.name, passed: reason === null, largestError, reason };
}

/** All types as float32: half types widen exactly, and ids, lengths and masks fit. */
function decode(slot: string, stored: Stored | undefined): OnnxTensor {
  if (!stored) throw new SiseonError({ code: 'badCase', kind: 'failure', what: `the case lists ${slot} and does not hold it` });
  const bytes = Uint8Array.from(atob(stored.data), (letter) => letter.charCodeAt(0));
  const read = readers[stored.dtype];
  if (!read) throw new SiseonError({ code: 'badCase', kind: 'failure', what: `${slot} has the type ${stored.dtype}`, expected: Object.keys(readers).join(', ') });
  const data = read(bytes.buffer);
  if (data.length !== size(stored.shape)) throw new SiseonError({ code: 'badCase', kind: 'failure', what: `${slot} holds ${data.length} numbers`, expected: `${size(stored.shape)} for [${stored.shape.join(', ')}]` });
  return { dtype: stored.dtype, shape: stored.shape, data };
}

const readers: Readonly<Record<string, (buffer: ArrayBuffer) => Float32Array>> = {
  float32: (buffer) => new Float32Array(buffer),
  float64: (buffer) => Float32Array.from(new Float64Array(buffer)),
  float16: (buffer) => Float32Array.from(new Uint16Array(buffer), half),
  bfloat16: (buffer) => new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer),
  int64: (buffer) => Float32Array.from(new BigInt64Array(buffer), Number),
  int32: (buffer) => Float32Array.from(new Int32Array(buffer)),
  int8: (buffer) => Float32Array.from(new Int8Array(buffer)),
  uint8: (buffer) => Float32Array.from(new Uint8Array(buffer)),
  bool: (buffer) => Float32Array.from(new Uint8Array(buffer)),
};

/** IEEE 754 binary16 → number. */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
