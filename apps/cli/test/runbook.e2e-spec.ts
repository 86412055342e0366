import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SECTIONS } from '../src/check-health/findings.js';
import { ROOT } from './support/falcon.js';
import { startServer, type Server } from './support/server.js';

const run = promisify(execFile);
const PAGE = readFileSync(join(ROOT, 'docs/RUNBOOK.md'), 'utf8');
const [FIRST = '', ...CHAPTERS] = PAGE.split(/^## /m);

describe('docs/RUNBOOK.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-runbook-'));
  let server: Server;

  beforeAll(async () => {
    server = await startServer({
      AUDIT_DURABILITY: 'process',
      CACHE_ENABLED: 'true',
      LOAD_SHEDDING: 'adaptive',
      DATA_DIR: folder,
    });
    const falcon = join(folder, 'falcon');
    writeFileSync(falcon, `#!/bin/sh\nexec "${process.execPath}" "${ROOT}/dist/apps/cli/src/main.js" "$@"\n`);
    chmodSync(falcon, 0o755);
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('has every section that check-health names, and no other', () => {
    const anchors = CHAPTERS.map((chapter) =>
      chapter.slice(0, chapter.indexOf('\n')).toLowerCase().replaceAll(' ', '-'),
    );
    expect(anchors).toEqual([...SECTIONS]);
  });

  it.each(CHAPTERS.map((chapter) => [chapter.slice(0, chapter.indexOf('\n')), chapter]))(
    '%s has its four parts',
    (_title, chapter) => {
      expect([...chapter.matchAll(/^\*\*(\w+)\.\*\*/gm)].map(([, part]) => part)).toEqual([
        'Symptoms',
        'Diagnosis',
        'Mitigation',
        'Verification',
      ]);
    },
  );

  const blocks = [FIRST, ...CHAPTERS].flatMap((chapter) =>
    [...chapter.matchAll(/```bash\n([^]*?)```/g)].map(([, commands = '']) => commands.trim()),
  );

  it.each(blocks)(
    '%s works',
    async (commands) => {
      const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', commands], {
        cwd: ROOT,
        env: { ...process.env, PATH: `${folder}:${process.env['PATH']}`, URL: server.url },
      });
      // A route or metric that is not there would leave nothing, or a problem.
      expect(stdout.trim()).not.toBe('');
      expect(stdout).not.toMatch(/ROUTE_NOT_FOUND|"status":(4|5)\d\d/);
    },
    30_000,
  );
});
