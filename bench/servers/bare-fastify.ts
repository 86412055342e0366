// The reference that every ratio is taken to: Fastify with a schema for body and answer, and a fixed answer.
import fastify from 'fastify';
import type { AddressInfo } from 'node:net';
import { inferSchema } from './infer-schema.js';
import { FIXED_ANSWER, reportPort } from './listen.js';

async function main(): Promise<void> {
  const app = fastify({ logger: false });
  app.post('/infer', { schema: inferSchema }, async () => FIXED_ANSWER);
  await app.listen({ port: 0, host: '127.0.0.1' });
  reportPort((app.server.address() as AddressInfo).port);
}

void main();
