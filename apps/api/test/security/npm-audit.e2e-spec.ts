import { spawnSync } from 'node:child_process';
import { PROJECT_DIR } from '../support/falcon.js';

interface AuditReport {
  metadata?: { vulnerabilities: Record<'low' | 'moderate' | 'high' | 'critical', number> };
  message?: string;
}

function audit(): AuditReport {
  const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    cwd: PROJECT_DIR,
    encoding: 'utf8',
    timeout: 60_000,
  });
  try {
    return JSON.parse(stdout) as AuditReport;
  } catch {
    return { message: 'npm did not answer' };
  }
}

const report = audit();
if (!report.metadata) {
  process.stderr.write(`SKIPPED, because the registry does not audit packages (${report.message}): npm audit\n`);
}

(report.metadata ? describe : describe.skip)('what production installs', () => {
  it('has no known vulnerability that is high or critical', () => {
    expect(report.metadata?.vulnerabilities).toMatchObject({ high: 0, critical: 0 });
  });
});
