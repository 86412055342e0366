import { once } from 'node:events';
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { loadConfig } from '../../apps/api/src/config.js';
import { run } from '../../scripts/test-support/run.js';

const PROGRAMS = join(__dirname, 'bin');
const dockerfile = readFileSync('Dockerfile', 'utf8').replaceAll('\\\n', ' ');
const instructions = dockerfile.split('\n').filter((line) => /^[A-Z]/.test(line));
const lastStage = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM ')));

describe('the Dockerfile', () => {
  it('builds behind a mirror: no frontend to fetch, no digest that only one registry has, bases that can be replaced', () => {
    expect(dockerfile).not.toMatch(/^#\s*(syntax|escape)\s*=/im);
    expect(dockerfile).not.toContain('@sha256:');
    const bases = instructions.filter((line) => line.startsWith('FROM ')).map((line) => line.split(' ')[1]);
    expect(new Set(bases)).toEqual(new Set(['${NODE_IMAGE}', 'node', '${BASE_IMAGE}']));
  });

  it('runs on the Node that the project is tested with', () => {
    const [major] = readFileSync('.nvmrc', 'utf8').split('.');
    expect(instructions).toContain(`ARG NODE_IMAGE=node:${major}-bookworm-slim`);
  });

  it('needs no shell to run', () => {
    expect(lastStage.filter((line) => line.startsWith('RUN '))).toEqual([]);
    const commands = lastStage.map((line) => /(?:CMD|ENTRYPOINT) (.*)$/.exec(line)?.[1]).filter(Boolean);
    expect(commands.map((command) => JSON.parse(command!) as unknown)).toEqual([['healthcheck'], ['api']]);
  });

  it('runs as a user whose number says that it is not root, as Kubernetes asks', () => {
    expect(lastStage.filter((line) => line.startsWith('USER '))).toEqual(['USER 10001:10001']);
  });

  it('puts production packages into the image, and packages for the build nowhere near it', () => {
    const stages = dockerfile.split(/^FROM /m);
    const installs = stages.filter((stage) => stage.includes('npm ci'));
    expect(installs.map((stage) => [/ AS (\w+)/.exec(stage)?.[1], stage.includes('npm ci --omit=dev')])).toEqual([
      ['packages', true],
      ['build', false],
    ]);
    expect(lastStage.join('\n')).not.toContain('--from=build');
  });

  it('is let have what it copies, and nothing else', () => {
    const copied = instructions
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    const [everything, ...lines] = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(everything).toBe('*');
    const allowed = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(new Set(allowed)).toEqual(new Set(copied));
    expect(copied.filter((path) => !existsSync(path))).toEqual([]);
  });
});

describe('the programs of the image', () => {
  it.each(readdirSync(PROGRAMS))('%s is run by Node itself and loads what is there', (name) => {
    const program = realpathSync(join(PROGRAMS, name));
    accessSync(program, constants.X_OK);
    const source = readFileSync(program, 'utf8');
    expect(source).toMatch(/^#!\/usr\/local\/bin\/node( --[\w=-]+)?\n/); // the kernel hands over one argument at most
    const loaded = [...source.matchAll(/require\('(\.[^']*)'\)/g)].map(([, path]) => join(PROGRAMS, path!));
    const sources = loaded.map((path) => path.replace('/deploy/image/dist/', '/').replace(/\.js$/, '.ts'));
    expect(sources.filter((path) => !existsSync(path))).toEqual([]);
  });

  it('start the server as `make run`, `npm start` and systemd do', () => {
    const optionsIn = (text: string) => /\bnode ((?:--\S+ )+)dist\/apps\/api\/src\/main\.js/.exec(text)?.[1]?.trim();
    const [environment] = /(?<=NODE_OPTIONS=)\S+/.exec(dockerfile) ?? [];
    const [argument] = /(?<=^#!\S+ ).*/.exec(readFileSync(join(PROGRAMS, 'api'), 'utf8')) ?? [];
    const others = ['Makefile', 'package.json', 'deploy/systemd/falcon-inference.service'];
    const found = others.map((path) => optionsIn(readFileSync(path, 'utf8')));
    expect(found).toEqual(others.map(() => `${environment} ${argument}`));
  });

  it('are those that the documentation names', () => {
    const [, section] = /^## Image$([^]*?)^## /m.exec(readFileSync('docs/deployment.md', 'utf8')) ?? [];
    const table = section!.split('\n').filter((line) => line.startsWith('| `'));
    const named = table.flatMap((line) => [...line.split('|')[1]!.matchAll(/`([\w-]+)/g)].map(([, name]) => name));
    expect(new Set(named)).toEqual(new Set(readdirSync(PROGRAMS)));
  });
});

describe('the commands of docs/deployment.md that run the image', () => {
  const [, section] = /^## Image$([^]*?)^## /m.exec(readFileSync('docs/deployment.md', 'utf8')) ?? [];
  const started = [...section!.matchAll(/^docker run (.*) falcon-worker *([\w-]*)/gm)].map(
    ([, options = '', program]) => ({
      program: program || 'api',
      env: Object.fromEntries([...options.matchAll(/-e ([A-Z_]+)=/g)].map(([, name]) => [name!, urlFor(name!)])),
    }),
  );

  it('start one that writes the rows', () => {
    const [server, worker] = started;
    expect(started.map(({ program }) => program)).toEqual(['api', 'audit-worker']);
    expect(loadConfig(server!.env).auditWorker).toBeUndefined();
    expect(loadConfig(worker!.env).mode).toBe('production');
  });
});

function urlFor(variable: string): string {
  return variable.startsWith('POSTGRES') ? 'postgres://db/logs' : 'redis://queue';
}

describe('healthcheck', () => {
  let server: Server;
  let port: number;
  const asked: (string | undefined)[] = [];

  function check(port: number, ...args: string[]) {
    return run([process.execPath, join(PROGRAMS, 'healthcheck'), ...args], { env: { PORT: String(port) } });
  }

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/hangs') return;
      asked.push(request.url);
      response.writeHead(request.url === '/readyz' ? 200 : 503).end('what the server says');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => server.close());

  it('asks whether the server is ready, unless it is told what to ask', async () => {
    expect(await check(port)).toMatchObject({ code: 0, stdout: 'what the server says' });
    expect(await check(port, '/healthz')).toMatchObject({ code: 1, stdout: 'what the server says' });
    expect(asked).toEqual(['/readyz', '/healthz']);
  });

  it('fails with a sentence where nobody answers', async () => {
    const { code, stdout } = await check(1);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:1\/readyz: \S/);
  });

  it('fails with a sentence where a server hangs', async () => {
    const url = `http://127.0.0.1:${port}/hangs`;
    expect(await check(port, '/hangs')).toMatchObject({ code: 1, stdout: `${url}: no answer within 4000 ms\n` });
  }, 30_000);
});
