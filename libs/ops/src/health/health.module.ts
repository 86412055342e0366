import { type DynamicModule, Module } from '@nestjs/common';
import { DiskHealthIndicator, HealthIndicatorService, MemoryHealthIndicator, TerminusModule } from '@nestjs/terminus';
import type { Log } from '../logging/log.js';
import { HealthChecks } from './health-checks.js';
import { HealthController } from './health.controller.js';
import { SystemChecks } from './system-checks.js';

/** Serves `/_ops/*` and `/_health/*`; inject `HealthChecks` anywhere to add a check of one's own. */
@Module({})
export class HealthModule {
  static forRoot(log: Log): DynamicModule {
    const checks = {
      provide: HealthChecks,
      useFactory: (indicators: HealthIndicatorService) => new HealthChecks(indicators, log),
      inject: [HealthIndicatorService],
    };
    const systemChecks = {
      provide: SystemChecks,
      useFactory: (disks: DiskHealthIndicator, memories: MemoryHealthIndicator) => new SystemChecks(disks, memories),
      inject: [DiskHealthIndicator, MemoryHealthIndicator],
    };
    return {
      module: HealthModule,
      global: true,
      imports: [TerminusModule],
      controllers: [HealthController],
      providers: [checks, systemChecks],
      exports: [HealthChecks, SystemChecks],
    };
  }
}
