import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RunbookPage } from '../scripts/drills/runbook-page.js';
import { ofKind, workloadsOf } from './test-support/manifests.js';
import { build, describeWithKustomize } from './test-support/overlays.js';

const PAGE = RunbookPage.read(resolve(__dirname, '../docs/RUNBOOK.md'));
/** Two servers, the older one first, and two audit workers; what is deleted has a successor. */
const KUBECTL = `#!/usr/bin/env bash
cd "$(dirname "$0")"
printf '%s\\n' "$*" >>calls
case "$*" in
  'get pod -l app.kubernetes.io/component=api '*) cat servers ;;
  'get pod -o name -l app.kubernetes.io/component=audit-worker') printf 'pod/audit-%s\\n' a b ;;
  'get deployment,statefulset -o name -l app.kubernetes.io/component=api') echo statefulset.apps/falcon-api ;;
  'logs pod/'*\\ pod/*) exit 1 ;;
  'logs '*) echo "$2 says" ;;
  'delete pod/api-1') echo ' api-2 api-3' >servers ;;
esac
`;

describe('the commands of docs/RUNBOOK.md for Kubernetes', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'falcon-kubectl-'));
    writeFileSync(join(folder, 'kubectl'), KUBECTL);
    chmodSync(join(folder, 'kubectl'), 0o755);
    writeFileSync(join(folder, 'servers'), ' api-1 api-2');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** What the commands print, and what they have asked of kubectl after the words were defined; ports are opened in any order. */
  function run(commands: string, env: NodeJS.ProcessEnv = {}) {
    const script = `${PAGE.tagged('preamble')}\n${PAGE.tagged('kubernetes')}\nwait\n: >calls\n${commands}\nwait`;
    const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', script], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: `${folder}:${process.env['PATH']}`, ADMIN_API_KEY: 'admin-key', ...env },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
    return {
      stdout: stdout.trim(),
      calls: calls.filter((call) => !call.startsWith('port-forward ')),
      ports: calls.filter((call) => call.startsWith('port-forward ')).toSorted(),
    };
  }

  it.each(['worker-hung', 'drain-stuck'])('delete no pod, and so no spool, where %s is mended', (drill) => {
    const { stdout, calls } = run(PAGE.tagged(`drill=${drill}`), { WORKER: 'api-1' });
    expect(calls.filter((call) => /\bdelete\b|--force/.test(call))).toEqual([]);
    expect(calls).toContainEqual('rollout status statefulset.apps/falcon-api --timeout 5m');
    expect(stdout).toContain('with its spool');
  });

  it('ask a server in its own pod, where it has the port of the manifests', () => {
    expect(run('falcon check-health --url "$URL" --seconds 1', { WORKER: 'api-1' }).calls).toEqual([
      'exec -i pod/api-1 -c api -- env ADMIN_API_KEY=admin-key falcon check-health --url http://127.0.0.1:8000 --seconds 1',
    ]);
  });

  it('reach each server at a port of this machine', () => {
    const { stdout, ports } = run('servers; for worker in $WORKERS; do url "$worker"; done; echo "$WORKER $URL"');
    expect(ports).toEqual(['port-forward pod/api-1 8100:8000', 'port-forward pod/api-2 8101:8000']);
    expect(stdout.split('\n')).toEqual([
      'http://127.0.0.1:8100',
      'http://127.0.0.1:8101',
      'api-2 http://127.0.0.1:8101',
    ]);
  });

  it('go on with the newest server when the one that was sick is gone', () => {
    const { stdout, calls, ports } = run('svc restart "$WORKER"; echo "$WORKERS: $WORKER at $URL"', {
      WORKER: 'api-1',
    });
    expect(calls).toContainEqual('delete pod/api-1');
    expect(stdout).toBe('api-2 api-3: api-3 at http://127.0.0.1:8101');
    expect(ports).toContainEqual('port-forward pod/api-3 8101:8000');
  });

  it('show the log of each replica of a part that has several', () => {
    expect(run('logs audit-worker').stdout).toBe('pod/audit-a says\npod/audit-b says');
  });
});

describeWithKustomize('the commands of docs/RUNBOOK.md for Kubernetes', () => {
  it('name what the manifests have', () => {
    const manifests = build('production');
    const api = workloadsOf(manifests).find(({ labels }) => labels['app.kubernetes.io/component'] === 'api');
    expect(api?.pod.containers[0]).toMatchObject({ name: 'api', ports: [{ containerPort: 8000 }] });
    const [autoscaler] = ofKind(manifests, 'HorizontalPodAutoscaler');
    const text = PAGE.chapters.map((chapter) => chapter.text).join('');
    const [, name, patch = '{}'] = /kubectl patch hpa (\S+) -p '(.*?)'/.exec(text) ?? [];
    const { minReplicas, maxReplicas } = autoscaler!.spec as Record<'minReplicas' | 'maxReplicas', number>;
    const { spec } = JSON.parse(patch) as { spec: { minReplicas: number } };
    expect(name).toBe(autoscaler!.metadata.name);
    expect(spec.minReplicas).toBeGreaterThan(minReplicas);
    expect(spec.minReplicas).toBeLessThanOrEqual(maxReplicas);
  });
});
