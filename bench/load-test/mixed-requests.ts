import { randomUUID } from 'node:crypto';
import { seededRandom } from '../../scripts/test-support/seeded-random.js';

/** One request of a user. */
export interface MixedRequest {
  requestId: string;
  path: '/infer' | '/infer/batch';
  headers: Record<string, string>;
  body: string;
  /** How many rows its answer has in the audit log. */
  texts: number;
}

const POPULAR_TEXTS = 200;
const BATCH_TEXTS = 8;
/** Of a hundred requests; the rest asks about a text that nobody has asked about. */
const PERCENT = { popular: 45, batch: 5, sameKey: 3 };

/** What one user asks: mostly something new, often what many ask, sometimes many texts at once, and now and then the same again with its key. */
export class MixedRequests {
  private readonly random: () => number;
  private readonly run = randomUUID();
  private made = 0;
  private again: (() => MixedRequest) | undefined;

  constructor(
    seed: number,
    private readonly beginnings: readonly string[],
  ) {
    this.random = seededRandom(seed);
  }

  next(): MixedRequest {
    if (this.again) {
      const repeated = this.again();
      this.again = undefined;
      return repeated;
    }
    const kind = this.random() * 100;
    const { popular, batch, sameKey } = PERCENT;
    if (kind < popular) return this.single(this.popularText());
    if (kind < popular + batch) return this.batch();
    if (kind < popular + batch + sameKey) return this.withKey();
    return this.single(this.newText());
  }

  private single(text: string): MixedRequest {
    return this.request('/infer', JSON.stringify({ text }));
  }

  private batch(): MixedRequest {
    const texts = Array.from({ length: BATCH_TEXTS }, () => this.newText());
    return this.request('/infer/batch', JSON.stringify({ texts }), { texts: BATCH_TEXTS });
  }

  /** Sent again by the next call, as by a client that has not got its answer. */
  private withKey(): MixedRequest {
    const [key, body] = [randomUUID(), JSON.stringify({ text: this.newText() })];
    this.again = () => this.request('/infer', body, { headers: { 'idempotency-key': key } });
    return this.again();
  }

  private request(path: MixedRequest['path'], body: string, more: Partial<MixedRequest> = {}): MixedRequest {
    const requestId = randomUUID();
    const headers = { 'content-type': 'application/json', 'x-request-id': requestId, ...more.headers };
    return { requestId, path, body, texts: more.texts ?? 1, headers };
  }

  private popularText(): string {
    const number = Math.floor(this.random() * POPULAR_TEXTS);
    return `${this.beginnings[number % this.beginnings.length]} often asked ${number}`;
  }

  private newText(): string {
    this.made += 1;
    return `${this.beginnings[this.made % this.beginnings.length]} ${this.run} ${this.made}`;
  }
}
