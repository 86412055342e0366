import type { Socket } from 'node:net';
import { until } from '../../../../scripts/test-support/until.js';
import type { Running } from './running.js';

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
  let found = NaN;
  const isSo = async () => {
    found = await requestsInHand(running);
    return found === requests;
  };
  await until(isSo, { complaint: () => `${found} requests are in hand instead of ${requests}.` });
}

async function requestsInHand({ client }: Running): Promise<number> {
  const { text } = await client.get('/metrics');
  return Number(/^http_requests_in_progress\{[^}]*path="\/infer\|public"[^}]*\} (\d+)$/m.exec(text)?.[1] ?? 0);
}
