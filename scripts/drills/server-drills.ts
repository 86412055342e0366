import type { Drill } from './drill.js';
import { DrillLoad } from './drill-load.js';
import { refusedVersion } from './refused-version.js';

const FLOOD_TENANT = 'flood';
const FLOOD_CONNECTIONS = 600;
/** A sick server may fail what it is asked, but not for ever: what is asserted is that it is mended. */
const ANY = Number.POSITIVE_INFINITY;
/** The alerts of the server that the harm is done to. */
const OF_WORKER = { worker_id: 'worker-2' };
/** As many as may be in the hands of a server that is killed, and those that come before the load balancer notices. */
const IN_FLIGHT = 10;

/** What happens to a server. */
export const SERVER_DRILLS: readonly Drill[] = [
  {
    name: 'worker-down',
    fault: 'worker-2 is killed',
    section: 'no-answer',
    alert: 'WorkerDown',
    labels: OF_WORKER,
    mayFail: IN_FLIGHT,
    inject: (stack) => stack.control('kill', 'worker-2'),
  },
  {
    name: 'worker-hung',
    fault: 'worker-2 is frozen: it keeps its connections and answers nothing',
    section: 'no-answer',
    alert: 'WorkerDown',
    labels: OF_WORKER,
    mayFail: IN_FLIGHT,
    inject: (stack) => stack.control('pause', 'worker-2'),
  },
  {
    name: 'drain-stuck',
    fault: 'worker-2 gets SIGTERM while the Redis of the queue is frozen, so that its drain waits',
    section: 'stopping',
    alert: 'DrainStuck',
    labels: OF_WORKER,
    async inject(stack) {
      await stack.control('pause', 'redis-queue');
      const stopped = stack.control('stop', 'worker-2');
      return {
        stop: async () => {
          await stack.control('unpause', 'redis-queue');
          await stopped;
        },
      };
    },
  },
  {
    name: 'maintenance-left-on',
    fault: 'maintenance mode is switched on for all servers and forgotten',
    section: 'maintenance',
    alert: 'MaintenanceLeftOn',
    mayFail: ANY,
    inject: (stack) => stack.must('falcon maintenance on --url "$URL" --reason drill'),
  },
  {
    name: 'model-circuit-open',
    fault: 'the circuit breaker of the model is open on all servers',
    section: 'model',
    alert: 'ModelCircuitOpen',
    env: { BREAKER: 'model:sentiment' },
    mayFail: ANY,
    inject: (stack) =>
      stack.must(`for worker in $WORKERS; do
        admin -X POST "$(url "$worker")/admin/breakers/model:sentiment/force-open"
      done`),
  },
  {
    name: 'model-refused',
    fault: 'a new version of the model arrives without its weights, and worker-2 is restarted',
    section: 'model',
    alert: 'ModelRefused',
    labels: OF_WORKER,
    env: { REFUSED_VERSION: 'sentiment/2' },
    needsProcesses: true,
    async inject(stack) {
      await stack.must(refusedVersion('sentiment/1', 'sentiment/2'));
      await stack.control('restart', 'worker-2');
    },
  },
  {
    name: 'overload',
    fault: `a tenant asks with ${FLOOD_CONNECTIONS} connections as fast as it can`,
    section: 'overload',
    alert: 'LoadShedding',
    env: { TENANT: FLOOD_TENANT },
    mayFail: ANY,
    needsProcesses: true,
    async inject(stack) {
      const apiKey = await stack.newKey(FLOOD_TENANT);
      return new DrillLoad({ ...stack.load, apiKey, connections: FLOOD_CONNECTIONS, pauseMs: 0, priority: 'low' });
    },
  },
  {
    name: 'cpu-spike',
    fault: 'worker-2 gets a tenth of a CPU, in bursts',
    section: 'overload',
    alert: 'EventLoopLag',
    labels: OF_WORKER,
    needsProcesses: true,
    mayFail: ANY,
    inject: (stack) => stack.throttle('worker-2', 0.1),
  },
  {
    name: 'latency',
    fault: 'worker-2 is started with a setting that makes texts wait for company (BATCH_TIMEOUT_MS=1500)',
    section: 'latency',
    alert: 'HighP95Latency',
    labels: OF_WORKER,
    inject: (stack) => stack.control('restart', 'worker-2', { BATCH_TIMEOUT_MS: '1500' }),
  },
  {
    name: 'error-rate',
    fault:
      'worker-2 is started with a time limit that no answer keeps (REQUEST_TIMEOUT_SECONDS=0.1, BATCH_TIMEOUT_MS=99)',
    section: 'errors',
    alert: 'HighErrorRate',
    labels: OF_WORKER,
    mayFail: ANY,
    inject: (stack) => stack.control('restart', 'worker-2', { REQUEST_TIMEOUT_SECONDS: '0.1', BATCH_TIMEOUT_MS: '99' }),
  },
  {
    name: 'memory-growth',
    fault: 'worker-2 leaks 4 MiB with each request (DEBUG_MEMORY_GROWTH)',
    section: 'memory',
    alert: 'HighMemoryUsage',
    labels: OF_WORKER,
    mayFail: IN_FLIGHT, // a process that takes so much is slow, and sheds
    inject: (stack) =>
      stack.control('restart', 'worker-2', {
        ENVIRONMENT: 'drill', // in production it is refused
        DEBUG_MEMORY_GROWTH: 'true',
        DEBUG_MEMORY_GROWTH_MB_PER_REQUEST: '4',
      }),
  },
];
