import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { startPostgres } from '../../test-support/postgres.js';
import { recordingLog, type RecordingLog } from '../../test-support/recording-log.js';
import { recordingObserver, type RecordingObserver } from '../../test-support/recording-observer.js';
import { describeWithRedis, TestRedis } from '../../../../scripts/test-support/redis.js';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import { startTcpPostgres, type TcpPostgres } from '../../test-support/tcp-postgres.js';
import { TestWorker } from '../../test-support/test-worker.js';
import { SegmentReader } from '../spool/segment-reader.js';
import { Spool } from '../spool/spool.js';
import { AuditQueue } from './audit-queue.js';
import type { QueueServer } from './queue-server.js';
import { Shipper } from './shipper.js';

/** What nothing but a server that hangs exceeds, on a machine however busy. */
const PATIENT_MS = 10_000;
const IMPATIENT_MS = 1000;
/** Of a Redis that is full after a few jobs of a thousand records. */
const MAX_MEMORY = 10_000_000;

/** A spool, a queue and a shipper between them, with a worker that keeps what it is given. */
class Line {
  readonly log: RecordingLog = recordingLog();
  readonly observer: RecordingObserver = recordingObserver();
  readonly root = temporaryFolder();
  readonly queue: AuditQueue;
  readonly worker: TestWorker;
  spool!: Spool;
  shipper!: Shipper;
  private next = 0;

  constructor(
    readonly server: QueueServer,
    timeoutMs: number,
  ) {
    this.queue = new AuditQueue(server, timeoutMs, this.log);
    this.worker = new TestWorker(server);
  }

  async open(): Promise<void> {
    const options = { root: this.root, name: 'test', sync: false, maxBytes: 2 ** 30, appendTimeoutMs: 5000 };
    this.spool = await Spool.open(options, this.log, this.observer);
    this.shipper = new Shipper(this.spool.source, this.queue, this.log, this.observer);
  }

  /** Puts so many records on the spool, numbered on. */
  async append(records: number): Promise<void> {
    const created_at = new Date().toISOString();
    const appends = Array.from({ length: records }, () =>
      this.spool.append(JSON.stringify({ id: this.next++, created_at })),
    );
    await Promise.all(appends);
  }

  /** Resolves when everything on the spool is acknowledged. */
  async drained(): Promise<void> {
    await until(() => this.spool.source.isDrained());
  }

  async close(): Promise<void> {
    await this.worker.stop();
    await this.shipper.stop();
    await this.queue.close();
    await this.spool.close();
  }
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

/** What holds for shipping wherever the queue is kept. */
function shippingContract(start: () => Promise<{ server: QueueServer; stop(): Promise<void> }>): void {
  let running: Awaited<ReturnType<typeof start>>;
  let line: Line;

  beforeAll(async () => {
    running = await start();
  });

  afterAll(() => running.stop());

  beforeEach(async () => {
    line = new Line(running.server, PATIENT_MS);
    await line.open();
  });

  afterEach(() => line.close());

  it('brings every record to the worker once, and leaves no job behind', async () => {
    line.shipper.start();
    line.worker.start();
    for (let round = 0; round < 5; round++) {
      await line.append(500);
      await sleep(30);
    }
    await line.drained();
    expect(line.worker.ids()).toEqual(numbers(0, 2500));
    await until(() => line.spool.stats().records === 0);
    await until(async () => Object.values(await line.queue.counts()).every((jobs) => jobs === 0));
    expect(line.shipper.lagSeconds()).toBe(0);
  });

  it('acknowledges nothing that no worker has finished, and never has more than 64 jobs under way', async () => {
    line.shipper.start();
    for (let job = 0; job < 70; job++) await line.append(1000);
    await until(async () => (await line.queue.counts()).waiting === 64);
    await until(() => line.shipper.lagSeconds() > 1);
    expect((await line.queue.counts()).waiting).toBe(64);
    expect(line.spool.stats().records).toBe(70_000);
    line.worker.start();
    await line.drained();
    expect(line.worker.ids()).toEqual(numbers(0, 70_000));
  });

  it('puts all on the queue at shutdown, without a worker, within the time', async () => {
    for (let job = 0; job < 70; job++) await line.append(1000);
    expect(await line.shipper.flush(performance.now() + 20_000)).toBe(false);
    expect((await line.queue.counts()).waiting).toBe(70);
    line.worker.start();
    await until(() => line.worker.records >= 70_000);
    expect(line.worker.ids()).toEqual(numbers(0, 70_000));
  });

  it('waits at shutdown for a worker that goes on', async () => {
    line.shipper.start();
    line.worker.start();
    await line.append(1);
    await line.drained(); // the worker is there
    await line.append(4999);
    expect(await line.shipper.flush(performance.now() + 20_000)).toBe(true);
    expect(line.worker.ids()).toEqual(numbers(0, 5000));
  });
}

describeWithRedis('shipping over Redis', () => {
  shippingContract(async () => {
    const redis = await TestRedis.start();
    return { server: { kind: 'redis', url: redis.url }, stop: () => redis.stop() };
  });
});

describe('shipping over Postgres', () => {
  shippingContract(async () => {
    const postgres = await startPostgres();
    return { server: { kind: 'postgres', connection: postgres.connection }, stop: () => postgres.stop() };
  });
});

describeWithRedis('shipping over a Redis that fails', () => {
  let redis: TestRedis;
  let line: Line;

  beforeEach(async () => {
    redis = await TestRedis.prepare();
    line = new Line({ kind: 'redis', url: redis.url }, IMPATIENT_MS);
    await line.open();
  });

  afterEach(async () => {
    await line.close();
    await redis.stop();
  });

  it('begins when Redis comes, and says that the backlog is gone', async () => {
    const adding = jest.spyOn(line.queue, 'add');
    line.shipper.start();
    await line.append(3000);
    await until(() => adding.mock.calls.length > 1); // the first has failed
    await redis.startAgain();
    line.worker.start();
    await until(() => line.log.lines.includes('INFO Flushed 3000 logs'));
    expect(line.worker.ids()).toEqual(numbers(0, 3000));
  });

  it('sends again what a Redis without persistence has lost in a crash', async () => {
    await redis.startAgain();
    line.shipper.start();
    await line.append(3000);
    await until(() => line.observer.events.filter(([method]) => method === 'onShipped').length >= 3);
    await redis.kill();
    await redis.startAgain();
    line.worker.start();
    await line.drained();
    expect(line.worker.ids()).toEqual(numbers(0, 3000));
    expect(line.observer.events).toContainEqual(['onShipped', expect.any(Number), true]);
  });

  it('sends again what was flushed in the middle of the work', async () => {
    await redis.startAgain();
    line.shipper.start();
    line.worker.start();
    for (let round = 0; round < 10; round++) {
      await line.append(1000);
      await redis.command('FLUSHALL');
      await sleep(20);
    }
    await line.drained();
    expect(new Set(line.worker.ids())).toEqual(new Set(numbers(0, 10_000)));
  });

  it('goes on after a freeze', async () => {
    await redis.startAgain();
    line.shipper.start();
    line.worker.start();
    await line.append(1000);
    redis.freeze();
    await line.append(2000);
    await until(() => !line.queue.availability.isUp);
    redis.resume();
    await line.append(1000);
    await line.drained();
    expect(new Set(line.worker.ids())).toEqual(new Set(numbers(0, 4000)));
  });

  it('says that a backlog is gone although more comes all the time', async () => {
    const enough = new AbortController();
    const load = async () => {
      for (; !enough.signal.aborted; await sleep(2)) await line.append(1);
    };
    const adding = jest.spyOn(line.queue, 'add');
    line.shipper.start();
    const loading = load();
    await until(() => adding.mock.calls.length > 1); // the first has failed
    await redis.startAgain();
    line.worker.start();
    try {
      await eventually(() =>
        expect(line.log.lines).toContainEqual(expect.stringMatching(/^INFO Flushed [1-9]\d* logs$/)),
      );
    } finally {
      enough.abort();
      await loading;
    }
  });

  it('packs a batch again that could not be packed, and skips nothing', async () => {
    await redis.startAgain();
    const { source } = line.spool;
    const next = source.next.bind(source);
    jest.spyOn(source, 'next').mockImplementationOnce(async (limits) => {
      const batch = await next(limits);
      const format = batch?.format;
      let isFirstLook = true;
      const failOnce = () => {
        if (isFirstLook) {
          isFirstLook = false;
          throw new Error('out of memory');
        }
        return format;
      };
      return batch && Object.defineProperty(batch, 'format', { get: failOnce });
    });
    await line.append(3000);
    line.shipper.start();
    line.worker.start();
    await line.drained();
    expect(line.log.lines).toContain('ERROR Shipping audit records failed, and is tried again');
    expect(line.worker.ids()).toEqual(numbers(0, 3000));
  });

  it('lags behind while the spool cannot be read', async () => {
    await redis.startAgain();
    const reading = jest.spyOn(SegmentReader.prototype, 'read').mockRejectedValue(new Error('EIO: i/o error'));
    await line.append(1000);
    line.shipper.start();
    line.worker.start();
    await until(() => line.shipper.lagSeconds() > 0.5);
    reading.mockRestore();
    await line.drained();
    await eventually(() => expect(line.shipper.lagSeconds()).toBe(0));
  });

  it('takes what is done off a Redis whose memory is full, though that takes nothing more', async () => {
    await redis.startAgain();
    const asking = jest.spyOn(line.queue, 'progressOf').mockImplementation(async (ids) => ids.map(() => 'known'));
    line.shipper.start();
    line.worker.start();
    await line.append(3000);
    await until(() => line.worker.records === 3000);
    await until(async () => (await line.queue.counts()).active === 0);
    await redis.command('CONFIG', 'SET', 'maxmemory', '1');
    await line.append(1000);
    await until(() => line.log.lines.some((text) => text.includes('its memory is full')));
    asking.mockRestore();
    await until(() => line.spool.stats().records === 1000);
    await until(async () => (await line.queue.counts()).completed === 0);
    await redis.command('CONFIG', 'SET', 'maxmemory', '0');
    await line.drained();
    expect(line.worker.ids()).toEqual(numbers(0, 4000));
  });

  it('leaves workers room at shutdown, which could take nothing off a Redis whose memory is full', async () => {
    await redis.startAgain();
    await redis.command('CONFIG', 'SET', 'maxmemory', String(MAX_MEMORY));
    const text = () => randomBytes(200).toString('hex');
    for (let job = 0; job < 35; job++) {
      await Promise.all(
        Array.from({ length: 1000 }, (_, id) => line.spool.append(JSON.stringify({ id, text: text() }))),
      );
    }
    expect(await line.shipper.flush(performance.now() + 10_000)).toBe(false);
    expect(line.queue.availability.reason).toMatch(/its memory is full/);
    await redis.command('CONFIG', 'SET', 'maxmemory', String(0.9 * MAX_MEMORY)); // the rest is for connections and buffers
    const { waiting } = await line.queue.counts();
    expect(waiting).toBeGreaterThan(1);
    line.worker.start();
    await until(async () => (await line.queue.counts()).completed === waiting);
  });

  it('puts all on a Redis at shutdown that comes back in time', async () => {
    const adding = jest.spyOn(line.queue, 'add');
    await line.append(100);
    const flushed = line.shipper.flush(performance.now() + 60_000);
    await until(() => adding.mock.calls.length > 0);
    await redis.startAgain();
    await flushed;
    expect((await line.queue.counts()).waiting).toBe(1);
  });

  it('gives up at shutdown while Redis is away, long before the time is over, and keeps the records', async () => {
    await line.append(100);
    const startMs = performance.now();
    expect(await line.shipper.flush(startMs + 20_000)).toBe(false);
    expect(performance.now() - startMs).toBeLessThan(15_000);
    expect(line.spool.stats().records).toBe(100);
  });
});

describe('shipping over a Postgres that fails', () => {
  let postgres: TcpPostgres;
  let line: Line;

  beforeAll(async () => {
    postgres = await startTcpPostgres();
  });

  afterAll(() => postgres.remove());

  beforeEach(async () => {
    postgres.signal('SIGCONT');
    await postgres.start();
    line = new Line({ kind: 'postgres', connection: { url: postgres.url() } }, IMPATIENT_MS);
    await line.open();
    line.shipper.start();
    line.worker.start();
    await line.append(1000);
  });

  afterEach(() => line.close());

  it('goes on after a kill of all its processes, and loses nothing that it had forgotten', async () => {
    for (let round = 0; round < 3; round++) {
      await line.append(1000);
      await postgres.kill();
      await line.append(1000);
      await postgres.start();
    }
    await line.drained();
    expect(new Set(line.worker.ids())).toEqual(new Set(numbers(0, 7000)));
  }, 60_000);

  it('goes on after a freeze', async () => {
    postgres.signal('SIGSTOP');
    await line.append(2000);
    await until(() => !line.queue.availability.isUp);
    postgres.signal('SIGCONT');
    await line.append(1000);
    await line.drained();
    expect(new Set(line.worker.ids())).toEqual(new Set(numbers(0, 4000)));
  }, 60_000);
});
