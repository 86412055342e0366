import { Module } from '@nestjs/common';
import { InferAudit } from './infer-audit.js';
import { InferController } from './infer.controller.js';
import { inferMetricProviders, InferMetrics } from './infer.metrics.js';
import { ModelAnswers } from './model-answers.js';
import { OnceOnly } from './once-only.js';
import { InferService } from './infer.service.js';

/** POST /infer and POST /infer/batch. */
@Module({
  controllers: [InferController],
  providers: [...inferMetricProviders, InferAudit, InferMetrics, InferService, ModelAnswers, OnceOnly],
})
export class InferModule {}
