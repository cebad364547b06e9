/** Attention on the WebAssembly device: which tiles of which rows, in what order. The arithmetic is assembly/attention.ts. */
import type { Attend, AttendBackward, AttentionShape, Heads } from './contract.ts';
import type { Exports } from './exports.ts';
import type { LinearMemory } from './memory.ts';

const up8 = (count: number): number => (count + 7) & ~7;

/** What four neighbouring queries of one head can see: keys [from, to) in whole tiles, and each row's own [low, high). */
interface Sight {
  readonly from: number;
  readonly to: number;
  readonly low: number[];
  readonly high: number[];
}

function sight({ keyLength, visibility }: AttentionShape, b: number, first: number, rows: number): Sight {
  const { left, right, keyLengths, offsets } = visibility;
  const counted = Math.max(0, Math.min(keyLength, keyLengths?.[b] ?? keyLength));
  const low: number[] = [];
  const high: number[] = [];
  for (let r = 0; r < 4; r++) {
    const position = first + Math.min(r, rows - 1) + (offsets?.[b] ?? 0);
    low.push(left < 0 ? 0 : Math.min(counted, Math.max(0, position - left)));
    high.push(right < 0 ? counted : Math.max(0, Math.min(counted, position + right + 1)));
  }
  const from = Math.min(...low) & ~7;
  return { from, to: Math.max(from, up8(Math.max(...high))), low, high };
}

export function attend(e: Exports, memory: LinearMemory, task: Attend): void {
  const { batch, heads, keyValueHeads, queryLength, keyLength, headSize, valueSize, scale, softcap, visibility, keep } =
    task;
  const [N, T] = [up8(keyLength), up8(valueSize)];
  const start = memory.scratch(N * headSize + T * keyLength + 4 * headSize + 8 * N + 4 * N + 4 * T + 64);
  // One region after another; all multiples of 16 bytes but the packed values, which come last before the small ones.
  const packedKey = start;
  const packedQuery = packedKey + N * headSize * 4;
  const block = packedQuery + 16 * headSize;
  const masked = block + 16 * N;
  const packedWeights = masked + 16 * N;
  const mixed = packedWeights + 16 * N;
  const packedValue = mixed + 16 * T;
  const at = (x: Heads, b: number, h: number, i: number): number =>
    memory.pointer(x.storage) + 4 * (x.offset + b * x.batchStride + h * x.headStride + i * x.rowStride);
  const numbers = memory.numbers;
  const group = heads / keyValueHeads;
  const logSumExp = task.logSumExp && memory.pointer(task.logSumExp) / 4;
  const kept = (['dots', 'scores', 'maskedScores', 'weights'] as const).map(
    (stage) => keep?.[stage] && memory.pointer(keep[stage]) / 4,
  );
  const anyKept = kept.some((pointer) => pointer !== undefined);

  for (let b = 0; b < batch; b++)
    for (let keyHead = 0; keyHead < keyValueHeads; keyHead++) {
      e.packRight(packedKey, at(task.key, b, keyHead, 0), 1, task.key.rowStride, headSize, keyLength);
      e.packRight(packedValue, at(task.value, b, keyHead, 0), task.value.rowStride, 1, keyLength, valueSize);
      const finite = e.finiteRows(at(task.value, b, keyHead, 0), task.value.rowStride, keyLength, valueSize) === 1;
      for (let h = Math.ceil(keyHead * group); h < (keyHead + 1) * group; h++)
        for (let first = 0; first < queryLength; first += 4) {
          const rows = Math.min(4, queryLength - first);
          const seen = sight(task, b, first, rows);
          // Kept squares show every cell, the hidden ones too.
          const [from, to] = anyKept ? [0, N] : [seen.from, seen.to];
          const index = (b * heads + h) * queryLength + first;
          const keepRows = (stage: number): void => {
            const target = kept[stage];
            if (target === undefined) return;
            for (let r = 0; r < rows; r++)
              numbers.copyWithin(target + (index + r) * keyLength, block / 4 + r * N, block / 4 + r * N + keyLength);
          };
          e.packLeft(packedQuery, at(task.query, b, h, first), task.query.rowStride, 1, rows, headSize);
          e.scoreBlock(block, N, packedQuery, packedKey, headSize, from, to, scale);
          keepRows(0);
          if (softcap > 0) for (let r = 0; r < rows; r++) e.capRow(block + 4 * r * N, from, to, softcap);
          keepRows(1);
          for (let r = 0; r < rows; r++) {
            const bias = visibility.bias ? at(visibility.bias, b, h, first + r) : 0;
            e.maskRow(
              block + 4 * r * N,
              from,
              to,
              seen.low[r]!,
              seen.high[r]!,
              bias,
              visibility.bias?.columnStride ?? 0,
            );
          }
          keepRows(2);
          if (!finite) numbers.copyWithin(masked / 4, block / 4, block / 4 + 4 * N);
          for (let r = 0; r < rows; r++) {
            const total = e.weighRow(block + 4 * r * N, from, to);
            if (logSumExp !== undefined) numbers[logSumExp + index + r] = total;
          }
          keepRows(3);
          const last = Math.min(to, keyLength);
          if (finite) e.mixBlock(mixed, T, block, N, packedValue, keyLength, from, last, packedWeights);
          else
            e.mixHiddenAside(
              mixed,
              T,
              block,
              N,
              masked,
              at(task.value, b, keyHead, 0),
              task.value.rowStride,
              valueSize,
              from,
              last,
              rows,
            );
          for (let r = 0; r < rows; r++) {
            const out = at(task.out, b, h, first + r) / 4;
            numbers.copyWithin(out, mixed / 4 + r * T, mixed / 4 + r * T + valueSize);
          }
        }
    }
}

/** Recomputes four rows of weights at a time from their logSumExp (Dao et al. 2022), so that nothing square is stored. */
export function attendBackward(e: Exports, memory: LinearMemory, task: AttendBackward): void {
  const { batch, heads, keyValueHeads, queryLength, keyLength, headSize, valueSize, scale, softcap, visibility } = task;
  const [N, S] = [up8(keyLength), up8(headSize)];
  const widest = Math.max(headSize, valueSize);
  const start = memory.scratch(N * headSize + N * valueSize + S * keyLength + 8 * widest + 16 * N + 4 * S + 64);
  const packedKey = start;
  const packedValue = packedKey + 4 * N * headSize;
  const packedRows = packedValue + 4 * N * valueSize;
  const weights = packedRows + 16 * widest;
  const slopes = weights + 16 * N;
  const capped = slopes + 16 * N;
  const packedSlopes = capped + 16 * N;
  const mixed = packedSlopes + 16 * N;
  const keyColumns = mixed + 16 * S;
  const at = (x: Heads, b: number, h: number, i: number): number =>
    memory.pointer(x.storage) + 4 * (x.offset + b * x.batchStride + h * x.headStride + i * x.rowStride);
  const numbers = memory.numbers;
  const group = heads / keyValueHeads;
  const logSumExp = memory.pointer(task.logSumExp) / 4;

  for (let b = 0; b < batch; b++)
    for (let keyHead = 0; keyHead < keyValueHeads; keyHead++) {
      for (let j = 0; j < keyLength; j++) {
        const [kg, vg] = [at(task.keyGradient, b, keyHead, j) / 4, at(task.valueGradient, b, keyHead, j) / 4];
        numbers.fill(0, kg, kg + headSize);
        numbers.fill(0, vg, vg + valueSize);
      }
      e.packRight(packedKey, at(task.key, b, keyHead, 0), 1, task.key.rowStride, headSize, keyLength);
      e.packRight(packedValue, at(task.value, b, keyHead, 0), 1, task.value.rowStride, valueSize, keyLength);
      e.packRight(keyColumns, at(task.key, b, keyHead, 0), task.key.rowStride, 1, keyLength, headSize);
      for (let h = Math.ceil(keyHead * group); h < (keyHead + 1) * group; h++)
        for (let first = 0; first < queryLength; first += 4) {
          const rows = Math.min(4, queryLength - first);
          const { from, to, low, high } = sight(task, b, first, rows);
          const last = Math.min(to, keyLength);
          const index = (b * heads + h) * queryLength + first;
          e.packLeft(packedRows, at(task.query, b, h, first), task.query.rowStride, 1, rows, headSize);
          e.scoreBlock(weights, N, packedRows, packedKey, headSize, from, to, scale);
          e.packLeft(packedRows, at(task.outGradient, b, h, first), task.outGradient.rowStride, 1, rows, valueSize);
          e.scoreBlock(slopes, N, packedRows, packedValue, valueSize, from, to, 1);
          for (let r = 0; r < 4; r++) {
            const row = 4 * r * N;
            if (r >= rows) {
              numbers.fill(0, (slopes + row) / 4, (slopes + row) / 4 + N);
              continue;
            }
            if (softcap > 0) {
              e.capRow(weights + row, from, to, softcap);
              numbers.copyWithin((capped + row) / 4, (weights + row) / 4, (weights + row) / 4 + N);
            }
            const bias = visibility.bias ? at(visibility.bias, b, h, first + r) : 0;
            e.maskRow(weights + row, from, to, low[r]!, high[r]!, bias, visibility.bias?.columnStride ?? 0);
            e.reweighRow(weights + row, from, to, numbers[logSumExp + index + r]!);
            const mean = e.dot(at(task.out, b, h, first + r), at(task.outGradient, b, h, first + r), valueSize);
            e.dotGradientRow(slopes + row, weights + row, capped + row, from, to, mean, softcap, scale);
          }
          e.mixBlock(mixed, S, slopes, N, keyColumns, keyLength, from, last, packedSlopes);
          for (let r = 0; r < rows; r++)
            numbers.copyWithin(
              at(task.queryGradient, b, h, first + r) / 4,
              mixed / 4 + r * S,
              mixed / 4 + r * S + headSize,
            );
          e.spreadBlock(
            at(task.keyGradient, b, keyHead, 0),
            task.keyGradient.rowStride,
            slopes,
            N,
            at(task.query, b, h, first),
            task.query.rowStride,
            rows,
            headSize,
            from,
            last,
          );
          e.spreadBlock(
            at(task.valueGradient, b, keyHead, 0),
            task.valueGradient.rowStride,
            weights,
            N,
            at(task.outGradient, b, h, first),
            task.outGradient.rowStride,
            rows,
            valueSize,
            from,
            last,
          );
        }
    }
}
