import { ConfigError } from './config.errors.js';

/** Exit code of a service that was configured wrongly (sysexits.h). */
const EX_CONFIG = 78;

/** The configuration; when it is invalid, the process ends with code 78 and one line per fault on stderr. */
export function configOrExit<T>(load: () => T): T {
  try {
    return load();
  } catch (error) {
    return exitIfInvalid(error);
  }
}

/** Ends the process as `configOrExit` does, if that is what failed; any other failure is thrown on. */
export function exitIfInvalid(error: unknown): never {
  if (!(error instanceof ConfigError)) {
    throw error;
  }
  process.stderr.write(`${error.message}\nSee docs/configuration.md.\n`);
  process.exit(EX_CONFIG);
}
