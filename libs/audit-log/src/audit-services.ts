import type { LogWriter } from '@app/resilience';
import type { AuditServicesOptions } from './audit-options.js';
import { openPolicies, type AuditPolicies } from './audit-policies.js';
import { AuditDatabase } from './database/audit-database.js';
import { EmbeddedPostgres } from './database/embedded/embedded-postgres.js';
import { StillStartingError } from './database/embedded/embedded-postgres.errors.js';
import type { PostgresConnection } from './database/postgres-connection.js';
import { AuditQueue } from './queue/audit-queue.js';
import type { QueueServer } from './queue/queue-server.js';

/** Each worker writes what it takes off the queue into the database that it has. */
const SCATTERED =
  'The audit queue is in Redis and the table in the embedded Postgres: processes with another DATA_DIR that use this queue ' +
  'scatter the rows over several databases; give them one DATA_DIR, or all of them POSTGRES_URL';

/** The Postgres and the queue that a process uses: given ones, or an embedded Postgres for both. */
export class AuditServices {
  private embedded?: Promise<EmbeddedPostgres>;
  /** Its server was still starting when it was last waited for: it recovers, and nobody has it in hand. */
  private isLeftStarting = false;
  private isClosed = false;

  constructor(
    private readonly options: AuditServicesOptions,
    private readonly log: LogWriter,
    private readonly policies: AuditPolicies = openPolicies(),
  ) {}

  /**
   * How to reach Postgres; the embedded one is started by the first who asks.
   * @throws {EmbeddedPostgresError} when it does not start; asking again later is allowed
   */
  readonly connection = async (): Promise<PostgresConnection> => {
    const { postgresUrl } = this.options;
    if (postgresUrl !== undefined) {
      return { url: postgresUrl };
    }
    if (this.isClosed) {
      throw new Error('The embedded Postgres has been stopped.');
    }
    this.embedded ??= this.startEmbedded().catch((error: unknown) => {
      delete this.embedded;
      this.isLeftStarting = error instanceof StillStartingError;
      throw error;
    });
    return (await this.embedded).connection;
  };

  /** Where the queue is kept. */
  get queueServer(): QueueServer {
    const { redisQueueUrl } = this.options;
    return redisQueueUrl === undefined
      ? { kind: 'postgres', connection: this.connection }
      : { kind: 'redis', url: redisQueueUrl };
  }

  /** The table's database, not connected yet. */
  database(migrate: boolean, poolSize = this.options.postgresPoolSize): AuditDatabase {
    const { postgresTimeoutMs: operationTimeoutMs } = this.options;
    const options = { connection: this.connection, poolSize, operationTimeoutMs, migrate };
    return new AuditDatabase(options, this.log, this.policies.postgres);
  }

  /** The producer's end of the queue. */
  queue(): AuditQueue {
    return new AuditQueue(this.queueServer, this.options.redisTimeoutMs, this.log, this.policies.queue);
  }

  private async startEmbedded(): Promise<EmbeddedPostgres> {
    const { dataDir, redisQueueUrl } = this.options;
    const embedded = await EmbeddedPostgres.start({ dataDir, log: this.log });
    this.isLeftStarting = false;
    if (redisQueueUrl !== undefined) this.log.warning(SCATTERED, { data_dir: dataDir });
    return embedded;
  }

  /** Stops the embedded Postgres, unless another process uses it; nothing of this process may, any more. */
  async close(): Promise<void> {
    this.isClosed = true;
    const embedded = await this.embedded?.catch(() => undefined); // one that never started needs no stop
    await embedded?.stop();
    if (this.isLeftStarting) await EmbeddedPostgres.stopStarting({ dataDir: this.options.dataDir, log: this.log });
  }
}
