import { nameOf, workloadOf, ofKind, type Manifest } from './test-support/manifests.js';
import { build, describeWithKustomize, OVERLAYS } from './test-support/overlays.js';
import { describeWithSwagger, StrictSchema } from './test-support/strict-schema.js';

/** Each is a mistake that a cluster refuses, or ignores in silence. */
const PLANTED: [what: string, plant: (manifests: Manifest[]) => unknown, fault: RegExp][] = [
  [
    'a misspelt probe',
    (manifests) => Object.assign(workloadOf(manifests, 'falcon-api').pod.containers[0]!, { readynessProbe: {} }),
    /additional properties.*readynessProbe/,
  ],
  [
    'a text for a number',
    (manifests) => Object.assign(workloadOf(manifests, 'falcon-api').pod, { terminationGracePeriodSeconds: '60s' }),
    /terminationGracePeriodSeconds must be integer/,
  ],
  [
    'a number for the value of a variable',
    (manifests) => Object.assign(workloadOf(manifests, 'falcon-api').pod.containers[0]!.env![0]!, { value: 8000 }),
    /value must be string/,
  ],
  [
    'a container without a name',
    (manifests) => Reflect.deleteProperty(workloadOf(manifests, 'falcon-api').pod.containers[0]!, 'name'),
    /required property 'name'/,
  ],
  [
    'an API that is gone',
    (manifests) => (ofKind(manifests, 'HorizontalPodAutoscaler')[0]!.apiVersion = 'autoscaling/v2beta2'),
    /there is no autoscaling\/v2beta2 HorizontalPodAutoscaler/,
  ],
  [
    'a number for what KEDA takes as text',
    (manifests) => {
      const { triggers } = ofKind(manifests, 'ScaledObject')[0]!.spec as { triggers: [{ metadata: object }] };
      return Object.assign(triggers[0].metadata, { threshold: 16 });
    },
    /threshold must be string/,
  ],
  [
    'a misspelt member of a ServiceMonitor',
    (manifests) => Object.assign(ofKind(manifests, 'ServiceMonitor')[0]!.spec as object, { endpoint: [] }),
    /additional properties.*endpoint/,
  ],
];

describeWithSwagger('manifests against the schema of Kubernetes', () => {
  describeWithKustomize('strictly', () => {
    let schema: StrictSchema;

    beforeAll(() => {
      schema = new StrictSchema();
    });

    const faultsOf = (manifests: Manifest[]) =>
      manifests.flatMap((manifest) => schema.faults(manifest).map((fault) => `${nameOf(manifest)}: ${fault}`));

    it.each(OVERLAYS)('%s has nothing that Kubernetes does not know', (overlay) => {
      expect(faultsOf(build(overlay))).toEqual([]);
    });

    it.each(PLANTED)('%s is caught', (_what, plant, fault) => {
      const manifests = build('production-operators');
      plant(manifests);

      expect(faultsOf(manifests)).toEqual([expect.stringMatching(fault)]);
    });
  });
});
