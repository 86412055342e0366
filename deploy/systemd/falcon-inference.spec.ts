import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../apps/api/src/config.js';
import { environmentSchema } from '../../apps/api/src/environment.js';
import { temporaryFolder } from '../../scripts/test-support/temporary-folder.js';
import { describeWhere, describeWithTool, toolPath } from '../../scripts/test-support/tools.js';

const UNIT = readFileSync(join(__dirname, 'falcon-inference.service'), 'utf8');
/** Of 10, as systemd judges services; this one has 1.5. */
const MOST_EXPOSED = 2;

const valuesOf = (directive: string) =>
  [...UNIT.matchAll(new RegExp(`^#?${directive}=(.*)$`, 'gm'))].map(([, value]) => value!);
const valueOf = (directive: string) => valuesOf(directive)[0];
const environment = Object.fromEntries(valuesOf('Environment').map((pair) => pair.split('=') as [string, string]));
/** Of Node itself. */
const OF_NODE = ['NODE_COMPILE_CACHE'];

describe('the unit of systemd', () => {
  it('sets variables that the server knows', () => {
    expect(Object.keys(environment).filter((name) => !(name in environmentSchema.shape))).toEqual(OF_NODE);
  });

  it('gives the server all of its time to stop, and does not stop its Postgres under its feet', () => {
    expect(Number(valueOf('TimeoutStopSec')) * 1000).toBeGreaterThan(loadConfig({}).shutdownTimeoutMs);
    expect(valueOf('KillMode')).toBe('mixed');
  });

  it('lets the server write where it keeps its data', () => {
    expect(environment['DATA_DIR']).toBe(`/var/lib/${valueOf('StateDirectory')}`);
    expect(environment['NODE_COMPILE_CACHE']).toBe(`/var/cache/${valueOf('CacheDirectory')}`);
  });

  it('is handed the secrets that the installation makes, and the runbook reads', () => {
    const [secret, ...others] = [...UNIT.matchAll(/^LoadCredential=([\w-]+):(.*)$/gm)];
    const [, name, file] = secret!;
    const pages = ['deployment.md', 'RUNBOOK.md'].map((page) => readFileSync(join('docs', page), 'utf8'));

    expect(others).toEqual([]);
    expect(UNIT).toContain(`\nEnvironment=ADMIN_API_KEY_FILE=%d/${name}\n`);
    expect(pages.filter((page) => page.includes(`${file}`))).toEqual(pages);
  });

  it('starts what "npm start" does', () => {
    const { scripts } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as {
      scripts: { start: string };
    };

    expect(valueOf('ExecStart')).toBe(`/usr/bin/${scripts.start}`);
  });
});

/** Since version 250 of systemd. */
const judgesFiles = spawnSync('systemd-analyze', ['--help'], { encoding: 'utf8' }).stdout?.includes('--offline');

describeWithTool('systemd-analyze', 'the unit of systemd, to systemd', () => {
  let folder: string;

  beforeEach(() => (folder = temporaryFolder()));

  /** With a program that is there: whether this machine has Node in /usr/bin is another matter. */
  function analyze(unit: string, ...args: string[]) {
    const file = join(folder, 'falcon-inference.service');
    writeFileSync(file, unit.replace('/usr/bin/node', process.execPath));
    return spawnSync(toolPath('systemd-analyze')!, [...args, file], { encoding: 'utf8' });
  }

  it('has nothing that it does not know', () => {
    const faults = (unit: string) => analyze(unit, 'verify').stderr.match(/falcon-inference\.service.*/g);

    expect(faults(UNIT)).toBeNull();
    expect(faults(UNIT.replace('KillMode', 'KilMode'))).toEqual([expect.stringContaining('KilMode')]);
  });

  describeWhere(judgesFiles, 'this systemd judges no files', 'a systemd that judges the unit', () => {
    it('is hardly exposed', () => {
      const judged = (unit: string) =>
        analyze(unit, 'security', '--offline=true', `--threshold=${MOST_EXPOSED * 10}`).status;

      expect(judged(UNIT)).toBe(0);
      expect(judged(UNIT.replace('CapabilityBoundingSet=', ''))).not.toBe(0);
    });
  });
});
