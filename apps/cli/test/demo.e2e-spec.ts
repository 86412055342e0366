import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FakeCommands } from '../../../scripts/test-support/fake-commands.js';
import { run } from '../../../scripts/test-support/run.js';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { describeWhere } from '../../../scripts/test-support/tools.js';
import { startServer } from './support/server.js';

jest.setTimeout(60_000);

/** Runs the tour; what it prints, and its exit code. */
function demo(env: NodeJS.ProcessEnv, ...args: string[]) {
  return run([join(__dirname, '../../../scripts/demo.sh'), ...args], { env: { PATH: process.env['PATH'], ...env } });
}

/** What an operator's shell may have, none of which is the tour's business. */
const PRODUCTION = {
  ENVIRONMENT: 'production',
  AUTH_MODE: 'api-key',
  ADMIN_API_KEY: 'a-key-of-operators',
  API_KEY: 'falcon_0123456789ab_a-key-of-a-caller',
  MAINTENANCE_MODE: '1',
  CIRCUIT_OPEN: '1',
};
const AWAY = 'somebody@127.0.0.1:1';
const isRoot = process.getuid?.() === 0;

describe('the demo', () => {
  let folder: string;

  beforeAll(() => {
    folder = temporaryFolder();
    chmodSync(folder, 0o755);
  });

  it('shows each promise on a server of its own, whatever the environment names', async () => {
    const files: NodeJS.ProcessEnv = {};
    for (const [name, url] of [
      ['POSTGRES_URL_FILE', `postgres://${AWAY}/production`],
      ['REDIS_URL_FILE', `redis://${AWAY}`],
      ['REDIS_QUEUE_URL_FILE', `redis://${AWAY}`],
    ] as const) {
      files[name] = join(folder, name);
      writeFileSync(files[name], url);
    }
    const { stdout, stderr, code } = await demo({ ...PRODUCTION, ...files });
    const whole = expect.stringMatching(/"degraded_reason":"[^]*That was the tour/) as string;
    expect({ code, stderr, stdout }).toEqual({ code: 0, stderr: '', stdout: whole });
    for (const shown of ['"mode":"fresh"', '"cache_hit":true', '"idempotency_hit":true', '"mode":"degraded_cache"']) {
      expect(stdout).toContain(shown);
    }
  });

  describeWhere(isRoot, 'root alone has the Postgres of a demo run as another user', 'run by root', () => {
    it('leaves no Postgres behind', async () => {
      const commands = new FakeCommands();
      commands.put('mktemp', `mkdir -m 700 "${folder}/tour" && echo "${folder}/tour"`);
      const { code } = await demo({ PATH: `${commands.folder}:${process.env['PATH']}` });
      expect(code).toBe(0);
      expect(readdirSync(folder)).not.toContain('tour');
      const elsewhere = createHash('sha256')
        .update(join(realpathSync(folder), 'tour/postgres'))
        .digest('hex');
      expect(existsSync(join('/var/lib/falcon', elsewhere.slice(0, 16)))).toBe(false);
    });
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
