import { type DynamicModule, Module } from '@nestjs/common';
import type { StandaloneWorker } from '@app/audit-log';
import { OpsModule } from '@app/ops';
import type { Config } from './config.js';
import { PROBED, ProbesController } from './probes.controller.js';

/** The wiring diagram: the worker, its probes and its metrics. */
@Module({})
export class WorkerModule {
  static forRoot(config: Config, worker: StandaloneWorker, health: DynamicModule): DynamicModule {
    const probed = { workerId: config.workerId, availability: () => worker.availability() };
    return {
      module: WorkerModule,
      imports: [worker.module, health, OpsModule.forRoot(config)],
      controllers: [ProbesController],
      providers: [{ provide: PROBED, useValue: probed }],
    };
  }
}
