import { totalmem } from 'node:os';

/** Bytes of memory that this process may have: the limit of its container, or what the machine has. */
export function memoryLimitBytes(): number {
  // A container without a limit reports an absurdly large one, or 0.
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
