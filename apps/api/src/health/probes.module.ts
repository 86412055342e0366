import { Module } from '@nestjs/common';
import { AboutController } from './about.controller.js';
import { ProbesController } from './probes.controller.js';

/** GET /, /healthz and /readyz. */
@Module({ controllers: [AboutController, ProbesController] })
export class ProbesModule {}
