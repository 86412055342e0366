import { join } from 'node:path';
import { ofKind, type Manifest, type Workload } from './manifests.js';

/** What the documentation has users put into each Secret. */
const SECRETS: Record<string, Record<string, string>> = {
  'falcon-services': {
    'postgres-url': 'postgresql://falcon:secret@postgres.example.com:5432/falcon_inference',
    'redis-url': 'rediss://:secret@redis-cache.example.com:6379',
    'redis-queue-url': 'rediss://:secret@redis-queue.example.com:6379',
  },
  'falcon-api-keys': { 'keys.json': '{"keys":[]}' },
};

/** The name that the pod is given when it is made. */
export const POD_NAME = 'falcon-api-7c9d8f6b5d-x2x4z';

/** Its variables as its process finds them, but for the folder of the secrets. */
export function environmentOf({ pod }: Workload, manifests: readonly Manifest[]): Record<string, string> {
  const [container] = pod.containers;
  const maps = (container?.envFrom ?? []).map(({ configMapRef }) =>
    ofKind(manifests, 'ConfigMap').find(({ metadata }) => metadata.name === configMapRef?.name),
  );
  const own = (container?.env ?? []).map(({ name, value, valueFrom }) => [
    name,
    valueFrom?.fieldRef?.fieldPath === 'metadata.name' ? POD_NAME : (value ?? ''),
  ]);
  return Object.assign({}, ...maps.map((map) => map?.data), Object.fromEntries(own)) as Record<string, string>;
}

/** The files that its process finds where its Secrets are mounted, by path. */
export function secretFilesOf({ pod }: Workload, manifests: readonly Manifest[]): Record<string, string> {
  const mounts = pod.containers.flatMap(({ volumeMounts = [] }) => volumeMounts);
  return Object.fromEntries(
    (pod.volumes ?? []).flatMap(({ name, secret }) => {
      if (!secret) return [];
      const folder = mounts.find((mount) => mount.name === name)?.mountPath ?? '';
      const values = secretValues(secret.secretName, manifests);
      const items = secret.items ?? Object.keys(values).map((key) => ({ key, path: key }));
      return items.map(({ key, path }) => [join(folder, path), values[key] ?? '']);
    }),
  );
}

/** As the overlay makes it, or as whoever installs Falcon does. */
function secretValues(name: string, manifests: readonly Manifest[]): Record<string, string> {
  const made = ofKind(manifests, 'Secret').find(({ metadata }) => metadata.name === name)?.data;
  const decoded = Object.entries(made ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]);
  return made ? (Object.fromEntries(decoded) as Record<string, string>) : (SECRETS[name] ?? {});
}

/** Bytes, or cores, of a quantity as Kubernetes writes it. */
export function quantity(written: string | undefined): number {
  const [, digits = 'NaN', unit = ''] = /^([\d.]+)(m|[KMG]i)?$/.exec(written ?? '') ?? [];
  return Number(digits) * { '': 1, m: 1e-3, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }[unit]!;
}
