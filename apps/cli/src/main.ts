#!/usr/bin/env node
import { CommanderError } from 'commander';
import { loadConfig } from './config.js';
import { falconProgram } from './program.js';

falconProgram(loadConfig())
  .parseAsync()
  .catch((error: unknown) => {
    if (error instanceof CommanderError) process.exit(error.exitCode);
    console.error(`falcon: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  });
