import { setTimeout as sleep } from 'node:timers/promises';
import { MixedRequests } from '../load-test/mixed-requests.js';

const CALLERS = 12;
const PAUSE_MS = 120;
const SEED = 1;
const BEGINNINGS = ['What a day', 'It could have been worse', 'Nobody told me'];

/** Callers that ask for a bit of everything, over and over; what they are answered is not looked at. */
export class MixedCallers {
  private readonly requests = new MixedRequests(SEED, BEGINNINGS);
  private readonly running: Promise<unknown>;
  private isStopping = false;
  private asked = 0;

  /** They begin at once. */
  constructor(private readonly ports: readonly number[]) {
    this.running = Promise.all(Array.from({ length: CALLERS }, () => this.keepAsking()));
  }

  /** Resolves when the last of them has been answered. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.running;
  }

  private async keepAsking(): Promise<void> {
    while (!this.isStopping) {
      await this.ask(this.asked++);
      await sleep(PAUSE_MS * (0.5 + Math.random()));
    }
  }

  /** Mostly what sensible callers ask, and now and then what others do. */
  private async ask(k: number): Promise<void> {
    const text = `What happened on day ${k} was wonderful, or was it?`;
    const fresh = JSON.stringify({ text });
    switch (k % 16) {
      case 0:
        return this.post('/infer', fresh, { 'x-tenant-id': 'trial' });
      case 1:
        return this.post('/infer', fresh, { 'x-request-timeout-ms': k % 64 === 1 ? '1' : '500' });
      case 2:
        return this.post('/infer', '{"text": ""}');
      case 3:
        return this.post('/infer', JSON.stringify({ text, model: 'intent' }));
      case 4:
        return this.post('/infer', fresh, { 'idempotency-key': 'the same for all' });
      default: {
        const { path, body, headers } = this.requests.next();
        return this.post(path, body, headers);
      }
    }
  }

  private async post(path: string, body: string, headers: Record<string, string> = {}): Promise<void> {
    const port = this.ports[Math.floor(Math.random() * this.ports.length)];
    const request = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, request).catch(() => undefined); // a refused connection is an answer, too, in an overload
    await answer?.arrayBuffer().catch(() => undefined); // or one that breaks
  }
}
