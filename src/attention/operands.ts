import { refusal, shapeText, sizeOf } from './refusal.ts';

/** Numbers on the host, row-major. */
export interface HostArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** An input: double precision is taken too, and narrowed on its way to the device. */
export interface HostInput {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

export interface OperandParts {
  /** [batch, heads, queryLength, headSize], or [batch, queryLength, heads · headSize] with `heads` given. */
  readonly query: HostInput;
  /** [batch, keyValueHeads, length, headSize], or [batch, length, keyValueHeads · headSize]. */
  readonly key: HostInput;
  /** [batch, keyValueHeads, length, valueSize], or [batch, length, keyValueHeads · valueSize]. */
  readonly value: HostInput;
  /** [batch, keyValueHeads, pastLength, headSize]: keys that stand before `key`. */
  readonly pastKey?: HostInput;
  /** [batch, keyValueHeads, pastLength, valueSize] */
  readonly pastValue?: HostInput;
  /** For inputs of three axes, where the shape does not say it. */
  readonly heads?: number;
  /** Divides `heads`; as many as `heads` unless said. */
  readonly keyValueHeads?: number;
}

/** Where number (b, h, i, c) lies: b·batchStride + h·headStride + i·rowStride + c. */
export interface Strides {
  readonly batchStride: number;
  readonly headStride: number;
  readonly rowStride: number;
}

export interface Operand extends Strides {
  readonly data: Float32Array | Float64Array;
  readonly batch: number;
  readonly heads: number;
  readonly length: number;
  readonly size: number;
}

export interface Problem {
  readonly query: Operand;
  readonly key: Operand; // past and new together
  readonly value: Operand;
  readonly batch: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly queryLength: number;
  readonly keyLength: number;
  readonly pastLength: number;
  readonly headSize: number;
  readonly valueSize: number;
  readonly rank: 3 | 4;
}

/** Strides of [batch, heads, length, size], or of [batch, length, heads · size] at rank 3: no transposition needed. */
export const stridesOf = (rank: 3 | 4, heads: number, length: number, size: number): Strides =>
  rank === 4
    ? { batchStride: heads * length * size, headStride: length * size, rowStride: size }
    : { batchStride: heads * length * size, headStride: size, rowStride: heads * size };

const mismatch = (what: string, expected: string, got: string): Error =>
  refusal(
    'shapeMismatch',
    what,
    expected,
    got,
    'Query, key and value are [batch, heads, length, size], or [batch, length, heads · size] with heads given.',
  );

function operand(name: string, { shape, data }: HostInput, givenHeads: number | undefined): Operand {
  if (shape.length !== 3 && shape.length !== 4)
    throw mismatch(`the ${name} has neither three axes nor four`, '3 or 4 axes', shapeText(shape));
  if (sizeOf(shape) !== data.length)
    throw mismatch(
      `the ${name} holds another number of numbers than its shape`,
      `${sizeOf(shape)} for ${shapeText(shape)}`,
      `${data.length}`,
    );
  const heads = shape.length === 4 ? shape[1]! : givenHeads;
  if (heads === undefined)
    throw refusal(
      'headsMissing',
      `the ${name} has three axes, which do not say how many heads there are`,
      'heads',
      'none',
      'Give heads (and keyValueHeads, where they are fewer).',
    );
  if (!Number.isInteger(heads) || heads < 1)
    throw refusal(
      'badHeads',
      `the ${name} cannot have so many heads`,
      'a whole number from 1',
      `${heads}`,
      'Check heads and keyValueHeads.',
    );
  if (shape.length === 4 && givenHeads !== undefined && givenHeads !== heads)
    throw refusal(
      'badHeads',
      `the ${name} has other heads than said`,
      `${givenHeads}`,
      `${heads} in ${shapeText(shape)}`,
      'Leave heads away: four axes say it.',
    );
  const last = shape.at(-1)!;
  const size = shape.length === 4 ? last : last / heads;
  if (!Number.isInteger(size) || size < 1)
    throw refusal(
      'badHeads',
      `the ${name}'s last axis does not divide into heads`,
      `a multiple of ${heads}, not 0`,
      `${last}`,
      'Check heads and keyValueHeads.',
    );
  const rank = shape.length;
  const length = shape[rank - 2]!;
  return { data, batch: shape[0]!, heads, length, size, ...stridesOf(rank, heads, length, size) };
}

/** Past and new rows, one after the other: a fresh [batch, heads, past + length, size]. */
export function joined(past: Operand | undefined, x: Operand): Float32Array | Float64Array {
  const pastLength = past?.length ?? 0;
  const total = pastLength + x.length;
  const size = x.batch * x.heads * total * x.size;
  const out = x.data instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
  for (let b = 0; b < x.batch; b++)
    for (let h = 0; h < x.heads; h++) {
      const to = (b * x.heads + h) * total * x.size;
      if (past)
        out.set(
          past.data.subarray((b * x.heads + h) * pastLength * x.size, (b * x.heads + h + 1) * pastLength * x.size),
          to,
        );
      const start = b * x.batchStride + h * x.headStride;
      // At rank 4 a head's rows lie together, and are copied together.
      const [pieces, piece] = x.rowStride === x.size ? [1, x.length * x.size] : [x.length, x.size];
      for (let i = 0; i < pieces; i++) {
        const from = start + i * x.rowStride;
        out.set(x.data.subarray(from, from + piece), to + pastLength * x.size + i * piece);
      }
    }
  return out;
}

function withPast(name: string, past: HostInput | undefined, x: Operand): Operand {
  if (!past) return x;
  if (past.shape.length !== 4)
    throw mismatch(
      `the past ${name} has not four axes`,
      '[batch, keyValueHeads, pastLength, size]',
      shapeText(past.shape),
    );
  const before = operand(`past ${name}`, past, undefined);
  if (before.batch !== x.batch || before.heads !== x.heads || before.size !== x.size)
    throw mismatch(
      `the past ${name} does not fit the new one`,
      shapeText([x.batch, x.heads, before.length, x.size]),
      shapeText(past.shape),
    );
  const length = before.length + x.length;
  return { ...x, data: joined(before, x), length, ...stridesOf(4, x.heads, length, x.size) };
}

/** The sizes of an attention problem, checked. Throws `shapeMismatch`, `headsMissing`, `badHeads`, `halfPast`. */
export function problemOf(parts: OperandParts): Problem {
  const rank = parts.query.shape.length;
  if (parts.key.shape.length !== rank || parts.value.shape.length !== rank)
    throw mismatch(
      'query, key and value have different numbers of axes',
      `${rank} each`,
      `${parts.key.shape.length} and ${parts.value.shape.length}`,
    );
  if (!parts.pastKey !== !parts.pastValue)
    throw refusal(
      'halfPast',
      'past keys and past values belong together',
      'both or none',
      parts.pastKey ? 'keys alone' : 'values alone',
      'Give pastKey and pastValue.',
    );
  const query = operand('query', parts.query, parts.heads);
  const keyValueHeads = parts.keyValueHeads ?? (rank === 3 ? parts.heads : undefined);
  const newKey = operand('key', parts.key, keyValueHeads);
  const newValue = operand('value', parts.value, keyValueHeads);
  if (newKey.batch !== query.batch || newValue.batch !== query.batch)
    throw mismatch(
      'query, key and value have different batch sizes',
      `${query.batch}`,
      `${newKey.batch} and ${newValue.batch}`,
    );
  if (newKey.size !== query.size)
    throw mismatch(
      'a query and a key have different sizes, so they have no dot product',
      `${query.size}`,
      `${newKey.size}`,
    );
  if (newValue.heads !== newKey.heads || newValue.length !== newKey.length)
    throw mismatch(
      'keys and values do not pair',
      `${newKey.heads} heads of ${newKey.length}`,
      `${newValue.heads} heads of ${newValue.length}`,
    );
  if (query.heads % newKey.heads !== 0)
    throw refusal(
      'badHeads',
      'the heads cannot share the key heads evenly',
      `a multiple of ${newKey.heads}`,
      `${query.heads}`,
      'keyValueHeads divides heads.',
    );
  const key = withPast('key', parts.pastKey, newKey);
  const value = withPast('value', parts.pastValue, newValue);
  if (key.length !== value.length)
    throw mismatch(
      'past keys and past values have different lengths',
      `${key.length - newKey.length}`,
      `${value.length - newValue.length}`,
    );
  return {
    query,
    key,
    value,
    batch: query.batch,
    heads: query.heads,
    keyValueHeads: key.heads,
    queryLength: query.length,
    keyLength: key.length,
    pastLength: key.length - newKey.length,
    headSize: query.size,
    valueSize: value.size,
    rank: rank as 3 | 4,
  };
}
