import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_DIR } from '../../../../scripts/test-support/program.js';
import {
  buildImage,
  describeWithDocker,
  docker,
  publishedPort,
  tryDocker,
  waitUntil,
  waitUntilHealthy,
} from '../support/docker.js';
import { LedgerClient } from '../support/ledger-client.js';
import { ledgerLines } from '../support/ledger-check.js';

const BASES = ['node:24-bookworm-slim', 'debian:bookworm-slim', 'postgres:17', 'redis:7'];
/** All layers unpacked; Node's binary is 127 MB of it, the base 75 MB. */
const LARGEST_MEGABYTES = 350;
const BUILD_TIMEOUT_MS = 900_000;

const RUN = `falcon-image-${process.pid}`;
const IMAGE = `${RUN}:test`;
const HARDENED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--pids-limit', '100'];
const SERVICES = [
  '--env=POSTGRES_URL=postgres://falcon:hunter2@postgres:5432/falcon',
  '--env=REDIS_URL=redis://redis:6379',
  '--env=REDIS_QUEUE_URL=redis://redis:6379',
  '--env=RATE_LIMIT_ENABLED=false',
  '--env=ADMIN_API_KEY=an-admin-key-of-the-test',
];

/** Starts a container in the background that is gone after the tests, and gives its name. */
async function start(name: string, ...args: string[]): Promise<string> {
  const container = `${RUN}-${name}`;
  await docker('run', '--detach', '--name', container, '--network', RUN, '--network-alias', name, ...args);
  return container;
}

/** Runs a command of the image to its end. */
function run(...args: string[]) {
  return tryDocker(['run', '--rm', '--network', RUN, ...HARDENED, ...args]);
}

describeWithDocker(BASES, 'the image', () => {
  let files: { path: string; isWritable: boolean }[];

  beforeAll(async () => {
    await buildImage(IMAGE, '1.2.3-test');
    await docker('network', 'create', RUN);
    const postgres = ['POSTGRES_USER=falcon', 'POSTGRES_PASSWORD=hunter2', 'POSTGRES_DB=falcon'];
    await start('postgres', ...postgres.map((setting) => `--env=${setting}`), 'postgres:17');
    await start('redis', 'redis:7', 'redis-server', '--maxmemory-policy', 'noeviction');
    const script = `const { readdirSync, accessSync } = require('node:fs');
      const isWritable = (path) => { try { accessSync(path, 2); return true } catch { return false } };
      const paths = readdirSync('/app', { recursive: true }).map((path) => '/app/' + path);
      console.log(JSON.stringify(['/', '/app', '/data', ...paths].map((path) => ({ path, isWritable: isWritable(path) }))));`;
    files = JSON.parse(await docker('run', '--rm', IMAGE, 'node', '--eval', script)) as typeof files;
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    const names = await docker('ps', '--all', '--quiet', '--filter', `network=${RUN}`);
    if (names) await docker('rm', '--force', '--volumes', ...names.split('\n'));
    await tryDocker(['network', 'rm', RUN]);
    await tryDocker(['image', 'rm', IMAGE]);
  }, 60_000);

  it('is small, says what it is, and runs as a user without rights', async () => {
    const [image] = JSON.parse(await docker('image', 'inspect', IMAGE)) as [
      { Size: number; Config: { User: string; Env: string[]; Labels: Record<string, string> } },
    ];
    process.stderr.write(`The image has ${Math.round(image.Size / 1e6)} MB.\n`);
    expect(image.Size).toBeLessThan(LARGEST_MEGABYTES * 1e6);
    expect(image.Config.User).toBe('10001:10001');
    expect(image.Config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'Falcon',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': '1.2.3-test',
    });
    expect(image.Config.Env.filter((setting) => /KEY|TOKEN|SECRET|PASS|CERT|PROXY/i.test(setting))).toEqual([]);
  });

  it('has the production packages and no other, no npm, no embedded Postgres', async () => {
    type Packages = Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
    const lock = JSON.parse(readFileSync(join(PROJECT_DIR, 'package-lock.json'), 'utf8')) as { packages: Packages };
    const wanted = Object.entries(lock.packages)
      .filter(([path, { dev, devOptional, optional }]) => path !== '' && !dev && !devOptional && !optional)
      .map(([path]) => `/app/${path}`);
    const nested = String.raw`(?:@[^/]+/)?[^/@.][^/]*`;
    const isPackage = new RegExp(`^/app/(?:node_modules/${nested}/)*node_modules/${nested}$`);
    const found = files.filter(({ path }) => isPackage.test(path)).map(({ path }) => path);
    expect(found.toSorted()).toEqual(wanted.toSorted());
    const { code } = await run(IMAGE, 'npm', '--version');
    expect(code).toBe(127);
  });

  it('has no tests, no sources, no secrets, and nothing that its user may write but the data folder', () => {
    const own = files.filter(({ path }) => path.startsWith('/app/') && !path.startsWith('/app/node_modules/'));
    expect(own.length).toBeGreaterThan(200);
    const stray = own.filter(({ path }) => /spec|test-support|\.(ts|map|env|pem|key|npmrc|git)$|\/\./.test(path));
    expect(stray).toEqual([]);
    const writable = files.filter(({ isWritable }) => isWritable).map(({ path }) => path);
    expect(writable).toEqual(['/data']);
  });

  it('makes the tables, and says what is missing where there is no Postgres', async () => {
    const without = await run(IMAGE, 'migrate');
    expect(without).toMatchObject({ code: 2, stdout: '' });
    expect(without.stderr).toMatch(/^falcon: POSTGRES_URL is not set, and there is no embedded Postgres here: .*\n$/);
    const isReady = ['exec', `${RUN}-postgres`, 'pg_isready', '-h', '127.0.0.1', '-U', 'falcon'];
    await waitUntil(
      async () => (await tryDocker(isReady)).stdout,
      (said) => said.includes('accepting connections'),
    );
    expect(await run(...SERVICES, IMAGE, 'migrate')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Applied/),
    });
    const again = await run(...SERVICES, IMAGE, 'migrate');
    expect(again).toEqual({ code: 0, stdout: 'The tables are up to date.\n', stderr: '' });
  }, 90_000);

  it('has a CLI that answers, refuses, and judges a server that is not there', async () => {
    const answer = await run(IMAGE, 'cli', 'predict', 'What a wonderful day');
    expect(JSON.parse(answer.stdout)).toMatchObject({ prediction: 'positive', model: 'sentiment' });
    expect(await run(IMAGE, 'falcon', 'nonsense')).toMatchObject({ code: 1 });
    expect(await run(IMAGE, 'healthcheck')).toEqual({
      code: 1,
      stdout: 'http://127.0.0.1:8000/readyz: connect ECONNREFUSED 127.0.0.1:8000\n',
      stderr: '',
    });
  }, 90_000);

  it('gives process 1 the signals that its program does not handle', async () => {
    const script = "console.log('up'); setInterval(() => undefined, 1000)";
    const busy = await start('busy', IMAGE, 'node', '--require', '/app/lib/default-signals.cjs', '--eval', script);
    await waitUntil(
      () => docker('logs', busy),
      (said) => said === 'up',
    );
    await docker('stop', '--time', '20', busy);
    expect(await docker('inspect', '--format', '{{.State.ExitCode}}', busy)).toBe('143'); // 137: was killed in the end
  }, 60_000);

  it('answers without Postgres, and says what becomes of the records', async () => {
    const alone = await start('alone', '--publish', '127.0.0.1:0:8000', '--health-interval', '1s', ...HARDENED, IMAGE);
    await waitUntilHealthy(alone);
    const client = new LedgerClient({ ports: [await publishedPort(alone)] });
    await client.send(10);
    expect(client.statuses()).toEqual({ 200: 10 });
    const { stdout, stderr } = await tryDocker(['logs', alone]);
    expect(stdout).toContain('Database unavailable: POSTGRES_URL is not set, and there is no embedded Postgres here');
    expect(stderr).toContain('for a container, publish its port on 127.0.0.1');
  }, 90_000);

  it('serves, read-only and without capabilities; what was answered is in the table after SIGTERM under load', async () => {
    const quick = ['--health-interval', '1s', ...HARDENED, ...SERVICES];
    const api = await start('api', '--publish', '127.0.0.1:0:8000', '--env=DRAIN_DELAY_SECONDS=0', ...quick, IMAGE);
    const worker = await start('audit-worker', ...quick, IMAGE, 'audit-worker');
    await Promise.all([waitUntilHealthy(api), waitUntilHealthy(worker)]);
    const status = await docker('exec', api, 'node', '-p', "fs.readFileSync('/proc/1/status', 'utf8')");
    expect(status).toMatch(/^Uid:\s+10001\s+10001\s+10001\s+10001$/m);
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);

    const client = new LedgerClient({ ports: [await publishedPort(api)], pauseMs: 5 }).start();
    await client.waitForAnswers(200);
    const health = await tryDocker(['exec', api, 'falcon', 'check-health', '--seconds', '0.5']);
    expect(health).toMatchObject({ code: 0 });
    await docker('stop', '--time', '35', api);
    await client.stop();
    expect(await docker('inspect', '--format', '{{.State.ExitCode}}', api)).toBe('0');
    expect(client.statuses()).toEqual({ 200: client.answered.size });

    const ledger = `${ledgerLines([client], []).join('\n')}\n`;
    const verify = ['exec', '--interactive', worker, 'falcon', 'audit', 'verify', '-'];
    const report = await waitUntil(
      async () => (await tryDocker(verify, ledger)).stdout,
      (said) => said.includes(' 0 missing'),
    );
    expect(report).toContain(' 0 missing, 0 double');

    await docker('stop', '--time', '35', worker);
    expect(await docker('inspect', '--format', '{{.State.ExitCode}}', worker)).toBe('0');
  }, 180_000);
});
