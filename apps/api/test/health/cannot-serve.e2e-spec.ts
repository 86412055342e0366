import { execFileSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { until } from '../../../../scripts/test-support/until.js';
import { AuditStack } from '../support/audit-stack.js';
import { Falcon, MODELS_DIR } from '../support/falcon.js';
import { Inspector, INSPECTED } from '../support/inspector.js';
import { untilProbedAs } from '../support/probed.js';

jest.setTimeout(60_000);

async function infer({ port }: Falcon): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ text: 'a good day' });
  const response = await fetch(`http://127.0.0.1:${port}/infer`, { method: 'POST', headers, body });
  await response.arrayBuffer();
}

describe('the probes of a server that cannot serve', () => {
  let stack: AuditStack | undefined;
  afterAll(() => stack?.close());

  it('ask for a restart when a worker hangs and cannot be ended, and the server does all it has to before it ends', async () => {
    stack = await AuditStack.open();
    const audited = { AUDIT_DURABILITY: 'disk', DATA_DIR: stack.dataDir };
    const falcon = await Falcon.start({ ...INSPECTED, ...audited, INFERENCE_TIMEOUT_SECONDS: '1' });
    // A worker that loads a model may take its time.
    await until(() => falcon.logs().filter(({ message }) => message === 'Model ready').length >= 2);
    const inspector = await Inspector.attach(falcon);
    const folder = temporaryFolder();
    execFileSync('mkfifo', [join(folder, 'fifo')]);
    await inspector.onWorkers(`process.getBuiltinModule('fs').openSync('${folder}/fifo')`); // nobody will ever write to it
    await untilProbedAs('a worker hangs and cannot be ended', falcon.port);
    inspector.close();
    await falcon.stop();
    const steps = falcon.logs().filter(({ message }) => message === 'Drain step done');
    expect(steps.map(({ step }) => step)).toEqual(['requests', 'audit records', 'connections']);
    expect(falcon.logs().map(({ message }) => message)).toContain('Inference workers hang and cannot be ended');
    expect(falcon.logs().at(-1)).toMatchObject({ message: 'Stopped' });
    expect(falcon.process.signalCode).toBe('SIGKILL'); // exit() would wait for the worker for ever
  });

  it('are not ready while the default model is broken, and no restart is asked for', async () => {
    const models = temporaryFolder();
    cpSync(MODELS_DIR, models, { recursive: true });
    writeFileSync(join(models, 'sentiment/1/model.json'), '{}');
    const falcon = Falcon.launch({ MODEL_DIR: models, PORT: '0' });
    await falcon.waitForLog('The default model cannot serve');
    await falcon.waitForStderr('is not ready');
    const port = Number(/listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(falcon.stderr)?.[1]);
    await untilProbedAs('the default model is broken', port);
    await falcon.stop();
  });

  it('are not ready from the moment it stops, although it serves on', async () => {
    const falcon = await Falcon.start({ DRAIN_DELAY_SECONDS: '20' });
    await untilProbedAs('none', falcon.port);
    falcon.process.kill('SIGTERM');
    await untilProbedAs('the server is stopping', falcon.port, 15_000);
    falcon.process.kill('SIGKILL');
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
      infer(falcon).catch(() => undefined); // fails only when the server is gone, of which the probes tell
    }, 20);
    try {
      await untilProbedAs('the load is too much for long', falcon.port);
    } finally {
      clearInterval(load);
    }
    await untilProbedAs('none', falcon.port);
    await falcon.stop();
  });

  it('are not ready while the queue of the default model is full for long, and say so', async () => {
    const falcon = await Falcon.start({
      INFERENCE_MAX_QUEUED: '1',
      BATCH_TIMEOUT_MS: '10000',
      READY_SATURATION_SECONDS: '1',
    });
    infer(falcon).catch(() => undefined); // waits for company, and is the queue
    const unhealthy = await falcon.waitForLog('Health check "load" is unhealthy');
    expect(unhealthy).toMatchObject({ critical: true, reason: 'The queue of the default model is full.' });
    falcon.process.kill('SIGKILL');
    await falcon.exitCode();
  });
});
