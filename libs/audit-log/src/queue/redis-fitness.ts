import type { Redis } from 'ioredis';
import type { LogWriter } from '../log-writer.js';
import { UnfitRedisError } from './audit-queue.errors.js';

/** 6.2, as a number. */
const OLDEST_REDIS = 602;
/** What a Redis says to whom it does not tell about itself. */
const NOT_TOLD = /^NOPERM|^ERR unknown command/;

/** Share of its memory that jobs may fill: of a Redis that is full workers cannot even take what would make room. */
const FILL_SHARE = 0.8;
/** Others fill it, too, so its memory is looked at again when so much has been sent. */
const LOOK_BYTES = 1024 * 1024;

/** Whether a Redis may keep the queue, asked once for each connection and again when that has been forgotten. */
export class RedisFitness {
  private isKnown = false;
  private wasTold = true;
  /** Bytes that jobs might still fill when it was last asked, and those that were sent since. */
  private room = Infinity;
  private sent = 0;

  constructor(
    private readonly redis: Redis,
    private readonly log: LogWriter,
  ) {
    redis.on('ready', () => this.forget());
  }

  /** The next one who wants to know asks again: settings may be changed while Redis runs. */
  forget(): void {
    this.isKnown = false;
  }

  /** @throws {UnfitRedisError} when the queue must not be kept there */
  async require(): Promise<void> {
    if (this.isKnown) return;
    const info = await this.info();
    const complaint = complaintOf(info);
    if (complaint !== undefined) throw new UnfitRedisError(complaint);
    this.room = roomOf(info);
    this.sent = 0;
    this.isKnown = true;
  }

  /** To be asked before a job of so many bytes is sent. Throws what Redis itself says when its memory is full. */
  async requireRoom(bytes: number): Promise<void> {
    this.sent += bytes;
    if (this.sent > Math.min(this.room, LOOK_BYTES)) {
      this.forget();
      await this.require();
      this.sent = bytes;
    }
    if (bytes > this.room) throw new Error(`OOM jobs fill ${FILL_SHARE * 100} % of its maxmemory`);
  }

  private async info(): Promise<string> {
    try {
      return await this.redis.info();
    } catch (error) {
      if (!(error instanceof Error) || !NOT_TOLD.test(error.message)) throw error;
      if (this.wasTold) {
        this.log.warning(
          `Redis of the audit queue does not say whether it may evict (${error.message}): make sure that its maxmemory-policy is noeviction`,
        );
      }
      this.wasTold = false;
      return '';
    }
  }
}

function roomOf(info: string): number {
  const [, used = '0'] = /^used_memory:(\d+)/m.exec(info) ?? [];
  const [, most = '0'] = /^maxmemory:(\d+)/m.exec(info) ?? [];
  return most === '0' ? Infinity : Number(most) * FILL_SHARE - Number(used);
}

function complaintOf(info: string): string | undefined {
  const [, version = '', major = '0', minor = '0'] = /^redis_version:((\d+)\.(\d+)\S*)/m.exec(info) ?? [];
  if (version !== '' && Number(major) * 100 + Number(minor) < OLDEST_REDIS) {
    return `Redis ${version} is too old for the audit queue: it needs 6.2 or newer`;
  }
  const [, policy] = /^maxmemory_policy:(\S+)/m.exec(info) ?? [];
  return policy === undefined || policy === 'noeviction'
    ? undefined
    : `it may evict jobs (maxmemory-policy ${policy}) and is given none: run "CONFIG SET maxmemory-policy noeviction" there ` +
        '(where CONFIG is forbidden, set that parameter at the provider), or name another Redis with REDIS_QUEUE_URL';
}
