import { InvalidArgumentError } from 'commander';

/** Where a command leaves what it found. */
export const OUT_OPTION = ['--out <folder>', 'where results and server logs go', 'bench/results'] as const;

/** Reads a whole number from 1 on. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('must be a whole number from 1 on');
  return value;
}
