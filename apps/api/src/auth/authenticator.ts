import type { IncomingMessage } from 'node:http';
import type { ApiKey, KeyRing, Role } from '@app/ops';
import type { AccessConfig } from '../config.js';
import { HttpError } from '../http-errors.js';
import { TENANT_HEADER } from '../http/caller.js';
import { isFromAnotherSite, isFromThisMachine } from '../http/loopback.js';
import type { AuthFailure } from './auth.metrics.js';
import { credentialOf } from './credential.js';

/** What the authenticator needs of the configuration. */
export type AuthOptions = Pick<AccessConfig, 'mode' | 'guardsMetrics' | 'opensAdminToLoopback'>;

/** Where the keys are, and who counts what is refused. */
export interface AuthParts {
  keys: { readonly ring: KeyRing };
  onFailure: (reason: AuthFailure) => void;
}

const NO_ADMIN_KEY =
  'Operators\' routes need an admin key and there is none: set ADMIN_API_KEY, or put one into API_KEYS_FILE with "falcon keys create --role admin".';

/** Says who asks, from the headers alone; nothing of the body has been read yet. */
export class Authenticator {
  constructor(
    private readonly options: AuthOptions,
    private readonly parts: AuthParts,
  ) {}

  /**
   * The key by which a request may use a route of this role; undefined where none is needed.
   * @throws {HttpError} UNAUTHENTICATED or FORBIDDEN
   */
  admit(request: IncomingMessage, role: Role): ApiKey | undefined {
    if (role === 'admin') {
      return this.admitOperator(request);
    }
    const isGuarded = role === 'metrics' ? this.options.guardsMetrics : this.options.mode === 'api-key';
    return isGuarded ? this.admitKey(request, role) : undefined;
  }

  /** Pages of other sites are kept out: a browser that knows a password sends it with whatever they make it send. */
  private admitOperator(request: IncomingMessage): ApiKey | undefined {
    if (this.parts.keys.ring.has('admin')) {
      if (isFromAnotherSite(request)) {
        throw this.forbidden('cross_site', "Operators' routes answer no pages of other sites.");
      }
      return this.admitKey(request, 'admin');
    }
    if (!this.options.opensAdminToLoopback || !isFromThisMachine(request)) {
      throw this.forbidden('closed', NO_ADMIN_KEY);
    }
    return undefined;
  }

  private admitKey(request: IncomingMessage, role: Role): ApiKey {
    const key = this.keyOf(request, role);
    if (key.role !== role && !(key.role === 'admin' && role === 'metrics')) {
      throw this.forbidden('wrong_role', `The key has the role "${key.role}"; this route needs "${role}".`);
    }
    const named = request.headers[TENANT_HEADER];
    if (role === 'infer' && named !== undefined && named !== key.tenant) {
      throw this.forbidden('wrong_tenant', `"${TENANT_HEADER}" names another tenant than the key's.`);
    }
    return key;
  }

  private keyOf({ headers }: IncomingMessage, role: Role): ApiKey {
    const given = credentialOf(headers, role === 'admin');
    if (given === undefined) {
      throw this.unauthenticated('missing', 'Send a key: "Authorization: Bearer KEY" or "X-API-Key: KEY".', role);
    }
    const key = this.parts.keys.ring.find(given);
    if (!key) {
      throw this.unauthenticated('unknown', 'The key is not known here, or no longer.', role);
    }
    if (key.expiresAtMs !== undefined && key.expiresAtMs <= Date.now()) {
      throw this.unauthenticated('expired', 'The key has expired.', role);
    }
    return key;
  }

  private unauthenticated(reason: AuthFailure, message: string, role: Role): HttpError {
    this.parts.onFailure(reason);
    // Operators open pages, and a browser asks for nothing but a password.
    const schemes = role === 'admin' ? 'Bearer realm="falcon", Basic realm="falcon"' : 'Bearer realm="falcon"';
    return new HttpError('UNAUTHENTICATED', message, { headers: { 'WWW-Authenticate': schemes } });
  }

  private forbidden(reason: AuthFailure, message: string): HttpError {
    this.parts.onFailure(reason);
    return new HttpError('FORBIDDEN', message);
  }
}
