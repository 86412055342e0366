import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { documentedVariables } from '../scripts/test-support/documented-values.js';
import { FakeCommands } from '../scripts/test-support/fake-commands.js';
import { temporaryFolder } from '../scripts/test-support/temporary-folder.js';
import { describeWhere } from '../scripts/test-support/tools.js';

interface Service {
  image: string;
  command?: string[];
  container_name?: string;
  user?: string;
  restart: string;
  read_only: boolean;
  cap_drop: string[];
  security_opt: string[];
  logging: { options: Record<string, string> };
  environment?: Record<string, string>;
  volumes?: string[];
  ports?: string[];
  networks: string[] | Record<string, { aliases?: string[] } | null>;
  secrets?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck: { test?: string[]; disable?: boolean };
  cpus: number | string;
  mem_limit: string;
  pids_limit: number;
  stop_grace_period?: string;
  scale?: string;
}
interface Stack {
  name: string;
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean; ipam?: { config: { subnet: string }[] } } | null>;
  volumes: Record<string, null>;
  secrets: Record<string, { file: string }>;
}

const FILE = resolve('docker-compose.yml');
const stack = parse(readFileSync(FILE, 'utf8'), { merge: true }) as Stack;
const services = Object.entries(stack.services);
const WORKERS = ['worker-1', 'worker-2', 'worker-3'];
const ALL_WORKERS = [...WORKERS, 'worker-extra'];

const service = (name: string): Service => stack.services[name]!;
/** What a variable of the file is when nobody sets it. */
const byDefault = (value: string): string => value.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');
const networksOf = ({ networks }: Service): string[] => (Array.isArray(networks) ? networks : Object.keys(networks));
const conf = (name: string): string => readFileSync(resolve('deploy/nginx', name), 'utf8');
const compose = (...args: string[]) => spawnSync('docker', ['compose', ...args], { encoding: 'utf8' });
const [, major, minor] = /(\d+)\.(\d+)/.exec(compose('version', '--short').stdout ?? '') ?? [];
const hasCompose = Number(major) * 100 + Number(minor) >= 224;
/** Tags of images and containers of workers, each a file with the image that it is; one that is called broken never becomes ready. */
const IMAGES = `case "$*" in
  'compose version --short') echo 2.24.0 ;;
  'compose build migrate') cp built falcon-worker:latest ;;
  'image inspect '*:latest | 'image inspect '*:rollback) cat "$5" ;;
  'image inspect '*) echo "$5" ;;
  'tag '*) echo "$2" >"$3" ;;
  'compose ps --all --quiet worker-3') [ ! -e worker-3 ] || echo worker-3 ;;
  'inspect '*) cat worker-3 ;;
  'compose up -d '*worker-[123])
    worker="\${*: -1}"
    cp falcon-worker:latest "$worker"
    ! grep -q broken "$worker" ;;
esac`;
/** Seconds of a directive of nginx. */
function secondsOf(directive: string, content: string): number {
  const [, amount, unit] = new RegExp(`^\\s*${directive} (\\d+)(m?s);`, 'm').exec(content) ?? [];
  return Number(amount) / (unit === 'ms' ? 1000 : 1);
}

describe('docker-compose.yml', () => {
  it('has the services that the documentation promises, and nothing else', () => {
    const stores = ['redis-cache', 'redis-queue', 'postgres'];
    const expected = ['nginx', ...ALL_WORKERS, 'audit-worker', 'migrate', ...stores, 'prometheus', 'grafana'];
    expect(Object.keys(stack.services)).toEqual(expected);
  });

  it.each(services)('%s can write nowhere else, gain nothing, and take no more than its share', (_, it) => {
    expect(it).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(Number(byDefault(String(it.cpus)))).toBeGreaterThan(0);
    expect(byDefault(it.mem_limit)).toMatch(/^\d+[mg]$/);
    expect(it.pids_limit).toBeGreaterThan(0);
    expect(it.logging.options).toEqual({ 'max-size': expect.any(String), 'max-file': expect.any(String) });
  });

  it.each(services.filter(([name]) => name !== 'migrate'))('%s is started again, and says when it is well', (_, it) => {
    expect(it.restart).toBe('unless-stopped');
    expect(it.healthcheck.test?.[0]).toBe('CMD');
  });

  it('publishes nothing beyond this machine', () => {
    const published = services.flatMap(([, { ports = [] }]) => ports.map(byDefault));
    expect(published.toSorted()).toEqual(
      ['127.0.0.1:80:80', '127.0.0.1:8080:8080', '127.0.0.1:9090:9090', '127.0.0.1:3000:3000'].toSorted(),
    );
  });

  it('names every container but those of which there may be several', () => {
    for (const [name, { container_name }] of services) {
      expect([name, container_name]).toEqual([
        name,
        name === 'worker-extra' ? undefined : `\${COMPOSE_PROJECT_NAME}-${name}`,
      ]);
    }
    expect(stack.name).toBe('falcon');
    expect(byDefault(service('worker-extra').scale ?? '')).toBe('0');
  });

  it('makes all workers alike, but for their names and spools', () => {
    const rest = ALL_WORKERS.map((name) => {
      const { container_name: _name, volumes, environment, scale: _scale, ...same } = service(name);
      expect(volumes).toEqual([expect.stringMatching(/^spool-\w+:\/data$/)]);
      const { WORKER_ID, ...settings } = environment ?? {};
      expect(WORKER_ID).toBe(name === 'worker-extra' ? 'hostname' : name);
      return { ...same, settings };
    });
    expect(new Set(ALL_WORKERS.map((name) => service(name).volumes?.[0])).size).toBe(ALL_WORKERS.length);
    rest.forEach((worker) => expect(worker).toEqual(rest[0]));
    expect(byDefault(service('worker-extra').image)).toBe('falcon-worker:latest');
  });

  it('sets only variables that there are', () => {
    const known = new Set(documentedVariables('docs/configuration.md').map(({ name }) => name));
    for (const name of [...ALL_WORKERS, 'audit-worker', 'migrate']) {
      expect(Object.keys(service(name).environment ?? {}).filter((variable) => !known.has(variable))).toEqual([]);
    }
  });

  it('takes only variables from outside that the documentation names', () => {
    const [, section = ''] =
      /^## Compose$([^]*)^## Kubernetes$/m.exec(readFileSync('docs/deployment.md', 'utf8')) ?? [];
    const taken = [...readFileSync(FILE, 'utf8').matchAll(/\$\{(\w+):-/g)].map(([, name]) => name!);
    expect(taken.filter((name) => !section.includes(`\`${name}`))).toEqual([]);
  });

  it('hands secrets over as files alone, each to whom it concerns', () => {
    for (const [name, { environment = {}, secrets = [] }] of services) {
      const files = Object.values(environment).flatMap((value) => /^\/run\/secrets\/(.*)/.exec(value)?.[1] ?? []);
      expect([name, files.filter((file) => !secrets.includes(file))]).toEqual([name, []]);
      const open = Object.keys(environment).filter((variable) => /(PASSWORD|KEY|TOKEN|SECRET|_URL)$/.test(variable));
      expect([name, open]).toEqual([name, []]);
    }
    const used = new Set(services.flatMap(([, { secrets = [] }]) => secrets));
    expect([...used].sort()).toEqual(Object.keys(stack.secrets).sort());
  });

  it('starts nothing before that on which it stands is well', () => {
    const waits = (name: string) =>
      Object.entries(service(name).depends_on ?? {}).map(([on, { condition }]) => `${on} ${condition}`);
    for (const worker of ALL_WORKERS) {
      expect(waits(worker)).toEqual([
        'migrate service_completed_successfully',
        'redis-cache service_healthy',
        'redis-queue service_healthy',
      ]);
    }
    expect(waits('audit-worker')).toEqual(['migrate service_completed_successfully', 'redis-queue service_healthy']);
    expect(waits('migrate')).toEqual(['postgres service_healthy']);
    expect(waits('nginx')).toEqual(WORKERS.map((worker) => `${worker} service_healthy`));
  });

  it('lets nobody reach what it has no business with', () => {
    expect(networksOf(service('nginx'))).toEqual(['edge']);
    expect(services.filter(([, it]) => networksOf(it).includes('edge')).map(([name]) => name)).toEqual([
      'nginx',
      ...ALL_WORKERS,
    ]);
    for (const store of ['redis-cache', 'redis-queue', 'postgres', 'migrate']) {
      expect(networksOf(service(store))).toEqual(['backend']);
    }
    expect(stack.networks['backend']).toEqual({ internal: true });
  });

  it('keeps the queue and may lose the cache', () => {
    const cache = service('redis-cache');
    const queue = service('redis-queue');
    expect(cache.command?.join(' ')).toMatch(
      /--maxmemory 256mb --maxmemory-policy allkeys-lru --save {2}--appendonly no$/,
    );
    expect(cache.volumes).toBeUndefined();
    expect(queue.command?.join(' ')).toMatch(/--maxmemory-policy noeviction --save {2}--appendonly yes/);
    expect(queue.volumes).toEqual(['redis-queue:/data']);
  });

  it('mounts what there is, and declares every volume', () => {
    const mounts = services.flatMap(([, { volumes = [] }]) => volumes.map((mount) => byDefault(mount).split(':')[0]!));
    const named = mounts.filter((source) => !source.startsWith('.'));
    expect([...new Set(named)].sort()).toEqual(Object.keys(stack.volumes).sort());
    mounts.filter((source) => source.startsWith('.')).forEach((source) => statSync(resolve(source)));
  });

  it('is what Prometheus looks for', () => {
    const { scrape_configs } = parse(readFileSync('deploy/prometheus/prometheus.yml', 'utf8')) as {
      scrape_configs: { static_configs: { targets: string[]; labels?: { worker_id: string } }[] }[];
    };
    const targets = scrape_configs.flatMap(({ static_configs }) => static_configs).filter(({ labels }) => labels);
    const found = targets.map(({ targets: [target = ''], labels }) => {
      const [host = '', port] = target.split(':');
      const { PORT, WORKER_ID } = service(host).environment ?? {};
      expect([target, PORT, WORKER_ID]).toEqual([target, port, labels?.worker_id]);
      expect(networksOf(service(host))).toContain('monitoring');
      return host;
    });
    expect(found).toEqual([...WORKERS, 'audit-worker']);
  });
});

describeWhere(hasCompose, 'there is no Docker Compose 2.24', 'docker compose', () => {
  it('takes the file', () => {
    expect(compose('-f', FILE, 'config', '--quiet')).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('times that depend on each other', () => {
  const { environment = {}, stop_grace_period } = service('worker-1');
  const nginx = conf('nginx.conf');

  it('let a worker drain', () => {
    expect(parseInt(stop_grace_period ?? '', 10)).toBeGreaterThan(
      Number(environment['GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS']),
    );
    expect(parseInt(service('nginx').stop_grace_period ?? '', 10)).toBeGreaterThan(
      secondsOf('proxy_read_timeout', nginx),
    );
  });

  it('let it be Falcon that says 504', () => {
    expect(secondsOf('proxy_read_timeout', nginx)).toBeGreaterThan(Number(environment['REQUEST_TIMEOUT_SECONDS']));
  });

  it('do not ask again what a worker may still be working on', () => {
    expect(secondsOf('proxy_next_upstream_timeout', nginx)).toBeLessThan(secondsOf('proxy_read_timeout', nginx));
    expect(secondsOf('proxy_next_upstream_timeout', nginx)).toBeGreaterThan(secondsOf('proxy_connect_timeout', nginx));
  });

  it('leave no connection open to a worker that closes its port', () => {
    const keptSeconds = secondsOf('keepalive_timeout', conf('upstream.conf'));
    expect(keptSeconds).toBeLessThan(Number(environment['DRAIN_DELAY_SECONDS']));
  });

  it('trust nginx alone', () => {
    expect(environment['TRUST_PROXY']).toBe(stack.networks['edge']?.ipam?.config[0]?.subnet);
  });
});

describe('scripts/compose.sh up', () => {
  let commands: FakeCommands;

  beforeEach(() => {
    commands = new FakeCommands();
    cpSync('scripts/compose.sh', join(commands.folder, 'scripts/compose.sh'));
  });

  function up(version: string) {
    commands.put('docker', `[ "$*" != 'compose version --short' ] || echo ${version}`);
    const env = { PATH: `${commands.folder}:${process.env['PATH']}`, BUILD: '0' };
    return spawnSync(join(commands.folder, 'scripts/compose.sh'), ['up'], { encoding: 'utf8', env });
  }

  it.each(['2.24.0', 'v2.40.3', '5.0.1'])(
    'replaces what has changed with Compose %s, also without a terminal',
    (version) => {
      expect(up(version).status).toBe(0);
      expect(commands.calls()).toContainEqual(expect.stringMatching(/^docker compose up -d --wait .* worker-extra$/));
      expect(commands.calls()).toContainEqual(expect.stringMatching(/^docker compose exec -T nginx /));
    },
  );

  it.each(['2.23.3', '1.29.2', ''])('starts nothing with Compose "%s", which is too old or not there', (version) => {
    expect(up(version)).toMatchObject({ status: 1, stderr: expect.stringContaining('Compose 2.24 or newer') });
    expect(commands.calls()).toEqual(['docker compose version --short']);
  });
});

describe('scripts/compose.sh rollback', () => {
  let commands: FakeCommands;

  beforeEach(() => {
    commands = new FakeCommands();
    cpSync('scripts/compose.sh', join(commands.folder, 'scripts/compose.sh'));
    commands.put('docker', IMAGES);
  });

  const read = (name: string) => readFileSync(join(commands.folder, name), 'utf8').trim();
  /** Those that the three workers run after this, with `image` as what is built. */
  function workersAfter(command: 'up' | 'rollback', image = ''): string[] {
    writeFileSync(join(commands.folder, 'built'), image);
    const env = { PATH: `${commands.folder}:${process.env['PATH']}` };
    spawnSync(join(commands.folder, 'scripts/compose.sh'), [command], { env });
    return WORKERS.map(read);
  }

  it('goes back to the image before, and from there to the one after it', () => {
    expect(workersAfter('up', 'v1')).toEqual(['v1', 'v1', 'v1']);
    expect(workersAfter('up', 'v2')).toEqual(['v2', 'v2', 'v2']);
    expect(workersAfter('up', 'v2')).toEqual(['v2', 'v2', 'v2']);
    expect(workersAfter('rollback')).toEqual(['v1', 'v1', 'v1']);
    expect(workersAfter('rollback')).toEqual(['v2', 'v2', 'v2']);
  });

  it('passes over an image that did not become ready', () => {
    workersAfter('up', 'v1');
    expect(workersAfter('up', 'v2-broken')).toEqual(['v2-broken', 'v1', 'v1']);
    expect(workersAfter('up', 'v3')).toEqual(['v3', 'v3', 'v3']);
    expect(workersAfter('rollback')).toEqual(['v1', 'v1', 'v1']);
  });

  it('goes back to the image before when the stack was down meanwhile', () => {
    workersAfter('up', 'v1');
    WORKERS.forEach((name) => rmSync(join(commands.folder, name)));
    workersAfter('up', 'v2');
    expect(workersAfter('rollback')).toEqual(['v1', 'v1', 'v1']);
  });
});

describe('scripts/compose.sh secrets', () => {
  let folder: string;
  const make = () => spawnSync(join(folder, 'scripts/compose.sh'), ['secrets'], { encoding: 'utf8' });
  const read = (name: string) => readFileSync(join(folder, 'secrets', name), 'utf8');

  beforeAll(() => {
    folder = temporaryFolder();
    cpSync('scripts/compose.sh', join(folder, 'scripts/compose.sh'));
  });

  it('makes every secret of the stack, in a folder that nobody else may enter', () => {
    expect(make()).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(join(folder, 'secrets')).map((name) => `./secrets/${name}`)).toEqual(
      Object.values(stack.secrets)
        .map(({ file }) => file)
        .sort(),
    );
    expect(statSync(join(folder, 'secrets')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'secrets/postgres-url')).mode & 0o777).toBe(0o444);
    expect(read('postgres-password')).toMatch(/^[0-9a-f]{48}$/);
    expect(read('postgres-url')).toBe(`postgres://falcon:${read('postgres-password')}@postgres:5432/falcon_inference`);
    const password = /^requirepass (\S+)$/m.exec(read('redis-queue-acl'))?.[1];
    expect(read('redis-queue-url')).toBe(`redis://:${password}@redis-queue:6379`);
    expect(read('redis-cache-acl')).not.toBe(read('redis-queue-acl'));
  });

  it('changes nothing that is there', () => {
    const before = readdirSync(join(folder, 'secrets')).map(read);
    expect(make().status).toBe(0);
    expect(readdirSync(join(folder, 'secrets')).map(read)).toEqual(before);
  });
});
