/**
 * Attention(Q, K, V) = softmax(Q Kᵀ · scale + mask) V          (Vaswani et al. 2017)
 *
 * with all that the ONNX operator Attention (opsets 23 to 25) adds: grouped queries, past keys, padding, windows,
 * soft-cap. The formula itself, step by step, is the kernel `attend` (kernels/reference.ts defines it); this page
 * says how inputs become its operands.
 *
 * Legend: B batch, H query heads, G key and value heads, N queries, M new keys, P past keys, S head size, T value size.
 */
import { type Heads, type Kernels, type Storage, wasmKernels } from '../kernels/index.ts';
import { SiseonError } from '../platform/index.ts';
import { type HostArray, refuseShape, size } from './array.ts';
import { broadcastMask, type Mask } from './masks.ts';

export type KeptStage = 'dots' | 'scores' | 'maskedScores' | 'weights';

export interface AttentionInput {
  /** [B, H, N, S], or [B, N, H · S] with `heads` said. */
  readonly query: HostArray;
  /** [B, G, M, S], or [B, M, G · S] with `keyValueHeads` said. */
  readonly key: HostArray;
  /** [B, G, M, T], or [B, M, G · T]. */
  readonly value: HostArray;
  readonly heads?: number;
  readonly keyValueHeads?: number;
  /** Rank 1 to 4, broadcasting to [B, H, N, P + M]. */
  readonly mask?: Mask;
  /** [B, G, P, S] and [B, G, P, T]: keys and values of earlier tokens, which stand in front of the new ones. */
  readonly past?: { readonly key: HostArray; readonly value: HostArray };
  /** Keys of each batch item that count, (B); queries are then the last of them. Not together with `past`. */
  readonly keyLengths?: ArrayLike<number>;
  /** A query sees no key behind its own position. */
  readonly causal?: boolean;
  /** How far a query sees to either side of its own position; −1: without end. */
  readonly window?: { readonly left: number; readonly right: number };
  /** 1/√S unless said. */
  readonly scale?: number;
  /** softcap · tanh(score / softcap); 0: none. */
  readonly softcap?: number;
  /** Squares to keep, each [B, H, N, P + M]: `dots` (scaled), `scores` (soft-capped), `maskedScores`, `weights`. */
  readonly keep?: readonly KeptStage[];
  /** The device; a WebAssembly one of this module's own unless given. */
  readonly kernels?: Kernels;
}

export interface AttentionResult extends Partial<Record<KeptStage, HostArray>> {
  /** [B, H, N, T], or [B, N, H · T] for inputs of rank 3. */
  readonly output: HostArray;
  /** [B, G, P + M, S] and [B, G, P + M, T]. */
  readonly presentKey: HostArray;
  readonly presentValue: HostArray;
}

let shared: Promise<Kernels> | undefined;

/** Runs attention and copies the results out; nothing is kept but what `keep` names. Throws `shapeMismatch` and `badAttention`. */
export async function attention(input: AttentionInput): Promise<AttentionResult> {
  shared ??= input.kernels ? undefined : wasmKernels();
  const kernels = input.kernels ?? (await shared!);
  const query = operand('query', input.query, input.heads);
  const newKey = operand('key', input.key, input.keyValueHeads);
  const newValue = operand('value', input.value, input.keyValueHeads);
  const key = appended('key', newKey, input.past?.key);
  const value = appended('value', newValue, input.past?.value);
  checkTogether(input, query, key, value);

  const { batch, heads, length: queryLength, size: headSize } = query;
  const { heads: keyValueHeads, length: keyLength } = key;
  const valueSize = value.size;
  const right = Math.min(...[input.window?.right ?? -1, input.causal ? 0 : -1].filter((side) => side >= 0));
  const owned: Storage[] = [];
  const upload = (data: ArrayLike<number>): Storage => {
    const storage = kernels.allocate(data.length);
    owned.push(storage);
    kernels.write(storage, data);
    return storage;
  };
  const empty = (length: number): Storage => {
    const storage = kernels.allocate(length);
    owned.push(storage);
    return storage;
  };
  try {
    const bias = input.mask && broadcastMask(input.mask, [batch, heads, queryLength, keyLength]);
    const square = [batch, heads, queryLength, keyLength];
    const kept = (input.keep ?? []).map((stage) => [stage, empty(size(square))] as const);
    const out = { ...query, size: valueSize, data: new Float32Array() };
    const outStorage = empty(batch * heads * queryLength * valueSize);
    kernels.attend({
      batch, heads, keyValueHeads, queryLength, keyLength, headSize, valueSize,
      scale: input.scale ?? 1 / Math.sqrt(headSize),
      softcap: input.softcap ?? 0,
      query: strides(query, upload(query.data)),
      key: strides(key, upload(key.data)),
      value: strides(value, upload(value.data)),
      out: strides(out, outStorage),
      keep: Object.fromEntries(kept),
      visibility: {
        left: input.window?.left ?? -1,
        right: Number.isFinite(right) ? right : -1,
        offsets: Int32Array.from({ length: batch }, (_, b) => (input.keyLengths ? input.keyLengths[b]! - queryLength : keyLength - newKey.length)),
        ...(input.keyLengths && { keyLengths: Int32Array.from(input.keyLengths) }),
        ...(bias && { bias: { storage: upload(bias.data), offset: 0, batchStride: bias.strides[0], headStride: bias.strides[1], rowStride: bias.strides[2], columnStride: bias.strides[3] } }),
      },
    });
    const read = async (storage: Storage, shape: readonly number[]): Promise<HostArray> => ({ shape, data: await kernels.read(storage) });
    const output = read(outStorage, query.sideBySide ? [batch, queryLength, heads * valueSize] : [batch, heads, queryLength, valueSize]);
    const squares = kept.map(async ([stage, storage]) => [stage, await read(storage, square)] as const);
    return { output: await output, presentKey: headsFirst(key), presentValue: headsFirst(value), ...Object.fromEntries(await Promise.all(squares)) };
  } finally {
    for (const storage of owned) kernels.free(storage);
  }
}

/** An input with its axes named, whichever of the two layouts it came in. */
interface Operand {
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly size: number;
  /** [B, N, H · S] rather than [B, H, N, S]. */
  readonly sideBySide: boolean;
  readonly data: Float32Array;
}

function operand(name: string, { shape, data }: HostArray, heads: number | undefined): Operand {
  if (size(shape) !== data.length) refuseShape(`${name}: ${data.length} numbers do not fill its shape`, `${data.length} numbers`, shape);
  if (shape.length === 4) {
    const [batch = 0, count = 0, length = 0, width = 0] = shape;
    if (heads !== undefined && heads !== count) refuseShape(`${name} has another number of heads`, `${heads} heads`, shape);
    return { batch, heads: count, length, size: width, sideBySide: false, data };
  }
  if (shape.length !== 3) refuseShape(`${name} has the wrong rank`, '[batch, head, length, size] or [batch, length, heads · size]', shape);
  const [batch = 0, length = 0, width = 0] = shape;
  if (heads === undefined || !Number.isInteger(width / heads)) refuseShape(`${name} cannot be divided into heads`, `a last axis divisible by ${name === 'query' ? 'heads' : 'keyValueHeads'} (${heads ?? 'not said'})`, shape);
  return { batch, heads, length, size: width / heads, sideBySide: true, data };
}

const strides = ({ heads, length, size: width, sideBySide }: Operand, storage: Storage): Heads => ({
  storage,
  offset: 0,
  batchStride: heads * length * width,
  headStride: sideBySide ? width : length * width,
  rowStride: sideBySide ? heads * width : width,
});

/** The same numbers as [B, G, length, size]. */
function headsFirst({ batch, heads, length, size: width, sideBySide, data }: Operand): HostArray {
  const shape = [batch, heads, length, width];
  if (!sideBySide) return { shape, data };
  const out = new Float32Array(data.length);
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < length; i++) {
        const from = ((b * length + i) * heads + h) * width;
        out.set(data.subarray(from, from + width), ((b * heads + h) * length + i) * width);
      }
  return { shape, data: out };
}

/** Past keys (or values) in front of the new ones. */
function appended(name: string, fresh: Operand, past: HostArray | undefined): Operand {
  if (!past) return fresh;
  const { batch, heads, length, size: width } = fresh;
  const [pastBatch, pastHeads, pastLength = 0, pastWidth] = past.shape;
  if (past.shape.length !== 4 || pastBatch !== batch || pastHeads !== heads || pastWidth !== width) refuseShape(`past ${name} does not fit`, `[${batch}, ${heads}, any, ${width}]`, past.shape);
  const total = pastLength + length;
  const data = new Float32Array(batch * heads * total * width);
  const added = headsFirst(fresh).data;
  for (let row = 0; row < batch * heads; row++) {
    data.set(past.data.subarray(row * pastLength * width, (row + 1) * pastLength * width), row * total * width);
    data.set(added.subarray(row * length * width, (row + 1) * length * width), (row * total + pastLength) * width);
  }
  return { batch, heads, length: total, size: width, sideBySide: false, data };
}

function checkTogether(input: AttentionInput, query: Operand, key: Operand, value: Operand): void {
  if (key.batch !== query.batch || key.size !== query.size) refuseShape('key does not fit query', `batch ${query.batch} and head size ${query.size}`, input.key.shape);
  if (value.batch !== key.batch || value.heads !== key.heads || value.length !== key.length) refuseShape('value does not fit key', `batch ${key.batch}, ${key.heads} heads, ${key.length} positions`, input.value.shape);
  if (query.heads % key.heads !== 0) refuseShape('the query heads cannot be shared out among the key heads', `a multiple of ${key.heads} heads`, input.query.shape);
  const refuse = (what: string, expected: string): never => {
    throw new SiseonError({ code: 'badAttention', kind: 'usage', what, expected });
  };
  if (input.past && input.keyLengths) refuse('past and keyLengths were both given', 'one of the two');
  if (input.keyLengths && input.keyLengths.length !== query.batch) refuse('keyLengths has the wrong length', `${query.batch}, one for each batch item`);
  for (const side of [input.window?.left ?? -1, input.window?.right ?? -1]) if (!Number.isInteger(side) || side < -1) refuse(`a window cannot be ${side} wide`, '−1 or more');
}
