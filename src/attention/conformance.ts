/** Runs conformance cases: one JSON object a line, an ONNX operator with its inputs and the outputs to reach. */
import type { Kernels } from '../kernels/contract.ts';
import { runOnnxOperator } from './onnx.ts';
import { fromBytes, isOnnxType, type OnnxTensor, widen } from './onnxTypes.ts';
import { refusal, shapeText } from './refusal.ts';

export interface ConformanceResult {
  readonly line: number; // counts from 1
  readonly name: string;
  readonly passed: boolean;
  /** The largest |a − b| over all outputs; null where nothing could be compared, ∞ where ∞ or NaN stand in other places. */
  readonly error: number | null;
  /** Why it failed. */
  readonly reason?: string;
}

type Fields = Readonly<Record<string, unknown>>;

const broken = (what: string, expected: string, got: unknown): Error =>
  refusal('brokenCase', what, expected, JSON.stringify(got) ?? 'nothing', 'See the format of conformance files.');
const isFields = (x: unknown): x is Fields => typeof x === 'object' && x !== null && !Array.isArray(x);
const namesOf = (x: unknown, field: string): string[] => {
  if (!Array.isArray(x) || x.some((name) => typeof name !== 'string'))
    throw broken(`${field} is not a list of names`, 'names by position, "" where absent', x);
  return x as string[];
};

function tensorOf(x: unknown, name: string): OnnxTensor {
  if (!isFields(x)) throw broken(`tensor ${name} is absent`, '{ dtype, shape, data }', x);
  const { dtype, shape, data } = x;
  if (typeof dtype !== 'string' || !isOnnxType(dtype))
    throw broken(`tensor ${name} has an unknown type`, 'float32, float16, int64, bool, …', dtype);
  if (!Array.isArray(shape) || shape.some((length) => !Number.isInteger(length) || length < 0))
    throw broken(`tensor ${name} has no shape`, 'lengths from 0', shape);
  if (typeof data !== 'string') throw broken(`tensor ${name} has no data`, 'base64 of its little-endian bytes', data);
  return fromBytes(
    dtype,
    shape as number[],
    Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)),
  );
}

const opsetOf = (opset: unknown): number | undefined => {
  if (opset === undefined) return undefined;
  if (!Array.isArray(opset)) throw broken('opset is not a list', '[[domain, version]]', opset);
  for (const entry of opset) {
    if (!Array.isArray(entry) || typeof entry[1] !== 'number')
      throw broken('opset has an entry without a version', '[domain, version]', entry);
    if (entry[0] === '' || entry[0] === 'ai.onnx') return entry[1];
  }
  return undefined;
};

/** |a − b| ≤ absolute + relative · |b|, by the type of b. */
const tolerances = (dtype: string): { absolute: number; relative: number } =>
  dtype.includes('float16') ? { absolute: 1e-3, relative: 1e-2 } : { absolute: 1e-6, relative: 1e-5 };

/** The largest difference, and what is wrong with it, if anything. */
function compare(
  name: string,
  got: OnnxTensor | undefined,
  wanted: OnnxTensor,
): { error: number | null; reason?: string } {
  if (!got) return { error: null, reason: `there is no output ${name}` };
  if (got.dtype !== wanted.dtype || shapeText(got.shape) !== shapeText(wanted.shape))
    return {
      error: null,
      reason: `${name} is ${got.dtype} ${shapeText(got.shape)}, expected ${wanted.dtype} ${shapeText(wanted.shape)}`,
    };
  const { absolute, relative } = tolerances(wanted.dtype);
  const [a, b] = [widen(got), widen(wanted)];
  let error = 0;
  let reason: string | undefined;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (Object.is(x, y) || x === y) continue;
    const difference = Number.isFinite(x) && Number.isFinite(y) ? Math.abs(x - y) : Infinity;
    if (difference > error) error = difference;
    if (!(difference <= absolute + relative * Math.abs(y))) reason ??= `${name}[${i}] is ${x}, expected ${y}`;
  }
  return { error, ...(reason !== undefined && { reason }) };
}

async function runCase(
  fields: Fields,
  kernels: Kernels | undefined,
): Promise<{ error: number | null; reason?: string }> {
  if (typeof fields.op !== 'string') throw broken('the case names no operator', 'op', fields.op);
  const { inputs, outputs, attributes = {} } = fields;
  if (!isFields(inputs) || !isFields(outputs) || !isFields(attributes))
    throw broken('the case lacks inputs, outputs or attributes', 'objects', {
      inputs: typeof inputs,
      outputs: typeof outputs,
    });
  const outputSlots = namesOf(fields.output_slots, 'output_slots');
  const opset = opsetOf(fields.opset);
  const found = await runOnnxOperator({
    op: fields.op,
    attributes,
    inputs: namesOf(fields.input_slots, 'input_slots').map((name) =>
      name === '' ? undefined : tensorOf(inputs[name], name),
    ),
    outputs: outputSlots.length,
    ...(opset !== undefined && { opset }),
    ...(kernels && { kernels }),
  });
  if (!outputSlots.some((name) => name !== '')) throw broken('the case expects no output', 'at least one', outputSlots);
  const compared = outputSlots.flatMap((name, slot) =>
    name === '' ? [] : [compare(name, found[slot], tensorOf(outputs[name], name))],
  );
  const reason = compared.find((one) => one.reason !== undefined)?.reason;
  const errors = compared.flatMap(({ error }) => (error === null ? [] : [error]));
  return { error: errors.length ? Math.max(...errors) : null, ...(reason !== undefined && { reason }) };
}

/**
 * Runs every line of a conformance file's text (empty lines aside), on a device or on the shared one. A line that is not
 * JSON, an unknown operator and a refused input are failures of that line, not errors of this function. Tolerance:
 * 1e-6 + 1e-5 · |b|, for half precision 1e-3 + 1e-2 · |b|; ∞ and NaN in the same places.
 */
export async function runConformance(text: string, kernels?: Kernels): Promise<ConformanceResult[]> {
  const results: ConformanceResult[] = [];
  for (const [index, content] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (content.trim() === '') continue;
    const line = index + 1;
    let name = 'unnamed case';
    try {
      const fields: unknown = JSON.parse(content);
      if (!isFields(fields)) throw broken('the line is not an object', 'a JSON object', fields);
      if (typeof fields.name === 'string') name = fields.name;
      const outcome = await runCase(fields, kernels);
      results.push({ line, name, passed: outcome.reason === undefined, ...outcome });
    } catch (error) {
      results.push({
        line,
        name,
        passed: false,
        error: null,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return results;
}
