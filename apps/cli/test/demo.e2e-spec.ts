import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startServer } from './support/server.js';

jest.setTimeout(60_000);

/** Runs the tour; what it prints, and its exit code. */
async function demo(env: NodeJS.ProcessEnv, ...args: string[]) {
  const child = spawn(join(__dirname, '../../../scripts/demo.sh'), args, {
    env: { PATH: process.env['PATH'], ...env },
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { stdout, stderr, code };
}

describe('the demo', () => {
  it('shows each promise on a server of its own', async () => {
    const { stdout, stderr, code } = await demo({});
    const whole = expect.stringMatching(/"degraded_reason":"[^]*That was the tour/) as string;
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: whole });
    for (const shown of ['"mode":"fresh"', '"cache_hit":true', '"idempotency_hit":true', '"mode":"degraded_cache"']) {
      expect(stdout).toContain(shown);
    }
  });

  it('fails where a server does not keep one, and leaves its breaker as it was', async () => {
    const key = 'a-key-of-operators';
    const server = await startServer({ CACHE_ENABLED: 'false', ADMIN_API_KEY: key });
    const { stdout, stderr, code } = await demo({ ADMIN_API_KEY: key }, server.url);
    expect(code).toBe(1);
    expect(stderr).toContain('This answer was expected to have "cache_hit":true');
    expect(stdout).not.toContain(key);
    await server.stop();
  });

  it('does what it can with a running server', async () => {
    const key = 'a-key-of-operators';
    const server = await startServer({ CACHE_ENABLED: 'true', IDEMPOTENCY_ENABLED: 'true', ADMIN_API_KEY: key });
    const { stdout, code } = await demo({ ADMIN_API_KEY: key }, server.url);
    expect(code).toBe(0);
    expect(stdout).toContain("-H 'X-API-Key: $ADMIN_API_KEY'");
    expect(stdout).toContain('Left out: name the Postgres');
    const breaker = await fetch(new URL('/admin/breakers/model:sentiment', server.url), {
      headers: { 'x-api-key': key },
    });
    expect(await breaker.json()).toMatchObject({ state: 'closed' });
    await server.stop();
  });
});
