import type { DynamicModule } from '@nestjs/common';
import type { Log } from '../logging/log.js';

/** The health checks and their routes; Terminus is loaded only now, so that whoever needs none of it does not wait for it. */
export async function loadHealthModule(log: Log): Promise<DynamicModule> {
  const { HealthModule } = await import('./health.module.js');
  return HealthModule.forRoot(log);
}
