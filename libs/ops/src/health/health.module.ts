import { type DynamicModule, Module } from '@nestjs/common';
import { DiskHealthIndicator, HealthIndicatorService, MemoryHealthIndicator, TerminusModule } from '@nestjs/terminus';
import { register } from 'prom-client';
import type { Log } from '../logging/log.js';
import { HealthChecks } from './health-checks.js';
import { registerHealthMetrics } from './health.metrics.js';
import { HealthController } from './health.controller.js';
import { SystemChecks } from './system-checks.js';

/** Serves `/_ops/*` and `/_health/*`, and says the same in `health_check_status`; inject `HealthChecks` anywhere to add a check of one's own. */
@Module({})
export class HealthModule {
  static forRoot(log: Log): DynamicModule {
    const checks = {
      provide: HealthChecks,
      useFactory: (indicators: HealthIndicatorService) => {
        const made = new HealthChecks(indicators, log);
        registerHealthMetrics(register, made);
        return made;
      },
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
