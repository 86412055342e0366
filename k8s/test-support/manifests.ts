/** Any object of Kubernetes, as far as tests look at all of them alike. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Labels };
  /** Told apart by kind. */
  spec?: unknown;
  data?: Record<string, string>;
}

/** Labels of an object. */
export type Labels = Record<string, string>;

/** What selects by labels. */
export interface Selector {
  matchLabels?: Labels;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** A request that kubelet makes to see how a container is. */
export interface Probe {
  httpGet?: { path: string; port: string | number };
  exec?: { command: string[] };
  initialDelaySeconds?: number;
  periodSeconds?: number;
  timeoutSeconds?: number;
  failureThreshold?: number;
  terminationGracePeriodSeconds?: number;
}

/** What a container may do. */
export interface ContainerSecurity {
  allowPrivilegeEscalation?: boolean;
  privileged?: boolean;
  readOnlyRootFilesystem?: boolean;
  runAsNonRoot?: boolean;
  runAsUser?: number;
  procMount?: string;
  seccompProfile?: { type: string };
  capabilities?: { drop?: string[]; add?: string[] };
}

/** One container of a pod. */
export interface Container {
  name: string;
  image: string;
  command?: string[];
  env?: { name: string; value?: string; valueFrom?: { fieldRef?: { fieldPath: string } } }[];
  envFrom?: { configMapRef?: { name: string } }[];
  ports?: { name: string; containerPort: number; hostPort?: number }[];
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  securityContext?: ContainerSecurity;
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean; subPath?: string }[];
}

/** One volume of a pod: beside its name a member that says what it is. */
export interface Volume {
  name: string;
  emptyDir?: { sizeLimit?: string };
  secret?: { secretName: string; items?: { key: string; path: string }[] };
  hostPath?: unknown;
}

/** What a pod consists of. */
export interface PodSpec {
  serviceAccountName?: string;
  automountServiceAccountToken?: boolean;
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  terminationGracePeriodSeconds?: number;
  securityContext?: ContainerSecurity & { fsGroup?: number; sysctls?: unknown[] };
  containers: Container[];
  initContainers?: Container[];
  volumes?: Volume[];
}

/** What makes pods. */
export interface Workload {
  manifest: Manifest;
  labels: Labels;
  pod: PodSpec;
  spec: {
    replicas?: number;
    selector?: Selector;
    strategy?: { rollingUpdate?: { maxUnavailable?: number | string; maxSurge?: number | string } };
    progressDeadlineSeconds?: number;
    ttlSecondsAfterFinished?: number;
    volumeClaimTemplates?: { metadata: { name: string } }[];
  };
}

const MAKES_PODS = ['Deployment', 'StatefulSet', 'Job', 'DaemonSet'];

/** Everything that makes pods. */
export function workloadsOf(manifests: readonly Manifest[]): Workload[] {
  return manifests
    .filter(({ kind }) => MAKES_PODS.includes(kind))
    .map((manifest) => {
      const spec = manifest.spec as Workload['spec'] & {
        template: { metadata: { labels: Labels }; spec: PodSpec };
      };
      return { manifest, labels: spec.template.metadata.labels, pod: spec.template.spec, spec };
    });
}

/** The one of that name; throws when there is none, so that no test passes for lack of what it is about. */
export function workloadOf(manifests: readonly Manifest[], name: string): Workload {
  const found = workloadsOf(manifests).find(({ manifest }) => manifest.metadata.name === name);
  if (!found) throw new Error(`Nothing called ${name} makes pods.`);
  return found;
}

/** The objects of a kind. */
export function ofKind(manifests: readonly Manifest[], kind: string): Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}

/** How an object is called in sentences. */
export function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.name}`;
}

/** Whether a selector takes what has these labels. */
export function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => operator === 'In' && values.includes(labels[key] ?? ''))
  );
}
