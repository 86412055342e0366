import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../../../scripts/test-support/until.js';
import { linearFiles, writeVersion } from '../../test-support/model-fixtures.js';
import { FAULTY_WORKER_ENTRY, TestService, x } from '../../test-support/test-service.js';
import type { InferenceService } from '../inference.service.js';

// A worker that has nothing to do is taken for hung after five seconds of silence, and stuck five seconds later.
jest.setTimeout(60_000);

describe('a worker that has nothing to do', () => {
  const test = new TestService();
  const fifo = `/tmp/falcon-${process.pid}.fifo`; // as the faulty worker opens it
  let service: InferenceService;

  beforeAll(async () => {
    execFileSync('mkfifo', [fifo]);
    writeVersion(test.dir, 'linear/1', await linearFiles());
    service = await test.start({ workerEntry: FAULTY_WORKER_ENTRY, inferenceTimeoutMs: 1000 });
  });

  /** Lets go of a worker that waits for somebody to write; ENXIO when none does. */
  const releaseWorker = () => closeSync(openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK));

  afterAll(async () => {
    try {
      releaseWorker(); // one that still waits could not be ended, nor this process
    } catch {}
    rmSync(fifo);
    await test.stop();
  });

  it('is left alone as long as it shows signs of life', async () => {
    await sleep(6000);
    expect(test.log.lines.filter((line) => line.includes('Inference worker lost'))).toEqual([]);
    expect(service.health()).toEqual({ wanted: 1, live: 1, stuck: 0, stalledMs: 0 });
  });

  it('and hangs is replaced before anybody has asked it', async () => {
    await service.predict(x([670, 0, 0]));
    await until(() => test.log.lines.some((line) => line.includes('it did not show a sign of life within 5000 ms')));
    await until(() => service.isReady());
    await expect(service.predict(x([1, 2, 3]))).resolves.toHaveProperty('y');
  });

  it('and cannot even be ended is told to be stuck, until it ends', async () => {
    await service.predict(x([671, 0, 0]));
    await until(() => service.health().stuck === 1);
    expect(service.health()).toMatchObject({ wanted: 1, live: 0 });
    releaseWorker();
    await until(() => service.health().stuck === 0 && service.isReady());
    await expect(service.predict(x([1, 2, 3]))).resolves.toHaveProperty('y');
  });
});
