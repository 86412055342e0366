import type { FastifyInstance } from 'fastify';
import { accessOf } from '../auth/access.js';

/** Makes every request to a model leak so many bytes, for the drill that shows what running out of memory looks like. */
export function leakMemory(server: FastifyInstance, bytesPerRequest: number): void {
  const leaked: Buffer[] = [];
  server.addHook('preHandler', (request, _reply, done) => {
    if (accessOf(request.routeOptions.url ?? '') === 'infer') {
      // Written to, or the kernel would give no memory for it.
      leaked.push(Buffer.alloc(bytesPerRequest, 1));
    }
    done();
  });
}
