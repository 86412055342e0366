import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  AccessLog,
  HttpMetrics,
  NestLog,
  registerServiceLevelMetrics,
  ServiceLevels,
  type Drain,
  type ProcessLog,
  type Tracing,
} from '@app/ops';
import { register } from 'prom-client';
import { AppModule } from './app.module.js';
import type { Config } from './config.js';
import { leakMemory } from './debug/leak-memory.js';
import { Gates } from './gates/gates.js';
import { ProblemFilter } from './http/problem.filter.js';
import { RequestWatch } from './http/request-watch.js';
import { HttpServer } from './http/server.js';

/** What the server is given by its process: to whom it tells of its requests, and whether it is on its way out. */
export interface ProcessParts {
  log: ProcessLog;
  tracing: Tracing | undefined;
  drain: Drain;
}

/** Builds the application; it does not listen yet. */
export async function createApp(
  config: Config,
  { log, tracing, drain }: ProcessParts,
  started: DynamicModule[],
): Promise<NestFastifyApplication> {
  const server = new HttpServer({
    bodyTimeoutMs: config.bodyTimeoutMs,
    // A request may be worked on in silence for so long.
    silenceTimeoutMs: config.requestTimeoutMs + config.bodyTimeoutMs,
    ...config.access,
  });
  if (config.memoryGrowthBytes > 0) {
    log.warning('Every request to a model leaks memory (DEBUG_MEMORY_GROWTH)', { bytes: config.memoryGrowthBytes });
    leakMemory(server.getInstance(), config.memoryGrowthBytes);
  }
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRoot(config, drain, started), server, {
    logger: new NestLog(log),
    bodyParser: false,
    abortOnError: false,
  });
  const filter = new ProblemFilter(log, server.routes);
  app.useGlobalFilters(filter);
  const serviceLevels = new ServiceLevels(config.objectives);
  registerServiceLevelMetrics(register, serviceLevels);
  const watch = new RequestWatch(new AccessLog(log.unlimited, config.accessLog), tracing);
  server.attach({ metrics: app.get(HttpMetrics), filter, gates: app.get(Gates), serviceLevels, watch });
  return app;
}
