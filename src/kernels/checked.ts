/**
 * A device that refuses what does not fit before it sees it: it computes with places in its memory, and one number too few would
 * mean its neighbours'. A few comparisons a call, and one for each id of a table.
 */
import type { Kernels, Storage } from './contract.ts';
import {
  activates,
  attend,
  attendBackward,
  given,
  holds,
  holdsJust,
  isPacked,
  matmul,
  names,
  packs,
  refusal,
  rotate,
  whole,
} from './fits.ts';

/** Storages that a kernel over rows takes: whole rows, one number a column, one a row. */
interface OverRows {
  readonly whole: Readonly<Record<string, Storage>>;
  readonly columns?: Readonly<Record<string, Storage | null>>;
  readonly rows?: Readonly<Record<string, Storage | Int32Array>>;
}

function overRows(kernel: string, size: { readonly rows: number; readonly columns: number }, given: OverRows): void {
  const { rows, columns } = size;
  whole(kernel, { rows, columns });
  for (const name in given.whole) holds(kernel, name, given.whole[name]!, rows * columns);
  for (const name in given.columns)
    if (given.columns[name] !== null) holds(kernel, name, given.columns[name]!, columns);
  for (const name in given.rows) holds(kernel, name, given.rows[name]!, rows);
}

/** Storages of one length. */
function alike(kernel: string, storages: Readonly<Record<string, Storage>>): void {
  for (const name in storages) given(kernel, name, storages[name]);
  const [first, ...others] = Object.keys(storages);
  for (const name of others) holdsJust(kernel, name, storages[name]!, storages[first!]!.length);
}

function repeats(kernel: string, left: Storage, right: Storage, out: Storage): void {
  given(kernel, 'left', left);
  given(kernel, 'right', right);
  holdsJust(kernel, 'out', out, left.length);
  if (left.length > 0 && !(right.length > 0 && left.length % right.length === 0))
    throw refusal(
      'badSize',
      `${kernel}: right cannot be repeated along left`,
      `a length that divides ${left.length}`,
      `${right.length}`,
      'Check both.',
    );
}

function table(kernel: string, storage: Storage, ids: Int32Array, rows: Storage, columns: number): void {
  whole(kernel, { columns });
  given(kernel, 'the table', storage);
  if (isPacked(storage) && storage.transposed && storage.inner !== columns)
    throw refusal(
      'packedMisfit',
      `${kernel}: rows of the packed table have another length`,
      `columns ${storage.inner}`,
      `${columns}`,
      'Check columns.',
    );
  holds(kernel, 'out', rows, ids.length * columns);
  if (columns > 0) names(kernel, 'ids', ids, 0, Math.floor(storage.length / columns));
}

/**
 * The device, its kernels refusing what does not fit before anything is written. Throws `badSize`, `storageTooShort`,
 * `packedMisfit`, `idOutside`, `unknownActivation`, `wrongStorage`.
 */
export function checked(device: Kernels): Kernels {
  const after =
    <A extends readonly unknown[]>(check: (...given: A) => void, kernel: (...given: A) => void) =>
    (...given: A): void => {
      check(...given);
      kernel(...given);
    };
  return {
    ...device,
    allocate(length, cleared) {
      whole('allocate', { length });
      return device.allocate(length, cleared);
    },
    pack(source) {
      packs(source);
      return device.pack(source);
    },
    matmul: after(matmul, device.matmul),
    attend: after(attend, device.attend),
    attendBackward: after(attendBackward, device.attendBackward),
    rotate: after(rotate, device.rotate),
    softmax: after((x, out, size) => overRows('softmax', size, { whole: { x, out } }), device.softmax),
    softmaxBackward: after(
      (y, gradient, xGradient, size) => overRows('softmaxBackward', size, { whole: { y, gradient, xGradient } }),
      device.softmaxBackward,
    ),
    layerNorm: after(
      (x, weight, bias, out, mean, inverse, size) =>
        overRows('layerNorm', size, { whole: { x, out }, columns: { weight, bias }, rows: { mean, inverse } }),
      device.layerNorm,
    ),
    layerNormBackward: after(
      (x, weight, mean, inverse, gradient, xGradient, weightGradient, biasGradient, size) =>
        overRows('layerNormBackward', size, {
          whole: { x, gradient, xGradient },
          columns: { weight, weightGradient, biasGradient },
          rows: { mean, inverse },
        }),
      device.layerNormBackward,
    ),
    rmsNorm: after(
      (x, weight, out, inverse, size) =>
        overRows('rmsNorm', size, { whole: { x, out }, columns: { weight }, rows: { inverse } }),
      device.rmsNorm,
    ),
    rmsNormBackward: after(
      (x, weight, inverse, gradient, xGradient, weightGradient, size) =>
        overRows('rmsNormBackward', size, {
          whole: { x, gradient, xGradient },
          columns: { weight, weightGradient },
          rows: { inverse },
        }),
      device.rmsNormBackward,
    ),
    activate: after((kind, x, out) => {
      activates('activate', kind);
      alike('activate', { x, out });
    }, device.activate),
    activateBackward: after((kind, x, gradient, xGradient) => {
      activates('activateBackward', kind);
      alike('activateBackward', { x, gradient, xGradient });
    }, device.activateBackward),
    add: after((left, right, out) => repeats('add', left, right, out), device.add),
    multiply: after((left, right, out) => repeats('multiply', left, right, out), device.multiply),
    scale: after((x, _, out) => alike('scale', { x, out }), device.scale),
    keepLargest: after((x, out, size, count) => {
      overRows('keepLargest', size, { whole: { x, out } });
      whole('keepLargest', { count });
    }, device.keepLargest),
    sumRows: after((x, out, size) => overRows('sumRows', size, { whole: { x }, columns: { out } }), device.sumRows),
    sumSquares: after((x, out) => {
      given('sumSquares', 'x', x);
      holds('sumSquares', 'out', out, 1);
    }, device.sumSquares),
    gather: after((from, ids, out, columns) => table('gather', from, ids, out, columns), device.gather),
    scatterAdd: after((to, ids, rows, columns) => table('scatterAdd', to, ids, rows, columns), device.scatterAdd),
    crossEntropy: after((logits, targets, losses, size) => {
      overRows('crossEntropy', size, { whole: { logits }, rows: { targets, losses } });
      names('crossEntropy', 'targets', targets, Number.NEGATIVE_INFINITY, size.columns);
    }, device.crossEntropy),
    crossEntropyBackward: after((logits, targets, gradient, logitsGradient, size) => {
      overRows('crossEntropyBackward', size, { whole: { logits, logitsGradient }, rows: { targets, gradient } });
      names('crossEntropyBackward', 'targets', targets, Number.NEGATIVE_INFINITY, size.columns);
    }, device.crossEntropyBackward),
    adam: after(
      ({ parameter, gradient, first, second }) => alike('adam', { parameter, gradient, first, second }),
      device.adam,
    ),
  };
}
