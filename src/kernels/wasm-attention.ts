/** Attention on the WebAssembly device: how it is cut into units of work. The arithmetic is assembly/attention*.ts. */
import type { Attend, AttendBackward, Heads, Storage } from './contract.ts';
import { EXP_SCRATCH, type LinearMemory } from './memory.ts';
import type { Threads } from './threads.ts';

const up8 = (count: number): number => (count + 7) & ~7;
const nothing = [0, 0, 0, 0];

/** The numbers of AttendTask (assembly/attentionTask.ts) in their order. */
function write(memory: LinearMemory, task: Attend | AttendBackward, keyLengths: number, packed: number): number {
  const heads = (x: Heads | undefined): number[] =>
    x ? [memory.pointer(x.storage) + 4 * x.offset, x.batchStride, x.headStride, x.rowStride] : nothing;
  const pointer = (storage: Storage | undefined): number => (storage ? memory.pointer(storage) : 0);
  const { batch, visibility } = task;
  const keep = ('keep' in task && task.keep) || {};
  const back = 'outGradient' in task ? task : undefined;
  if (visibility.keyLengths) memory.integers(keyLengths, batch).set(visibility.keyLengths.subarray(0, batch));
  if (visibility.offsets) memory.integers(keyLengths + 4 * batch, batch).set(visibility.offsets.subarray(0, batch));
  return memory.task(
    [
      batch,
      task.heads,
      task.keyValueHeads,
      task.queryLength,
      task.keyLength,
      task.headSize,
      task.valueSize,
      visibility.left,
      visibility.right,
      ...heads(task.query),
      ...heads(task.key),
      ...heads(task.value),
      ...heads(task.out),
      ...heads(visibility.bias),
      visibility.bias?.columnStride ?? 0,
      visibility.keyLengths ? keyLengths : 0,
      visibility.offsets ? keyLengths + 4 * batch : 0,
      pointer(task.logSumExp),
      pointer(keep.dots),
      pointer(keep.scores),
      pointer(keep.maskedScores),
      pointer(keep.weights),
      packed,
      ...heads(back?.outGradient),
      ...heads(back?.queryGradient),
      ...heads(back?.keyGradient),
      ...heads(back?.valueGradient),
    ],
    [task.scale, task.softcap],
  );
}

export function attend(threads: Threads, memory: LinearMemory, task: Attend): void {
  const { batch, heads, keyValueHeads, queryLength, keyLength, headSize, valueSize } = task;
  const [N, T] = [up8(keyLength), up8(valueSize)];
  // A few queries read keys and values where they lie.
  const thin = queryLength <= 4;
  const packedNumbers = thin ? 0 : batch * keyValueHeads * (N * headSize + T * keyLength + 4);
  const lengths = 2 * batch;
  const scratchBytes = 32 * (N + headSize + T) + 80 + 48 * N + EXP_SCRATCH + 32;
  const start = memory.scratch(packedNumbers + ((lengths + 3) & ~3) + (threads.count * scratchBytes) / 4);
  const own = start + 4 * (packedNumbers + ((lengths + 3) & ~3));
  const at = write(memory, task, start + 4 * packedNumbers, thin ? 0 : start);
  if (!thin) threads.run('packHeads', batch * keyValueHeads, 4 * packedNumbers, own, 0, [at]);
  // Of few queries reading the keys and values takes the time, not what is computed with them.
  const work = (thin ? 8 : 2) * batch * heads * queryLength * keyLength * (headSize + valueSize + 16);
  threads.run('attend', batch * heads * Math.ceil(queryLength / 8), work, own, scratchBytes, [at]);
}

export function attendBackward(threads: Threads, memory: LinearMemory, task: AttendBackward): void {
  const { batch, heads, keyValueHeads, queryLength, keyLength, headSize, valueSize } = task;
  const [N, S] = [up8(keyLength), up8(headSize)];
  const lengths = (2 * batch + 3) & ~3;
  const widest = Math.max(headSize, valueSize);
  const scratchBytes = 4 * (N * headSize + N * valueSize + S * keyLength + 4 * widest + 16 * N + 4 * S);
  const start = memory.scratch(lengths + (threads.count * scratchBytes) / 4);
  const at = write(memory, task, start, 0);
  const work = 4 * batch * heads * queryLength * keyLength * (headSize + valueSize);
  threads.run('attendBackward', batch * keyValueHeads, work, start + 4 * lengths, scratchBytes, [at]);
}
