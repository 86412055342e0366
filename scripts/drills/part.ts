import type { TcpPostgres } from '../../libs/audit-log/test-support/tcp-postgres.js';
import type { TestRedis } from '../test-support/redis.js';

/** A running part of a stack of processes. */
export interface Part {
  /** Does nothing when it runs. */
  start(settings?: Record<string, string>): Promise<void>;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
  /** Ends it as the kernel would. */
  kill(): Promise<void>;
  /** It keeps its connections but does nothing. */
  pause(): void;
  unpause(): void;
}

/** A Redis that keeps what it has in its folder. */
export class RedisPart implements Part {
  constructor(private readonly redis: TestRedis) {}

  start(): Promise<void> {
    return this.redis.startAgain();
  }

  stop(): Promise<void> {
    this.redis.resume();
    return this.kill();
  }

  kill(): Promise<void> {
    return this.redis.kill();
  }

  pause(): void {
    this.redis.freeze();
  }

  unpause(): void {
    this.redis.resume();
  }
}

/** A Postgres on a port. */
export class PostgresPart implements Part {
  constructor(private readonly postgres: TcpPostgres) {}

  start(): Promise<void> {
    return this.postgres.start();
  }

  stop(): Promise<void> {
    this.unpause();
    return this.kill();
  }

  kill(): Promise<void> {
    return this.postgres.kill();
  }

  pause(): void {
    this.postgres.signal('SIGSTOP');
  }

  unpause(): void {
    this.postgres.signal('SIGCONT');
  }
}
