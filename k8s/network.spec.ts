import { buildDocument } from '../apps/api/src/openapi/document.js';
import { ofKind, type Manifest } from './test-support/manifests.js';
import { allowedConnections } from './test-support/connections.js';
import { build, describeWithKustomize } from './test-support/overlays.js';

const EVERYWHERE = ['every pod -> 169.254.20.10/32:53', 'every pod -> kube-system/kube-dns:53'];
const FALCON = ['falcon-api', 'falcon-audit-worker', 'falcon-migrate'];
const sorted = (sentences: string[]) => sentences.toSorted();
const pathsOf = (manifests: readonly Manifest[]) =>
  ofKind(manifests, 'Ingress').flatMap(({ spec }) => {
    const { rules } = spec as { rules: { http: { paths: { path: string; pathType: string }[] } }[] };
    return rules.flatMap(({ http }) => http.paths);
  });

describeWithKustomize('who may speak with whom', () => {
  it('production: the ingress controller to the api, Falcon to its services, and nobody else', () => {
    expect(allowedConnections(build('production'))).toEqual(
      sorted([
        ...EVERYWHERE,
        'ingress-nginx/controller -> falcon-api:http',
        ...FALCON.map((name) => `${name} -> 10.0.0.0/8:5432,6379`),
      ]),
    );
  });

  it('with operators: Prometheus, too', () => {
    const added = allowedConnections(build('production-operators'))!.filter(
      (sentence) => !allowedConnections(build('production'))!.includes(sentence),
    );

    expect(added).toEqual(FALCON.map((name) => `monitoring/prometheus -> ${name}:http`));
  });

  it('development: Falcon to the services beside it', () => {
    expect(allowedConnections(build('dev'))).toEqual(
      sorted([
        ...EVERYWHERE,
        ...FALCON.flatMap((name) =>
          ['postgres', 'redis-cache', 'redis-queue'].map((service) => `${name} -> ${service}:any`),
        ),
      ]),
    );
  });

  it('a rule for anybody and a namespace without the rule that denies are noticed', () => {
    const manifests = build('production');
    const [denying, ...others] = ofKind(manifests, 'NetworkPolicy').toSorted((one) =>
      one.metadata.name === 'default-deny' ? -1 : 1,
    );
    Object.assign(others.find(({ metadata }) => metadata.name === 'ingress-controller')!.spec as object, {
      ingress: [{}],
    });

    expect(allowedConnections(manifests)).toContain('anybody -> falcon-api:any');
    expect(allowedConnections(manifests.filter((manifest) => manifest !== denying))).toBeUndefined();
  });

  it('from outside the models are reached, and no metrics, probes or operators’ routes', () => {
    const { paths } = buildDocument({ version: '1', requestTimeoutMs: 1 }) as { paths: object };
    const routed = Object.keys(paths).filter((route) =>
      pathsOf(build('production')).some(
        ({ path, pathType }) => route === path || (pathType === 'Prefix' && route.startsWith(`${path}/`)),
      ),
    );

    expect(routed).toEqual(['/infer', '/infer/batch']);
  });
});
