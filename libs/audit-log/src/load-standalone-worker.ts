import type { StandaloneWorker } from './standalone-worker.js';

/** The worker as a process of its own. What is behind it is loaded only now, so that those who do without start fast. */
export async function loadStandaloneWorker(): Promise<typeof StandaloneWorker> {
  return (await import('./standalone-worker.js')).StandaloneWorker;
}
