import type { ServerAccess } from '../config.js';
import { fetchFailure } from '../fetch-failure.js';
import { serverUrl } from '../server-url.js';

const TIMEOUT_MS = 10_000;

/** How a switch stands, as the server says it. */
export interface MaintenanceSwitchStatus {
  on: boolean;
  since?: string;
  until?: string;
  reason?: string;
}

/** How maintenance mode stands, as the server says it. */
export interface MaintenanceStatus {
  active: boolean;
  worker_id: string;
  replica: MaintenanceSwitchStatus;
  all?: MaintenanceSwitchStatus & { reachable: boolean };
}

/** What is to be switched. */
export interface MaintenanceChange {
  on: boolean;
  scope?: 'all' | 'replica';
  reason?: string;
  until?: string;
}

/**
 * Asks a server how maintenance mode stands, after the change if there is one.
 * @throws {Error} that says why it could not be asked, or what it has refused
 */
export async function askMaintenance(
  { url, adminApiKey }: ServerAccess,
  change?: MaintenanceChange,
): Promise<MaintenanceStatus> {
  const response = await fetch(new URL('/admin/maintenance', serverUrl(url)), {
    headers: {
      ...(adminApiKey !== undefined && { 'X-API-Key': adminApiKey }),
      ...(change && { 'Content-Type': 'application/json' }),
    },
    ...(change && { method: 'PUT', body: JSON.stringify(change) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
    redirect: 'manual', // the key is for this server alone
  }).catch((error: unknown) => {
    throw new Error(`${url} does not answer: ${fetchFailure(error)}; name a running server with --url`, {
      cause: error,
    });
  });
  const body = (await response.json().catch(() => undefined)) as Partial<MaintenanceStatus & { detail: string }> | null;
  if (!response.ok) {
    throw new Error(`${url} answered ${response.status}: ${body?.detail ?? response.statusText}`);
  }
  if (typeof body?.active !== 'boolean' || typeof body.replica?.on !== 'boolean') {
    throw new Error(`${url} did not say how maintenance mode stands: this is not Falcon`);
  }
  return body as MaintenanceStatus;
}
