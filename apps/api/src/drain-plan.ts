import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AuditPipeline } from '@app/audit-log';
import type { DrainPlan, DrainStep, Log, Tracing } from '@app/ops';
import type { HttpServer } from './http/server.js';

const RECORDS_LEFT = 'Audit records are left on the spool: the next start ships them';

/** Part of the time for requests that clients may take to send theirs: the rest is for answers. */
const SENDING_SHARE = 0.5;

/** What a receiver of traces that is away may cost of the time to stop. */
const MAX_EXPORT_MS = 2000;

/** How the server ends: what is in flight is answered and put on record, then connections are given up and the last traces sent. */
export function drainPlan(
  app: NestFastifyApplication,
  log: Log,
  { closeConnections, tracing }: { closeConnections: () => void; tracing: Tracing | undefined },
): DrainPlan {
  const server = app.getHttpAdapter() as unknown as HttpServer;
  const requests: DrainStep = {
    name: 'requests',
    run: (deadlineMs) => {
      server.limitSending((deadlineMs - performance.now()) * SENDING_SHARE);
      return app.close();
    },
    whenLate: 'Stopped with requests unanswered: the shutdown timeout passed',
    isLossWhenLate: true,
    leavesTime: true,
  };
  const auditRecords: DrainStep = {
    name: 'audit records',
    run: async (deadlineMs) => {
      server.cutOffAll(); // an answer that comes this late would leave without its record
      if (!(await app.get(AuditPipeline).stop(Math.max(0, deadlineMs - performance.now())))) {
        log.warning(RECORDS_LEFT);
      }
    },
    whenLate: RECORDS_LEFT,
  };
  const connections: DrainStep = {
    name: 'connections',
    run: () => Promise.resolve(closeConnections()),
    whenLate: 'Connections are left open: they end with the process',
  };
  const steps = [requests, auditRecords, connections];
  if (tracing) {
    steps.push({
      name: 'traces',
      run: (deadlineMs) => tracing.close(Math.min(MAX_EXPORT_MS, deadlineMs - performance.now())),
      whenLate: 'Stopped with traces unsent: the shutdown timeout passed',
    });
  }
  return { announce: () => server.endConnectionsWithAnswer(), steps };
}
