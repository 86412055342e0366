import { COUNTER_DIGITS, TEXT_BYTES, type TextPlan, wordMixes } from './texts.js';

/** What each request is: which texts it asks about, and where. */
export interface RequestPlan extends TextPlan {
  path: string;
  /** Further header lines, each with its line end. */
  headers?: string;
}

/** Makes the bytes of one request after the other, in one buffer that it uses again and again. */
export class RequestSource {
  private readonly request: Buffer;
  private readonly textStart: number;
  private readonly counterStart: number;
  private next: number;

  /** `first` and `step` share the numbers out among the connections: no text is ever sent twice. */
  constructor(
    private readonly plan: RequestPlan,
    private readonly numbers: { first: number; step: number },
    private readonly mixes: readonly Buffer[] = wordMixes(plan),
  ) {
    const { textBytes = TEXT_BYTES, texts, seed } = plan;
    const body = JSON.stringify({ text: ' '.repeat(textBytes) });
    this.request = Buffer.from(requestHead(plan, body.length) + body);
    this.textStart = this.request.length - textBytes - '"}'.length;
    this.counterStart = this.textStart + textBytes - COUNTER_DIGITS;
    this.next = (seed % 1000) * 1e9 + (texts === 'same' ? 0 : numbers.first);
    this.write(this.next);
  }

  /** Valid until the next call: the connection must have its answer by then. */
  bytes(): Buffer {
    if (this.plan.texts === 'different') {
      this.next += this.numbers.step;
      this.write(this.next);
    }
    return this.request;
  }

  private write(number: number): void {
    this.mixes[number % this.mixes.length]?.copy(this.request, this.textStart);
    let rest = number;
    for (let at = this.counterStart + COUNTER_DIGITS - 1; at >= this.counterStart; at -= 1) {
      this.request[at] = 48 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }
}

function requestHead({ path, headers = '' }: RequestPlan, length: number): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${headers}Content-Length: ${length}\r\n\r\n`;
}
