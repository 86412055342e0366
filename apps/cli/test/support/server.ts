import { Program } from '../../../../scripts/test-support/program.js';

/** A server for commands that talk to one. */
export interface Server {
  url: string;
  stop(): Promise<unknown>;
}

/** Starts the built server on a free port and waits until it logs this; unless it is ready, its port has to be given. */
export async function startServer(env: NodeJS.ProcessEnv, awaited = 'Falcon is ready'): Promise<Server> {
  const program = new Program('apps/api/src/main.js', {
    PORT: '0',
    INFERENCE_WORKERS: '1',
    AUDIT_DURABILITY: 'off',
    DRAIN_DELAY_SECONDS: '0',
    ...env,
  });
  const { url } = await program.waitForLog(awaited);
  return { url: (url as string | undefined) ?? `http://127.0.0.1:${env['PORT']}`, stop: () => program.stop() };
}
