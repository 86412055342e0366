import { availableParallelism } from 'node:os';
import { isIP } from 'node:net';
import { z } from 'zod';
import { INFERENCE_BACKENDS, MAX_MODEL_NAME_CHARACTERS, MODEL_NAME } from '@app/inference';
import {
  adminKeyVariables,
  auditWorkerVariables,
  flag,
  host,
  identityVariables,
  list,
  namedUrls,
  oneOf,
  percent,
  seconds,
  serviceUrl,
  serviceVariables,
  share,
  text,
  TRACE_SAMPLERS,
  whole,
} from '@app/ops';
import { OWN_CHECKS } from './health/check-names.js';
import { rateRules } from './rate-rules.js';

const DEFAULT_WORKERS = Math.max(1, availableParallelism() - 1);

const MODEL_NAME_IN_WORDS = `the name of a model of 1 to ${MAX_MODEL_NAME_CHARACTERS} letters, digits, dots, dashes or underscores, the first a letter or digit`;

/** Words that scripts of other services already use for yes. */
const TRUTHY = ['1', 'true', 'yes', 'on'] as const;

/** Every variable the server reads, what it must look like and what it is when it is not set. */
export const environmentSchema = z.object({
  ...identityVariables,
  ACCESS_LOG_SAMPLE_RATE: share().default(0.01),
  ACCESS_LOG_SLOW_MS: whole(0, 3_600_000).default(1000),
  OTEL_EXPORTER_OTLP_ENDPOINT: serviceUrl('http', 'https').optional(),
  OTEL_TRACES_SAMPLER: oneOf(TRACE_SAMPLERS).default('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: share().default(1),
  HOST: host().default('127.0.0.1'),
  PORT: whole(0, 65_535).default(8000),
  LISTEN_WHEN_READY: flag().default(false),
  MODEL_DIR: text().default('./models'),
  DEFAULT_MODEL: z.string().regex(MODEL_NAME, MODEL_NAME_IN_WORDS).default('sentiment'),
  INFERENCE_BACKEND: oneOf(INFERENCE_BACKENDS).default('auto'),
  INFERENCE_WORKERS: whole(1, 64).default(DEFAULT_WORKERS),
  BATCH_SIZE: whole(1, 1024).default(32),
  BATCH_TIMEOUT_MS: whole(0, 10_000).default(0),
  INFERENCE_MAX_QUEUED: whole(1, 1_000_000).default(1024),
  INFERENCE_TIMEOUT_SECONDS: seconds(0.1, 3600).default(10),
  REQUEST_TIMEOUT_SECONDS: seconds(0.1, 3600).default(30),
  BODY_TIMEOUT_SECONDS: seconds(1, 3600).default(15),
  STARTUP_TIMEOUT_SECONDS: seconds(1, 3600).default(60),
  READY_SATURATION_SECONDS: whole(0, 3600).default(30),
  HEALTH_CHECK_URLS: namedUrls(OWN_CHECKS).optional(),
  GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: seconds(0, 3600).default(30),
  DRAIN_DELAY_SECONDS: seconds(0, 600).default(5),
  AUTH_MODE: oneOf(['off', 'api-key']).default('off'),
  API_KEYS_FILE: text().optional(),
  ...adminKeyVariables,
  METRICS_AUTH: flag().default(false),
  TRUST_PROXY: list('addresses or networks such as 10.0.0.0/8, separated by commas', isNetwork).default([]),
  CORS_ORIGINS: list('origins such as https://app.example.com, separated by commas', isOrigin).default([]),
  RATE_LIMIT_ENABLED: flag().default(true),
  RATE_LIMIT_PER_MINUTE: whole(1, 100_000_000).default(1000),
  RATE_LIMIT_BURST: whole(1, 1_000_000).default(100),
  RATE_LIMIT_OVERRIDES: rateRules().default({}),
  LOAD_SHEDDING: oneOf(['adaptive', 'static', 'off']).default('adaptive'),
  LOAD_SHEDDING_MIN_LIMIT: whole(1, 100_000).default(64),
  LOAD_SHEDDING_MAX_LIMIT: whole(1, 100_000).default(1000),
  LOAD_SHEDDING_STATUS: oneOf(['503', '429']).default('503'),
  MAX_INFLIGHT: whole(1, 100_000).default(50),
  BULKHEAD_MODEL_MAX_CONCURRENT: whole(1, 1_000_000).default(2048),
  BULKHEAD_MODEL_MAX_WAITING: whole(0, 1_000_000).default(0),
  BULKHEAD_MODEL_MAX_WAIT_MS: whole(1, 60_000).default(100),
  BULKHEAD_REDIS_MAX_CONCURRENT: whole(1, 1_000_000).default(1000),
  RETRY_ENABLED: flag().default(true),
  RETRY_MAX_ATTEMPTS: whole(1, 10).default(3),
  RETRY_BASE_DELAY_MS: whole(1, 60_000).default(100),
  RETRY_MAX_DELAY_MS: whole(1, 60_000).default(5000),
  RETRY_EXPONENTIAL_BASE: whole(1, 10).default(2),
  CIRCUIT_BREAKER_ENABLED: flag().default(true),
  CIRCUIT_BREAKER_FAILURE_THRESHOLD: whole(1, 1000).default(5),
  CIRCUIT_BREAKER_TIMEOUT_SECONDS: seconds(0.1, 3600).default(60),
  CIRCUIT_BREAKER_HALF_OPEN_ATTEMPTS: whole(1, 100).default(3),
  CIRCUIT_BREAKER_SLOW_CALL_SECONDS: seconds(0.001, 3600).default(5),
  MAINTENANCE_MODE: oneOf([...TRUTHY, '0', 'false', 'no', 'off'])
    .transform((word) => TRUTHY.some((yes) => yes === word))
    .default(false),
  CIRCUIT_OPEN: oneOf(['0', '1']).default('0'),
  CACHE_ENABLED: flag().default(true),
  CACHE_TTL_SECONDS: seconds(0.1, 2_592_000).default(3600),
  CACHE_STALE_SECONDS: seconds(0, 2_592_000).default(86_400),
  CACHE_ONCE_PER_CLUSTER: flag().default(false),
  CACHE_MEMORY_BYTES: whole(1 << 20, 2 ** 36).default(64 * 1024 * 1024),
  CACHE_REDIS_TIMEOUT_MS: whole(1, 60_000).default(50),
  IDEMPOTENCY_ENABLED: flag().default(true),
  IDEMPOTENCY_TTL_SECONDS: seconds(1, 2_592_000).default(86_400),
  IDEMPOTENCY_LEASE_SECONDS: seconds(1, 3600).default(10),
  ...serviceVariables,
  AUDIT_DURABILITY: oneOf(['process', 'disk', 'off']).default('process'),
  AUDIT_STORE_TEXT: flag().default(false),
  AUDIT_SPOOL_MAX_BYTES: whole(1 << 20, 2 ** 40).default(2 ** 30),
  AUDIT_WHEN_FULL: oneOf(['drop', 'refuse']).default('drop'),
  AUDIT_APPEND_TIMEOUT_MS: whole(10, 60_000).default(1000),
  AUDIT_WORKER: oneOf(['auto', 'in-process', 'separate']).default('auto'),
  ...auditWorkerVariables,
  SLO_AVAILABILITY_PERCENT: percent(50, 99.999).default(99.9),
  SLO_LATENCY_PERCENT: percent(50, 99.999).default(95),
  SLO_LATENCY_SECONDS: seconds(0.001, 3600).default(0.5),
  DEBUG_MEMORY_GROWTH: flag().default(false),
  DEBUG_MEMORY_GROWTH_MB_PER_REQUEST: whole(0, 1024).default(0),
});

/** The variables as the schema gives them: numbers and flags, with defaults. */
export type Environment = z.output<typeof environmentSchema>;

function isNetwork(value: string): boolean {
  const [, address = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(value) ?? [];
  const most = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
  return most > 0 && (bits === undefined || (Number(bits) >= 1 && Number(bits) <= most));
}

function isOrigin(value: string): boolean {
  return /^https?:/.test(value) && URL.parse(value)?.origin === value;
}
