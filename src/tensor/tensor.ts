import type { Kernels, Numbers, Storage } from '../kernels/index.ts';
import { SiseonError } from '../platform/errors.ts';
import { type Shape, sizeOf } from './shape.ts';

/** Numbers on a device with a shape; row-major. Several tensors may share one storage (see Operations.reshape). */
export interface Tensor {
  readonly kernels: Kernels;
  readonly storage: Storage;
  readonly shape: Shape;
}

/** Storages allocated since the innermost scope began; null outside of any scope. */
let allocated: Map<Kernels, Storage[]> | null = null;

/** A tensor on the device: zeros, or the values given (row-major, as many as the shape holds, else `shapeMismatch`). */
export function tensor(kernels: Kernels, shape: Shape, values?: ArrayLike<number>): Tensor {
  if (values && values.length !== sizeOf(shape))
    throw new SiseonError({
      code: 'shapeMismatch',
      kind: 'usage',
      what: 'tensor: wrong number of values',
      expected: `${sizeOf(shape)} for [${shape.join(', ')}]`,
      got: `${values.length}`,
    });
  return made(kernels, shape, values, true);
}

/** A tensor whose numbers are still to be computed, all of them: until then they are whatever the memory held. */
export const unfilled = (kernels: Kernels, shape: Shape): Tensor => made(kernels, shape, undefined, false);

/**
 * A linear map [outputs, inputs], or a table, laid out once for `linear` and `embed` in the type that its file has; int8
 * has a scale for every output, or for every `group` inputs of it. It stays until it is freed or its device is gone.
 */
export function packedTensor(kernels: Kernels, shape: Shape, numbers: Numbers): Tensor {
  const [columns = 1, inner = 1] = shape;
  return { kernels, storage: kernels.pack({ ...numbers, inner, columns, transposed: true }), shape };
}

function made(kernels: Kernels, shape: Shape, values: ArrayLike<number> | undefined, cleared: boolean): Tensor {
  const storage = kernels.allocate(sizeOf(shape), cleared && !values);
  const own = allocated?.get(kernels) ?? [];
  own.push(storage);
  allocated?.set(kernels, own);
  if (values) kernels.write(storage, values);
  return { kernels, storage, shape };
}

/** The numbers of a tensor, copied as of the moment of the call. */
export const read = ({ kernels, storage }: Tensor): Promise<Float32Array> => kernels.read(storage);

/**
 * Runs `body` and frees every tensor that it allocated on the device. What is worth keeping is read (a copy) or written
 * into tensors made outside. The body is synchronous: an await inside would let another run's tensors fall into this scope.
 */
export function scope<T>(kernels: Kernels, body: () => T): T {
  const outer = allocated;
  allocated = new Map([[kernels, []]]);
  try {
    return body();
  } finally {
    for (const [device, storages] of allocated) for (const storage of storages) device.free(storage);
    allocated = outer;
  }
}

/** As `scope`, but the tensors that `body` gives stay, and belong to the scope around. */
export function scopeBut<Kept extends readonly (Tensor | null)[]>(kernels: Kernels, body: () => Kept): Kept {
  const outer = allocated;
  const own: Storage[] = [];
  allocated = new Map([[kernels, own]]);
  const kept = new Set<Storage>();
  try {
    const results = body();
    for (const result of results) if (result) kept.add(result.storage);
    return results;
  } finally {
    for (const [device, storages] of allocated)
      for (const storage of storages)
        if (!kept.has(storage)) device.free(storage);
        else outer?.set(kernels, [...(outer.get(kernels) ?? []), storage]);
    allocated = outer;
  }
}
