import type { Container, ContainerSecurity, PodSpec, Volume } from './manifests.js';

/** What the restricted Pod Security Standard lets a pod mount. */
const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

/** Everything in which a pod breaks the restricted Pod Security Standard, and our two rules beyond it. */
export function securityFaults(pod: PodSpec): string[] {
  const ofPod = pod.securityContext ?? {};
  return [
    pod.hostNetwork && 'uses the network of its node',
    pod.hostPID && 'sees the processes of its node',
    pod.hostIPC && 'shares memory with its node',
    ofPod.sysctls && 'sets sysctls',
    pod.automountServiceAccountToken !== false && 'has a token for the Kubernetes API',
    ...(pod.volumes ?? []).map(volumeFault),
    ...[...pod.containers, ...(pod.initContainers ?? [])].flatMap((container) =>
      containerFaults(container, ofPod).map((fault) => fault && `${container.name} ${fault}`),
    ),
  ].filter((fault) => typeof fault === 'string');
}

function volumeFault({ name, ...source }: Volume): string | undefined {
  const other = Object.keys(source).find((kind) => !VOLUMES.includes(kind));
  return other && `mounts ${name}, a ${other}`;
}

function containerFaults({ securityContext: own = {}, ports = [] }: Container, ofPod: ContainerSecurity) {
  const { runAsNonRoot, runAsUser, seccompProfile } = { ...ofPod, ...own };
  return [
    own.privileged && 'is privileged',
    own.allowPrivilegeEscalation !== false && 'may gain privileges',
    runAsNonRoot !== true && 'may run as root',
    runAsUser === 0 && 'runs as root',
    !['RuntimeDefault', 'Localhost'].includes(seccompProfile?.type ?? '') && 'may make any system call',
    !own.capabilities?.drop?.includes('ALL') && 'keeps capabilities',
    own.capabilities?.add?.some((name) => name !== 'NET_BIND_SERVICE') && 'adds capabilities',
    (own.procMount ?? 'Default') !== 'Default' && 'sees all of /proc',
    ports.some(({ hostPort }) => hostPort !== undefined) && 'takes a port of its node',
    own.readOnlyRootFilesystem !== true && 'may write to its image',
  ];
}
