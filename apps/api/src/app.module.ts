import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Drain, HttpMetricsModule, OpsModule } from '@app/ops';
import { AdminModule } from './admin/admin.module.js';
import type { Config } from './config.js';
import { ProbesModule } from './health/probes.module.js';
import { InferModule } from './infer/infer.module.js';
import { OpenApiModule } from './openapi/openapi.module.js';
import { SETTINGS } from './settings.js';

/** The wiring diagram; what starts before Nest does, the workers and the spool, comes in ready-made modules. */
@Global()
@Module({})
export class AppModule {
  static forRoot(config: Config, drain: Drain, started: DynamicModule[]): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ...started,
        OpsModule.forRoot(config),
        HttpMetricsModule,
        InferModule,
        ProbesModule,
        AdminModule,
        OpenApiModule,
      ],
      providers: [
        { provide: Drain, useValue: drain },
        { provide: SETTINGS, useValue: config },
      ],
      exports: [Drain, SETTINGS, ...started],
    };
  }
}
