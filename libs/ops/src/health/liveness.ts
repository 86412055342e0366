import type { HealthChecks } from './health-checks.js';

/** What `/healthz` says of a process. */
export interface Liveness {
  status: 'healthy' | 'unhealthy';
  worker_id: string;
  timestamp: string;
  uptime_seconds: number;
}

/** Says whether a process works, as `/_health/live` does; away services are not its fault and no reason to restart it. */
export async function liveness(checks: HealthChecks, workerId: string): Promise<Liveness> {
  const { status } = await checks.report('live');
  return {
    status: status === 'unhealthy' ? 'unhealthy' : 'healthy',
    worker_id: workerId,
    timestamp: new Date().toISOString(),
    uptime_seconds: Math.round(process.uptime() * 1000) / 1000,
  };
}
