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
export function fileShape({ shape, part, transposed }: ParameterSource): number[] {
  const [outputs = 0, ...inputs] = shape;
  const whole = [outputs * (part?.count ?? 1), ...inputs];
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
  for (const source of sources) {
    const { tensor } = source;
    const whole = held.get(tensor) ?? (await tensors.get(tensor)!.read());
    uses.set(tensor, uses.get(tensor)! - 1);
    if (uses.get(tensor) === 0) held.delete(tensor);
    else held.set(tensor, whole);
    const data = takePart(source, whole);
    const bad = data.findIndex((number) => !Number.isFinite(number));
    if (bad >= 0)
      throw new SiseonError({
        code: 'parameterNotFinite',
        kind: 'failure',
        what: `${source.tensor} holds ${data[bad]} at index ${bad}`,
        expected: 'finite numbers',
        next: 'The checkpoint is damaged or its training diverged; fetch or train it again.',
      });
    parameters.set(source.name, { shape: source.shape, data });
  }
  return parameters;
}

/** One parameter in [output, input] order out of a tensor that may be transposed or hold several side by side. */
function takePart({ shape, part, transposed }: ParameterSource, data: Float32Array): Float32Array {
  const index = part?.index ?? 0;
  const [outputs = 1, inputs = 1] = shape;
  if (!transposed || shape.length === 1) return data.subarray(index * outputs * inputs, (index + 1) * outputs * inputs);
  const stride = outputs * (part?.count ?? 1);
  const taken = new Float32Array(outputs * inputs);
  for (let i = 0; i < inputs; i++)
    for (let o = 0; o < outputs; o++) taken[o * inputs + i] = data[i * stride + index * outputs + o]!;
  return taken;
}

/** The way back for families that store each parameter whole and untransposed: file names and tensors to save. */
export function fileTensors(
  sources: readonly ParameterSource[],
  parameters: ReadonlyMap<string, HostTensor>,
): { name: string; shape: readonly number[]; data: Float32Array }[] {
  return sources.map((source) => {
    if (source.transposed || source.part)
      throw new Error(`saving ${source.tensor} would need its transposed or joined layout`);
    const parameter = parameters.get(source.name)!;
    return { name: source.tensor, shape: parameter.shape, data: parameter.data };
  });
}
