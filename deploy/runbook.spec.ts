import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { RunbookPage } from '../scripts/drills/runbook-page.js';
import { FakeCommands } from '../scripts/test-support/fake-commands.js';

const PAGE = RunbookPage.read(resolve(__dirname, '../docs/RUNBOOK.md'));

describe('the words of docs/RUNBOOK.md', () => {
  let commands: FakeCommands;

  beforeEach(() => {
    commands = new FakeCommands();
    for (const name of ['docker', 'sudo', 'psql']) commands.put(name);
  });
  afterEach(() => commands.remove());

  /** What a command asks once the words of a platform are defined. */
  function asked(platform: string, command: string, env: NodeJS.ProcessEnv = {}): string[] {
    const words = `${PAGE.tagged('preamble')}\n${PAGE.tagged(platform)}`.replace(/^export .*$/gm, '');
    const { status, stderr } = spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', `${words}\n${command}`], {
      encoding: 'utf8',
      env: { PATH: `${commands.folder}:${process.env['PATH']}`, ...env },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return commands.calls();
  }

  it.each([
    ['compose', 'docker compose exec -T worker-2 df -h /data'],
    ['systemd', 'sudo df -h /var/lib/falcon'],
  ])('look at the disk that has the spool, with %s', (platform, expected) => {
    expect(asked(platform, 'disk', { WORKER: 'worker-2' })).toEqual([expected]);
  });

  it('know on a machine of its own that the server looks after its Postgres', () => {
    expect(asked('systemd', "svc start postgres; sql 'SELECT 1'")).toEqual([
      'sudo systemctl start falcon-inference',
      'sudo env DATA_DIR=/var/lib/falcon /opt/falcon/scripts/db-shell.sh -Atc SELECT 1',
    ]);
  });

  it('know a Postgres of the operator’s own', () => {
    expect(asked('systemd', "svc start postgres; sql 'SELECT 1'", { POSTGRES_URL: 'postgres://own' })).toEqual([
      'sudo systemctl start postgresql',
      'psql postgres://own -Atc SELECT 1',
    ]);
  });
});
