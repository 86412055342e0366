import { type DynamicModule, Module } from '@nestjs/common';
import type { LogWriter } from '@app/resilience';
import { register, type Registry } from 'prom-client';
import { AnswerCache } from './answers/answer-cache.js';
import { CacheMetrics } from './cache.metrics.js';
import type { CacheOptions } from './cache.options.js';
import { openCache } from './open-cache.js';
import { Idempotency } from './idempotency/idempotency.js';

/** Wires the cache into an API: import `CacheModule.forRoot(options, log)`, inject `AnswerCache` and `Idempotency`. */
@Module({})
export class CacheModule {
  static forRoot(options: CacheOptions, log: LogWriter, registry: Registry = register): DynamicModule {
    const { answers, idempotency } = openCache(options, log, new CacheMetrics(registry));
    return {
      module: CacheModule,
      providers: [
        { provide: AnswerCache, useValue: answers },
        { provide: Idempotency, useValue: idempotency },
      ],
      exports: [AnswerCache, Idempotency],
    };
  }
}
