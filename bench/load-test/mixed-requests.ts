import { randomUUID } from 'node:crypto';
import { seededRandom } from '../load/texts.js';

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
const PERCENT = { popular: 25, batch: 10, sameKey: 5 };

/** What one user asks: mostly something new, often what many ask, sometimes many texts at once, and now and then the same again with its key. */
export class MixedRequests {
  private readonly random: () => number;
  private readonly run = randomUUID();
  private made = 0;
  private keyed: { key: string; body: string } | undefined;

  constructor(
    seed: number,
    private readonly beginnings: readonly string[],
  ) {
    this.random = seededRandom(seed);
  }

  next(): MixedRequest {
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

  /** Every second one repeats the one before it, as a client does that has not got its answer. */
  private withKey(): MixedRequest {
    const { key, body } = this.keyed ?? { key: randomUUID(), body: JSON.stringify({ text: this.newText() }) };
    this.keyed = this.keyed ? undefined : { key, body };
    return this.request('/infer', body, { headers: { 'idempotency-key': key } });
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
