/** No member but these, and all of them unless marked with a question mark. */
function object(members: Record<string, object>) {
  const names = Object.keys(members);
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name.replace('?', ''), members[name]])),
    required: names.filter((name) => !name.endsWith('?')),
    additionalProperties: false,
  };
}

const text = { type: 'string', minLength: 1 };
const count = { type: 'integer', minimum: 0 };
const duration = { type: 'string', pattern: '^([0-9]+(ms|[smhd]))+$' };
const texts = { type: 'object', additionalProperties: text };
const list = (items: object) => ({ type: 'array', minItems: 1, items });
const custom = (spec: object) =>
  object({
    apiVersion: text,
    kind: text,
    metadata: object({ name: text, namespace: text, 'labels?': texts }),
    spec,
  });

const endpoint = object({
  port: text,
  path: { const: '/metrics' },
  interval: duration,
  scrapeTimeout: duration,
  'honorLabels?': { type: 'boolean' },
  'relabelings?': list(object({ targetLabel: text, 'replacement?': text, 'sourceLabels?': list(text) })),
});
const recording = object({ record: text, expr: { type: ['string', 'number'] }, 'labels?': texts });
const alert = object({
  alert: text,
  expr: { type: ['string', 'number'] },
  'for?': duration,
  'keep_firing_for?': duration,
  'labels?': texts,
  'annotations?': texts,
});

/**
 * What we use of the resources that operators bring, from their CustomResourceDefinitions:
 * monitoring.coreos.com of Prometheus Operator 0.80, keda.sh of KEDA 2.16.
 */
export const CUSTOM_RESOURCES: Record<string, object> = {
  'monitoring.coreos.com/v1 ServiceMonitor': custom(
    object({ selector: object({ matchLabels: texts }), endpoints: list(endpoint) }),
  ),
  'monitoring.coreos.com/v1 PrometheusRule': custom(
    object({
      groups: list(object({ name: text, 'interval?': duration, rules: list({ anyOf: [recording, alert] }) })),
    }),
  ),
  'keda.sh/v1alpha1 ScaledObject': custom(
    object({
      scaleTargetRef: object({ name: text }),
      minReplicaCount: count,
      maxReplicaCount: count,
      pollingInterval: count,
      cooldownPeriod: count,
      fallback: object({ failureThreshold: count, replicas: count }),
      triggers: list(
        object({
          type: { const: 'prometheus' },
          // KEDA takes text only: an unquoted number or boolean is refused by the cluster.
          metadata: object({ serverAddress: text, query: text, threshold: text, ignoreNullValues: text }),
        }),
      ),
    }),
  ),
};
