import { Controller, Get, Inject } from '@nestjs/common';
import { Drain } from '@app/ops';
import { SETTINGS, type Settings } from '../settings.js';
import type { About } from './health.schema.js';

/** What the server says of itself. */
@Controller()
export class AboutController {
  constructor(
    private readonly drain: Drain,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Get()
  about(): About {
    return {
      name: this.settings.appName,
      version: this.settings.version,
      worker_id: this.settings.workerId,
      status: this.drain.isDraining() ? 'shutting_down' : 'running',
      mode: this.settings.mode,
      links: {
        infer: '/infer',
        infer_batch: '/infer/batch',
        docs: '/docs',
        openapi: '/openapi.json',
        health: '/healthz',
        readiness: '/readyz',
        checks: '/_health/ready',
        metrics: '/metrics',
        queues: '/admin/queues',
      },
    };
  }
}
