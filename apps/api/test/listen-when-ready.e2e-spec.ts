import { isRunning } from '../../../scripts/test-support/children.js';
import { freePort } from '../../../scripts/test-support/free-port.js';
import { until } from '../../../scripts/test-support/until.js';
import { Client } from './support/client.js';
import { Falcon } from './support/falcon.js';

/** What one is answered first who knows nothing of readiness; 'none' when the server ended without listening. */
async function firstAnswer(env: NodeJS.ProcessEnv): Promise<{ falcon: Falcon; status: number | 'none' }> {
  const port = await freePort();
  const falcon = Falcon.launch({ LISTEN_WHEN_READY: 'true', PORT: String(port), ...env });
  const client = new Client(port);
  const ask = () =>
    client.infer({ text: 'a good day' }).then(
      ({ status }) => status,
      (error: NodeJS.ErrnoException) => {
        expect(error.code).toBe('ECONNREFUSED');
        return !isRunning(falcon.process) && 'none';
      },
    );
  return { falcon, status: await until(ask, { pollMs: 1 }) };
}

describe('LISTEN_WHEN_READY', () => {
  it('lets nobody in who would be told that the model is not ready', async () => {
    const { falcon, status } = await firstAnswer({});
    expect(status).toBe(200);
    expect(await falcon.stop()).toBe(0);
  });

  it('ends a server that cannot become ready, with the reason', async () => {
    const { falcon, status } = await firstAnswer({ DEFAULT_MODEL: 'nonesuch' });
    expect([status, await falcon.exitCode()]).toEqual(['none', 1]);
    expect(falcon.stderr).toMatch(/cannot become ready, and LISTEN_WHEN_READY is set: there is no model "nonesuch"\n$/);
    expect(falcon.logs().at(-1)).toMatchObject({ level: 'CRITICAL', message: 'The default model cannot serve' });
  });
});
