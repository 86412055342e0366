import { jittered, type LogWriter } from '@app/resilience';
import type { Client } from 'pg';
import { FileLock } from '../../file-lock.js';
import { pause } from '../../pause.js';
import { letGo } from '../let-go.js';
import { boundLog } from './bounded-log.js';
import { EMBEDDED_NAME, ensureCluster } from './cluster.js';
import { openClusterFolder, type ClusterFolder } from './cluster-folder.js';
import { EmbeddedPostgresError, StillStartingError } from './embedded-postgres.errors.js';
import { isServer, notedPid } from './postmaster-file.js';
import {
  answersOn,
  connectTo,
  embeddedConnection,
  type EmbeddedConnection,
  ensureServer,
  stopServer,
} from './postmaster.js';
import { findBinaries, prepareBinaries } from './server-binaries.js';

/** Where the embedded Postgres lives, and who is told of it. */
export interface EmbeddedPostgresOptions {
  /** Falcon's data folder; the server lives in `postgres` below it. */
  dataDir: string;
  log: LogWriter;
  /** Where the cluster lives if the server cannot reach `dataDir`. @default /var/lib/falcon */
  elsewhere?: string;
  /** Longest time of one attempt to wait until the server answers. @default 60 s */
  readyTimeoutMs?: number;
}

const READY_TIMEOUT_MS = 60_000;
const LOCK_TIMEOUT_MS = 90_000;
const RESTART = { baseMs: 250, capMs: 6000 };
const LOG_CHECK_MS = 60_000;
/** How often to look whether the server lives, should its end have gone unnoticed. */
const LOOK_MS = 1000;

/**
 * A real Postgres under the data folder, shared by all processes that use the folder: the first starts it, the last
 * stops it, and whoever notices first starts it again when it was killed.
 */
export class EmbeddedPostgres {
  readonly connection: EmbeddedConnection;
  private keeper?: Client;
  private users?: FileLock;
  private readonly stopping = new AbortController();
  private restarting: Promise<void> = Promise.resolve();
  private isRestarting = false;
  private isLooking = false;
  private readonly logCheck: NodeJS.Timeout;
  private readonly look: NodeJS.Timeout;

  private constructor(
    private readonly folder: ClusterFolder,
    private readonly options: EmbeddedPostgresOptions,
  ) {
    this.connection = embeddedConnection(folder);
    this.logCheck = setInterval(() => void this.attempt(() => boundLog(folder.log)), LOG_CHECK_MS).unref();
    this.look = setInterval(() => void this.attempt(() => this.lookAfterServer()), LOOK_MS).unref();
  }

  /**
   * Starts the server of the data folder, or joins those that use it.
   * @throws {EmbeddedPostgresError} when that cannot be done; trying again later is allowed.
   */
  static async start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
    const postgres = new EmbeddedPostgres(openClusterFolder(options.dataDir, options.elsewhere), options);
    try {
      await postgres.join();
      return postgres;
    } catch (error) {
      await postgres.leave(error instanceof StillStartingError);
      throw error;
    }
  }

  /** Stops a server that is still starting and that nobody waits for any more. */
  static async stopStarting({ dataDir, elsewhere }: EmbeddedPostgresOptions): Promise<void> {
    const folder = openClusterFolder(dataDir, elsewhere);
    const lock = FileLock.try(folder.startLock, 'exclusive'); // whoever has it looks after the server
    if (lock) await stopUnused(folder, lock);
  }

  /** Leaves the server to the others who use it, or stops it when there are none. */
  stop(): Promise<void> {
    return this.leave(false);
  }

  private async leave(isStarting: boolean): Promise<void> {
    if (this.stopping.signal.aborted) return;
    this.stopping.abort();
    clearInterval(this.logCheck);
    clearInterval(this.look);
    await this.restarting;
    if (this.keeper) await letGo(this.keeper);
    if (!this.users) return;
    this.users.release();
    if (!isStarting) await stopUnused(this.folder, await lockFor(this.folder.startLock, 'exclusive'));
  }

  private async join(): Promise<void> {
    const lock = await lockFor(this.folder.startLock, 'exclusive');
    try {
      this.users ??= await lockFor(this.folder.usersLock, 'shared');
      const binaries = findBinaries();
      const native = await prepareBinaries(binaries, this.folder);
      await ensureCluster(this.folder, native, binaries);
      await ensureServer(this.folder, native, this.options.readyTimeoutMs ?? READY_TIMEOUT_MS);
      await this.ensureDatabase();
      this.keep(await connectTo(this.folder, EMBEDDED_NAME));
    } finally {
      lock.release();
    }
  }

  /** An idle connection ends in the moment its server does. */
  private keep(keeper: Client): void {
    if (this.keeper) void letGo(this.keeper);
    this.keeper = keeper;
    keeper.once('end', () => {
      if (keeper === this.keeper) this.onGone();
    });
  }

  /** What a timer throws would end the process: the next round may do better. */
  private async attempt(work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.options.log.warning('Looking after the embedded Postgres failed, and is tried again', { error });
    }
  }

  /** A server that was killed while somebody connected has been seen to leave its end unnoticed. */
  private async lookAfterServer(): Promise<void> {
    const { keeper } = this;
    if (!keeper || this.isLooking || isServer(this.folder, notedPid(this.folder))) return;
    this.isLooking = true;
    // One in another PID namespace, or with another path, lives although it is not to be seen.
    if (!(await answersOn(keeper)) && keeper === this.keeper) this.onGone();
    this.isLooking = false;
  }

  private onGone(): void {
    if (this.stopping.signal.aborted || this.isRestarting) return;
    this.isRestarting = true;
    this.restarting = this.restart().finally(() => (this.isRestarting = false));
  }

  private async ensureDatabase(): Promise<void> {
    const client = await connectTo(this.folder, 'postgres');
    try {
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [EMBEDDED_NAME]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${EMBEDDED_NAME}`);
    } finally {
      await letGo(client);
    }
  }

  private async restart(): Promise<void> {
    const { log } = this.options;
    const { signal } = this.stopping;
    log.warning('Embedded Postgres is gone: it is started again', { folder: this.folder.path });
    let said: string | undefined;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await this.join();
        return log.info('Embedded Postgres runs again', { folder: this.folder.path });
      } catch (error) {
        const { message } = error as Error;
        if (message !== said) log.error(`Embedded Postgres does not start: ${message}`, { error });
        said = message;
      }
      // Nothing else may keep the process alive while there is no server. stop() cuts it short.
      await pause(jittered(RESTART, attempt), signal, { keepsAlive: true });
    }
  }
}

/** Stops the server if nobody uses it, while `lock` keeps others from starting it, and releases that. */
async function stopUnused(folder: ClusterFolder, lock: FileLock): Promise<void> {
  try {
    const alone = FileLock.try(folder.usersLock, 'exclusive');
    if (!alone) return;
    await stopServer(folder);
    alone.release();
  } finally {
    lock.release();
  }
}

async function lockFor(path: string, mode: 'exclusive' | 'shared'): Promise<FileLock> {
  const lock = await FileLock.wait(path, mode, LOCK_TIMEOUT_MS);
  if (lock) return lock;
  throw new EmbeddedPostgresError(
    `Another process has been starting or stopping the embedded Postgres for over ${LOCK_TIMEOUT_MS / 1000} s ("${path}" is locked): is it frozen?`,
  );
}
