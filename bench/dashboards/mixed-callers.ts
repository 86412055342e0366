import { setTimeout as sleep } from 'node:timers/promises';

const CALLERS = 12;
const PAUSE_MS = 120;
/** How many texts are asked again and again. */
const KNOWN_TEXTS = 40;

/** Callers that ask for a bit of everything, over and over; what they are answered is not looked at. */
export class MixedCallers {
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

  private async ask(k: number): Promise<void> {
    const fresh = { text: `What happened on day ${k} was wonderful, or was it?` };
    switch (k % 16) {
      case 0:
        return this.post('/infer/batch', { texts: Array.from({ length: 16 }, (_, n) => `${fresh.text} ${n}`) }, k);
      case 1:
      case 2: // the same key twice
        return this.post('/infer', { text: 'paid once' }, k, { 'idempotency-key': `order-${Math.floor(k / 16)}` });
      case 3:
        return this.post('/infer', fresh, k, { 'x-tenant-id': 'trial' });
      case 4:
        return this.post('/infer', fresh, k, { 'x-request-timeout-ms': k % 64 === 4 ? '1' : '500' });
      case 5:
        return this.post('/infer', { text: '' }, k);
      case 6:
        return this.post('/infer', { ...fresh, model: 'intent' }, k);
      case 7:
      case 8:
      case 9:
      case 10:
        return this.post('/infer', fresh, k);
      default:
        return this.post('/infer', { text: `Asked often: ${k % KNOWN_TEXTS}` }, k);
    }
  }

  private async post(path: string, body: unknown, k: number, headers: Record<string, string> = {}): Promise<void> {
    const url = `http://127.0.0.1:${this.ports[k % this.ports.length]}${path}`;
    const request = {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    };
    const answer = await fetch(url, request).catch(() => undefined); // a refused connection is an answer, too, in an overload
    await answer?.arrayBuffer().catch(() => undefined); // or one that breaks
  }
}
