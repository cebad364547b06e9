import { builtinIfAny } from './builtin.ts';

/** Bytes of memory that this machine has; Infinity where nobody says (a browser tells at most a rounded guess, capped at 8 GB). */
export function memorySize(): number {
  if (typeof process === 'undefined' || typeof process.constrainedMemory !== 'function') return Infinity;
  const { constrained, total } = { constrained: process.constrainedMemory(), total: totalMemory() };
  return constrained > 0 && constrained < total ? constrained : total;
}

const totalMemory = (): number => builtinIfAny('node:os')?.totalmem() ?? Infinity;

/** Whether there are files and an environment: Node, and what does as it does; else a browser. */
export const inNode = typeof process !== 'undefined' && Boolean(process.versions?.node);
