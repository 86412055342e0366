import { type DynamicModule, Module } from '@nestjs/common';
import type { LogWriter } from '@app/resilience';
import { register } from 'prom-client';
import { InferenceMetrics } from './inference.metrics.js';
import type { InferenceOptions } from './inference.options.js';
import type { InferenceObserver } from './inference-observer.js';
import { InferenceService } from './inference.service.js';

/** Wires the inference library: import `InferenceModule.forRoot(options, log)` and inject `InferenceService`. */
@Module({})
export class InferenceModule {
  /**
   * The workers start at once, while the rest of the application is still being wired.
   * @param told is told of every batch, and of those with calls that come with a span
   */
  static forRoot(
    options: InferenceOptions,
    log: LogWriter,
    { onBatch, onTracedBatch }: Partial<Omit<InferenceObserver, 'onWorkerLost'>> = {},
  ): DynamicModule {
    const metrics = new InferenceMetrics(register, options.workerId);
    const service = new InferenceService(options, log, {
      onBatch: (report) => {
        metrics.onBatch(report);
        onBatch?.(report);
      },
      onWorkerLost: () => metrics.onWorkerLost(),
      ...(onTracedBatch && { onTracedBatch }),
    });
    metrics.watch(service);
    service.start();
    return {
      module: InferenceModule,
      providers: [{ provide: InferenceService, useValue: service }],
      exports: [InferenceService],
    };
  }
}
