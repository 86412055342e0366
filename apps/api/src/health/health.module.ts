import { Module } from '@nestjs/common';
import { AboutController } from './about.controller.js';
import { HealthController } from './health.controller.js';

/** GET /, /healthz and /readyz. */
@Module({ controllers: [AboutController, HealthController] })
export class HealthModule {}
