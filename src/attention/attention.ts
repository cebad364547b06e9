/**
 * The whole formula on one page (Vaswani et al. 2017; grouped heads: Ainslie et al. 2023; soft-cap: Gemma 2, 2024):
 *
 *   dot       dots         = scale · query · keyᵀ
 *   soft-cap  scores       = softcap · tanh(dots / softcap)      (as they are, without a soft-cap)
 *   mask      maskedScores = scores + mask                       (−∞ where not visible)
 *   weigh     weights      = exp(maskedScores) / Σ exp           (each row sums to 1; all 0 where nothing is visible)
 *   mix       output       = weights · value
 *
 * Legend: batch b, heads h, queryLength i, keyLength j (past included), headSize, valueSize.
 */
import type { Heads, Kernels, Storage } from '../kernels/contract.ts';
import { type Known, knownOnly } from '../platform/options.ts';
import { sharedKernels } from './device.ts';
import { type MaskParts, visibleOf } from './masks.ts';
import { type HostArray, joined, type OperandParts, problemOf, type Strides, stridesOf } from './operands.ts';
import { refusal, sizeOf } from './refusal.ts';

const squares = ['dots', 'scores', 'maskedScores', 'weights'] as const;

/** A square of attention, [batch, heads, queryLength, keyLength]. */
export type Square = (typeof squares)[number];

export interface AttentionParts extends OperandParts, MaskParts {
  /** Multiplies every dot product; 1/√headSize unless said. */
  readonly scale?: number;
  /** Bends scores into (−softcap, softcap); 0 or absent: none. */
  readonly softcap?: number;
  /** Squares to return beside the output. None: the streaming form, whose memory is linear in the lengths. */
  readonly keep?: readonly Square[];
  /** The device; a shared WebAssembly device unless given. */
  readonly kernels?: Kernels;
}

const known: Known<AttentionParts> = {
  query: true,
  key: true,
  value: true,
  pastKey: true,
  pastValue: true,
  heads: true,
  keyValueHeads: true,
  mask: true,
  keyLengths: true,
  causal: true,
  window: true,
  scale: true,
  softcap: true,
  keep: true,
  kernels: true,
};

export interface Attended extends Partial<Record<Square, HostArray>> {
  /** [batch, heads, queryLength, valueSize], or [batch, queryLength, heads · valueSize] where the query has three axes. */
  readonly output: HostArray;
  /** [batch, keyValueHeads, keyLength, headSize]: past and new keys, the next call's `pastKey`. */
  readonly presentKey: HostArray;
  /** [batch, keyValueHeads, keyLength, valueSize] */
  readonly presentValue: HostArray;
}

/**
 * Attention from queries to keys, mixing values: see the top of this file; shapes at `OperandParts`, masks at `MaskParts`.
 * Without `keep` it streams; with it, the squares asked for are returned too, and the output agrees. All results are copies.
 * A fully masked row mixes to all 0. Throws `shapeMismatch`, `headsMissing`, `badHeads`, `halfPast`, `badMask`, `badWindow`,
 * `badKeyLengths`, `pastAndKeyLengths`, `badScale`, `unknownSquare`, `unknownOption`.
 */
export async function attention(parts: AttentionParts): Promise<Attended> {
  knownOnly('attention', parts, known);
  const problem = problemOf(parts);
  const { query, key, value, batch, heads, keyValueHeads, queryLength, keyLength, headSize, valueSize, rank } = problem;
  const { scale = 1 / Math.sqrt(headSize), softcap = 0, keep = [] } = parts;
  check(parts, scale, softcap, keep);
  const visible = visibleOf(parts, problem);
  const squareShape = [batch, heads, queryLength, keyLength];
  const outputShape = rank === 4 ? [batch, heads, queryLength, valueSize] : [batch, queryLength, heads * valueSize];
  const presentKey = { shape: [batch, keyValueHeads, keyLength, headSize], data: single(joined(undefined, key)) };
  const presentValue = { shape: [batch, keyValueHeads, keyLength, valueSize], data: single(joined(undefined, value)) };
  if (sizeOf(squareShape) === 0) {
    const empty = Object.fromEntries(keep.map((name) => [name, { shape: squareShape, data: new Float32Array(0) }]));
    return {
      output: { shape: outputShape, data: new Float32Array(sizeOf(outputShape)) },
      presentKey,
      presentValue,
      ...empty,
    };
  }

  const kernels = parts.kernels ?? (await sharedKernels());
  const owned: Storage[] = [];
  const allocate = (length: number, cleared = true): Storage => {
    const storage = kernels.allocate(length, cleared);
    owned.push(storage);
    return storage;
  };
  const onDevice = (x: Strides & { data: ArrayLike<number> }): Heads => {
    const storage = allocate(x.data.length, false);
    kernels.write(storage, x.data);
    return { storage, offset: 0, batchStride: x.batchStride, headStride: x.headStride, rowStride: x.rowStride };
  };
  try {
    const { bias, ...visibility } = visible;
    const out = {
      storage: allocate(sizeOf(outputShape)),
      offset: 0,
      ...stridesOf(rank, heads, queryLength, valueSize),
    };
    const kept = new Map(keep.map((name) => [name, allocate(sizeOf(squareShape))]));
    kernels.attend({
      batch,
      heads,
      keyValueHeads,
      queryLength,
      keyLength,
      headSize,
      valueSize,
      scale,
      softcap,
      query: onDevice(query),
      key: onDevice(key),
      value: onDevice(value),
      visibility: { ...visibility, ...(bias && { bias: { ...onDevice(bias), columnStride: 1 } }) },
      keep: Object.fromEntries(kept),
      out,
    });
    const read = async (storage: Storage, shape: readonly number[]): Promise<HostArray> => ({
      shape,
      data: await kernels.read(storage),
    });
    const reading = [...kept].map(async ([name, storage]) => [name, await read(storage, squareShape)] as const);
    const [output, ...stages] = await Promise.all([read(out.storage, outputShape), ...reading]);
    return { output, presentKey, presentValue, ...Object.fromEntries(stages) };
  } finally {
    for (const storage of owned) kernels.free(storage);
  }
}

const single = (numbers: Float32Array | Float64Array): Float32Array =>
  numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);

function check(parts: AttentionParts, scale: number, softcap: number, keep: readonly Square[]): void {
  if (parts.pastKey && parts.keyLengths)
    throw refusal(
      'pastAndKeyLengths',
      'a past and key lengths describe the same cache in two ways',
      'one of them',
      'both',
      'With keyLengths, key and value hold the whole cache.',
    );
  if (!Number.isFinite(scale) || !Number.isFinite(softcap) || softcap < 0)
    throw refusal(
      'badScale',
      'scale or softcap is not usable',
      'a finite scale and a softcap from 0',
      `scale ${scale}, softcap ${softcap}`,
      'Leave both away for 1/√headSize and no soft-cap.',
    );
  const unknown = keep.find((name) => !squares.includes(name));
  if (unknown !== undefined)
    throw refusal(
      'unknownSquare',
      `there is no square named ${unknown}`,
      squares.join(', '),
      `${unknown}`,
      'Ask for those.',
    );
}
