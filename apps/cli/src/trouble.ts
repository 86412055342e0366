import type { CommanderError } from 'commander';

/** Exit code when a command could not find out, or was asked wrongly. */
export const TROUBLE = 2;

/** What `exitOverride` of such a command takes: what it was asked wrongly is trouble, its help is not. */
export function exitWithTrouble({ exitCode }: CommanderError): never {
  process.exit(exitCode === 0 ? 0 : TROUBLE);
}

/** Runs a command, which gives its exit code; a failure is a sentence on stderr. */
export async function orTrouble(run: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await run();
  } catch (error) {
    console.error(`falcon: ${(error as Error).message}`);
    process.exitCode = TROUBLE;
  }
}
