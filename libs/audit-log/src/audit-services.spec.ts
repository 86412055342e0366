import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDataDir } from '../test-support/data-dir.js';
import { plantCluster } from '../test-support/planted-cluster.js';
import { recordingLog } from '../test-support/recording-log.js';
import { until } from '../../../scripts/test-support/until.js';
import { AuditServices } from './audit-services.js';
import { EmbeddedPostgres } from './database/embedded/embedded-postgres.js';

const BOUNDS = { postgresPoolSize: 1, postgresTimeoutMs: 5000, redisTimeoutMs: 1000 };

jest.setTimeout(60_000);

describe('the services of a process without POSTGRES_URL', () => {
  const dataDir = makeDataDir();

  beforeAll(() => plantCluster(dataDir));

  it.each([
    [undefined, []],
    ['redis://127.0.0.1:9', [expect.stringMatching(/^WARNING The audit queue is in Redis.*one DATA_DIR/) as string]],
  ])('warn of rows that may be scattered when the queue is in Redis (%s)', async (redisQueueUrl, lines) => {
    const log = recordingLog();
    const services = new AuditServices({ dataDir, redisQueueUrl, postgresUrl: undefined, ...BOUNDS }, log);
    await Promise.all([services.connection(), services.connection()]);
    await services.close();
    expect(log.lines).toEqual(lines);
  });

  it('leave no server behind that was still recovering when they were closed', async () => {
    const start = EmbeddedPostgres.start.bind(EmbeddedPostgres);
    jest.spyOn(EmbeddedPostgres, 'start').mockImplementation((options) => start({ ...options, readyTimeoutMs: 500 }));
    const [hold, data] = [join(dataDir, 'hold'), join(dataDir, 'postgres/data')];
    writeFileSync(hold, '');
    writeFileSync(join(data, 'recovery.signal'), '');
    const command = `while test -e "${hold}"; do sleep 0.1; done; false`;
    writeFileSync(join(data, 'postgresql.auto.conf'), `restore_command = '${command}'\n`);
    const services = new AuditServices(
      { dataDir, redisQueueUrl: undefined, postgresUrl: undefined, ...BOUNDS },
      recordingLog(),
    );
    await expect(services.connection()).rejects.toThrow(/runs and does not answer yet/);
    await until(() => existsSync(join(data, 'postmaster.pid')));
    await services.close();
    expect(existsSync(join(data, 'postmaster.pid'))).toBe(false);
    rmSync(hold);
    jest.restoreAllMocks();
  });
});
