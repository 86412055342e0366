import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';

const END_TIMEOUT_MS = 1000;

/** Ends a connection; one whose server was killed or frozen meanwhile may never say that it ended, and neither a caller nor the process waits for it. */
export async function letGo(client: Client): Promise<void> {
  const ended = client.end().catch(() => undefined); // it is broken, which is an end, too
  await Promise.race([ended, sleep(END_TIMEOUT_MS, undefined, { ref: false })]);
  (client as Client & { unref(): void }).unref(); // which the types do not know
}
