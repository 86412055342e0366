import type { LogWriter } from '@app/resilience';
import type { Redis } from 'ioredis';
import { FullRedisError, UnfitRedisError } from './audit-queue.errors.js';

/** 6.2, as a number. */
const OLDEST_REDIS = 602;
/** What a Redis says to whom it does not tell about itself. */
const NOT_TOLD = /^NOPERM|^ERR unknown command/;

/** Share of its memory that jobs may fill: of a Redis that is full workers cannot even take what would make room. */
const FILL_SHARE = 0.8;
/** While fewer than these wait it is not the jobs that fill it, and refusing them would not make room. */
const FEW_JOBS = 4;
/** Others fill it, too, so its memory is looked at again when so much has been sent. */
const LOOK_BYTES = 1024 * 1024;

/** Whether a Redis may keep the queue, asked once for each connection and again when that has been forgotten. */
export class RedisFitness {
  private isKnown = false;
  private wasTold = true;
  /** Bytes of its memory when it was last asked, and those that were sent since. */
  private memory = { used: 0, most: Infinity };
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
    this.memory = memoryOf(info);
    this.sent = 0;
    this.isKnown = true;
  }

  /**
   * To be asked before a job of so many bytes is sent.
   * @param waiting asks how many jobs wait, which matters only when there is no room
   * @throws {FullRedisError} when workers need the room that is left
   */
  async requireRoom(bytes: number, waiting: () => Promise<number>): Promise<void> {
    this.sent += bytes;
    if (this.sent > Math.min(this.room, LOOK_BYTES)) {
      this.forget();
      await this.require();
      this.sent = bytes;
    }
    if (bytes > this.room && (await waiting()) >= FEW_JOBS) throw new FullRedisError(this.memory, FILL_SHARE);
  }

  private get room(): number {
    return this.memory.most * FILL_SHARE - this.memory.used;
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

function memoryOf(info: string): { used: number; most: number } {
  const bytesOf = (field: string) => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  // Buffers of replicas and of the append-only file are not held against maxmemory.
  const used = bytesOf('used_memory') - bytesOf('mem_not_counted_for_evict');
  return { used, most: bytesOf('maxmemory') || Infinity };
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
