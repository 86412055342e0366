import { Controller, Get, Inject, Put, Req } from '@nestjs/common';
import { MaintenanceMode, type MaintenanceScope } from '@app/ops';
import type { FastifyRequest } from 'fastify';
import { HttpError } from '../http-errors.js';
import { parseBody } from '../http/parse-body.js';
import { SETTINGS, type Settings } from '../settings.js';
import { maintenanceRequestSchema, type Maintenance } from './maintenance.schema.js';

/** Maintenance mode at run time: how it stands, on and off. */
@Controller('admin/maintenance')
export class MaintenanceController {
  constructor(
    private readonly mode: MaintenanceMode,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  @Get()
  status(): Maintenance {
    const { mode } = this;
    return {
      active: mode.isOn('replica') || mode.isOn('all'),
      worker_id: this.settings.workerId,
      replica: this.describe('replica'),
      ...(mode.isShared && { all: { ...this.describe('all'), reachable: mode.isSharedReachable } }),
    };
  }

  @Put()
  async set(@Req() { body }: FastifyRequest): Promise<Maintenance> {
    const {
      on,
      scope = this.mode.isShared ? 'all' : 'replica',
      reason,
      until,
    } = parseBody(maintenanceRequestSchema, body);
    const untilMs = until === undefined ? undefined : Date.parse(until);
    if (untilMs !== undefined && (!on || untilMs <= Date.now())) {
      throw invalid('until', on ? 'must be in the future' : 'goes with "on": true');
    }
    if (scope === 'all' && !this.mode.isShared) {
      throw invalid('scope', 'must be "replica": without REDIS_URL replicas share nothing');
    }
    await this.mode.set(scope, { on, reason, untilMs });
    return this.status();
  }

  private describe(scope: MaintenanceScope): Maintenance['replica'] {
    const { sinceMs, untilMs, reason } = this.mode.switchOf(scope) ?? {};
    return {
      on: this.mode.isOn(scope),
      ...(sinceMs !== undefined && { since: new Date(sinceMs).toISOString() }),
      ...(untilMs !== undefined && { until: new Date(untilMs).toISOString() }),
      ...(reason !== undefined && { reason }),
    };
  }
}

function invalid(path: string, message: string): HttpError {
  return new HttpError('INVALID_REQUEST', `"${path}" ${message}.`, { errors: [{ path, message }] });
}
