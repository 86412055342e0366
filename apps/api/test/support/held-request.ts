import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Running } from './running.js';

const TIMEOUT_MS = 20_000;

/** Sends a request to a model over a connection of its own, and resolves when the server has it in hand. */
export async function holdRequest(running: Running, text: string, headers = ''): Promise<Socket> {
  const inHand = await requestsInHand(running);
  const socket = await running.client.socket();
  const body = JSON.stringify({ text });
  socket.write(
    `POST /infer HTTP/1.1\r\nHost: a\r\n${headers}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await untilInHand(running, inHand + 1);
  return socket;
}

/** Waits until the server has so many requests to a model in hand. */
export async function untilInHand(running: Running, requests: number): Promise<void> {
  const giveUpMs = performance.now() + TIMEOUT_MS;
  for (let found = NaN; found !== requests; await sleep(10)) {
    found = await requestsInHand(running);
    if (found !== requests && performance.now() > giveUpMs) {
      throw new Error(`${found} requests are in hand instead of ${requests}.`);
    }
  }
}

async function requestsInHand({ client }: Running): Promise<number> {
  const { text } = await client.get('/metrics');
  return Number(/^http_requests_in_progress\{[^}]*path="\/infer\|public"[^}]*\} (\d+)$/m.exec(text)?.[1] ?? 0);
}
