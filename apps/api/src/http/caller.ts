import type { IncomingMessage } from 'node:http';
import { IDENTIFIER, IDENTIFIER_IN_WORDS, type ApiKey } from '@app/ops';
import { isPriority, PRIORITIES, type Priority } from '@app/resilience';
import { invalidHeader } from '../http-errors.js';

/** Who asks, how urgently, and whether less than a fresh answer will do. */
export interface Caller {
  tenant: string;
  priority: Priority;
  allowDegraded: boolean;
}

/** Names of the headers by which a caller says so; the priority may also be the parameter `priority` of the URL. */
export const TENANT_HEADER = 'x-tenant-id';
const PRIORITY_HEADER = 'x-priority';
const ALLOW_DEGRADED_HEADER = 'x-allow-degraded';

const DEFAULT_CALLER: Caller = Object.freeze({ tenant: 'default', priority: 'normal', allowDegraded: true });
const PRIORITY_PARAMETER = /[?&]priority=([^&#]*)/;
const CALLER = Symbol('what the headers say of the caller');
const KEY = Symbol('the key that the caller was let in by');

interface ReadRequest extends IncomingMessage {
  [CALLER]?: Caller;
  [KEY]?: ApiKey | undefined;
}

/** From here on the tenant of the key is the caller's, whatever the headers say. */
export function identifyCaller(request: ReadRequest, key: ApiKey | undefined): void {
  request[KEY] = key;
}

/** The key that a request was let in by; undefined where none is needed. */
export function keyOf(request: ReadRequest): ApiKey | undefined {
  return request[KEY];
}

/** Whose request this is, as far as it was found out. */
export function knownTenant(request: ReadRequest): string | undefined {
  return request[CALLER]?.tenant ?? request[KEY]?.tenant;
}

/**
 * Reads who asks, once for each request.
 * @throws {HttpError} INVALID_HEADER
 */
export function callerOf(request: ReadRequest): Caller {
  return (request[CALLER] ??= read(request));
}

function read({ headers, url = '', [KEY]: key }: ReadRequest): Caller {
  const tenant = headers[TENANT_HEADER];
  const degraded = headers[ALLOW_DEGRADED_HEADER];
  const priority = headers[PRIORITY_HEADER] ?? PRIORITY_PARAMETER.exec(url)?.[1];
  if (key === undefined && tenant === undefined && degraded === undefined && priority === undefined) {
    return DEFAULT_CALLER;
  }
  return {
    tenant: key?.tenant ?? (tenant === undefined ? DEFAULT_CALLER.tenant : tenantOf(String(tenant))),
    priority: priority === undefined ? DEFAULT_CALLER.priority : priorityOf(String(priority)),
    allowDegraded: degraded === undefined || flagOf(String(degraded)),
  };
}

function tenantOf(value: string): string {
  return IDENTIFIER.test(value) ? value : invalidHeader(TENANT_HEADER, `must be ${IDENTIFIER_IN_WORDS}`);
}

function priorityOf(value: string): Priority {
  return isPriority(value) ? value : invalidHeader(PRIORITY_HEADER, `must be one of ${PRIORITIES.join(', ')}`);
}

function flagOf(value: string): boolean {
  return value === 'true' || value === 'false'
    ? value === 'true'
    : invalidHeader(ALLOW_DEGRADED_HEADER, 'must be true or false');
}
