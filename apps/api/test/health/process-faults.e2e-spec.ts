import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Falcon, MODELS_DIR } from '../support/falcon.js';
import { Inspector, INSPECTED } from '../support/inspector.js';
import { documentedFaults, probe, untilProbedAs } from '../support/probed.js';

jest.setTimeout(60_000);

const BLOCKED_MS = 3000;

async function infer({ port }: Falcon): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ text: 'a good day' });
  const response = await fetch(`http://127.0.0.1:${port}/infer`, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return response;
}

describe('the probes of a server', () => {
  let falcon: Falcon;
  let inspector: Inspector;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'falcon-health-'));
    falcon = await Falcon.start({ ...INSPECTED, INFERENCE_TIMEOUT_SECONDS: '1' });
    inspector = await Inspector.attach(falcon);
  });
  afterAll(async () => {
    inspector.close();
    falcon.process.kill('SIGKILL');
    await falcon.exitCode();
    rmSync(folder, { recursive: true });
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
    inspector.onWorkers('for (;;);');
    const seen = new Set<string>();
    while (!falcon.logs().some(({ message }) => message === 'Inference worker lost')) {
      const { live, ready } = await probe(falcon.port);
      seen.add(`${live} ${ready}`);
      await sleep(100);
    }
    expect([...seen]).toEqual(['200 200']);
    await inspector.untilAttached(2);
    expect((await infer(falcon)).status).toBe(200);
    await untilProbedAs('a worker hangs', falcon.port);
  });

  it('fail for a worker that hangs and cannot be ended', async () => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    inspector.onWorkers(`process.getBuiltinModule('fs').openSync('${fifo}')`); // nobody will ever write to it
    await untilProbedAs('a worker hangs and cannot be ended', falcon.port);
  });
});

describe('the probes of a server that cannot serve', () => {
  it('are not ready while the default model is broken, and no restart is asked for', async () => {
    const models = mkdtempSync(join(tmpdir(), 'falcon-models-'));
    cpSync(MODELS_DIR, models, { recursive: true });
    writeFileSync(join(models, 'sentiment/1/model.json'), '{}');
    const falcon = Falcon.launch({ MODEL_DIR: models, PORT: '0' });
    await falcon.waitForLog('The default model cannot serve');
    const port = Number(/listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(falcon.stderr.join(''))?.[1]);
    await untilProbedAs('the default model is broken', port);
    await falcon.stop();
    rmSync(models, { recursive: true });
  });

  it('are not ready from the moment it stops, although it serves on', async () => {
    const falcon = await Falcon.start({ DRAIN_DELAY_SECONDS: '5' });
    await untilProbedAs('none', falcon.port);
    falcon.process.kill('SIGTERM');
    await untilProbedAs('the server is stopping', falcon.port, 4000);
    await falcon.exitCode();
  });

  it('are not ready when it refuses more than it lets in for long, and ready again when the load is over', async () => {
    const falcon = await Falcon.start({
      LOAD_SHEDDING: 'static',
      MAX_INFLIGHT: '1',
      BATCH_TIMEOUT_MS: '500',
      READY_SATURATION_SECONDS: '2',
    });
    const load = setInterval(() => {
      void infer(falcon);
    }, 20);
    await untilProbedAs('the load is too much for long', falcon.port);
    clearInterval(load);
    await untilProbedAs('none', falcon.port);
    await falcon.stop();
  });
});

describe('docs/health.md', () => {
  it('has faults to show', () => {
    expect([...documentedFaults().keys()]).toHaveLength(15);
  });
});
