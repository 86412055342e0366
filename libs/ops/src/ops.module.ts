import { type DynamicModule, Module } from '@nestjs/common';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { register } from 'prom-client';
import { serviceMetricProviders, type ServiceIdentity } from './metrics/service-metrics.js';

/** What the ops library is told by its app. */
export interface OpsOptions extends ServiceIdentity {
  /** Label on every series this process exports. */
  workerId: string;
}

/** Gauges with the name of counters, which promtool refuses; each is the sum of the one without "_total". */
const MISNAMED_BY_NODE = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** Serves `GET /metrics`. */
@Module({})
export class OpsModule {
  static forRoot(options: OpsOptions): DynamicModule {
    const prometheus = PrometheusModule.register({ defaultLabels: { worker_id: options.workerId } });
    MISNAMED_BY_NODE.forEach((name) => register.removeSingleMetric(name));
    return {
      module: OpsModule,
      imports: [prometheus],
      providers: serviceMetricProviders(options),
    };
  }
}
