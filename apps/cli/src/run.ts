import { CommanderError } from 'commander';
import { loadConfig } from './config.js';
import { falconProgram } from './program.js';

/** Runs the command that was asked for; what fails is a sentence on stderr and exit code 1. */
export async function run(): Promise<void> {
  try {
    await falconProgram(loadConfig()).parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exit(error.exitCode);
    console.error(`falcon: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
