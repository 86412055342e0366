import { Controller, Get, Inject, Res } from '@nestjs/common';
import { AuditPipeline } from '@app/audit-log';
import { InferenceService, type ModelStatus } from '@app/inference';
import { HealthChecks, isUsable, liveness } from '@app/ops';
import type { FastifyReply } from 'fastify';
import { SETTINGS, type Settings } from '../settings.js';
import type { Health, Readiness } from './health.schema.js';

/** The probes of old, with what they are known to say; `/_health` says more. */
@Controller()
export class ProbesController {
  constructor(
    private readonly checks: HealthChecks,
    private readonly inference: InferenceService,
    private readonly auditPipeline: AuditPipeline,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** Says what /_health/live does. */
  @Get('healthz')
  async healthz(@Res({ passthrough: true }) reply: FastifyReply): Promise<Health> {
    const answer = await liveness(this.checks, this.settings.workerId);
    void reply.code(answer.status === 'healthy' ? 200 : 503);
    return answer;
  }

  /** Says what /_health/ready does. */
  @Get('readyz')
  async readyz(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const { status } = await this.checks.report('startup');
    const { workerId, mode } = this.settings;
    const ready = isUsable(status);
    void reply.code(ready ? 200 : 503);
    return {
      ready,
      worker_id: workerId,
      checks: {
        model_loaded: this.inference.isReady(),
        redis_available: await this.isRedisAvailable(),
        database_available: this.auditPipeline.availability().database ?? false,
      },
      timestamp: new Date().toISOString(),
      mode,
      models: this.inference.models().map(stateOf),
    };
  }

  /** Every Redis that there is: of the cache, and of the queue where it is kept in one. */
  private async isRedisAvailable(): Promise<boolean> {
    const shared = await this.checks.reportOf('redis');
    const isQueueUp = this.auditPipeline.isQueueInRedis ? this.auditPipeline.availability().queue : undefined;
    return (shared !== undefined || isQueueUp === true) && isQueueUp !== false && (!shared || isUsable(shared.status));
  }
}

function stateOf({ name, version, state, serving, reason }: ModelStatus): Readiness['models'][number] {
  return { name, version, state, serving, ...(reason !== undefined && { reason }) };
}
