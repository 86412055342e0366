import type { StandaloneWorker } from '@app/audit-log';
import { acceptingCheck, type Drain, HealthChecks, serviceChecks, SystemChecks } from '@app/ops';
import type { INestApplication } from '@nestjs/common';

/** Hands the worker's own checks to the probes; without queue or database it has nothing to do. */
export function addHealthChecks(app: INestApplication, worker: StandaloneWorker, drain: Drain): void {
  const health = app.get(HealthChecks);
  const system = app.get(SystemChecks);
  const services = serviceChecks(true, () => worker.availability());
  for (const check of [acceptingCheck(drain, 'worker'), ...services, system.eventLoop(), system.memory()]) {
    health.add(check);
  }
}
