import type { Pool, PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import {
  CallCancelledError,
  CircuitOpenError,
  DependencyTimeoutError,
  jittered,
  type LogWriter,
  type Policy,
} from '@app/resilience';
import type { Fault } from '../audit-availability.js';
import { openPolicies } from '../audit-policies.js';
import { pause } from '../pause.js';
import {
  describeFailure,
  failureKind,
  isOfOneStatement,
  isOverlap,
  isReadOnly,
  isRefusal,
  isTimeout,
  sqlStateOf,
  type DatabasePlace,
} from './database-failure.js';
import { BlockedJobError, DatabaseUnavailableError, SchemaMismatchError } from './database.errors.js';
import { ensurePartitions, warnOfMissing } from './partitions.js';
import { connectionOf, type ConnectionSource, createDataSource, placeOf } from './postgres-connection.js';
import { INSERT_RECORDS } from './record-rows.js';
import { checkSchema, migrateSchema, requireUtf8 } from './schema.js';

/** Which Postgres, and the bounds of its use. */
export interface AuditDatabaseOptions {
  /** How to reach it. */
  connection: ConnectionSource;
  /** Most connections. */
  poolSize: number;
  /** Longest time to get a connection, and for a statement. */
  operationTimeoutMs: number;
  /** Whether the schema is brought up to date; otherwise it must be. */
  migrate: boolean;
}

/** Whether Postgres can be used, and if not, why, as a sentence for operators. */
export type DatabaseState = { status: 'connecting' } | { status: 'available' } | ({ status: 'unavailable' } & Fault);

const RECONNECT = { baseMs: 250, capMs: 3000 };
const DISK_FULL = '53100';
/** Whoever was refused tries again every few seconds: who has not come back for this long was served, or has ended. */
const REFUSAL_MS = 60_000;

/** The Postgres of the audit log: connects in the background for as long as it takes, and knows how it is. */
export class AuditDatabase {
  private dataSource?: DataSource;
  private place: DatabasePlace | undefined;
  private current: DatabaseState = { status: 'connecting' };
  private connecting?: Promise<void>;
  private probing: Promise<void> | undefined;
  /** When it last refused to write, and whether a check meets that, too: that it answers says nothing against it. */
  private refusal: { atMs: number; isMetByCheck: boolean } | undefined;
  private readonly closed = new AbortController();

  constructor(
    private readonly options: AuditDatabaseOptions,
    private readonly log: LogWriter,
    private readonly policy: Policy = openPolicies().postgres,
  ) {}

  get state(): DatabaseState {
    return this.current;
  }

  /** Undefined before the first attempt to connect has ended. */
  get isAvailable(): boolean | undefined {
    return this.current.status === 'connecting' ? undefined : this.current.status === 'available';
  }

  /** Why it cannot be used; undefined while it can. */
  get fault(): Fault | undefined {
    return this.current.status === 'unavailable' ? this.current : undefined;
  }

  /** Connections there are, and those of them that are idle. */
  get pool(): { size: number; idle: number } {
    const pool = this.dataSource && poolOf(this.dataSource);
    return { size: pool?.totalCount ?? 0, idle: pool?.idleCount ?? 0 };
  }

  /** Begins to connect; resolves when that has succeeded for the first time, or the database was closed. */
  connect(): Promise<void> {
    this.connecting ??= this.keepConnecting();
    return this.connecting;
  }

  /** @throws {DatabaseUnavailableError} when Postgres does not answer, or still refuses to write. */
  async check(): Promise<void> {
    await this.run(async (client) => {
      const { refusal } = this;
      if (!refusal) return client.query('SELECT 1');
      try {
        await client.query(INSERT_RECORDS, ['[]']); // needs no room and no new month, but all that any other needs
      } catch (error) {
        refusal.isMetByCheck ||= isRefusal(error);
        throw error;
      }
      if (refusal.isMetByCheck || performance.now() - refusal.atMs > REFUSAL_MS) this.refusal = undefined;
    });
  }

  /** As `run`, for work that writes: its success shows that nothing is refused any more. */
  write<T>(work: (client: PoolClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.run(async (client) => {
      const result = await work(client);
      this.refusal = undefined;
      return result;
    }, signal);
  }

  /**
   * Does `work` with a connection of its own. An abort cuts the connection, whatever it is waiting for.
   * @throws {DatabaseUnavailableError} when Postgres cannot do it now; what it has against the values is thrown as it is.
   */
  async run<T>(work: (client: PoolClient) => Promise<T>, signal?: AbortSignal): Promise<T> {
    // Before there is a connection it is for keepConnecting to try: whoever comes by must not use up the breaker's trials.
    const pool = this.openPool();
    try {
      return await this.policy.execute((aborted) => this.attempt(pool, work, aborted), { signal });
    } catch (error) {
      throw this.explained(error);
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.closed.abort();
    await this.connecting;
    await this.probing;
    if (this.dataSource?.isInitialized) await this.dataSource.destroy();
  }

  private async attempt<T>(pool: Pool, work: (client: PoolClient) => Promise<T>, signal: AbortSignal): Promise<T> {
    const client = await this.acquire(pool);
    let isFree = false;
    const free = (destroy: boolean) => {
      if (!isFree) client.release(destroy);
      isFree = true;
    };
    const cut = () => free(true);
    signal.addEventListener('abort', cut);
    try {
      signal.throwIfAborted();
      const result = await work(client);
      free(false);
      if (this.refusal === undefined) this.report({ status: 'available' });
      return result;
    } catch (error) {
      // Over a connection to a replica nothing is ever written; a new one may lead to the primary.
      free(sqlStateOf(error) === undefined || isReadOnly(error));
      throw signal.aborted ? error : this.timedOut(error, this.translate(error));
    } finally {
      signal.removeEventListener('abort', cut);
    }
  }

  /** What the policy throws as this class's callers know it. */
  private explained(error: unknown): unknown {
    if (error instanceof DependencyTimeoutError) return error.cause;
    if (error instanceof CircuitOpenError) return new DatabaseUnavailableError(this.whyNot(), { cause: error });
    if (error instanceof CallCancelledError)
      return new DatabaseUnavailableError('The operation was broken off', { cause: error });
    return error;
  }

  /** A timeout as the policy knows it. */
  private timedOut(error: unknown, translated: unknown): unknown {
    if (!isTimeout(error)) return translated;
    return new DependencyTimeoutError(this.policy.stage, this.options.operationTimeoutMs, { cause: translated });
  }

  private async acquire(pool: Pool): Promise<PoolClient> {
    try {
      return await pool.connect();
    } catch (error) {
      throw this.timedOut(error, this.unavailable(error));
    }
  }

  private openPool(): Pool {
    if (!this.dataSource || this.closed.signal.aborted) throw new DatabaseUnavailableError(this.whyNot());
    return poolOf(this.dataSource);
  }

  private whyNot(): string {
    if (this.current.status === 'unavailable') return this.current.reason;
    if (this.closed.signal.aborted) return 'The database is closed';
    return this.dataSource
      ? 'Postgres fails too often and is left alone for a moment'
      : 'Postgres is not connected yet';
  }

  private async keepConnecting(): Promise<void> {
    const { signal } = this.closed;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        this.dataSource = await this.policy.execute(() => this.open());
        return this.report({ status: 'available' });
      } catch (error) {
        if (!(error instanceof CircuitOpenError)) this.report({ status: 'unavailable', ...this.faultOf(error) });
      }
      await pause(jittered(RECONNECT, attempt), signal); // close() cuts the wait short
    }
  }

  private async open(): Promise<DataSource> {
    try {
      return await this.connectOnce();
    } catch (error) {
      throw new DatabaseUnavailableError(this.sentence(error), { cause: error });
    }
  }

  private async connectOnce(): Promise<DataSource> {
    const { connection, poolSize, operationTimeoutMs: timeoutMs, migrate } = this.options;
    const target = await connectionOf(connection);
    this.place = placeOf(target);
    const dataSource = createDataSource(target, { size: poolSize, timeoutMs }, (error) => this.unavailable(error));
    await dataSource.initialize();
    try {
      if (migrate) await migrateSchema(target);
      const client = await poolOf(dataSource).connect();
      try {
        await requireUtf8(client);
        await checkSchema(client);
        if (migrate) warnOfMissing(this.log, (await ensurePartitions(client, new Date())).refused);
      } finally {
        client.release();
      }
      return dataSource;
    } catch (error) {
      await dataSource.destroy();
      throw error;
    }
  }

  private translate(error: unknown): unknown {
    if (error instanceof DatabaseUnavailableError || failureKind(error) !== 'unavailable') return error;
    // A statement that was given up, or a lock that was not to be had, says nothing of the database as a whole.
    if (isOfOneStatement(error)) {
      return new DatabaseUnavailableError(this.sentence(error), { cause: error });
    }
    if (isOverlap(error)) return new BlockedJobError(this.sentence(error), { cause: error });
    if (isRefusal(error) || sqlStateOf(error) === DISK_FULL) {
      this.refusal ??= { atMs: 0, isMetByCheck: false };
      this.refusal.atMs = performance.now();
    }
    return this.unavailable(error);
  }

  private unavailable(error: unknown): DatabaseUnavailableError {
    const reason = this.sentence(error);
    if (!this.closed.signal.aborted) {
      this.report({ status: 'unavailable', reason });
      this.probing ??= this.probeUntilBack();
    }
    return new DatabaseUnavailableError(reason, { cause: error });
  }

  private async probeUntilBack(): Promise<void> {
    const { signal } = this.closed;
    for (let attempt = 1; !signal.aborted; attempt++) {
      await pause(jittered(RECONNECT, attempt), signal); // close() cuts the wait short
      if (this.current.status === 'available') break;
      await this.check().catch(() => undefined); // the state says why not
    }
    this.probing = undefined;
  }

  private faultOf(error: unknown): Fault {
    const reason = this.sentence(error);
    const { cause } = error as { cause?: unknown };
    return cause instanceof SchemaMismatchError ? { reason, publicReason: reason } : { reason };
  }

  private sentence(error: unknown): string {
    const isSentence = error instanceof DatabaseUnavailableError || !this.place;
    return isSentence ? (error as Error).message : describeFailure(error, this.place as DatabasePlace);
  }

  private report(state: DatabaseState): void {
    const before = this.current;
    this.current = state;
    if (state.status === 'unavailable' && (before.status !== 'unavailable' || before.reason !== state.reason)) {
      this.log.warning(`Database unavailable: ${state.reason}`);
    }
    if (state.status === 'available' && before.status !== 'available') this.log.info('Database available');
  }
}

/** TypeORM's own pool: the writer needs to cut a connection, which its query runner cannot. */
function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as unknown as { master: Pool }).master;
}
