import { join } from 'node:path';
import { queryOnce } from '../../libs/audit-log/test-support/postgres-access.js';
import { startTcpPostgres, type TcpPostgres } from '../../libs/audit-log/test-support/tcp-postgres.js';
import { readProcessUsage } from '../process-usage.js';

/** What the measured Postgres is told; fsync and synchronous_commit stay on, as they are by default. */
export const POSTGRES_SETTINGS = {
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  track_commit_timestamp: 'on', // when the first and the last row were committed
};

/** A Postgres with a cluster of its own in a temporary folder, reached over TCP as in production. */
export class PostgresServer {
  private constructor(private readonly postgres: TcpPostgres) {}

  /** Makes the cluster and resolves when the server answers; its output goes to `postgres.log`. */
  static async start(logFolder: string): Promise<PostgresServer> {
    const options = { settings: POSTGRES_SETTINGS, logFile: join(logFolder, 'postgres.log') };
    return new PostgresServer(await startTcpPostgres(options));
  }

  get url(): string {
    return this.postgres.url();
  }

  /** Runs one statement over a connection of its own. */
  query<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]> {
    return queryOnce<Row>({ connectionString: this.url }, sql, values);
  }

  usage() {
    return readProcessUsage(this.postgres.pid);
  }

  /** It keeps its connections but answers nothing, until `resume()`. */
  freeze(): void {
    this.postgres.signal('SIGSTOP');
  }

  resume(): void {
    this.postgres.signal('SIGCONT');
  }

  /** Ends it and removes its cluster. */
  async stop(): Promise<void> {
    await this.postgres.remove();
  }
}
