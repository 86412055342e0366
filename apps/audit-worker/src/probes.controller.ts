import { Controller, Get, Inject, Res } from '@nestjs/common';
import { HealthChecks, isUsable, liveness, type Liveness } from '@app/ops';
import type { FastifyReply } from 'fastify';

/** Token of what the probes look at. */
export const PROBED = Symbol('PROBED');

/** What the probes look at. */
export interface Probed {
  workerId: string;
  availability(): { database: boolean | undefined; queue: boolean | undefined };
}

/** What a cluster asks of the worker; `/_health` says more. */
@Controller()
export class ProbesController {
  constructor(
    private readonly checks: HealthChecks,
    @Inject(PROBED) private readonly probed: Probed,
  ) {}

  /** Says what /_health/live does. */
  @Get('healthz')
  async healthz(@Res({ passthrough: true }) reply: FastifyReply): Promise<Liveness> {
    const answer = await liveness(this.checks, this.probed.workerId);
    void reply.code(answer.status === 'healthy' ? 200 : 503);
    return answer;
  }

  /** Rows can be written at present. */
  @Get('readyz')
  async readyz(@Res({ passthrough: true }) reply: FastifyReply) {
    const { database = false, queue = false } = this.probed.availability();
    const ready = isUsable((await this.checks.report('startup')).status);
    void reply.code(ready ? 200 : 503);
    return {
      ready,
      worker_id: this.probed.workerId,
      checks: { queue_available: queue, database_available: database },
      timestamp: new Date().toISOString(),
    };
  }
}
