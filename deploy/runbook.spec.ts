import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { programEnvironment } from '../scripts/drills/environment.js';
import { runShell } from '../scripts/drills/run-shell.js';
import { RunbookPage } from '../scripts/drills/runbook-page.js';
import { FakeCommands } from '../scripts/test-support/fake-commands.js';

const PAGE = RunbookPage.read(resolve(__dirname, '../docs/RUNBOOK.md'));
/** One server, which has another address each time that it is started. */
const DOCKER = `case "$*" in
  'compose ps -q worker-2') cat running ;;
  'compose ps -q worker-extra') printf '%s\\n' 1a2b 3c4d ;;
  'compose kill worker-2') : >running ;;
  'compose up -d --no-deps --wait worker-2') echo >>starts && echo "id-$(wc -l <starts)" >running ;;
  'inspect '*) echo "10.0.0.\${4#id-} 10.1.0.1 " ;;
esac`;

describe('the words of docs/RUNBOOK.md', () => {
  let commands: FakeCommands;

  beforeEach(() => {
    commands = new FakeCommands();
    for (const name of ['docker', 'sudo', 'psql']) commands.put(name);
  });

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

  /** What a person's shell asks and says when this is pasted into it. */
  function pasted(script: string, env: NodeJS.ProcessEnv = {}) {
    const options = { cwd: commands.folder, encoding: 'utf8', input: script } as const;
    const PATH = `${commands.folder}:${process.env['PATH']}`;
    const { stdout } = spawnSync('bash', ['--norc', '-i'], { ...options, env: { PATH, ...env } });
    return { calls: commands.calls(), said: stdout.trimEnd().split('\n') };
  }

  describe('with Compose', () => {
    beforeEach(() => {
      commands.put('docker', DOCKER);
      writeFileSync(join(commands.folder, 'running'), '');
      mkdirSync(join(commands.folder, 'secrets'));
      writeFileSync(join(commands.folder, 'secrets/admin-api-key'), 'admin-key');
    });
    const words = `${PAGE.tagged('preamble')}\n${PAGE.tagged('compose')}`;

    it('find a server that was down when they were pasted, and again whenever it is started', () => {
      const blocks = [words, PAGE.tagged('drill=worker-down'), PAGE.tagged('drill=worker-hung')];
      const { said } = pasted(blocks.map((block) => `${block}\necho "at $URL"`).join('\n'));
      expect(said).toEqual(['at ', 'at http://10.0.0.1:8000', 'at http://10.0.0.2:8000']);
    });

    it('reach the servers that were started besides', () => {
      const { said } = pasted(`${words}\nfor worker in $WORKERS; do url "$worker"; done`);
      expect(said.slice(-2)).toEqual(['http://10.0.0.1a2b:8000', 'http://10.0.0.3c4d:8000']);
    });
  });

  it.each(['model-refused', 'overload', 'model-circuit-open'])('change nothing until %s is told of what', (drill) => {
    for (const name of ['admin', 'falcon', 'mv', 'svc', 'url']) commands.put(name);
    const server = { MODEL_DIR: commands.folder, API_KEYS_FILE: 'keys.json', WORKERS: 'worker-1 worker-2' };
    const { calls } = pasted(PAGE.tagged(`drill=${drill}`), { ...server, WORKER: 'worker-2' });
    expect(calls.filter((call) => /^(admin|mv|svc) | revoke --file keys\.json ./.test(call))).toEqual([]);
  });

  it('show what a server says that is not ready', async () => {
    const sick = createServer((_request, response) => response.writeHead(503).end('{"checks":{"disk":"unhealthy"}}'));
    await once(sick.listen(0, '127.0.0.1'), 'listening');
    const URL = `http://127.0.0.1:${(sick.address() as AddressInfo).port}`;
    const line = PAGE.blocks().flatMap((block) => /^admin .*_health\/ready.*$/m.exec(block.commands) ?? [])[0];
    const { code, stdout } = await runShell(`${PAGE.tagged('preamble')}\n${line}`, programEnvironment({ URL }));
    sick.close();
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('"disk":"unhealthy"') });
  });

  it('ask the server’s own files on a machine of its own', () => {
    expect(asked('systemd', 'falcon audit status', { POSTGRES_URL: 'postgres://own' })).toEqual([
      'sudo --preserve-env=ADMIN_API_KEY,POSTGRES_URL,REDIS_QUEUE_URL env DATA_DIR=/var/lib/falcon node /opt/falcon/dist/apps/cli/src/main.js audit status',
    ]);
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
