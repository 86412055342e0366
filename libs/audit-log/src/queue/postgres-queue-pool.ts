import { EventEmitter } from 'node:events';
import { LATEST_SCHEMA_VERSION, runMigrations } from 'bullmq';
import { Client, type ClientConfig, Pool, type PoolClient, type QueryResult, type QueryResultRow } from 'pg';
import { jittered } from '@app/resilience';
import { sqlStateOf } from '../database/database-failure.js';
import { connectionOf, type ConnectionSource, poolConfig } from '../database/postgres-connection.js';
import { pause } from '../pause.js';
import type { Availability } from './availability.js';

/** BullMQ's tables have a schema of their own. */
const SCHEMA = 'bullmq';
const RECONNECT = { baseMs: 50, capMs: 2000 };
const MIGRATION_TIMEOUT_MS = 60_000;
/** The queue may forget its last moments in a crash: a job that is lost is sent again, one that comes twice conflicts. */
const SETTINGS = [`SET search_path = ${SCHEMA}`, 'SET synchronous_commit = off'];
/** A function, a table or the schema itself is missing: the database was made anew, or restored without it. */
const SCHEMA_IS_GONE = new Set(['42883', '42P01', '3F000']);
/** What BullMQ takes for a lost connection, and waits instead of giving a job up. */
const CLOSED = 'Connection is closed.';

/** What a pool of the queue is told. */
export interface QueuePoolOptions {
  connection: ConnectionSource;
  /** Connections at most. */
  max: number;
  /** Longest time for a connection, and for a statement. */
  timeoutMs: number;
  /** Whether a statement waits for a Postgres that is away, or fails at once. */
  patient: boolean;
}

/**
 * The connections of BullMQ's Postgres backend, in the shape of a `pg.Pool`. BullMQ remembers a failed first connection for
 * ever and asks a failing server again without a pause, so the waiting and the schema are dealt with here.
 */
export class PostgresQueuePool extends EventEmitter {
  /** BullMQ looks here whether a silent loss of the connection is noticed. */
  readonly options = { keepAlive: true };
  private opening?: Promise<Pool>;
  private pool?: Pool;
  private readonly closed = new AbortController();

  constructor(
    private readonly settings: QueuePoolOptions,
    private readonly availability: Availability,
  ) {
    super();
  }

  /** A connection, to be released; BullMQ listens for notifications on one. */
  async connect(): Promise<PoolClient> {
    for (let attempt = 1; ; attempt++) {
      try {
        const client = await (await this.open()).connect();
        if (this.settings.patient) this.availability.up(); // otherwise the statement shows it
        return client;
      } catch (error) {
        if (this.closed.signal.aborted) {
          throw new Error(CLOSED, { cause: error });
        }
        this.availability.down(error);
        if (!this.settings.patient) {
          throw error;
        }
        await pause(jittered(RECONNECT, attempt), this.closed.signal); // end() cuts it short
      }
    }
  }

  /** Runs one statement on whichever connection is free. */
  async query<R extends QueryResultRow>(text: string, params?: unknown[]): Promise<QueryResult<R>> {
    const client = await this.connect();
    let failure: Error | undefined;
    const onError = (error: Error) => {
      failure = error; // the statement rejects with it, too
    };
    client.on('error', onError);
    try {
      return await client.query<R>(text, params);
    } catch (error) {
      failure = error as Error;
      if (SCHEMA_IS_GONE.has(sqlStateOf(error) ?? '')) delete this.opening; // the next one makes it again
      throw error;
    } finally {
      client.removeListener('error', onError);
      client.release(failure);
    }
  }

  /** Whoever waits for a connection stops waiting; those in use are closed when they are given back. */
  async end(): Promise<void> {
    if (!this.closed.signal.aborted) {
      this.closed.abort();
      await this.opening?.catch(() => undefined); // one that never opened has nothing to close
      await this.pool?.end();
    }
  }

  private open(): Promise<Pool> {
    this.closed.signal.throwIfAborted();
    this.opening ??= this.prepare().catch((error: unknown) => {
      delete this.opening; // the next one tries again
      throw error;
    });
    return this.opening;
  }

  private async prepare(): Promise<Pool> {
    const { connection, max, timeoutMs } = this.settings;
    const target = poolConfig(await connectionOf(connection), timeoutMs, SETTINGS);
    const config = { ...target, application_name: 'falcon-queue', max };
    await migrate({ ...config, query_timeout: MIGRATION_TIMEOUT_MS });
    this.pool ??= new Pool(config).on('error', (error) => this.onIdleError(error));
    return this.pool;
  }

  private onIdleError(error: Error): void {
    this.availability.down(error);
    if (this.listenerCount('error') > 0) {
      this.emit('error', error);
    }
  }
}

async function migrate(config: ClientConfig): Promise<void> {
  const client = new Client(config);
  client.on('error', () => undefined); // whatever is under way rejects with it
  try {
    await client.connect();
    if (!(await isMigrated(client))) await runMigrations(client, SCHEMA);
  } finally {
    await client.end();
  }
}

/** BullMQ would ask for the right to make schemas at every start. */
async function isMigrated(client: Client): Promise<boolean> {
  try {
    const { rows } = await client.query<{ version: number }>(`SELECT max(version) AS version FROM ${SCHEMA}.migration`);
    return rows[0]?.version === LATEST_SCHEMA_VERSION;
  } catch {
    return false; // there is none yet; if it is for another reason, that comes up again
  }
}
