import { workloadsOf, type PodSpec } from './test-support/manifests.js';
import { build, describeWithKustomize, OVERLAYS } from './test-support/overlays.js';
import { securityFaults } from './test-support/pod-security.js';

/** Each makes a good pod a bad one. */
const PLANTED: [fault: string, plant: (pod: PodSpec) => unknown][] = [
  ['uses the network of its node', (pod) => (pod.hostNetwork = true)],
  ['sees the processes of its node', (pod) => (pod.hostPID = true)],
  ['shares memory with its node', (pod) => (pod.hostIPC = true)],
  ['sets sysctls', (pod) => (pod.securityContext!.sysctls = [{}])],
  ['has a token for the Kubernetes API', (pod) => delete pod.automountServiceAccountToken],
  ['mounts logs, a hostPath', (pod) => pod.volumes!.push({ name: 'logs', hostPath: { path: '/var/log' } })],
  ['api is privileged', (pod) => (pod.containers[0]!.securityContext!.privileged = true)],
  ['api may gain privileges', (pod) => delete pod.containers[0]!.securityContext!.allowPrivilegeEscalation],
  ['api may run as root', (pod) => delete pod.securityContext!.runAsNonRoot],
  ['api runs as root', (pod) => (pod.containers[0]!.securityContext!.runAsUser = 0)],
  ['api may make any system call', (pod) => (pod.securityContext!.seccompProfile = { type: 'Unconfined' })],
  ['api keeps capabilities', (pod) => (pod.containers[0]!.securityContext!.capabilities = { drop: ['NET_RAW'] })],
  ['api adds capabilities', (pod) => (pod.containers[0]!.securityContext!.capabilities!.add = ['SYS_ADMIN'])],
  ['api sees all of /proc', (pod) => (pod.containers[0]!.securityContext!.procMount = 'Unmasked')],
  ['api takes a port of its node', (pod) => (pod.containers[0]!.ports![0]!.hostPort = 80)],
  ['api may write to its image', (pod) => (pod.containers[0]!.securityContext!.readOnlyRootFilesystem = false)],
];

describeWithKustomize('security of the pods', () => {
  it.each(OVERLAYS)(
    '%s keeps to the restricted Pod Security Standard, with nothing to write to but volumes',
    (overlay) => {
      const workloads = workloadsOf(build(overlay));

      expect(workloads.length).toBeGreaterThanOrEqual(3);
      for (const { pod, manifest } of workloads) {
        expect({ [manifest.metadata.name]: securityFaults(pod) }).toEqual({ [manifest.metadata.name]: [] });
      }
    },
  );

  it.each(OVERLAYS)('the namespace of %s has the cluster refuse other pods', (overlay) => {
    expect(build(overlay).find(({ kind }) => kind === 'Namespace')?.metadata.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
  });

  it.each(PLANTED)('a pod that %s is caught', (fault, plant) => {
    const { pod } = workloadsOf(build('production')).find(({ manifest }) => manifest.metadata.name === 'falcon-api')!;
    plant(pod);

    expect(securityFaults(pod)).toEqual([fault]);
  });
});
