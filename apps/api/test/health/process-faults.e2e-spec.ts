import { setTimeout as sleep } from 'node:timers/promises';
import { Falcon } from '../support/falcon.js';
import { Inspector, INSPECTED } from '../support/inspector.js';
import { eventually, until } from '../../../../scripts/test-support/until.js';
import { documentedFaults, NO_ANSWER, probeAll, untilProbedAs } from '../support/probed.js';

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
    // Each state lasts for a second or two: a test that stands still for as long has missed it, and tries again.
    const twice = { timeoutMs: 3000 };
    await eventually(async () => {
      inspector.onServingThread(`for (const end = Date.now() + ${BLOCKED_MS}; Date.now() < end; );`);
      await untilProbedAs('the event loop is blocked', falcon.port, 5000);
      await untilProbedAs('the event loop was blocked', falcon.port, 5000);
    }, twice);
    await untilProbedAs('none', falcon.port);
  });

  it('get no answer while the process is frozen; no worker is lost by it', async () => {
    falcon.process.kill('SIGSTOP');
    try {
      await untilProbedAs('the process is frozen', falcon.port);
      await sleep(6000); // longer than a worker may be silent
    } finally {
      falcon.process.kill('SIGCONT');
    }
    await untilProbedAs('none', falcon.port);
    expect(falcon.logs().filter(({ message }) => message === 'Inference worker lost')).toEqual([]);
  });

  it('do not fail for a worker that hangs, because it is replaced', async () => {
    await inspector.onWorkers('for (;;);');
    const seen: string[] = [];
    const isLost = async () => {
      seen.push(...(await probeAll(falcon.port)).map(({ status }) => status));
      return falcon.logs().some(({ message }) => message === 'Inference worker lost');
    };
    await until(isLost, { pollMs: 100 });
    const answers = seen.filter((status) => status !== NO_ANSWER); // a machine that stands still gives none
    expect(new Set(answers)).toEqual(new Set(['200']));
    expect(answers.length).toBeGreaterThan(0.5 * seen.length);
    await untilProbedAs('a worker hangs', falcon.port);
  });
});

describe('docs/health.md', () => {
  it('has faults to show', () => {
    expect([...documentedFaults().keys()]).toHaveLength(15);
  });
});
