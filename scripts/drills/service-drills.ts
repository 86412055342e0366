import type { Drill, Harm } from './drill.js';
import type { Stack } from './stack.js';

/** Holds the table as a long report or a migration of somebody else's does. */
const HOLD_TABLE = `DO $$ BEGIN LOCK TABLE inference_logs IN EXCLUSIVE MODE; PERFORM pg_sleep(2); END $$`;

/** What happens to the services that Falcon uses. */
export const SERVICE_DRILLS: readonly Drill[] = [
  {
    name: 'redis-down',
    fault: 'the Redis of cache, rate limits and idempotency keys is killed',
    section: 'redis',
    alert: 'CircuitBreakerOpen',
    labels: { dependency: 'redis' },
    inject: (stack) => stack.control('kill', 'redis-cache'),
  },
  {
    name: 'postgres-down',
    fault: 'Postgres is killed',
    section: 'postgres',
    alert: 'CircuitBreakerOpen',
    labels: { dependency: 'postgres' },
    inject: (stack) => stack.control('kill', 'postgres'),
  },
  {
    name: 'postgres-slow',
    fault: 'somebody locks the table for two seconds, again and again',
    section: 'postgres',
    alert: 'DatabaseOperationSlow',
    inject: (stack) => Promise.resolve(holdTable(stack)),
  },
];

function holdTable(stack: Stack): Harm {
  const over = new AbortController();
  const hold = async () => {
    // The session is ended by whoever does what the runbook says.
    while (!over.signal.aborted) await stack.sql(HOLD_TABLE).catch(() => over.abort());
  };
  const held = hold();
  return {
    stop: () => {
      over.abort();
      return held;
    },
  };
}
