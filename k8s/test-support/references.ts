import {
  nameOf,
  ofKind,
  selects,
  workloadsOf,
  type Container,
  type Labels,
  type Manifest,
  type Selector,
  type Workload,
} from './manifests.js';

/** What selects pods by labels directly, as a Service does, is a selector with matchLabels alone. */
function podSelectorOf({ kind, spec }: Manifest): Selector | undefined {
  const { selector, podSelector } = spec as { selector?: Selector | Labels; podSelector?: Selector };
  if (kind === 'Service') return { matchLabels: selector as Labels };
  return kind === 'PodDisruptionBudget' ? selector : podSelector;
}

/** Everything in which one object speaks of another that is not there. */
export function referenceFaults(manifests: readonly Manifest[]): string[] {
  const workloads = workloadsOf(manifests);
  return [
    ...workloads.flatMap((workload) => workloadFaults(workload, manifests)),
    ...['Service', 'PodDisruptionBudget', 'NetworkPolicy'].flatMap((kind) =>
      ofKind(manifests, kind).flatMap((manifest) => selectorFaults(manifest, workloads)),
    ),
    ...[...ofKind(manifests, 'HorizontalPodAutoscaler'), ...ofKind(manifests, 'ScaledObject')].flatMap((scaler) =>
      scalerFaults(scaler, workloads),
    ),
    ...ofKind(manifests, 'Ingress').flatMap((ingress) => ingressFaults(ingress, manifests)),
    ...ofKind(manifests, 'ServiceMonitor').flatMap((monitor) => monitorFaults(monitor, manifests)),
  ];
}

function workloadFaults({ manifest, labels, pod, spec }: Workload, manifests: readonly Manifest[]): string[] {
  const name = nameOf(manifest);
  const mountable = [...(pod.volumes ?? []), ...(spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata)];
  const accounts = ofKind(manifests, 'ServiceAccount').map(({ metadata }) => metadata.name);
  return [
    ...(spec.selector && !selects(spec.selector, labels) ? [`${name} does not select its own pods`] : []),
    ...(accounts.includes(pod.serviceAccountName ?? '') ? [] : [`${name} has a service account that is not there`]),
    ...pod.containers.flatMap((container) => [
      ...(container.volumeMounts ?? [])
        .filter((mount) => !mountable.some((volume) => volume.name === mount.name))
        .map((mount) => `${name} mounts ${mount.name}, which is no volume of it`),
      ...mapsOf(container)
        .filter((map) => !ofKind(manifests, 'ConfigMap').some(({ metadata }) => metadata.name === map))
        .map((map) => `${name} reads ConfigMap ${map}, which is not there`),
      ...probePorts(container)
        .filter((port) => !container.ports?.some((known) => known.name === port || known.containerPort === port))
        .map((port) => `${name} is probed on port ${port}, which it does not have`),
    ]),
  ];
}

function mapsOf({ envFrom = [] }: Container): string[] {
  return envFrom.map(({ configMapRef }) => configMapRef?.name ?? '');
}

function probePorts({ startupProbe, livenessProbe, readinessProbe }: Container): (string | number)[] {
  return [startupProbe, livenessProbe, readinessProbe].flatMap((probe) => (probe?.httpGet ? [probe.httpGet.port] : []));
}

function selectorFaults(manifest: Manifest, workloads: readonly Workload[]): string[] {
  const selector = podSelectorOf(manifest) ?? {};
  const found = workloads.filter(({ labels }) => selects(selector, labels));
  const containers = found.flatMap(({ pod }) => pod.containers);
  const ports = portsOf(manifest).filter((port) => typeof port === 'string');
  return [
    ...(found.length === 0 ? [`${nameOf(manifest)} selects no pod`] : []),
    ...(manifest.kind !== 'NetworkPolicy' && found.length > 1 ? [`${nameOf(manifest)} selects pods of two kinds`] : []),
    ...ports
      .filter((port) => !containers.some((container) => container.ports?.some(({ name }) => name === port)))
      .map((port) => `${nameOf(manifest)} speaks of port ${port}, which no such pod has`),
  ];
}

/** Of the selected pods. */
function portsOf({ kind, spec }: Manifest): (string | number)[] {
  const { ports = [], ingress = [] } = spec as {
    ports?: { targetPort: string | number }[];
    ingress?: { ports?: { port: string | number }[] }[];
  };
  if (kind === 'Service') return ports.map(({ targetPort }) => targetPort);
  return kind === 'NetworkPolicy' ? ingress.flatMap((rule) => (rule.ports ?? []).map(({ port }) => port)) : [];
}

function scalerFaults(scaler: Manifest, workloads: readonly Workload[]): string[] {
  const { scaleTargetRef } = scaler.spec as { scaleTargetRef: { kind?: string; name: string } };
  const { kind = 'Deployment', name } = scaleTargetRef;
  const target = workloads.find(({ manifest }) => manifest.kind === kind && manifest.metadata.name === name);
  if (!target) return [`${nameOf(scaler)} scales ${kind} ${name}, which is not there`];
  return target.spec.replicas === undefined
    ? []
    : [`${nameOf(scaler)} and ${kind} ${name} both say how many there are`];
}

function ingressFaults(ingress: Manifest, manifests: readonly Manifest[]): string[] {
  interface Backend {
    service: { name: string; port: { name?: string } };
  }
  const { rules } = ingress.spec as { rules: { http: { paths: { backend: Backend }[] } }[] };
  return rules
    .flatMap(({ http }) => http.paths.map(({ backend }) => backend.service))
    .filter((backend) => {
      const service = ofKind(manifests, 'Service').find(({ metadata }) => metadata.name === backend.name);
      const { ports = [] } = (service?.spec ?? {}) as { ports?: { name: string }[] };
      return !ports.some(({ name }) => name === backend.port.name);
    })
    .map(({ name, port }) => `${nameOf(ingress)} leads to ${name}:${port.name}, which is not there`);
}

function monitorFaults(monitor: Manifest, manifests: readonly Manifest[]): string[] {
  const { selector, endpoints } = monitor.spec as { selector: Selector; endpoints: { port: string }[] };
  const services = ofKind(manifests, 'Service').filter(({ metadata }) => selects(selector, metadata.labels ?? {}));
  const ports = services.flatMap(({ spec }) => (spec as { ports: { name: string }[] }).ports.map(({ name }) => name));
  return [
    ...(services.length === 1 ? [] : [`${nameOf(monitor)} selects ${services.length} Services`]),
    ...endpoints
      .filter(({ port }) => !ports.includes(port))
      .map(({ port }) => `${nameOf(monitor)} scrapes port ${port}, which its Service does not have`),
  ];
}
