import { digestOf, idOf, isSameDigest, type ApiKey, type Role } from './api-key.js';

/** A key with the digest that it is known by. */
export interface KeptKey extends ApiKey {
  digest: Buffer;
}

/** Id under which the key of ADMIN_API_KEY appears. */
const ENVIRONMENT_KEY_ID = 'ADMIN_API_KEY';

/** Compared with when a key names nobody, so that the answer takes as long as for one that does. */
const NOBODY: Buffer = Buffer.alloc(32);

/** Knows the keys of one moment. */
export class KeyRing {
  private readonly byId: ReadonlyMap<string, KeptKey>;
  private readonly adminDigest: Buffer | undefined;
  private readonly roles: ReadonlySet<Role>;
  private readonly adminKey: ApiKey = { id: ENVIRONMENT_KEY_ID, tenant: 'admin', role: 'admin' };

  /** `adminKey` is one more key with the role admin, of any form. */
  constructor(keys: readonly KeptKey[], adminKey?: string) {
    this.byId = new Map(keys.map((key) => [key.id, key]));
    this.adminDigest = adminKey === undefined ? undefined : digestOf(adminKey);
    this.roles = new Set([...keys.map(({ role }) => role), ...(this.adminDigest ? ['admin' as const] : [])]);
  }

  /**
   * The key that a caller sent, expired or not; undefined when there is none like it. Two digests are compared whatever is
   * sent: of the key that it names, and of the admin key.
   */
  find(given: string): ApiKey | undefined {
    const digest = digestOf(given);
    if (!digest) {
      return undefined;
    }
    const named = this.byId.get(idOf(given) ?? '');
    const isNamed = isSameDigest(digest, named?.digest ?? NOBODY);
    const isAdmin = isSameDigest(digest, this.adminDigest ?? NOBODY);
    return isAdmin ? this.adminKey : isNamed ? named : undefined;
  }

  /** Whether there is a key with this role at all, expired or not. */
  has(role: Role): boolean {
    return this.roles.has(role);
  }

  get size(): number {
    return this.byId.size + (this.adminDigest ? 1 : 0);
  }
}
