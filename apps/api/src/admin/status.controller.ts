import { Controller, Get, Inject } from '@nestjs/common';
import { AuditLog, AuditPipeline } from '@app/audit-log';
import { InferenceService, type ModelStatus } from '@app/inference';
import { SETTINGS, type Settings } from '../settings.js';
import type { AuditStatusBody, ModelsBody } from './admin.schema.js';

/** What operators ask of the process in front of them: its models, and where its audit records are. */
@Controller('admin')
export class StatusController {
  constructor(
    private readonly inference: InferenceService,
    private readonly auditLog: AuditLog,
    private readonly pipeline: AuditPipeline,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Get('models')
  models(): ModelsBody {
    return { worker_id: this.settings.workerId, models: this.inference.models().map(bodyOf) };
  }

  @Get('audit')
  audit(): AuditStatusBody {
    const { queue = false, database = false, faults } = this.pipeline.availability();
    const connections = this.pipeline.pool();
    return {
      worker_id: this.settings.workerId,
      enabled: this.auditLog.isOn,
      spool: this.auditLog.stats(),
      lag_seconds: this.pipeline.lagSeconds(),
      redis_available: this.pipeline.isQueueInRedis && queue,
      database_available: database,
      faults: {
        ...(faults.queue && { queue: faults.queue.reason }),
        ...(faults.database && { database: faults.database.reason }),
      },
      ...(connections && { database_connections: { size: connections.size, idle: connections.idle } }),
    };
  }
}

function bodyOf({ loadSeconds, weightBytes, labels, ...status }: ModelStatus): ModelsBody['models'][number] {
  return {
    ...status,
    ...(labels && { labels: [...labels] }),
    ...(loadSeconds !== undefined && { load_seconds: loadSeconds }),
    ...(weightBytes !== undefined && { weight_bytes: weightBytes }),
  };
}
