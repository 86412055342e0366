import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { drillOf } from '../../../scripts/drills/catalogue.js';
import { ProcessStack } from '../../../scripts/drills/process-stack.js';
import { refusedVersion } from '../../../scripts/drills/refused-version.js';
import { runDrill } from '../../../scripts/drills/run-drill.js';
import { RunbookPage } from '../../../scripts/drills/runbook-page.js';
import { PROJECT_DIR } from '../../../scripts/test-support/program.js';
import { describeWithTool } from '../../../scripts/test-support/tools.js';
import { eventually, until } from '../../../scripts/test-support/until.js';
import { SECTIONS } from '../src/check-health/findings.js';

const PAGE = RunbookPage.read(join(PROJECT_DIR, 'docs/RUNBOOK.md'));
const INCIDENTS = PAGE.chapters.filter(({ text }) => text.includes('**Symptoms.**'));
/** One fault of a server, one of a model, one of a service, one of the audit log; `make drill-all` runs the others, too. */
const SHORT = ['worker-down', 'model-circuit-open', 'redis-down', 'audit-lag'];
const TIMEOUT_MS = 180_000;
const SETTLE_MS = 30_000;

describe('docs/RUNBOOK.md', () => {
  it('has a chapter for every section that check-health names, and for no other incident', () => {
    expect(INCIDENTS.map(({ anchor }) => anchor)).toEqual([...SECTIONS]);
  });

  it.each(INCIDENTS.map(({ title, text }) => [title, text]))('%s has its five parts', (_title, text) => {
    expect([...text.matchAll(/^\*\*(\w+)\.\*\*/gm)].map(([, part]) => part)).toEqual([
      'Symptoms',
      'Alerts',
      'Diagnosis',
      'Mitigation',
      'Verification',
    ]);
  });

  it.each(['compose', 'kubernetes', 'systemd'])('defines its words for %s', (platform) => {
    const defined = `${PAGE.tagged(platform)}\ndeclare -F svc url logs sql disk`;
    const { status, stdout } = spawnSync('bash', ['--norc', '-c', defined.replace(/^(export .*|servers)$/gm, '')], {
      encoding: 'utf8',
    });
    expect({ status, words: stdout.trim().split('\n') }).toEqual({
      status: 0,
      words: ['svc', 'url', 'logs', 'sql', 'disk'],
    });
  });
});

describeWithTool(['prometheus', 'redis-server'], 'the commands of docs/RUNBOOK.md', () => {
  const inDrill = new Set(SHORT.map((name) => PAGE.tagged(`drill=${name}`)));
  const blocks = PAGE.blocks().filter(({ tag, commands }) => /^(drill=.*)?$/.test(tag) && !inDrill.has(commands));
  const once = new Map(blocks.map(({ tag, commands }) => [commands, tag]));
  let stack: ProcessStack;

  beforeAll(async () => {
    const logFolder = join(PROJECT_DIR, '.cache/drills-test');
    stack = await ProcessStack.start({ logFolder, factor: 60, preamble: PAGE.tagged('preamble') });
    for (let key = 0; key < 2; key++) await stack.newKey('greedy'); // a tenant may have several
    await stack.must(refusedVersion('sentiment/1', 'sentiment/2'));
  }, TIMEOUT_MS);
  afterAll(() => stack?.close(), TIMEOUT_MS);

  it.each([...once])(
    '%s works',
    async (commands, tag) => {
      const env = { BREAKER: 'model:sentiment', TENANT: 'greedy', REFUSED_VERSION: 'sentiment/2' };
      const outputOf = async () => {
        const shown = await stack.shell(commands, env);
        expect(shown).toMatchObject({ code: 0 });
        return shown.output;
      };
      // What another block has restarted is healthy a moment later; what verifies is asked until it passes in drills, too.
      const patience = { timeoutMs: tag === '' ? SETTLE_MS : 0, pollMs: 500 }; // a remedy has to work at once
      const output = await eventually(outputOf, patience);
      expect(output).not.toMatch(/ROUTE_NOT_FOUND|"status":[45]\d\d/);
      // A metric that is not there would leave nothing.
      if (tag === '') expect(output.trim()).not.toBe('');
    },
    TIMEOUT_MS,
  );

  it(
    'end a session that holds a month of the table, not the table itself',
    async () => {
      const partition = `inference_logs_${new Date().toISOString().slice(0, 7).replace('-', '_')}`;
      const held = stack.sql(
        `DO $$ BEGIN LOCK TABLE ${partition} IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(${SETTLE_MS / 1000}); END $$`,
      );
      const end = held.then(() => 'it ended by itself', String);
      const locks = `SELECT count(*) FROM pg_locks WHERE relation = '${partition}'::regclass AND mode = 'AccessExclusiveLock' AND granted`;
      await until(async () => Number(await stack.sql(locks)) > 0);
      await stack.must(PAGE.tagged('drill=postgres-slow'));
      expect(await end).toContain('terminating connection');
    },
    TIMEOUT_MS,
  );

  it.each(SHORT)(
    'mend %s',
    async (name) => {
      const report = await runDrill(drillOf(name), stack, { page: PAGE, say: () => undefined });
      expect(report.events.map(({ what }) => what)).toEqual([
        'FAULT',
        'CONDITION',
        'ALERT',
        'REMEDY',
        'VERIFIED',
        'RECOVERED',
      ]);
    },
    TIMEOUT_MS,
  );
});
