import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RunbookPage } from '../scripts/drills/runbook-page.js';
import { FakeCommands } from '../scripts/test-support/fake-commands.js';
import { eventually } from '../scripts/test-support/until.js';
import { ofKind, workloadsOf } from './test-support/manifests.js';
import { build, describeWithKustomize } from './test-support/overlays.js';

const PAGE = RunbookPage.read(resolve(__dirname, '../docs/RUNBOOK.md'));
/** Two servers, the older one first, and two audit workers; what is deleted has a successor. */
const KUBECTL = `case "$*" in
  'get pod -l app.kubernetes.io/component=api '*) cat servers ;;
  'get pod -o name -l app.kubernetes.io/component=audit-worker') printf 'pod/audit-%s\\n' a b ;;
  'get deployment,statefulset -o name -l app.kubernetes.io/component=api') echo statefulset.apps/falcon-api ;;
  'get secret falcon-api-keys '*) cat secret ;;
  'create secret generic falcon-api-keys '*) cat "\${5#--from-file=}" ;;
  'apply -f -') cat >applied ;;
  'port-forward pod/api-2 '*) [ ! -e api-2-refuses ] || exit 1 ;;&
  'port-forward '*)
    trap 'kill $!; echo "$2" >>ended; exit' TERM
    sleep 60 &
    echo "Forwarding from 127.0.0.1:\${3%:*} -> 8000"
    wait ;;
  'logs pod/'*\\ pod/*) exit 1 ;;
  'logs '*) echo "$2 says" ;;
  'get pod/api-1 '*configMapRef.name*) echo falcon-api-4k2 ;;
  'exec pod/'*' -- sleep 60') exit 137 ;; # as when its container ends
  'delete pod/api-1') echo ' api-2 api-3' >servers ;;
esac`;

describe('the commands of docs/RUNBOOK.md for Kubernetes', () => {
  let commands: FakeCommands;

  beforeEach(() => {
    commands = new FakeCommands();
    commands.put('kubectl', KUBECTL);
    writeFileSync(join(commands.folder, 'servers'), ' api-1 api-2');
    writeFileSync(join(commands.folder, 'secret'), 'one two\n');
  });

  /** That of the checkout in which the words are said. */
  function putFalcon(answer: string): void {
    commands.put('falcon', answer);
    mkdirSync(join(commands.folder, 'bin'));
    writeFileSync(join(commands.folder, 'bin/falcon'), '#!/usr/bin/env bash\nexec falcon "$@"\n', { mode: 0o755 });
  }

  /** Says the words and then this, until something fails. */
  function shell(block: string, stderr: 'pipe' | 'ignore' = 'pipe', env: NodeJS.ProcessEnv = {}) {
    const script = `${PAGE.tagged('preamble')}\n${PAGE.tagged('kubernetes')}\n${block}`;
    return spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', script], {
      cwd: commands.folder,
      encoding: 'utf8',
      env: { PATH: `${commands.folder}:${process.env['PATH']}`, ADMIN_API_KEY: 'admin-key', ...env },
      stdio: ['ignore', 'pipe', stderr],
    });
  }

  /** What a block prints, and what it has asked; ports are opened in any order. */
  function run(block: string, env: NodeJS.ProcessEnv = {}) {
    const { status, stdout, stderr } = shell(`rm notes\n${block}`, 'pipe', env);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const isPort = (call: string) => call.startsWith('kubectl port-forward ');
    const calls = commands.calls();
    return { stdout: stdout.trim(), calls: calls.filter((call) => !isPort(call)), ports: calls.filter(isPort) };
  }

  it.each(['worker-hung', 'drain-stuck'])('delete no pod, and so no spool, where %s is mended', (drill) => {
    const { stdout, calls } = run(PAGE.tagged(`drill=${drill}`), { WORKER: 'api-1' });
    expect(calls.filter((call) => /\bdelete\b|--force/.test(call))).toEqual([]);
    expect(calls).toContainEqual('kubectl rollout status statefulset.apps/falcon-api --timeout 5m');
    expect(stdout).toContain('with its spool');
  });

  it('restart a server in its pod, which keeps its spool, and wait until it has ended and is there again', () => {
    const { stdout, calls } = run('svc restart "$WORKER"; echo "$WORKER at $URL"', { WORKER: 'api-1' });
    expect(calls.slice(0, 4)).toEqual([
      'kubectl exec pod/api-1 -- sh -c kill 1',
      'kubectl exec pod/api-1 -- sleep 60',
      expect.stringMatching(/^kubectl get deployment,statefulset /),
      'kubectl rollout status statefulset.apps/falcon-api --timeout 5m',
    ]);
    expect(stdout).toBe('api-1 at http://127.0.0.1:8100');
  });

  it('change a setting without a new pod, one server after the other', () => {
    const { calls } = run(PAGE.tagged('kubernetes-settings'), { WORKER: 'api-1' });
    expect(calls.filter((call) => /\b(delete|scale|rollout (restart|undo))\b/.test(call))).toEqual([]);
    const acts = calls.filter((call) => / patch | sh -c kill 1$| rollout status /.test(call));
    expect(acts).toEqual([
      'kubectl patch configmap falcon-api-4k2 -p {"data":{"AUDIT_SPOOL_MAX_BYTES":"1073741824"}}',
      'kubectl exec pod/api-1 -- sh -c kill 1',
      expect.stringContaining('rollout status'),
      'kubectl exec pod/api-2 -- sh -c kill 1',
      expect.stringContaining('rollout status'),
    ]);
  });

  it('ask a server in its own pod, where it has the port of the manifests', () => {
    expect(run('falcon check-health --url "$URL" --seconds 1', { WORKER: 'api-1' }).calls).toEqual([
      'kubectl exec -i pod/api-1 -c api -- env ADMIN_API_KEY=admin-key falcon check-health --url http://127.0.0.1:8000 --seconds 1',
    ]);
    expect(run('disk').calls).toEqual(['kubectl exec pod/api-2 -c api -- df -h /data']);
  });

  it('reach each server at a port of this machine', () => {
    const { stdout, ports } = run('servers; for worker in $WORKERS; do url "$worker"; done; echo "$WORKER $URL"');
    expect(new Set(ports)).toEqual(
      new Set(['kubectl port-forward pod/api-1 8100:8000', 'kubectl port-forward pod/api-2 8101:8000']),
    );
    const urls = ['http://127.0.0.1:8100', 'http://127.0.0.1:8101'];
    expect(stdout.split('\n')).toEqual([...urls, `api-2 ${urls[1]}`]);
  });

  it('say which server the port of this machine does not lead to', () => {
    writeFileSync(join(commands.folder, 'api-2-refuses'), '');
    const { status, stderr } = shell('');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^http:\S+:8101 does not lead to api-2\b/),
    });
  });

  it('close the ports of this machine when the shell ends', async () => {
    shell('', 'ignore');
    await eventually(() => {
      const ended = readFileSync(join(commands.folder, 'ended'), 'utf8');
      expect(ended.split('\n').toSorted()).toEqual(['', 'pod/api-1', 'pod/api-2']);
    });
  });

  it('go on with the newest server when the one that was sick is gone', () => {
    const block = 'kubectl delete "pod/$WORKER"; servers; echo "$WORKERS: $WORKER at $URL"';
    const { stdout, ports } = run(block, { WORKER: 'api-1' });
    expect(stdout).toBe('api-2 api-3: api-3 at http://127.0.0.1:8101');
    expect(ports).toContainEqual('kubectl port-forward pod/api-3 8101:8000');
  });

  it('say that what is elsewhere is not started here', () => {
    const { status, stderr } = shell('svc start postgres');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^postgres is not of this namespace/),
    });
    expect(commands.calls()).not.toContainEqual(expect.stringContaining('rollout'));
  });

  it('show the log of each replica of a part that has several', () => {
    expect(run('logs audit-worker').stdout).toBe('pod/audit-a says\npod/audit-b says');
  });

  it('take a key out of the Secret', () => {
    putFalcon('[ "$2" = list ] || sed -i "s/ $3//" "${@: -1}"');
    run(PAGE.tagged('kubernetes-keys'), { ID: 'two' });
    expect(readFileSync(join(commands.folder, 'applied'), 'utf8')).toBe('one\n');
  });

  it('leave the Secret as it is when it cannot be read', () => {
    rmSync(join(commands.folder, 'secret'));
    putFalcon('[ -s "${@: -1}" ] # an empty file is refused');
    shell(`set +e\n${PAGE.tagged('kubernetes-keys')}`, 'pipe', { ID: 'two' });
    expect(commands.calls()).toContainEqual(expect.stringContaining('keys revoke two'));
    expect(existsSync(join(commands.folder, 'applied'))).toBe(false);
  });
});

describeWithKustomize('the commands of docs/RUNBOOK.md for Kubernetes', () => {
  it('name what the manifests have', () => {
    const manifests = build('production');
    const api = workloadsOf(manifests).find(({ labels }) => labels['app.kubernetes.io/component'] === 'api');
    expect(api?.pod.containers[0]).toMatchObject({ name: 'api', ports: [{ containerPort: 8000 }] });
    const secrets = api?.pod.volumes?.map(({ secret }) => (secret as { secretName?: string })?.secretName);
    expect(secrets).toContain('falcon-api-keys');
    expect(api?.pod.containers[0]).toMatchObject({
      envFrom: [{ configMapRef: { name: expect.stringMatching(/^falcon-api-/) } }],
    });
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
