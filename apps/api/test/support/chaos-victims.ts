import type { TestRedis } from '../../../../scripts/test-support/redis.js';
import type { TcpPostgres } from '../../../../libs/audit-log/test-support/tcp-postgres.js';
import type { AuditStack } from './audit-stack.js';
import type { Victim } from './chaos.js';
import type { Service } from './service.js';

/** So many kills are preceded by a SIGTERM, as by an operator who does not wait long enough. */
const IMPATIENT_SHARE = 0.25;
const MAX_PATIENCE_MS = 1500;

/** One of Falcon's programs; it is struck again while it is still starting, too. */
export function serviceVictim(service: Service): Victim {
  return {
    name: service.name,
    kill: async (random) => {
      await (random() < IMPATIENT_SHARE ? service.stopImpatiently(random() * MAX_PATIENCE_MS) : service.kill());
      return true;
    },
    revive: () => Promise.resolve(service.launch()),
    freeze: () => {
      service.freeze();
      return true;
    },
    resume: () => service.resume(),
  };
}

/** A Redis with an append-only file. */
export function redisVictim(redis: TestRedis): Victim {
  return {
    name: 'redis',
    kill: async () => {
      await redis.kill();
      return true;
    },
    revive: () => redis.startAgain(),
    freeze: () => {
      redis.freeze();
      return true;
    },
    resume: () => redis.resume(),
  };
}

/** A Postgres, killed whole or only at its head. */
export function postgresVictim(postgres: TcpPostgres): Victim {
  return {
    name: 'postgres',
    kill: async (random) => {
      await postgres.kill(random() < 0.5 ? 'all' : 'postmaster');
      return true;
    },
    revive: () => postgres.start(),
    freeze: () => {
      postgres.signal('SIGSTOP');
      return true;
    },
    resume: () => postgres.signal('SIGCONT'),
  };
}

/** The Postgres that Falcon brings itself, and starts again itself. */
export function embeddedVictim(stack: AuditStack): Victim {
  return {
    name: 'embedded postgres',
    kill: (random) => Promise.resolve(stack.killEmbeddedPostgres(random() < 0.5 ? 'all' : 'postmaster')),
    freeze: () => stack.freezeEmbeddedPostgres(),
    resume: () => stack.resumeEmbeddedPostgres(),
  };
}
