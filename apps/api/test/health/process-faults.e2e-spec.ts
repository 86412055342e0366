import { setTimeout as sleep } from 'node:timers/promises';
import { Falcon } from '../support/falcon.js';
import { Inspector, INSPECTED } from '../support/inspector.js';
import { documentedFaults, probe, untilProbedAs } from '../support/probed.js';

jest.setTimeout(60_000);

const BLOCKED_MS = 3000;

describe('the probes of a server', () => {
  let falcon: Falcon;
  let inspector: Inspector;

  beforeAll(async () => {
    falcon = await Falcon.start({ ...INSPECTED, INFERENCE_TIMEOUT_SECONDS: '1' });
    inspector = await Inspector.attach(falcon);
  });
  afterAll(async () => {
    inspector.close();
    falcon.process.kill('SIGKILL');
    await falcon.exitCode();
  });

  it('are well without a fault', async () => {
    await untilProbedAs('none', falcon.port);
  });

  it('get no answer while the event loop is blocked, and hear of it afterwards', async () => {
    inspector.onServingThread(`for (const end = Date.now() + ${BLOCKED_MS}; Date.now() < end; );`);
    await untilProbedAs('the event loop is blocked', falcon.port);
    await untilProbedAs('the event loop was blocked', falcon.port);
    await untilProbedAs('none', falcon.port);
  });

  it('get no answer while the process is frozen; no worker is lost by it', async () => {
    falcon.process.kill('SIGSTOP');
    await untilProbedAs('the process is frozen', falcon.port);
    await sleep(6000); // longer than a worker may be silent
    falcon.process.kill('SIGCONT');
    await untilProbedAs('none', falcon.port);
    expect(falcon.logs().filter(({ message }) => message === 'Inference worker lost')).toEqual([]);
  });

  it('do not fail for a worker that hangs, because it is replaced', async () => {
    await inspector.onWorkers('for (;;);');
    const seen = new Set<string>();
    while (!falcon.logs().some(({ message }) => message === 'Inference worker lost')) {
      const { live, ready } = await probe(falcon.port);
      seen.add(`${live} ${ready}`);
      await sleep(100);
    }
    expect([...seen]).toEqual(['200 200']);
    await untilProbedAs('a worker hangs', falcon.port);
  });
});

describe('docs/health.md', () => {
  it('has faults to show', () => {
    expect([...documentedFaults().keys()]).toHaveLength(15);
  });
});
