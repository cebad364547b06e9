/** Whether what a kernel is given fits together: sizes, storages, strides, packed operands, ids. */
import { SiseonError } from '../platform/errors.ts';
import type { Known } from '../platform/options.ts';
import type {
  Activation,
  Attend,
  AttendBackward,
  AttentionShape,
  Heads,
  Matmul,
  NumberType,
  Packed,
  PackSource,
  Rotate,
  Storage,
  Visibility,
} from './contract.ts';

export const refusal = (code: string, what: string, expected: string, got: string, next: string): SiseonError =>
  new SiseonError({ code, kind: 'usage', what, expected, got, next });

/** A storage that cannot be used so, whatever its length. */
export const wrongStorage = (what: string, next: string): SiseonError =>
  new SiseonError({ code: 'wrongStorage', kind: 'usage', what, next });

const activations: Known<Record<Activation, true>> = { gelu: true, geluTanh: true, relu: true, silu: true, tanh: true };

/** An activation that there is: programs without types write its name as they please. Throws `unknownActivation`. */
export function activates(kernel: string, kind: Activation): void {
  if (Object.hasOwn(activations, kind)) return;
  const known = Object.keys(activations).join(', ');
  throw refusal(
    'unknownActivation',
    `${kernel}: there is no activation ${kind}`,
    known,
    `${kind}`,
    'Use one of those.',
  );
}

/** Of another device. */
export const foreign = (): SiseonError =>
  wrongStorage('this storage was allocated by another device', 'Read it there and write it here.');

/** Sizes are whole numbers from 0. Throws `badSize`. */
export function whole(kernel: string, sizes: Readonly<Record<string, number>>): void {
  for (const name in sizes)
    if (!(Number.isSafeInteger(sizes[name]) && sizes[name]! >= 0))
      throw refusal(
        'badSize',
        `${kernel}: ${name} is no size`,
        'a whole number from 0',
        `${sizes[name]}`,
        `Check ${name}.`,
      );
}

/** There is one: programs without types may leave it out. Throws `wrongStorage`. */
export function given(kernel: string, name: string, storage: { readonly length: number } | undefined): void {
  if (!storage) throw wrongStorage(`${kernel}: ${name} is missing`, `Give ${name}.`);
}

/** At least so many numbers. Throws `storageTooShort`, `wrongStorage`. */
export function holds(kernel: string, name: string, storage: { readonly length: number }, count: number): void {
  given(kernel, name, storage);
  if (storage.length >= count) return;
  const what = `${kernel}: ${name} is too short for the sizes`;
  throw refusal(
    'storageTooShort',
    what,
    `${count} numbers or more`,
    `${storage.length}`,
    `Give a longer ${name}, or smaller sizes.`,
  );
}

/** Just so many numbers: kernels over single numbers compute four at a time, and would write on behind the last. Throws `badSize`. */
export function holdsJust(kernel: string, name: string, storage: Storage, count: number): void {
  holds(kernel, name, storage, count);
  if (storage.length === count) return;
  throw refusal(
    'badSize',
    `${kernel}: ${name} has another length`,
    `${count} numbers`,
    `${storage.length}`,
    `Check ${name}.`,
  );
}

/** Rows of heads lie inside their storage, their numbers `step` apart. Throws `storageTooShort`, `wrongStorage`. */
function reaches(
  kernel: string,
  name: string,
  x: Heads,
  batch: number,
  heads: number,
  rows: number,
  width: number,
  step = 1,
): void {
  given(kernel, name, x?.storage);
  if (batch * heads * rows * width === 0) return;
  let [first, last] = [x.offset, x.offset];
  for (const far of [
    (batch - 1) * x.batchStride,
    (heads - 1) * x.headStride,
    (rows - 1) * x.rowStride,
    (width - 1) * step,
  ])
    if (far < 0) first += far;
    else last += far;
  if (first >= 0 && last < x.storage.length && Number.isInteger(first) && Number.isInteger(last)) return;
  throw refusal(
    'storageTooShort',
    `${kernel}: ${name} does not lie in its storage`,
    `numbers 0 to ${x.storage.length - 1}`,
    `${first} to ${last}`,
    'Check its offset and strides, or allocate more.',
  );
}

/** Ids from `low` on name rows of a table. Throws `idOutside`. */
export function names(kernel: string, name: string, ids: Int32Array, low: number, rows: number): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (id < low || id >= rows)
      throw refusal(
        'idOutside',
        `${kernel}: number ${i} of ${name} names no row`,
        low === -Infinity ? `at most ${rows - 1}` : `${low} to ${rows - 1}`,
        `${id}`,
        `Check ${name}.`,
      );
  }
}

/** Bytes a number, as files have it. */
export const bytesEach: Record<NumberType, number> = { f32: 4, f16: 2, bf16: 2, int8: 1 };

/** Numbers and scales make up the operand. Throws `badSize`, `packedMisfit`. */
export function packs({ type, values, inner, columns, scales, group = Math.max(1, inner) }: PackSource): void {
  whole('pack', { inner, columns, group });
  const groups = type === 'int8' ? Math.ceil(inner / Math.max(1, group)) : 0;
  if (
    values.length === inner * columns &&
    values.BYTES_PER_ELEMENT === bytesEach[type] &&
    (type === 'int8') === (scales !== undefined) &&
    (scales?.length ?? 0) === columns * groups &&
    group > 0
  )
    return;
  throw refusal(
    'packedMisfit',
    `an operand of ${inner} × ${columns} numbers in ${type} cannot be made of what was given`,
    `${inner * columns} numbers of ${bytesEach[type]} bytes and ${columns * groups} scales`,
    `${values.length} numbers of ${values.BYTES_PER_ELEMENT} bytes and ${scales?.length ?? 0} scales`,
    'Check inner, columns, type and group.',
  );
}

export const isPacked = (storage: Storage): storage is Packed => 'columns' in storage;

export function matmul(task: Matmul): void {
  const { out, left, right, bias, residual, batch = 1, rows, inner, columns, rightTransposed } = task;
  whole('matmul', { batch, rows, inner, columns });
  holds('matmul', 'out', out, batch * rows * columns);
  holds('matmul', 'left', left, batch * rows * inner);
  if (task.activation !== undefined) activates('matmul', task.activation);
  if (bias) holds('matmul', 'bias', bias, columns);
  if (residual) holds('matmul', 'residual', residual, batch * rows * columns);
  given('matmul', 'right', right);
  if (isPacked(right)) packedFits(right, batch, inner, columns, rightTransposed === true);
  else holds('matmul', 'right', right, batch * inner * columns);
}

/** A packed operand is one matrix; packed as columns × inner, it is the same where the product takes right as it was given. */
function packedFits(right: Packed, batch: number, inner: number, columns: number, turned: boolean): void {
  const misfit = (what: string, expected: string, got: string, next: string): SiseonError =>
    refusal('packedMisfit', `matmul: ${what}`, expected, got, next);
  if (batch > 1)
    throw misfit(
      'a packed operand is one matrix, not one for each batch item',
      'batch 1',
      `batch ${batch}`,
      'Call once for each item, or give all rows as one product.',
    );
  const [depth, width] = turned === right.transposed ? [right.inner, right.columns] : [right.columns, right.inner];
  if (depth === inner && width === columns) return;
  throw misfit(
    `the packed operand is another matrix than the product's right, with rightTransposed ${turned}`,
    `${inner} × ${columns}`,
    `${depth} × ${width}, packed with transposed ${right.transposed}`,
    'Check inner and columns, and whether rightTransposed says what transposed said when it was packed.',
  );
}

function attention(
  kernel: string,
  task: AttentionShape & { query: Heads; key: Heads; value: Heads; out: Heads },
): void {
  const { batch, heads, keyValueHeads, queryLength, keyLength, headSize, valueSize, visibility } = task;
  whole(kernel, { batch, heads, keyValueHeads, queryLength, keyLength, headSize, valueSize });
  if (heads > 0 && (keyValueHeads === 0 || heads % keyValueHeads > 0))
    throw refusal(
      'badSize',
      `${kernel}: the heads cannot share the key heads evenly`,
      'keyValueHeads that divides heads',
      `${keyValueHeads} of ${heads}`,
      'Check both.',
    );
  reaches(kernel, 'query', task.query, batch, heads, queryLength, headSize);
  reaches(kernel, 'key', task.key, batch, keyValueHeads, keyLength, headSize);
  reaches(kernel, 'value', task.value, batch, keyValueHeads, keyLength, valueSize);
  reaches(kernel, 'out', task.out, batch, heads, queryLength, valueSize);
  const { bias, keyLengths, offsets } = visibility;
  if (bias) reaches(kernel, 'the bias', bias, batch, heads, queryLength, keyLength, bias.columnStride);
  if (keyLengths) holds(kernel, 'keyLengths', keyLengths, batch);
  if (offsets) holds(kernel, 'offsets', offsets, batch);
  windowFits(kernel, visibility);
  if (!(task.softcap >= 0 && task.softcap < Infinity))
    throw refusal(
      'badSize',
      `${kernel}: softcap is none`,
      'a number from 0 (none)',
      `${task.softcap}`,
      'Check softcap.',
    );
}

/** Positions, and what a window adds to them, are counted in 32 bits. Throws `badSize`. */
function windowFits(kernel: string, { left, right, offsets = new Int32Array() }: Visibility): void {
  const farthest = 2 ** 30;
  const refuse = (name: string, expected: string, got: number): SiseonError =>
    refusal('badSize', `${kernel}: ${name} is no window over keys`, expected, `${got}`, `Check ${name}.`);
  for (const [name, side] of Object.entries({ left, right }))
    if (!(Number.isInteger(side) && side >= -1 && side <= farthest))
      throw refuse(name, `a whole number up to ${farthest}, or −1 for an open side`, side);
  for (const offset of offsets)
    if (Math.abs(offset) > farthest) throw refuse('offsets', `whole numbers from −${farthest} to ${farthest}`, offset);
}

export function attend(task: Attend): void {
  attention('attend', task);
  const { batch, heads, queryLength, keyLength, keep = {}, logSumExp } = task;
  const rows = batch * heads * queryLength;
  if (logSumExp) holds('attend', 'logSumExp', logSumExp, rows);
  for (const name of ['dots', 'scores', 'maskedScores', 'weights'] as const)
    if (keep[name]) holds('attend', name, keep[name], rows * keyLength);
}

export function attendBackward(task: AttendBackward): void {
  const kernel = 'attendBackward';
  attention(kernel, task);
  const { batch, heads, keyValueHeads, queryLength, keyLength, headSize, valueSize } = task;
  holds(kernel, 'logSumExp', task.logSumExp, batch * heads * queryLength);
  reaches(kernel, 'outGradient', task.outGradient, batch, heads, queryLength, valueSize);
  reaches(kernel, 'queryGradient', task.queryGradient, batch, heads, queryLength, headSize);
  reaches(kernel, 'keyGradient', task.keyGradient, batch, keyValueHeads, keyLength, headSize);
  reaches(kernel, 'valueGradient', task.valueGradient, batch, keyValueHeads, keyLength, valueSize);
}

export function rotate({ input, out, batch, heads, length, headSize, rotated, cosine, sine, positions }: Rotate): void {
  whole('rotate', { batch, heads, length, headSize, rotated });
  if (rotated % 2 > 0 || rotated > headSize)
    throw refusal(
      'badSize',
      'rotate: no pairs can be made of rotated',
      `an even number up to ${headSize}`,
      `${rotated}`,
      'Check rotated and headSize.',
    );
  reaches('rotate', 'input', input, batch, heads, length, headSize);
  reaches('rotate', 'out', out, batch, heads, length, headSize);
  holds('rotate', 'positions', positions, batch * length);
  if (rotated > 0)
    names('rotate', 'positions', positions, 0, Math.floor((2 * Math.min(cosine.length, sine.length)) / rotated));
}
