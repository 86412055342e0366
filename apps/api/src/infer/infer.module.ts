import { Module } from '@nestjs/common';
import { InferController } from './infer.controller.js';
import { inferMetricProviders, InferMetrics } from './infer.metrics.js';
import { InferService } from './infer.service.js';

/** POST /infer and POST /infer/batch. */
@Module({
  controllers: [InferController],
  providers: [...inferMetricProviders, InferMetrics, InferService],
})
export class InferModule {}
