/** What a model needs, before anything of it is loaded. */
import type { NumberType } from '../../kernels/index.ts';
import { memorySize, SiseonError } from '../../platform/index.ts';
import type { ParameterSource } from '../architecture.ts';
import { heldAs } from '../deviceParameters.ts';
import { type CheckpointTensors, elementCount } from './tensors.ts';

/** What 32-bit addresses of the kernels' memory reach, and what of it is left to computing. */
export const engineLimit = 2 ** 32;
const leftToComputing = 128 * 2 ** 20;

export interface MemoryNeed {
  /** Bytes of the files that hold the parameters. */
  readonly fileBytes: number;
  /** Absent before the files are opened; then `parameterBytes` is what they hold at least. */
  readonly parameterCount?: number;
  /** In the engine's memory. */
  readonly parameterBytes: number;
  /** The types that they are kept in, those of most bytes first. */
  readonly types?: readonly NumberType[];
  /** The largest tensor, which is in memory as it lies in its file while it is packed. */
  readonly largestRead?: number;
}

/** What the parameters come to in the engine: each in the type that it is kept in, what layers share once. */
export function memoryNeed(
  sources: readonly ParameterSource[],
  tensors: CheckpointTensors,
): Required<Omit<MemoryNeed, 'fileBytes'>> {
  const bytesOf = new Map<NumberType, number>();
  const seen = new Set<string>();
  let [parameterCount, parameterBytes, largestRead] = [0, 0, 0];
  for (const { name, ...where } of sources) {
    const key = JSON.stringify(where);
    const tensor = tensors.get(where.tensor);
    if (!tensor || seen.has(key)) continue;
    seen.add(key);
    // Of int8 only rows as they lie keep their scales.
    const moved = where.transposed === true || where.stored !== undefined || where.plus !== undefined;
    const type = tensor.type === 'int8' && moved ? 'f32' : tensor.type;
    const held = heldAs(name, where.shape, type, tensor.group);
    bytesOf.set(held.type, (bytesOf.get(held.type) ?? 0) + held.bytes);
    parameterCount += elementCount(where.shape);
    parameterBytes += held.bytes;
    largestRead = Math.max(largestRead, tensor.bytes);
  }
  const types = [...bytesOf].sort(([, a], [, b]) => b - a).map(([type]) => type);
  return { parameterCount, parameterBytes, types, largestRead };
}

/** Bytes as people write them: 1.5 GB, 890 MB (powers of 1000). */
export function bytesText(bytes: number): string {
  const [size, unit] = bytes >= 1e9 ? [bytes / 1e9, 'GB'] : bytes >= 1e6 ? [bytes / 1e6, 'MB'] : [bytes / 1e3, 'kB'];
  return `${size >= 100 ? size.toFixed(0) : size.toFixed(1)} ${unit}`;
}

/** Throws `modelTooLarge`, with the numbers and what to do, where the engine or this machine cannot hold the parameters. */
export function checkMemory(name: string, need: MemoryNeed, limits: { engine?: number; machine?: number } = {}): void {
  const engine = limits.engine ?? engineLimit - leftToComputing;
  const machine = (limits.machine ?? memorySize()) - (need.largestRead ?? 0);
  const room = Math.min(engine, machine);
  if (need.parameterBytes <= room) return;
  const count =
    need.parameterCount === undefined ? 'at least' : `${need.parameterCount.toLocaleString('en')} parameters,`;
  const types = need.types ? ` as ${need.types.join(' and ')}` : '';
  throw new SiseonError({
    code: 'modelTooLarge',
    kind: 'failure',
    what: `${name} does not fit into memory`,
    expected: `at most ${bytesText(room)} of parameters (${engine <= machine ? 'what the engine reaches' : "this machine's memory, less the largest tensor"})`,
    got: `${bytesText(need.fileBytes)} of files, ${count} ${bytesText(need.parameterBytes)}${types}`,
    next:
      need.types?.[0] === 'f32'
        ? 'Take a smaller model of the same family, or this one saved in bfloat16 or float16, which is kept as it is.'
        : 'Take a smaller model of the same family.',
    details: { name, room, ...need },
  });
}
