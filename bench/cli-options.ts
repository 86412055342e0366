import { InvalidArgumentError } from 'commander';

/** Where a command leaves what it found. */
export const OUT_OPTION = ['--out <folder>', 'where results and server logs go', 'bench/results'] as const;

/** Reads a whole number from 1 on. */
export const positive = atLeast(1);

/** Reads a whole number from `least` on. */
export function atLeast(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) {
      throw new InvalidArgumentError(`must be a whole number from ${least} on`);
    }
    return value;
  };
}
