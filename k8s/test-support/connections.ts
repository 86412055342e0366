import { ofKind, selects, workloadsOf, type Manifest, type Selector } from './manifests.js';

interface Peer {
  podSelector?: Selector;
  namespaceSelector?: Selector;
  ipBlock?: { cidr: string };
}

interface Policy {
  podSelector: Selector;
  policyTypes: string[];
  ingress?: { from?: Peer[]; ports?: { port: string | number }[] }[];
  egress?: { to?: Peer[]; ports?: { port: string | number }[] }[];
}

/** Every connection that the policies allow, one sentence each; undefined when some pod is under no policy at all. */
export function allowedConnections(manifests: readonly Manifest[]): string[] | undefined {
  const policies = ofKind(manifests, 'NetworkPolicy').map(({ spec }) => spec as Policy);
  const deniesAll = policies.some(
    ({ podSelector, policyTypes, ingress, egress }) =>
      Object.keys(podSelector).length === 0 && policyTypes.length === 2 && !ingress && !egress,
  );
  if (!deniesAll) return undefined;
  const sentences = policies.flatMap(({ podSelector, ingress = [], egress = [] }) =>
    podsOf(podSelector, manifests).flatMap((pod) => [
      ...ingress.flatMap(({ from = [{}], ports }) =>
        from.flatMap((peer) => peersOf(peer, manifests).map((other) => `${other} -> ${pod}:${portsOf(ports)}`)),
      ),
      ...egress.flatMap(({ to = [{}], ports }) =>
        to.flatMap((peer) => peersOf(peer, manifests).map((other) => `${pod} -> ${other}:${portsOf(ports)}`)),
      ),
    ]),
  );
  return [...new Set(sentences)].toSorted();
}

function podsOf(selector: Selector, manifests: readonly Manifest[]): string[] {
  return Object.keys(selector).length === 0
    ? ['every pod']
    : workloadsOf(manifests)
        .filter(({ labels }) => selects(selector, labels))
        .map(({ manifest }) => manifest.metadata.name);
}

function peersOf({ podSelector, namespaceSelector, ipBlock }: Peer, manifests: readonly Manifest[]): string[] {
  if (ipBlock) return [ipBlock.cidr];
  if (!namespaceSelector) return podSelector ? podsOf(podSelector, manifests) : ['anybody'];
  const namespace = namespaceSelector.matchLabels?.['kubernetes.io/metadata.name'] ?? 'any namespace';
  return [`${namespace}/${Object.values(podSelector?.matchLabels ?? { '': 'any pod' }).join(',')}`];
}

function portsOf(ports: { port: string | number }[] = []): string {
  return [...new Set(ports.map(({ port }) => port))].join(',') || 'any';
}
