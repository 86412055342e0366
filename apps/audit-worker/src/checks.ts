import type { StandaloneWorker } from '@app/audit-log';
import { type Drain, type HealthCheck, HealthChecks, SystemChecks } from '@app/ops';
import type { INestApplication } from '@nestjs/common';

/** Hands the worker's own checks to the probes; without queue or database it has nothing to do. */
export function addHealthChecks(app: INestApplication, worker: StandaloneWorker, drain: Drain): void {
  const health = app.get(HealthChecks);
  const system = app.get(SystemChecks);
  const accepting: HealthCheck = {
    name: 'accepting',
    critical: true,
    cacheMs: 0,
    check: (indicator) => (drain.isDraining() ? indicator.down('The worker is stopping.') : indicator.up()),
  };
  const reachable = (name: 'database' | 'queue', what: string): HealthCheck => ({
    name,
    critical: true,
    check: (indicator) => {
      const { [name]: isUp, faults } = worker.availability();
      if (isUp === undefined) return undefined;
      const why = faults[name]?.publicReason;
      return isUp
        ? indicator.up()
        : indicator.down(why ? `${what}: ${why}.` : `${what} cannot be reached: the log says why.`);
    },
  });
  const own = [accepting, reachable('database', 'Postgres'), reachable('queue', 'The audit queue')];
  for (const check of [...own, system.eventLoop(), system.memory()]) health.add(check);
}
