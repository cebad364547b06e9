/** Matrix products on the WebAssembly device: how they are cut into units of work. The arithmetic is assembly/gemm.ts. */
import type { Activation, Matmul } from './contract.ts';
import { ACTIVATION_SCRATCH, type LinearMemory, PackedBlock } from './memory.ts';
import type { Threads } from './threads.ts';
import { unpack } from './wasm-packed.ts';

/** The numbers that assembly/elementwise.ts knows activations by. */
export const activationKinds: Record<Activation, number> = { gelu: 0, geluTanh: 1, relu: 2, silu: 3, tanh: 4 };

/** Bytes in front of a thread's scratch, of which the first number says what it has packed: see assembly/gemm.ts. */
const HEADER = 16;

const up = (count: number, to: number): number => Math.ceil(count / to) * to;

/**
 * Up to 64 × 128 numbers of the result a unit, small enough that no thread waits long for the last, over 3072 inner numbers at a time:
 * 768 KiB of left in the L2 cache, which stay for the next unit of the same rows, and 96 KiB of right. Smaller units where there are too
 * few to share.
 */
function unitsOf({ batch = 1, rows, inner, columns }: Matmul): { rows: number; columns: number; block: number } {
  // Of a row alone every number of the right operand is read once: long streams, in as many units as keep the threads level.
  if (rows === 1)
    return { rows: 4, columns: Math.min(1024, Math.max(64, up(columns / 8, 32))), block: Math.min(inner, 4096) || 1 };
  let [unitRows, unitColumns] = [Math.min(64, up(rows, 4)) || 4, Math.min(128, up(columns, 8)) || 8];
  const count = (): number => batch * Math.ceil(rows / unitRows) * Math.ceil(columns / unitColumns);
  if (2 * batch * rows * inner * columns >= 1_000_000)
    while (count() < 8 && unitColumns > 64) unitColumns = up(unitColumns / 2, 8);
  while (count() < 8 && unitRows > 16 && 2 * batch * rows * inner * columns >= 1_000_000)
    unitRows = up(unitRows / 2, 4);
  return { rows: unitRows, columns: unitColumns, block: Math.max(1, Math.min(inner, rows <= 16 ? 4096 : 3072)) };
}

export function matmul(threads: Threads, memory: LinearMemory, task: Matmul): void {
  const { out, left, right, bias, residual, batch = 1, rows, inner, columns, leftTransposed, rightTransposed } = task;
  const unit = unitsOf(task);
  const aside = task.activation ? ACTIVATION_SCRATCH : 0;
  const scratchBytes = HEADER + 4 * unit.block * (unit.rows + 8) + 4 * unit.rows * (unit.columns + 32) + aside;
  const block = memory.block(right);
  const packed = block instanceof PackedBlock ? block : undefined;
  // Packed for products with its transpose: as numbers again, and on as any other operand.
  const fits =
    packed && packed.inner === inner && packed.columns === columns && !rightTransposed === !packed.transposed;
  if (packed && !fits) {
    const plain = memory.allocate(packed.length, false);
    try {
      unpack(threads, packed, plain.pointer, packed.transposed);
      matmul(threads, memory, { ...task, right: plain });
    } finally {
      memory.free(plain);
    }
    return;
  }
  // A right operand that many units read is packed once before them.
  const ahead = !packed && rows > unit.rows && rows > 32;
  const panelSize = inner * up(columns, 8);
  const panelBytes = ahead ? 4 * batch * panelSize : 0;
  const start = memory.scratch((panelBytes + threads.count * scratchBytes) / 4);
  const at = memory.task([
    memory.pointer(out),
    memory.pointer(left),
    block.pointer,
    packed ? packed.pointer : ahead ? start : 0,
    bias ? memory.pointer(bias) : 0,
    residual ? memory.pointer(residual) : 0,
    rows,
    inner,
    columns,
    leftTransposed ? 1 : inner,
    leftTransposed ? rows : 1,
    rightTransposed ? 1 : columns,
    rightTransposed ? inner : 1,
    rows * inner,
    inner * columns,
    panelSize,
    task.accumulate ? 1 : 0,
    task.activation ? activationKinds[task.activation] : -1,
    unit.rows,
    unit.columns,
    unit.block,
    packed ? packed.kind : 0,
    packed ? packed.scales : 0,
    packed ? packed.group : 1,
  ]);
  if (ahead) threads.run('packUnit', batch * Math.ceil(columns / 8), 4 * batch * panelSize, start, 0, [at]);
  for (let thread = 0; thread < threads.count; thread++)
    memory.integers(start + panelBytes + thread * scratchBytes, 1)[0] = 0;
  const units = batch * Math.ceil(rows / unit.rows) * Math.ceil(columns / unit.columns);
  threads.run('matmul', units, 2 * batch * rows * inner * columns, start + panelBytes, scratchBytes, [at]);
}
