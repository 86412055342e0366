import { number, table } from '../markdown.js';
import type { Figures } from './figures.js';
import type { Demand, Plan } from './plan.js';

/** The measured figures as Markdown. */
export function renderFigures({ hit, miss, row, bytes }: Figures): string {
  const rows: [string, string, number, string][] = [
    ['`c_hit`', 'CPU time of the server for a cache hit', hit.apiUs, 'us'],
    ['`c_miss`', 'CPU time of the server for a new text, record and shipping included', miss.apiUs, 'us'],
    ['`s_hit`', 'of `c_hit`, CPU time of the serving thread', hit.servingUs, 'us'],
    ['`s_miss`', 'of `c_miss`, CPU time of the serving thread', miss.servingUs, 'us'],
    ['`r_hit`', 'CPU time of the cache’s Redis for a hit', hit.cacheUs, 'us'],
    ['`r_miss`', 'CPU time of the cache’s Redis for a new text', miss.cacheUs, 'us'],
    ['`c_worker`', 'CPU time of the audit worker for a row', row.workerUs, 'us'],
    ['`c_postgres`', 'CPU time of Postgres for a row', row.postgresUs, 'us'],
    ['`c_queue`', 'CPU time of the queue’s Redis for a row', row.queueUs, 'us'],
    ['`b_row`', 'a row in Postgres without indexes', bytes.row, 'bytes'],
    ['`b_indexes`', 'its five indexes', bytes.indexes, 'bytes'],
    ['`b_ids`', 'of these, the index on `request_id`', bytes.requestIdIndex, 'bytes'],
    ['`b_wal`', 'write-ahead log for a row', bytes.wal, 'bytes'],
    ['`b_spool`', 'a record on the spool', bytes.spool, 'bytes'],
    ['`b_queue`', 'a record in the queue’s Redis', bytes.queue, 'bytes'],
    ['`b_cached`', 'an answer in the cache’s Redis', bytes.cachedAnswer, 'bytes'],
    ['`b_key`', 'an idempotency key and its answer in the cache’s Redis', bytes.idempotencyKey, 'bytes'],
    ['`b_in`', 'a request with a text of 80 bytes, headers included', bytes.request, 'bytes'],
    ['`b_out`', 'its answer', bytes.answer, 'bytes'],
    ['`m_api`', 'memory of a server', bytes.apiMemory / 2 ** 20, 'MiB'],
    ['`m_worker`', 'memory of an audit worker', bytes.workerMemory / 2 ** 20, 'MiB'],
  ];
  return table(
    ['name', 'what', 'measured'],
    rows.map(([name, what, value, unit]) => [name, what, `${number(value)} ${unit}`]),
  );
}

/** What is said of a plan, line by line: a figure and its unit. */
const LINES: readonly [what: string, figure: (plan: Plan) => number, unit: string][] = [
  ['servers', (plan) => plan.replicas, ''],
  ['cores of all servers', (plan) => plan.apiCores, ''],
  ['memory of all servers', (plan) => plan.apiMemoryGb, ' GB'],
  ['audit workers', (plan) => plan.auditWorkers, ''],
  ['cores of all audit workers', (plan) => plan.auditWorkerCores, ''],
  ['Postgres databases', (plan) => plan.databases, ''],
  ['cores of Postgres', (plan) => plan.postgresCores, ''],
  ['rows a day', (plan) => plan.rowsPerDay / 1e6, ' million'],
  ['Postgres grows a day by', (plan) => plan.diskGbPerDay, ' GB'],
  ['kept at most', (plan) => plan.diskTbKept, ' TB'],
  ['a month: rows', (plan) => plan.partitionGb, ' GB'],
  ['a month: indexes', (plan) => plan.partitionIndexGb, ' GB'],
  ['of these, on `request_id`', (plan) => plan.requestIdIndexGb, ' GB'],
  ['write-ahead log', (plan) => plan.walMbPerSecond, ' MB/s'],
  ['cache Redis: answers that are good', (plan) => plan.cacheRedisGb, ' GB'],
  ['cache Redis: cores', (plan) => plan.cacheRedisCores, ''],
  ['queue Redis: memory while Postgres is away', (plan) => plan.queueRedisMb, ' MB'],
  ['spools of 1 GiB last', (plan) => plan.spoolHours, ' h'],
  ['network in', (plan) => plan.networkInMbit, ' Mbit/s'],
  ['network out', (plan) => plan.networkOutMbit, ' Mbit/s'],
];

/** Plans side by side, as Markdown. */
export function renderPlans(plans: readonly { demand: Demand; plan: Plan }[]): string {
  return table(
    [
      'requests a second at the busiest hour',
      ...plans.map(({ demand }) => demand.requestsPerSecond.toLocaleString('en')),
    ],
    LINES.map(([what, figure, unit]) => [what, ...plans.map(({ plan }) => `${number(figure(plan))}${unit}`)]),
  );
}
