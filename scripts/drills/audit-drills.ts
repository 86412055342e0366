import type { Drill, Harm } from './drill.js';
import type { Stack } from './stack.js';

const SMALLEST_SPOOL = { AUDIT_SPOOL_MAX_BYTES: String(2 ** 20), RATE_LIMIT_ENABLED: 'false' };
const BATCH_TEXTS = 200;
/** So many texts make a little more than half, and more than all, of the smallest spool. */
const TEXTS_TO_FILL_IT = { halfway: 1400, whole: 3000 };

/** What happens to the audit log. */
export const AUDIT_DRILLS: readonly Drill[] = [
  {
    name: 'audit-lag',
    fault: 'the Redis of the queue is killed',
    section: 'audit',
    alert: 'AuditLag',
    inject: (stack) => stack.control('kill', 'redis-queue'),
  },
  {
    name: 'audit-worker-down',
    fault: 'the audit worker is killed',
    section: 'audit',
    alert: 'AuditWorkerDown',
    inject: (stack) => stack.control('kill', 'audit-worker'),
  },
  {
    name: 'spool-filling',
    fault: 'the Redis of the queue is killed, and worker-2 has little room for what waits (AUDIT_SPOOL_MAX_BYTES)',
    section: 'audit',
    alert: 'AuditSpoolFilling',
    inject: (stack) => fillSpool(stack, TEXTS_TO_FILL_IT.halfway),
  },
  {
    name: 'dropped-logs',
    fault: 'the same, until worker-2 has no room left and answers leave without a record',
    section: 'audit',
    alert: 'DatabaseLogsDropped',
    mayLoseRecords: true,
    inject: (stack) => fillSpool(stack, TEXTS_TO_FILL_IT.whole),
  },
];

async function fillSpool(stack: Stack, texts: number): Promise<Harm> {
  const harm = { stop: () => stack.control('restart', 'worker-2') };
  try {
    await stack.control('restart', 'worker-2', SMALLEST_SPOOL);
    await stack.control('kill', 'redis-queue');
    await askMuch(stack, texts);
    return harm;
  } catch (error) {
    await harm.stop(); // the remedy knows nothing of the setting
    throw error;
  }
}

async function askMuch(stack: Stack, texts: number): Promise<void> {
  const batch = JSON.stringify({ texts: Array.from({ length: BATCH_TEXTS }, (_, k) => `Text ${k} of a full spool`) });
  await stack.must(
    `for batch in $(seq ${texts / BATCH_TEXTS}); do
       curl -fsS -o "$(mktemp -u)" "$URL/infer/batch" -H "X-API-Key: \${API_KEY:-}" -H 'Content-Type: application/json' -d "$BATCH"
     done`,
    { BATCH: batch },
  );
}
