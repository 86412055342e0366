import { ConfigError } from '@app/ops';

/** What the reading of a configuration finds wrong; nothing when all is well. */
export function configFaults(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}
