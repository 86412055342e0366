import { Controller, Get, Inject, Res } from '@nestjs/common';
import { AuditPipeline } from '@app/audit-log';
import { InferenceService, type ModelStatus } from '@app/inference';
import type { FastifyReply } from 'fastify';
import { Lifecycle } from '../lifecycle.js';
import { SETTINGS, type Settings } from '../settings.js';
import type { About, Health, Readiness } from './health.schema.js';

/** What probes and people ask of the server itself. */
@Controller()
export class HealthController {
  constructor(
    private readonly inference: InferenceService,
    private readonly auditPipeline: AuditPipeline,
    private readonly lifecycle: Lifecycle,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Get()
  about(): About {
    return {
      name: this.settings.appName,
      version: this.settings.version,
      worker_id: this.settings.workerId,
      status: this.lifecycle.isStopping() ? 'shutting_down' : 'running',
      mode: this.settings.mode,
      links: {
        infer: '/infer',
        infer_batch: '/infer/batch',
        docs: '/docs',
        openapi: '/openapi.json',
        health: '/healthz',
        readiness: '/readyz',
        metrics: '/metrics',
        queues: '/admin/queues',
      },
    };
  }

  @Get('healthz')
  healthz(): Health {
    return {
      status: 'healthy',
      worker_id: this.settings.workerId,
      timestamp: new Date().toISOString(),
      uptime_seconds: Math.round(process.uptime() * 1000) / 1000,
    };
  }

  @Get('readyz')
  readyz(@Res({ passthrough: true }) reply: FastifyReply): Readiness {
    const modelLoaded = this.inference.isReady();
    const ready = modelLoaded && !this.lifecycle.isStopping();
    const { redis, database } = this.auditPipeline.availability();
    void reply.code(ready ? 200 : 503);
    return {
      ready,
      worker_id: this.settings.workerId,
      checks: {
        model_loaded: modelLoaded,
        redis_available: redis,
        database_available: database,
      },
      timestamp: new Date().toISOString(),
      mode: this.settings.mode,
      models: this.inference.models().map(stateOf),
    };
  }
}

function stateOf({ name, version, state, serving, reason }: ModelStatus): Readiness['models'][number] {
  return { name, version, state, serving, ...(reason !== undefined && { reason }) };
}
