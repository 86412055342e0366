import type { ReloadStatus } from '@app/ops';
import { Counter, Gauge, type Registry } from 'prom-client';

/** Why a request was not let in. */
const AUTH_FAILURES = ['missing', 'unknown', 'expired', 'wrong_role', 'wrong_tenant', 'cross_site', 'closed'] as const;
export type AuthFailure = (typeof AUTH_FAILURES)[number];

/** Counts who was not let in, and changes of the file of keys; every series exists from the start. */
export class AuthMetrics {
  private readonly failures: Counter;
  private readonly reloads: Counter;
  private readonly lastReload: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.failures = new Counter({
      name: 'auth_failures_total',
      help: 'Requests refused because of who asked, by reason',
      labelNames: ['reason'],
      registers,
    });
    this.reloads = new Counter({
      name: 'api_key_reloads_total',
      help: 'Changes of the file of keys, by whether they could be taken over',
      labelNames: ['status'],
      registers,
    });
    this.lastReload = new Gauge({
      name: 'api_key_last_reload_successful',
      help: '0 while the file of keys has changed and cannot be used, else 1',
      registers,
    });
    this.lastReload.set(1);
    AUTH_FAILURES.forEach((reason) => this.failures.inc({ reason }, 0));
    (['success', 'error'] as const).forEach((status) => this.reloads.inc({ status }, 0));
  }

  onFailure(reason: AuthFailure): void {
    this.failures.inc({ reason });
  }

  onReload(status: ReloadStatus): void {
    this.reloads.inc({ status });
    this.lastReload.set(status === 'success' ? 1 : 0);
  }
}
