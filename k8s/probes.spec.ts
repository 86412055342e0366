import { buildDocument } from '../apps/api/src/openapi/document.js';
import { workloadOf, type Container, type Probe } from './test-support/manifests.js';
import { build, describeWithKustomize } from './test-support/overlays.js';

const TIMINGS = ['initialDelaySeconds', 'periodSeconds', 'timeoutSeconds', 'failureThreshold'] as const;
const timingsOf = (probe?: Probe) => TIMINGS.map((timing) => probe?.[timing]);

describeWithKustomize('probes', () => {
  let api: Container;
  let worker: Container;

  beforeEach(() => {
    const manifests = build('production');
    [api, worker] = ['falcon-api', 'falcon-audit-worker'].map(
      (name) => workloadOf(manifests, name).pod.containers[0]!,
    ) as [Container, Container];
  });

  it('are asked in good time, and not too often', () => {
    for (const { startupProbe, livenessProbe, readinessProbe } of [api, worker]) {
      expect([startupProbe, livenessProbe, readinessProbe].map(timingsOf)).toEqual([
        [10, 5, 3, 30],
        [5, 10, 3, 3],
        [5, 5, 3, 2],
      ]);
    }
  });

  it('ask routes that there are', () => {
    const { paths } = buildDocument({ version: '1', requestTimeoutMs: 1 }) as { paths: object };
    const asked = [api, worker].flatMap(({ startupProbe, livenessProbe, readinessProbe }) =>
      [startupProbe, livenessProbe, readinessProbe].map((probe) => probe?.httpGet?.path),
    );

    expect(Object.keys(paths)).toEqual(expect.arrayContaining(asked));
  });

  it('restart only what a restart can help', () => {
    expect(api.livenessProbe?.httpGet?.path).toBe('/_health/live');
    expect(worker.livenessProbe?.httpGet?.path).toBe('/_health/live');
    // A worker is never healthy while Postgres is away, and one that is starting must not be killed for it.
    expect(worker.startupProbe?.httpGet?.path).toBe('/_health/live');
  });
});
