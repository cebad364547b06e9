/** Between a checkpoint's tensors and the transformer's parameters: all accounted for, or refused. */
import { SiseonError } from '../platform/index.ts';
import type { Family, ParameterSource } from './architecture.ts';

/** A parameter or tensor in host memory. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A tensor of a checkpoint that is read when it is asked for. */
export interface FileTensor {
  readonly shape: readonly number[];
  read(): Promise<Float32Array>;
}

/** The shape of a source's tensor in the file. */
export function fileShape({ shape, rows, transposed, stored }: ParameterSource): readonly number[] {
  if (stored) return stored;
  const [outputs = 0, ...inputs] = shape;
  const whole = [rows?.total ?? outputs, ...inputs];
  return transposed ? whole.reverse() : whole;
}

/**
 * Holds a checkpoint's tensors against what `sources` name, before any is read.
 * Throws `parametersDoNotFit`, listing every missing, unexpected and misshapen tensor.
 */
export function checkParameters(
  family: Family,
  sources: readonly ParameterSource[],
  tensors: ReadonlyMap<string, FileTensor>,
): void {
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
}

/**
 * Takes the parameters that `sources` name out of a checkpoint's tensors, one tensor after another, each read once.
 * Throws what checkParameters throws, and `parameterNotFinite` for a NaN or ∞.
 */
export async function takeParameters(
  family: Family,
  sources: readonly ParameterSource[],
  tensors: ReadonlyMap<string, FileTensor>,
): Promise<Map<string, HostTensor>> {
  checkParameters(family, sources, tensors);
  const parameters = new Map<string, HostTensor>();
  // A tensor of several parts is held until the last of them is taken.
  const uses = new Map<string, number>();
  for (const { tensor } of sources) uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  const held = new Map<string, Float32Array>();
  const taken = new Map<string, HostTensor>();
  for (const source of sources) {
    const { name, ...where } = source;
    const { tensor } = where;
    // Layers that share a tensor (ALBERT) share the parameter.
    const key = JSON.stringify(where);
    const known = taken.get(key);
    const whole = known ? null : (held.get(tensor) ?? (await tensors.get(tensor)!.read()));
    if (whole) held.set(tensor, whole);
    uses.set(tensor, uses.get(tensor)! - 1);
    if (uses.get(tensor) === 0) held.delete(tensor);
    const parameter = known ?? { shape: source.shape, data: takePart(source, whole!) };
    if (!known) expectFinite(source, parameter.data);
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
