/** What a model needs, before anything of it is loaded. */
import { memorySize, SiseonError } from '../../platform/index.ts';

/** What 32-bit addresses of the kernels' memory reach. */
export const engineLimit = 2 ** 32;

export interface MemoryNeed {
  /** Bytes of the files that hold the parameters. */
  readonly fileBytes: number;
  /** Absent before the files are opened; then `parameterBytes` is what they hold at least. */
  readonly parameterCount?: number;
  /** As float32. */
  readonly parameterBytes: number;
}

/** Bytes as people write them: 1.5 GB, 890 MB (powers of 1000). */
export function bytesText(bytes: number): string {
  const [size, unit] = bytes >= 1e9 ? [bytes / 1e9, 'GB'] : bytes >= 1e6 ? [bytes / 1e6, 'MB'] : [bytes / 1e3, 'kB'];
  return `${size >= 100 ? size.toFixed(0) : size.toFixed(1)} ${unit}`;
}

/** Throws `modelTooLarge`, with the numbers and what to do, where the engine or this machine cannot hold the parameters. */
export function checkMemory(name: string, need: MemoryNeed, limits: { engine?: number; machine?: number } = {}): void {
  const engine = limits.engine ?? engineLimit;
  // Parameters are kept twice: for the lenses, and in the engine's own memory.
  const machine = (limits.machine ?? memorySize()) / 2;
  const room = Math.min(engine, machine);
  if (need.parameterBytes <= room) return;
  const count =
    need.parameterCount === undefined ? 'at least' : `${need.parameterCount.toLocaleString('en')} parameters,`;
  const numbers = `${bytesText(need.fileBytes)} of files, ${count} ${bytesText(need.parameterBytes)} as float32`;
  throw new SiseonError({
    code: 'modelTooLarge',
    kind: 'failure',
    what: `${name} does not fit into memory`,
    expected: `at most ${bytesText(room)} of parameters (${engine <= machine ? 'what the engine reaches' : "half of this machine's memory"})`,
    got: numbers,
    next: 'Take a smaller model of the same family; quantised files do not help, since parameters are widened to float32.',
    details: { name, room, ...need },
  });
}
