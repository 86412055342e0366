import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LogWriter } from '@app/resilience';
import type { Client } from 'pg';
import type { AuditServicesOptions } from './audit-options.js';
import type { AuditRecord } from './audit-record.js';
import { AuditServices } from './audit-services.js';
import { connectClient } from './database/database-client.js';
import { DatabaseUnavailableError } from './database/database.errors.js';
import { letGo } from './database/let-go.js';
import { checkLedger, type LedgerEntry, type LedgerReport } from './database/ledger-check.js';
import { ensurePartitions, warnOfMissing } from './database/partitions.js';
import { exportRows, type ExportFormat, type TimeRange } from './database/row-export.js';
import { tailRows, type TailOptions } from './database/row-tail.js';
import { checkSchema, migrateSchema } from './database/schema.js';
import { readTableStatus, type TableStatus } from './database/table-status.js';
import type { QueueCounts } from './queue/audit-queue.js';
import { readSpoolStatus, type SpoolStatus } from './spool/spool-status.js';

/** Where the parts of the audit log are. */
export interface AuditToolsOptions {
  services: AuditServicesOptions;
  /** Folder of all processes' spools. */
  spoolRoot: string;
}

/** A part of the audit log, or a sentence that says why it cannot be seen. */
export type Seen<T> = T | { unavailable: string };

/** Where the records are between the answer and the table. */
export interface AuditStatus {
  spools: Seen<SpoolStatus[]>;
  /** Age of the oldest record on any spool that can be read, 0 when all are empty; undefined when none is seen, and one spool cannot be read. */
  lagSeconds: number | undefined;
  queue: Seen<QueueCounts>;
  table: Seen<TableStatus>;
}

/** What operators do with the audit log at a terminal. */
export class AuditTools {
  private readonly services: AuditServices;
  private client?: Client;

  constructor(
    private readonly options: AuditToolsOptions,
    private readonly log: LogWriter,
  ) {
    this.services = new AuditServices(options.services, log);
  }

  /** Looks at spools, queue and table; what cannot be reached is said, not thrown. */
  async status(): Promise<AuditStatus> {
    const spools = await seen(() => readSpoolStatus(this.options.spoolRoot, this.log));
    const lagSeconds = 'unavailable' in spools ? undefined : lagOf(spools);
    const table = await seen(async () => readTableStatus(await this.table()));
    return { spools, lagSeconds, queue: await seen(() => this.queueCounts()), table };
  }

  /** The rows of a range by time, as text. */
  async *export(range: TimeRange, format: ExportFormat): AsyncGenerator<string> {
    yield* exportRows(await this.table(), range, format);
  }

  /** The last rows, and each new one as it comes. */
  async *tail(options: TailOptions): AsyncGenerator<AuditRecord> {
    yield* tailRows(await this.table(), options);
  }

  /** Compares a client's ledger with the rows of a range. */
  async verify(
    ledger: AsyncIterable<LedgerEntry>,
    bounds: { range: TimeRange; maxDifferences: number },
  ): Promise<LedgerReport> {
    return checkLedger(await this.table(), ledger, bounds);
  }

  /** Makes the tables or brings them up to date. Returns the names of the migrations applied. */
  async migrate(): Promise<string[]> {
    const connection = await this.services.connection();
    this.client = await connectClient(connection);
    const applied = await migrateSchema(connection);
    warnOfMissing(this.log, (await ensurePartitions(this.client, new Date())).refused);
    return applied;
  }

  /** Ends the connection, and the embedded Postgres if nobody else uses it. */
  async close(): Promise<void> {
    if (this.client) await letGo(this.client);
    await this.services.close();
  }

  /** A connection to a database that has the table. */
  private async table(): Promise<Client> {
    this.requireDatabase();
    this.client ??= await connectClient(await this.services.connection());
    await checkSchema(this.client);
    return this.client;
  }

  /** Looking at an embedded Postgres that was never there must not make one. */
  private requireDatabase(): void {
    const { postgresUrl, dataDir } = this.options.services;
    if (postgresUrl !== undefined || existsSync(join(dataDir, 'postgres'))) return;
    throw new DatabaseUnavailableError(
      `There is no audit table under "${dataDir}" yet: start Falcon, or name its Postgres with POSTGRES_URL or its folder with DATA_DIR`,
    );
  }

  private async queueCounts(): Promise<QueueCounts> {
    if (this.options.services.redisQueueUrl === undefined) await this.table();
    const queue = this.services.queue();
    try {
      return await queue.counts();
    } finally {
      await queue.close();
    }
  }
}

function lagOf(spools: readonly SpoolStatus[]): number | undefined {
  const agesMs = spools.flatMap(({ oldestAt }) => (oldestAt === undefined ? [] : Date.now() - oldestAt.getTime()));
  if (agesMs.length === 0 && spools.some(({ waitingBytes }) => waitingBytes === undefined)) return undefined;
  return Math.max(0, ...agesMs) / 1000;
}

async function seen<T>(look: () => Promise<T>): Promise<Seen<T>> {
  try {
    return await look();
  } catch (error) {
    return { unavailable: (error as Error).message };
  }
}
