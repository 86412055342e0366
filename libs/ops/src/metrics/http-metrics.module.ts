import { Module } from '@nestjs/common';
import { HttpMetrics, httpMetricProviders } from './http-metrics.js';

/** Counts HTTP requests, where the app meters its routes. */
@Module({ providers: [...httpMetricProviders, HttpMetrics], exports: [HttpMetrics] })
export class HttpMetricsModule {}
