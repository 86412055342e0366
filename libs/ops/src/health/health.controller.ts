import { Controller, Get, Header, NotFoundException, Param, Res } from '@nestjs/common';
import type { CheckReport, HealthReport } from './health-check.js';
import { HealthChecks, isUsable } from './health-checks.js';

/** The part of a reply that the probes set; Fastify's and Express's alike. */
interface Reply {
  status(code: number): unknown;
}

/** What a cluster asks. */
@Controller()
export class HealthController {
  constructor(private readonly checks: HealthChecks) {}

  /** The process can answer, and nothing is said beyond that. */
  @Get(['_ops/live', '_ops/ready', '_ops/startup'])
  @Header('Cache-Control', 'no-store')
  ok(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** What has not been asked yet is no reason to restart. */
  @Get('_health/live')
  @Header('Cache-Control', 'no-store')
  async live(@Res({ passthrough: true }) reply: Reply): Promise<HealthReport> {
    const report = await this.checks.report('live');
    reply.status(report.status === 'unhealthy' ? 503 : 200);
    return report;
  }

  @Get('_health/ready')
  @Header('Cache-Control', 'no-store')
  async ready(@Res({ passthrough: true }) reply: Reply): Promise<HealthReport> {
    return answered(await this.checks.report('ready'), reply);
  }

  @Get('_health/startup')
  @Header('Cache-Control', 'no-store')
  async startup(@Res({ passthrough: true }) reply: Reply): Promise<HealthReport> {
    return answered(await this.checks.report('startup'), reply);
  }

  @Get('_health/checks/:name')
  @Header('Cache-Control', 'no-store')
  async check(@Param('name') name: string, @Res({ passthrough: true }) reply: Reply): Promise<CheckReport> {
    const report = await this.checks.reportOf(name);
    if (!report) {
      throw new NotFoundException();
    }
    return answered(report, reply);
  }
}

function answered<Report extends CheckReport | HealthReport>(report: Report, reply: Reply): Report {
  reply.status(isUsable(report.status) ? 200 : 503);
  return report;
}
