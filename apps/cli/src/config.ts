import { availableParallelism } from 'node:os';

/** What the CLI takes from its environment; every value can be given as an option too. */
export interface CliConfig {
  /** Folder that holds `<name>/<version>/model.json`. */
  modelDir: string;
  /** Model that is meant when none is named. */
  defaultModel: string;
  /** Worker threads. */
  workers: number;
}

/** Reads the environment; the names are the server's. */
export function loadConfig(env: NodeJS.ProcessEnv = process.env): CliConfig {
  return {
    modelDir: env['MODEL_DIR'] || 'models',
    defaultModel: env['DEFAULT_MODEL'] || 'sentiment',
    workers: availableParallelism(),
  };
}
