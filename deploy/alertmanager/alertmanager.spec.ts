import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { end, endWithTheFile, isRunning } from '../../scripts/test-support/children.js';
import { freePort } from '../../scripts/test-support/free-port.js';
import { temporaryFolder } from '../../scripts/test-support/temporary-folder.js';
import { describeWhere, describeWithTool, runTool, toolPath } from '../../scripts/test-support/tools.js';
import { until } from '../../scripts/test-support/until.js';
import { readRules } from '../test-support/alert-rules.js';

const CONFIG = resolve(__dirname, 'alertmanager.yml');
const RECEIVERS: Record<string, string> = { critical: 'page', warning: 'ticket', info: 'nobody' };

describeWithTool('amtool', 'amtool', () => {
  it('takes the configuration', () => {
    expect(runTool('amtool', ['check-config', CONFIG])).toContain('SUCCESS');
  });

  it.each(Object.entries(RECEIVERS))('sends what is %s to "%s"', (severity, receiver) => {
    expect(readRules().alerts.some(({ labels }) => labels.severity === severity)).toBe(true);
    const routes = ['config', 'routes', 'test', `--config.file=${CONFIG}`, `severity=${severity}`, 'area=latency'];
    expect(runTool('amtool', routes).trim()).toBe(receiver);
  });
});

/** Debian's does not start without this file, and looks for it nowhere else: it has to be installed, not only unpacked. */
const isInstalled = existsSync('/usr/share/prometheus/alertmanager/default.tmpl');

describeWhere(isInstalled, 'prometheus-alertmanager is not installed', 'the Alertmanager', () => {
  const folder = temporaryFolder();
  let server: ChildProcess;
  let url: string;

  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}/api/v2`;
    server = spawn(
      toolPath('prometheus-alertmanager') ?? 'prometheus-alertmanager',
      [
        `--config.file=${CONFIG}`,
        `--storage.path=${folder}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--cluster.listen-address=',
      ],
      { stdio: 'ignore' },
    );
    endWithTheFile(server);
    await until(async () => (await fetch(`${url}/status`).catch(() => undefined))?.ok, {
      isHopeless: () => !isRunning(server),
      complaint: () => `The Alertmanager did not start: ${server.exitCode ?? 'it runs'}.`,
    });
  });
  afterAll(() => end(server, 'SIGTERM'));

  /** Which of the alerts are muted while all of them fire. */
  async function mutedOf(alerts: Record<string, string>[]): Promise<string[]> {
    const sentNames = alerts.map(nameOf);
    const body = JSON.stringify(alerts.map((labels) => ({ labels })));
    const sent = await fetch(`${url}/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(sent.status).toBe(200);
    const allTold = async () => {
      const found = (await (await fetch(`${url}/alerts`)).json()) as Found[];
      const told = found.filter(
        ({ labels, status }) => sentNames.includes(nameOf(labels)) && status.state !== 'unprocessed',
      );
      return told.length === alerts.length && told;
    };
    const told = await until(allTold, { complaint: () => 'The Alertmanager has not looked at the alerts.' });
    return told
      .filter(({ status }) => status.inhibitedBy.length > 0)
      .map(({ labels }) => nameOf(labels))
      .toSorted();
  }

  it('mutes the warnings of what is critical, and everything else of a worker that is down', async () => {
    const alert = (alertname: string, more: Record<string, string> = {}) => {
      const rule = readRules().alerts.find((each) => each.alert === alertname);
      return { alertname, ...rule?.labels, ...more };
    };
    const muted = await mutedOf([
      alert('VeryHighP95Latency', { worker_id: 'worker-1' }),
      alert('HighP95Latency', { worker_id: 'worker-1' }),
      alert('HighP95Latency', { worker_id: 'worker-2' }),
      alert('HighErrorRate', { worker_id: 'worker-1' }),
      alert('ErrorBudgetBurnFast', { slo: 'latency', area: 'latency' }),
      alert('ErrorBudgetBurnSlow', { slo: 'latency', area: 'latency' }),
      alert('ErrorBudgetBurnSlow', { slo: 'availability', area: 'errors' }),
      alert('WorkerDown', { worker_id: 'worker-3' }),
      alert('NotReady', { worker_id: 'worker-3', area: 'model' }),
      alert('AuditLag', { worker_id: 'worker-3' }),
      alert('AuditQueueBacklog'),
    ]);
    expect(muted).toEqual([
      'AuditLag of worker-3',
      'ErrorBudgetBurnSlow of latency',
      'HighP95Latency of worker-1',
      'NotReady of worker-3',
    ]);
  });

  it('mutes nothing that is of no worker when one of no name is down', async () => {
    expect(
      await mutedOf([
        { alertname: 'WorkerDown', severity: 'critical', area: 'workers', instance: 'nameless' },
        { alertname: 'AuditQueueBacklog', severity: 'warning', area: 'audit', instance: 'nameless' },
      ]),
    ).toEqual([]);
  });
});

interface Found {
  labels: Record<string, string>;
  status: { state: 'unprocessed' | 'active' | 'suppressed'; inhibitedBy: string[] };
}

function nameOf({ alertname, worker_id: worker, slo, instance }: Record<string, string>): string {
  return `${alertname} of ${worker ?? slo ?? instance}`;
}
