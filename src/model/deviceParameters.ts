/** A model's parameters where they are computed with, and nowhere else. */
import type { Kernels, Numbers, NumberType } from '../kernels/index.ts';
import { packedTensor, sizeOf, type Tensor, tensor } from '../tensor/index.ts';
import type { Architecture } from './architecture.ts';
import { Fingerprint } from './fingerprint.ts';
import { widened, widths, words } from './numbers.ts';
import type { HostTensor, TakenParameter } from './parameters.ts';

/** A parameter on the model's device; linear maps are [output, input]. Parameters that layers share are one object. */
export interface ModelParameter {
  readonly shape: readonly number[];
  /** As the device keeps it: its file's type where products read it, else f32. */
  readonly type: NumberType;
  /** On the device. */
  readonly bytes: number;
  /** A copy of its numbers as float32, row-major: all rows, or `count` of them from `first` on. */
  read(first?: number, count?: number): Promise<Float32Array>;
}

/** Whether a parameter is the right operand of products (or the table of tokens), laid out for them once and for all. */
const isPacked = (name: string, shape: readonly number[]): boolean =>
  shape.length === 2 && (name.endsWith('.weight') || name === 'embeddings.token');

/** In which type the device keeps a parameter whose file has this one, and in how many bytes (without rounding). */
export function heldAs(
  name: string,
  shape: readonly number[],
  type: NumberType,
  group = shape[1] ?? 1,
): { readonly type: NumberType; readonly bytes: number } {
  if (!isPacked(name, shape)) return { type: 'f32', bytes: 4 * sizeOf(shape) };
  const [outputs = 0, inputs = 0] = shape;
  // Panels of 8 outputs.
  const columns = 8 * Math.ceil(outputs / 8);
  const scales = type === 'int8' ? 4 * columns * Math.ceil(inputs / group) : 0;
  return { type, bytes: columns * inputs * widths[type] + scales };
}

/** By the transformer's own names. */
export class DeviceParameters {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly parameters: ReadonlyMap<string, ModelParameter>;
  /** Sixteen hex digits of the architecture and of all numbers as float32: the same whatever type they are kept in. */
  readonly fingerprint: string;
  readonly #kernels: Kernels;

  private constructor(
    kernels: Kernels,
    tensors: ReadonlyMap<string, Tensor>,
    parameters: ReadonlyMap<string, ModelParameter>,
    fingerprint: string,
  ) {
    this.#kernels = kernels;
    this.tensors = tensors;
    this.parameters = parameters;
    this.fingerprint = fingerprint;
  }

  /** Puts them on the device as they come, outside of any scope: they stay until `free`. What fails leaves nothing there. */
  static async from(
    kernels: Kernels,
    architecture: Architecture,
    taken: AsyncIterable<TakenParameter> | Iterable<TakenParameter>,
  ): Promise<DeviceParameters> {
    const tensors = new Map<string, Tensor>();
    const parameters = new Map<string, ModelParameter>();
    const fingerprint = new Fingerprint(JSON.stringify(architecture));
    try {
      for await (const { name, shape, from } of taken) {
        if ('sharedWith' in from) {
          tensors.set(name, tensors.get(from.sharedWith)!);
          parameters.set(name, parameters.get(from.sharedWith)!);
          continue;
        }
        for (const piece of words(from)) fingerprint.add(piece);
        const placed = place(kernels, name, shape, from);
        tensors.set(name, placed);
        parameters.set(name, described(placed, heldAs(name, shape, from.type, from.group)));
      }
    } catch (error) {
      freeAll(kernels, tensors);
      throw error;
    }
    return new DeviceParameters(kernels, tensors, parameters, fingerprint.digits);
  }

  free(): void {
    freeAll(this.#kernels, this.tensors);
  }
}

function freeAll(kernels: Kernels, tensors: ReadonlyMap<string, Tensor>): void {
  for (const { storage } of new Set(tensors.values())) kernels.free(storage);
}

function place(kernels: Kernels, name: string, shape: readonly number[], numbers: Numbers): Tensor {
  if (!isPacked(name, shape)) return tensor(kernels, shape, widened(numbers));
  return packedTensor(kernels, shape, numbers);
}

function described({ kernels, storage, shape }: Tensor, held: ReturnType<typeof heldAs>): ModelParameter {
  const [rows = 1] = shape;
  const width = sizeOf(shape) / Math.max(1, rows);
  return {
    shape,
    ...held,
    read: (first = 0, count = rows - first) => kernels.read(storage, first * width, count * width),
  };
}

/** Parameters in host memory as they go to a device; what layers share is one object. */
export function* fromHost(parameters: ReadonlyMap<string, HostTensor>): Generator<TakenParameter, void, void> {
  const names = new Map<HostTensor, string>();
  for (const [name, parameter] of parameters) {
    const { shape, data } = parameter;
    const known = names.get(parameter);
    names.set(parameter, known ?? name);
    yield { name, shape, from: known === undefined ? { type: 'f32', values: data } : { sharedWith: known } };
  }
}

/** Copies of host parameters on a device that can be learned, outside of any scope: they stay. What layers share is copied once. */
export function toDevice(kernels: Kernels, parameters: ReadonlyMap<string, HostTensor>): Map<string, Tensor> {
  const copied = new Map<HostTensor, Tensor>();
  return new Map(
    [...parameters].map(([name, parameter]) => {
      const own = copied.get(parameter) ?? tensor(kernels, parameter.shape, parameter.data);
      copied.set(parameter, own);
      return [name, own];
    }),
  );
}
