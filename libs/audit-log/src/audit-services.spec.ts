import { rmSync } from 'node:fs';
import { makeDataDir } from '../test-support/data-dir.js';
import { plantCluster } from '../test-support/planted-cluster.js';
import { recordingLog } from '../test-support/recording-log.js';
import { AuditServices } from './audit-services.js';

jest.setTimeout(60_000);

describe('the services of a process without POSTGRES_URL', () => {
  const dataDir = makeDataDir();

  beforeAll(() => plantCluster(dataDir));
  afterAll(() => rmSync(dataDir, { recursive: true }));

  it.each([
    [undefined, []],
    ['redis://127.0.0.1:9', [expect.stringMatching(/^WARNING The audit queue is in Redis.*one DATA_DIR/) as string]],
  ])('warn of rows that may be scattered when the queue is in Redis (%s)', async (redisQueueUrl, lines) => {
    const log = recordingLog();
    const options = { dataDir, redisQueueUrl, postgresPoolSize: 1, postgresTimeoutMs: 5000, redisTimeoutMs: 1000 };
    const services = new AuditServices({ ...options, postgresUrl: undefined }, log);
    await Promise.all([services.connection(), services.connection()]);
    await services.close();
    expect(log.lines).toEqual(lines);
  });
});
