import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

/** Token of what the probes look at. */
export const PROBED = Symbol('PROBED');

/** What the probes look at. */
export interface Probed {
  workerId: string;
  availability(): { database: boolean; queue: boolean };
  isStopping(): boolean;
}

/** What a cluster asks of the worker. */
@Controller()
export class ProbesController {
  constructor(@Inject(PROBED) private readonly probed: Probed) {}

  /** The process can answer; away services are not its fault and no reason to restart it. */
  @Get('healthz')
  healthz() {
    return {
      status: 'healthy',
      worker_id: this.probed.workerId,
      timestamp: new Date().toISOString(),
      uptime_seconds: Math.round(process.uptime() * 1000) / 1000,
    };
  }

  /** Rows can be written at present. */
  @Get('readyz')
  readyz(@Res({ passthrough: true }) reply: FastifyReply) {
    const { database, queue } = this.probed.availability();
    const ready = database && queue && !this.probed.isStopping();
    void reply.code(ready ? 200 : 503);
    return {
      ready,
      worker_id: this.probed.workerId,
      checks: { queue_available: queue, database_available: database },
      timestamp: new Date().toISOString(),
    };
  }
}
