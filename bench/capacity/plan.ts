import type { Figures } from './figures.js';

/** What is asked of a deployment. */
export interface Demand {
  /** Requests a second at the busiest hour, each with one text. */
  requestsPerSecond: number;
  /** Mean over the month, as a share of that. */
  meanShare: number;
  /** Share of the requests whose answer is in the cache. */
  hitShare: number;
  /** How busy anything is to be at the busiest hour. */
  utilisation: number;
  /** Cores of a server's pod or machine; more than two are of use to slow models alone. */
  coresPerReplica: number;
  /** Time that an answer is cached. */
  cacheTtlSeconds: number;
  retentionDays: number;
  /** What one Postgres takes in at most: the rate that docs/performance.md promises. */
  rowsPerSecondPerDatabase: number;
  /** What one Postgres is to keep at most, which is what can be backed up and restored in reasonable time. */
  terabytesPerDatabase: number;
}

/** What is assumed unless a reader says otherwise. */
export const DEFAULT_DEMAND: Omit<Demand, 'requestsPerSecond'> = {
  meanShare: 0.4,
  hitShare: 0.3,
  utilisation: 0.6,
  coresPerReplica: 2,
  cacheTtlSeconds: 3600,
  retentionDays: 30,
  rowsPerSecondPerDatabase: 25_000,
  terabytesPerDatabase: 4,
};

/** What such a deployment needs. */
export interface Plan {
  replicas: number;
  apiCores: number;
  apiMemoryGb: number;
  auditWorkers: number;
  auditWorkerCores: number;
  databases: number;
  postgresCores: number;
  rowsPerDay: number;
  diskGbPerDay: number;
  /** With the month that is dropped last. */
  diskTbKept: number;
  partitionGb: number;
  partitionIndexGb: number;
  requestIdIndexGb: number;
  walMbPerSecond: number;
  cacheRedisGb: number;
  cacheRedisCores: number;
  queueRedisMb: number;
  spoolHours: number;
  networkInMbit: number;
  networkOutMbit: number;
}

const GB = 1e9;
const HOUR_SECONDS = 3600;
const DAY_SECONDS = 86_400;
const MONTH_DAYS = 31;
/** One may be restarted or lost; two of three replicas are not left alone with everything. */
const LEAST_REPLICAS = 3;
const WORKERS_PER_DATABASE = 2;
/** Jobs of a spool that may be under way, and records of a job. */
const QUEUED_RECORDS_PER_REPLICA = 64 * 1000;
const SPOOL_BYTES = 2 ** 30;

/** Works out what a deployment needs. */
export function planOf(demand: Demand, figures: Figures): Plan {
  const { requestsPerSecond: peak, hitShare, utilisation, coresPerReplica } = demand;
  const { hit, miss, row, bytes } = figures;
  const mixed = (pick: (cost: Figures['hit']) => number) => hitShare * pick(hit) + (1 - hitShare) * pick(miss);
  const cores = (us: number) => (peak * us) / 1e6 / utilisation;
  const apiCores = cores(mixed(({ apiUs }) => apiUs));
  const servingCores = cores(mixed(({ servingUs }) => servingUs)); // a server has one for it, however large it is
  const replicas = Math.max(LEAST_REPLICAS, Math.ceil(Math.max(apiCores / coresPerReplica, servingCores)) + 1);
  const table = tableOf(demand, bytes);
  const byRate = peak / (demand.rowsPerSecondPerDatabase * utilisation);
  const databases = Math.ceil(Math.max(byRate, table.diskTbKept / demand.terabytesPerDatabase));
  return {
    replicas,
    apiCores,
    apiMemoryGb: (replicas * bytes.apiMemory) / GB,
    auditWorkers: databases * WORKERS_PER_DATABASE,
    auditWorkerCores: cores(row.workerUs),
    databases,
    postgresCores: cores(row.postgresUs),
    walMbPerSecond: (peak * bytes.wal) / 1e6,
    cacheRedisGb: ((1 - hitShare) * requestsInTtl(demand) * bytes.cachedAnswer) / GB,
    cacheRedisCores: cores(mixed(({ cacheUs }) => cacheUs)),
    queueRedisMb: (replicas * QUEUED_RECORDS_PER_REPLICA * bytes.queue) / 1e6,
    spoolHours: (SPOOL_BYTES * replicas) / (peak * bytes.spool) / HOUR_SECONDS,
    networkInMbit: (peak * bytes.request * 8) / 1e6,
    networkOutMbit: (peak * bytes.answer * 8) / 1e6,
    ...table,
  };
}

/** At the end of the busiest hour; what is older came at the mean rate. */
function requestsInTtl({ requestsPerSecond, meanShare, cacheTtlSeconds }: Demand): number {
  const busySeconds = Math.min(cacheTtlSeconds, HOUR_SECONDS);
  return requestsPerSecond * (busySeconds + meanShare * (cacheTtlSeconds - busySeconds));
}

function tableOf({ requestsPerSecond, meanShare, retentionDays }: Demand, bytes: Figures['bytes']) {
  const rowsPerDay = requestsPerSecond * meanShare * DAY_SECONDS;
  const bytesPerDay = rowsPerDay * (bytes.row + bytes.indexes);
  const rowsPerMonth = rowsPerDay * MONTH_DAYS;
  return {
    rowsPerDay,
    diskGbPerDay: bytesPerDay / GB,
    diskTbKept: (bytesPerDay * (retentionDays + MONTH_DAYS)) / 1e12,
    partitionGb: (rowsPerMonth * bytes.row) / GB,
    partitionIndexGb: (rowsPerMonth * bytes.indexes) / GB,
    requestIdIndexGb: (rowsPerMonth * bytes.requestIdIndex) / GB,
  };
}
