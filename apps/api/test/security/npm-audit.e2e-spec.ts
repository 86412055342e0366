import { spawnSync } from 'node:child_process';
import { PROJECT_DIR } from '../../../../scripts/test-support/program.js';
import { describeWhere } from '../../../../scripts/test-support/tools.js';

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
const otherwise = `the registry does not audit packages (${report.message})`;

describeWhere(report.metadata !== undefined, otherwise, 'what production installs', () => {
  it('has no known vulnerability that is high or critical', () => {
    expect(report.metadata?.vulnerabilities).toMatchObject({ high: 0, critical: 0 });
  });
});
