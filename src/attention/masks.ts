import { knownOnly } from '../platform/options.ts';
import { refusal, shapeText, sizeOf } from './refusal.ts';

/**
 * Who may see whom, of rank 1 to 4, broadcast from the right to (batch, heads, queryLength, keyLength). Bytes or booleans:
 * true = may attend. Floats: added to the scores, −∞ = may not attend. Where the last axis is shorter than the keys, the
 * rest may not be attended.
 */
export interface Mask {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array | readonly boolean[];
}

/** How far a query at position p may see: p − left ≤ key ≤ p + right; −1 or absent leaves that side open. */
export interface Window {
  readonly left?: number;
  readonly right?: number;
}

export interface MaskParts {
  readonly mask?: Mask;
  /** Keys of each batch item that count; the rest is padding. (batch) */
  readonly keyLengths?: ArrayLike<number>;
  /** Query i sees keys up to its own position: offset + i. */
  readonly causal?: boolean;
  readonly window?: Window;
}

export interface MaskTarget {
  readonly batch: number;
  readonly heads: number;
  readonly queryLength: number;
  readonly keyLength: number; // the past included
  readonly pastLength: number;
}

/** What a device needs to know, with the bias still on the host: number (b, h, i, j) at b·batch + h·head + i·row + j. */
export interface Visible {
  readonly keyLengths?: Int32Array; // (batch)
  readonly offsets: Int32Array; // (batch)
  readonly left: number;
  readonly right: number;
  readonly bias?: {
    readonly data: Float32Array;
    readonly batchStride: number;
    readonly headStride: number;
    readonly rowStride: number;
  };
}

const openSide = 2 ** 30;

/** One side of a window as the device wants it. Throws `badWindow`. */
function side(name: string, size: number | undefined): number {
  if (size === undefined) return -1;
  if (!Number.isInteger(size) || size < -1)
    throw refusal(
      'badWindow',
      `the ${name} window size is not a length`,
      'a whole number, or −1 for an open side',
      `${size}`,
      'Leave it away to see everything.',
    );
  return Math.min(size, openSide);
}

/** The mask as numbers to add, its last axis filled up with −∞ to the keys' length. Throws `badMask`. */
function biasOf(
  { shape, data }: Mask,
  { batch, heads, queryLength, keyLength }: MaskTarget,
): NonNullable<Visible['bias']> {
  const target = [batch, heads, queryLength, keyLength];
  const fail = (what: string): Error =>
    refusal(
      'badMask',
      what,
      `a shape that broadcasts to ${shapeText(target)}, its last axis at most ${keyLength}`,
      shapeText(shape),
      'A mask is (keys), (queries, keys), (heads, queries, keys) or (batch, heads, queries, keys).',
    );
  if (shape.length < 1 || shape.length > 4) throw fail('the mask has a rank other than 1 to 4');
  if (sizeOf(shape) !== data.length) throw fail(`the mask has ${data.length} numbers, which its shape does not hold`);
  const full = [...Array<number>(4 - shape.length).fill(1), ...shape] as [number, number, number, number];
  const [masks, maskHeads, rows, columns] = full;
  if (columns > keyLength || full.some((length, axis) => axis < 3 && length !== 1 && length !== target[axis]))
    throw fail('the mask does not fit the queries and keys');
  const bias = new Float32Array(masks * maskHeads * rows * keyLength).fill(-Infinity);
  const additive = data instanceof Float32Array;
  for (let row = 0; row < masks * maskHeads * rows; row++)
    for (let j = 0; j < columns; j++) {
      const entry = data[row * columns + j];
      bias[row * keyLength + j] = additive ? (entry as number) : entry ? 0 : -Infinity;
    }
  return {
    data: bias,
    batchStride: masks === 1 ? 0 : maskHeads * rows * keyLength,
    headStride: maskHeads === 1 ? 0 : rows * keyLength,
    rowStride: rows === 1 ? 0 : keyLength,
  };
}

/**
 * Masks, causality, window and key lengths as one description of what is visible. Positions: query i stands at
 * offset + i, where offset is the past's length, or keyLengths[b] − queryLength where lengths are given (ONNX Attention,
 * opset 24; it may be negative: those queries see nothing), else 0. Throws `badMask`, `badWindow`, `badKeyLengths`.
 */
export function visibleOf(parts: MaskParts, target: MaskTarget): Visible {
  const { mask, keyLengths, causal, window } = parts;
  if (window) knownOnly<Window>('the window', window, { left: true, right: true });
  const { batch, queryLength, keyLength, pastLength } = target;
  if (keyLengths && keyLengths.length !== batch)
    throw refusal(
      'badKeyLengths',
      'there is not one key length for each batch item',
      `${batch}`,
      `${keyLengths.length}`,
      'Give one length a batch item.',
    );
  const [left, right] = [side('left', window?.left), side('right', window?.right)];
  const lengths =
    keyLengths && Array.from(keyLengths, (length) => Math.max(-openSide, Math.min(openSide, Number(length))));
  return {
    left,
    right: causal ? 0 : right,
    offsets: Int32Array.from({ length: batch }, (_, b) => (lengths ? lengths[b]! - queryLength : pastLength)),
    ...(lengths && { keyLengths: Int32Array.from(lengths, (length) => Math.max(0, Math.min(keyLength, length))) }),
    ...(mask && { bias: biasOf(mask, target) }),
  };
}

/** Everything visible as numbers to add, [batch, heads, queryLength, keyLength]: 0 or the mask's number, −∞ where hidden. */
export function denseBias(visible: Visible, { batch, heads, queryLength, keyLength }: MaskTarget): Float32Array {
  const dense = new Float32Array(batch * heads * queryLength * keyLength);
  const { bias, left, right } = visible;
  let to = 0;
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++)
      for (let i = 0; i < queryLength; i++) {
        const position = i + visible.offsets[b]!;
        for (let j = 0; j < keyLength; j++) {
          const hidden =
            j >= (visible.keyLengths?.[b] ?? keyLength) ||
            (left >= 0 && j < position - left) ||
            (right >= 0 && j > position + right);
          const added = bias ? bias.data[b * bias.batchStride + h * bias.headStride + i * bias.rowStride + j]! : 0;
          // Added, not chosen: +∞ or NaN in the mask at a hidden place gives NaN, as the sum of two masks does.
          dense[to++] = added + (hidden ? -Infinity : 0);
        }
      }
  return dense;
}
