import { ofKind, workloadOf, workloadsOf, type Manifest } from './test-support/manifests.js';
import { build, describeWithKustomize, OVERLAYS } from './test-support/overlays.js';
import { referenceFaults } from './test-support/references.js';

const api = (manifests: readonly Manifest[]) => workloadOf(manifests, 'falcon-api');
/** What is at that place of an object's spec. */
const part = (manifests: readonly Manifest[], [kind = '', name]: string[], ...path: (string | number)[]) => {
  const found = ofKind(manifests, kind).find(({ metadata }) => metadata.name === name)!;
  return path.reduce((value, key) => (value as Record<string | number, object>)[key]!, found.spec as object);
};
const merge = (target: object, members: object) => Object.assign(target, members);

/** Mistakes that a cluster takes, and that do nothing then, or the wrong thing. */
const PLANTED: [fault: string, plant: (manifests: Manifest[]) => unknown][] = [
  [
    'Deployment falcon-api does not select its own pods',
    (m) => merge(api(m).spec.selector!.matchLabels!, { 'app.kubernetes.io/component': 'server' }),
  ],
  ['Deployment falcon-api has a service account that is not there', (m) => (api(m).pod.serviceAccountName = 'falcn')],
  [
    'Deployment falcon-api mounts spool, which is no volume of it',
    (m) => (api(m).pod.containers[0]!.volumeMounts![0]!.name = 'spool'),
  ],
  [
    'Deployment falcon-api reads ConfigMap falcon, which is not there',
    (m) => (api(m).pod.containers[0]!.envFrom![0]!.configMapRef!.name = 'falcon'),
  ],
  [
    'Deployment falcon-api is probed on port htp, which it does not have',
    (m) => (api(m).pod.containers[0]!.livenessProbe!.httpGet!.port = 'htp'),
  ],
  [
    'Service falcon-api speaks of port htp, which no such pod has',
    (m) => merge(part(m, ['Service', 'falcon-api'], 'ports', 0), { targetPort: 'htp' }),
  ],
  [
    'Service falcon-api selects pods of two kinds',
    (m) => merge(part(m, ['Service', 'falcon-api']), { selector: { 'app.kubernetes.io/name': 'falcon' } }),
  ],
  [
    'PodDisruptionBudget falcon-api selects no pod',
    (m) => merge(part(m, ['PodDisruptionBudget', 'falcon-api']), { selector: { matchLabels: { app: 'falcon' } } }),
  ],
  [
    'NetworkPolicy ingress-controller speaks of port htp, which no such pod has',
    (m) => merge(part(m, ['NetworkPolicy', 'ingress-controller'], 'ingress', 0), { ports: [{ port: 'htp' }] }),
  ],
  [
    'HorizontalPodAutoscaler falcon-api scales Deployment falcon, which is not there',
    (m) => merge(part(m, ['HorizontalPodAutoscaler', 'falcon-api'], 'scaleTargetRef'), { name: 'falcon' }),
  ],
  [
    'ScaledObject falcon-audit-worker and Deployment falcon-audit-worker both say how many there are',
    (m) => (workloadOf(m, 'falcon-audit-worker').spec.replicas = 2),
  ],
  [
    'Ingress falcon leads to falcon-api:web, which is not there',
    (m) =>
      merge(part(m, ['Ingress', 'falcon'], 'rules', 0, 'http', 'paths', 0, 'backend', 'service', 'port'), {
        name: 'web',
      }),
  ],
  [
    'ServiceMonitor falcon-api scrapes port metrics, which its Service does not have',
    (m) => merge(part(m, ['ServiceMonitor', 'falcon-api'], 'endpoints', 0), { port: 'metrics' }),
  ],
  [
    'ServiceMonitor falcon-api selects 0 Services',
    (m) => merge(part(m, ['ServiceMonitor', 'falcon-api'], 'selector'), { matchLabels: { app: 'falcon' } }),
  ],
];

describeWithKustomize('what manifests say of each other', () => {
  it.each(OVERLAYS)('%s speaks of nothing that is not there', (overlay) => {
    expect(referenceFaults(build(overlay))).toEqual([]);
  });

  it.each(PLANTED)('caught: %s', (fault, plant) => {
    const manifests = build('production-operators');
    plant(manifests);

    expect(referenceFaults(manifests)).toContain(fault);
  });

  it('one settings change gives the ConfigMap another name, and the pods with it', () => {
    const [development, production] = ['dev', 'production'].map(
      (overlay) => api(build(overlay)).pod.containers[0]!.envFrom,
    );

    expect(development).toEqual([{ configMapRef: { name: expect.stringMatching(/^falcon-api-\w{10}$/) } }]);
    expect(development).not.toEqual(production);
  });

  it.each(OVERLAYS)('every image of Falcon in %s is the one of its kustomization, with a tag that stays', (overlay) => {
    const workloads = workloadsOf(build(overlay)).filter(({ labels }) => labels['app.kubernetes.io/name'] === 'falcon');
    const used = new Set(workloads.flatMap(({ pod }) => pod.containers.map(({ image }) => image)));

    expect(workloads).toHaveLength(3);
    expect([...used]).toEqual([expect.stringMatching(/falcon:(dev|\d+\.\d+\.\d+)$/)]);
  });
});
