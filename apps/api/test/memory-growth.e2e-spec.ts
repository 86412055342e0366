import { Falcon } from './support/falcon.js';
import { startWithClient, stop, type Running } from './support/running.js';

const REQUESTS = 20;
const MIB = 1024 * 1024;

async function rssBytes({ client }: Running): Promise<number> {
  const { text } = await client.get('/metrics');
  return Number(/^memory_usage_bytes\{[^}]*\} (\d+)$/m.exec(text)?.[1]);
}

describe('DEBUG_MEMORY_GROWTH', () => {
  it('makes the process grow with every request to a model, and with no other', async () => {
    const running = await startWithClient({ DEBUG_MEMORY_GROWTH: 'true', DEBUG_MEMORY_GROWTH_MB_PER_REQUEST: '10' });
    await running.client.get('/healthz');
    const before = await rssBytes(running);
    for (let asked = 0; asked < REQUESTS; asked++) await running.client.get('/healthz');
    const unasked = (await rssBytes(running)) - before;
    for (let asked = 0; asked < REQUESTS; asked++) await running.client.infer({ text: 'a good day' });
    const grown = (await rssBytes(running)) - before;
    // The rest of the process may grow or shrink by some MiB meanwhile.
    expect(unasked).toBeLessThan(5 * REQUESTS * MIB);
    expect(grown).toBeGreaterThan(8 * REQUESTS * MIB);
    expect(running.falcon.logs()).toContainEqual(
      expect.objectContaining({ level: 'WARNING', message: expect.stringContaining('leaks memory') as string }),
    );
    await stop(running);
  });

  it('stops the start in production', async () => {
    const env = { DEBUG_MEMORY_GROWTH: 'true', DEBUG_MEMORY_GROWTH_MB_PER_REQUEST: '10', ENVIRONMENT: 'production' };
    const falcon = Falcon.launch(env);
    expect(await falcon.exitCode()).toBe(78);
    expect(falcon.stderr).toContain('DEBUG_MEMORY_GROWTH="true" must be false with ENVIRONMENT=production');
  });
});
