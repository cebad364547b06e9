/** Between a checkpoint's tensors and the transformer's parameters: all accounted for, or refused. */
import type { Numbers } from '../kernels/index.ts';
import { SiseonError } from '../platform/index.ts';
import type { Architecture, Family, ParameterSource } from './architecture.ts';
import { widened } from './numbers.ts';

/** A parameter or tensor in host memory. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A tensor of a checkpoint that is read when it is asked for, in its file's type where the engine takes that. */
export interface FileTensor {
  readonly shape: readonly number[];
  read(): Promise<Numbers>;
}

/** A parameter on its way from a file to a device: its numbers, or the name of an earlier one that it shares. */
export interface TakenParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly from: Numbers | { readonly sharedWith: string };
}

/** The shape of a source's tensor in the file. */
export function fileShape({ shape, rows, transposed, stored }: ParameterSource): readonly number[] {
  if (stored) return stored;
  const [outputs = 0, ...inputs] = shape;
  const whole = [rows?.total ?? outputs, ...inputs];
  return transposed ? whole.reverse() : whole;
}

/** The first few of a long list, and how many more there are; `details` has all of them. */
const few = (problems: readonly string[]): string =>
  problems.length <= 4 ? problems.join('; ') : `${problems.slice(0, 3).join('; ')}; and ${problems.length - 3} more`;

/**
 * Holds a checkpoint's tensors against what `sources` name, before any is read.
 * Throws `parametersDoNotFit`, listing every missing, unexpected and misshapen tensor.
 */
export function checkParameters(
  family: Family,
  sources: readonly ParameterSource[],
  tensors: ReadonlyMap<string, FileTensor>,
  { gguf }: { readonly gguf: boolean } = { gguf: false },
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
      what: `the ${gguf ? `tensors of the GGUF file do not fit its architecture` : `checkpoint's parameters do not fit its config.json`} (${family.modelType}): ${few(problems)}`,
      next: gguf
        ? 'Fetch the file again, or take the checkpoint in Hugging Face layout.'
        : 'Use the config.json and the parameters of one and the same checkpoint.',
      details: { problems, gguf },
    });
}

/**
 * A language head in a checkpoint whose config names no class that has one: a tied head's copy is in the embeddings, but
 * here nothing would read it. Throws `parametersDoNotFit`.
 */
export function checkHead(
  family: Family,
  architecture: Pick<Architecture, 'head'>,
  sources: readonly ParameterSource[],
  tensors: ReadonlyMap<string, FileTensor>,
): void {
  if (architecture.head !== null) return;
  const read = new Set(sources.map(({ tensor }) => tensor));
  const heads = [...tensors.keys()].filter((name) => /^(lm_head|embed_out)\.weight$/.test(name) && !read.has(name));
  if (heads.length === 0) return;
  const problems = heads.map((name) => `${name} is unexpected`);
  throw new SiseonError({
    code: 'parametersDoNotFit',
    kind: 'failure',
    what: `the checkpoint has a language head, and its config.json (${family.modelType}) names no class that has one: ${few(problems)}`,
    next: 'Name the class in "architectures", as …ForCausalLM, or use the config.json of the same checkpoint.',
    details: { problems },
  });
}

/**
 * Takes the parameters that `sources` name out of a checkpoint's tensors, one after another, each tensor read once; what
 * came before is let go of as the next is asked for. Throws what checkParameters throws, and `parameterNotFinite` for a
 * NaN or ∞.
 */
export async function* takeParameters(
  family: Family,
  sources: readonly ParameterSource[],
  tensors: ReadonlyMap<string, FileTensor>,
): AsyncGenerator<TakenParameter, void, void> {
  checkParameters(family, sources, tensors);
  // A tensor of several parts is held until the last of them is taken.
  const uses = new Map<string, number>();
  for (const { tensor } of sources) uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  const held = new Map<string, Numbers>();
  const taken = new Map<string, string>();
  for (const source of sources) {
    const { name, ...where } = source;
    const { tensor, shape } = where;
    // Layers that share a tensor (ALBERT) share the parameter.
    const key = JSON.stringify(where);
    const known = taken.get(key);
    const whole = known === undefined ? (held.get(tensor) ?? (await tensors.get(tensor)!.read())) : null;
    uses.set(tensor, uses.get(tensor)! - 1);
    if (uses.get(tensor) === 0) held.delete(tensor);
    else if (whole) held.set(tensor, whole);
    taken.set(key, known ?? name);
    if (known !== undefined) yield { name, shape, from: { sharedWith: known } };
    else {
      const numbers = takePart(source, whole!);
      expectFinite(source, numbers);
      yield { name, shape, from: numbers };
    }
  }
}

/** All ones in the exponent say ∞ or NaN; of int8 its scales could be that. */
function expectFinite({ tensor }: ParameterSource, { type, values, scales = new Float32Array() }: Numbers): void {
  const exponent = { f32: 0x7f800000, f16: 0x7c00, bf16: 0x7f80, int8: 0x7f800000 }[type];
  const floats = type === 'f32' ? (values as Float32Array) : type === 'int8' ? scales : null;
  const bits = floats ? new Uint32Array(floats.buffer, floats.byteOffset, floats.length) : values;
  for (let i = 0; i < bits.length; i++) {
    if ((bits[i]! & exponent) !== exponent) continue;
    const one = floats ? floats[i] : widened({ type, values: values.subarray(i, i + 1) })[0];
    throw new SiseonError({
      code: 'parameterNotFinite',
      kind: 'failure',
      what: `${tensor} holds ${one} at index ${i}`,
      expected: 'finite numbers',
      next: 'The checkpoint is damaged or its training diverged; fetch or train it again.',
    });
  }
}

/** One parameter in [output, input] order out of a tensor that may be transposed or hold several, in the tensor's own type. */
function takePart(source: ParameterSource, whole: Numbers): Numbers {
  const { shape, rows, transposed, plus = 0, stored } = source;
  const [outputs = 1, ...rest] = shape;
  const inputs = rest.reduce((size, length) => size * length, 1);
  const place = rows ?? { total: outputs, start: 0, block: outputs, stride: 0 };
  const turned = transposed === true && rest.length > 0;
  // Scales belong to stretches of the file's own rows, and a sum with a number has no type but float32.
  if ((turned || stored || plus !== 0) && whole.scales)
    return takePart(source, { type: 'f32', values: widened(whole) });
  if (plus !== 0) {
    const plain = takePart({ ...source, plus: 0 }, whole);
    return { type: 'f32', values: widened(plain).map((number) => number + plus) };
  }
  if (turned) return { type: whole.type, values: transposedRows(whole.values, place, outputs, inputs) };
  const { type, values, scales, group = inputs } = whole;
  if (!scales) return { type, values: ownRows(values, place, outputs, inputs) };
  return {
    type,
    group,
    values: ownRows(values, place, outputs, inputs),
    scales: ownRows(scales, place, outputs, inputs / group),
  };
}

type FileRows = NonNullable<ParameterSource['rows']>;

/** The row of the file that output o is. */
const fileRow = ({ start, block, stride }: FileRows, o: number): number =>
  start + Math.floor(o / block) * stride + (o % block);

/** Rows of the file, `width` numbers each; as they lie where they follow one another. */
function ownRows<T extends Numbers['values']>(values: T, place: FileRows, outputs: number, width: number): T {
  if (place.block === outputs) return values.subarray(place.start * width, (place.start + outputs) * width) as T;
  const part = new (values.constructor as new (length: number) => T)(outputs * width);
  for (let o = 0; o < outputs; o++) {
    const row = fileRow(place, o);
    part.set(values.subarray(row * width, (row + 1) * width), o * width);
  }
  return part;
}

/** Columns of the file as rows, 16 inputs at a time: what is read lies side by side while it is in the cache. */
function transposedRows<T extends Numbers['values']>(values: T, place: FileRows, outputs: number, inputs: number): T {
  const part = new (values.constructor as new (length: number) => T)(outputs * inputs);
  for (let first = 0; first < inputs; first += 16)
    for (let o = 0; o < outputs; o++) {
      const row = fileRow(place, o);
      for (let i = first; i < Math.min(inputs, first + 16); i++) part[o * inputs + i] = values[i * place.total + row]!;
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
