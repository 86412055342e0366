import { ConfigError, KeyFileError, KeyStore, type KeySources, type Log } from '@app/ops';
import { register } from 'prom-client';
import type { AccessConfig } from '../config.js';
import { AuthMetrics } from './auth.metrics.js';
import { Authenticator } from './authenticator.js';

/**
 * Reads the keys, and keeps reading them when they change.
 * @throws {ConfigError} when the file cannot be used: the server would know nobody
 */
export async function openAuthentication(access: AccessConfig, log: Log): Promise<Authenticator> {
  const metrics = new AuthMetrics(register);
  const keys = await openKeys(access.keys, log);
  keys.start((status) => metrics.onReload(status));
  return new Authenticator(access, { keys, onFailure: (reason) => metrics.onFailure(reason) });
}

async function openKeys(sources: KeySources, log: Log): Promise<KeyStore> {
  try {
    return await KeyStore.open(sources, log);
  } catch (error) {
    if (error instanceof KeyFileError) {
      const path = JSON.stringify(sources.file);
      throw new ConfigError([`API_KEYS_FILE=${path} must be a file of keys that can be used: ${error.reason}.`]);
    }
    throw error;
  }
}
