import { type DynamicModule, Module } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { HttpMetrics, httpMetricProviders } from './metrics/http-metrics.js';
import { serviceMetricProviders, type ServiceIdentity } from './metrics/service-metrics.js';

/** What the ops library is told by its app. */
export interface OpsOptions extends ServiceIdentity {
  /** Label on every series this process exports. */
  workerId: string;
}

/** Serves `GET /metrics` and counts HTTP requests. */
@Module({})
export class OpsModule {
  static forRoot(options: OpsOptions): DynamicModule {
    return {
      module: OpsModule,
      imports: [PrometheusModule.register({ defaultLabels: { worker_id: options.workerId } })],
      providers: [...httpMetricProviders, ...serviceMetricProviders(options), HttpMetrics],
      exports: [HttpMetrics],
    };
  }
}
