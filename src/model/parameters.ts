/** Between a checkpoint's tensors and the transformer's parameters: all accounted for, or refused. */
import { SiseonError } from '../platform/index.ts';
import type { Family, ParameterSource } from './architecture.ts';

/** A parameter or tensor in host memory. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The shape of a source's tensor in the file. */
export function fileShape({ shape, rows, transposed, stored }: ParameterSource): readonly number[] {
  if (stored) return stored;
  const [outputs = 0, ...inputs] = shape;
  const whole = [rows?.total ?? outputs, ...inputs];
  return transposed ? whole.reverse() : whole;
}

/**
 * Takes the parameters that `sources` name out of a checkpoint's tensors.
 * Throws `parametersDoNotFit`, listing every missing, unexpected and misshapen tensor, and `parameterNotFinite` for a NaN or ∞.
 */
export function takeParameters(
  family: Family,
  sources: readonly ParameterSource[],
  tensors: ReadonlyMap<string, HostTensor>,
): Map<string, HostTensor> {
  const wanted = new Map(sources.map((source) => [source.tensor, source]));
  const problems: string[] = [];
  for (const [name, source] of wanted) {
    const tensor = tensors.get(name);
    const shape = fileShape(source);
    if (!tensor) problems.push(`${name} is missing`);
    else if (tensor.shape.join() !== shape.join())
      problems.push(`${name} has shape [${tensor.shape.join(', ')}], expected [${shape.join(', ')}]`);
  }
  for (const name of tensors.keys())
    if (!wanted.has(name) && !family.knownBuffers.test(name)) problems.push(`${name} is unexpected`);
  if (problems.length > 0)
    throw new SiseonError({
      code: 'parametersDoNotFit',
      kind: 'failure',
      what: `the checkpoint's parameters do not fit its config.json (${family.modelType}): ${problems.join('; ')}`,
      next: 'Use the config.json and the parameters of one and the same checkpoint.',
      details: { problems },
    });
  const parameters = new Map<string, HostTensor>();
  const taken = new Map<string, HostTensor>();
  for (const source of sources) {
    // Layers that share a tensor (ALBERT) share the parameter.
    const { name, ...where } = source;
    const key = JSON.stringify(where);
    const parameter = taken.get(key) ?? {
      shape: source.shape,
      data: takePart(source, tensors.get(source.tensor)!.data),
    };
    if (!taken.has(key)) expectFinite(source, parameter.data);
    taken.set(key, parameter);
    parameters.set(name, parameter);
  }
  return parameters;
}

function expectFinite({ tensor }: ParameterSource, data: Float32Array): void {
  const bad = data.findIndex((number) => !Number.isFinite(number));
  if (bad < 0) return;
  throw new SiseonError({
    code: 'parameterNotFinite',
    kind: 'failure',
    what: `${tensor} holds ${data[bad]} at index ${bad}`,
    expected: 'finite numbers',
    next: 'The checkpoint is damaged or its training diverged; fetch or train it again.',
  });
}

/** One parameter in [output, input] order out of a tensor that may be transposed or hold several. */
function takePart({ shape, rows, transposed, plus = 0 }: ParameterSource, data: Float32Array): Float32Array {
  const [outputs = 1, ...rest] = shape;
  const inputs = rest.reduce((size, length) => size * length, 1);
  const { total, start, block, stride } = rows ?? { total: outputs, start: 0, block: outputs, stride: 0 };
  // Rows of the file as they lie, where they follow one another: no copy.
  if ((!transposed || rest.length === 0) && block === outputs && plus === 0)
    return data.subarray(start * inputs, (start + outputs) * inputs);
  const part = new Float32Array(outputs * inputs);
  for (let o = 0; o < outputs; o++) {
    const row = start + Math.floor(o / block) * stride + (o % block);
    for (let i = 0; i < inputs; i++)
      part[o * inputs + i] = data[transposed && rest.length > 0 ? i * total + row : row * inputs + i]! + plus;
  }
  return part;
}

/** The way back for families that store each parameter whole and untransposed: file names and tensors to save. */
export function fileTensors(
  sources: readonly ParameterSource[],
  parameters: ReadonlyMap<string, HostTensor>,
): { name: string; shape: readonly number[]; data: Float32Array }[] {
  return sources.map((source) => {
    if (source.transposed || source.rows || source.plus)
      throw new Error(`saving ${source.tensor} would need the layout of its file`);
    const parameter = parameters.get(source.name)!;
    return { name: source.tensor, shape: parameter.shape, data: parameter.data };
  });
}
