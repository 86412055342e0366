import { freePort } from '../../../scripts/test-support/free-port.js';
import { Client } from './support/client.js';
import { Falcon } from './support/falcon.js';

/** What one is answered first who knows nothing of readiness; undefined when the server ended without listening. */
async function firstAnswer(env: NodeJS.ProcessEnv): Promise<{ falcon: Falcon; status: number | undefined }> {
  const port = await freePort();
  const falcon = Falcon.launch({ LISTEN_WHEN_READY: 'true', PORT: String(port), ...env });
  const client = new Client(port);
  while (falcon.process.exitCode === null) {
    try {
      return { falcon, status: (await client.infer({ text: 'a good day' })).status };
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ECONNREFUSED');
    }
  }
  return { falcon, status: undefined };
}

describe('LISTEN_WHEN_READY', () => {
  it('lets nobody in who would be told that the model is not ready', async () => {
    const { falcon, status } = await firstAnswer({});
    expect(status).toBe(200);
    expect(await falcon.stop()).toBe(0);
  });

  it('ends a server that cannot become ready, with the reason', async () => {
    const { falcon, status } = await firstAnswer({ DEFAULT_MODEL: 'nonesuch' });
    expect([status, await falcon.exitCode()]).toEqual([undefined, 1]);
    expect(falcon.stderr).toMatch(/cannot become ready, and LISTEN_WHEN_READY is set: there is no model "nonesuch"\n$/);
    expect(falcon.logs().at(-1)).toMatchObject({ level: 'CRITICAL', message: 'The default model cannot serve' });
  });
});
