import { type DynamicModule, Global, Module } from '@nestjs/common';
import { OpsModule } from '@app/ops';
import type { Config } from './config.js';
import { HealthModule } from './health/health.module.js';
import { InferModule } from './infer/infer.module.js';
import { Lifecycle } from './lifecycle.js';
import { OpenApiModule } from './openapi/openapi.module.js';
import { SETTINGS } from './settings.js';

/** The wiring diagram; the inference module comes ready made, because its workers start before Nest does. */
@Global()
@Module({})
export class AppModule {
  static forRoot(config: Config, inference: DynamicModule): DynamicModule {
    const { appName, version, workerId, requestTimeoutMs } = config;
    return {
      module: AppModule,
      imports: [inference, OpsModule.forRoot({ appName, version, workerId }), InferModule, HealthModule, OpenApiModule],
      providers: [Lifecycle, { provide: SETTINGS, useValue: { appName, version, workerId, requestTimeoutMs } }],
      exports: [Lifecycle, SETTINGS, inference],
    };
  }
}
