import type { TextChoice } from './load-job.js';

/** Length of each text in bytes, and of the counter at its end that makes it unlike all others. */
export const TEXT_BYTES = 80;
const COUNTER_DIGITS = 12;
const MIX_BYTES = TEXT_BYTES - COUNTER_DIGITS - 1;
const MIXES = 1024;

const WORDS =
  `the a my this that it was is not very really so just about after before again never always good great bad awful
lovely terrible happy sad angry tired excited boring funny love hate like want need think know feel hope watch play eat see
hear buy book train flight hotel phone battery screen movie song game match team player coffee dinner weather morning night
weekend friday tomorrow yesterday service price order delivery card account balance transfer bank pay bill weather alarm
timer music recipe restaurant meeting reminder schedule today people friend family work school city home`.split(/\s+/);

/** Makes the bytes of one request after the other for one connection, in one buffer that it uses again and again. */
export class RequestSource {
  private readonly request: Buffer;
  private readonly textStart: number;
  private readonly mixes: readonly Buffer[];
  private next: number;

  /** `first` and `step` share the numbers out among the connections: no text is ever sent twice. */
  constructor(
    path: string,
    private readonly texts: TextChoice,
    seed: number,
    private readonly numbers: { first: number; step: number },
  ) {
    const random = mulberry32(seed);
    this.mixes = Array.from({ length: texts === 'same' ? 1 : MIXES }, () => Buffer.from(wordMix(random)));
    this.request = Buffer.from(requestHead(path) + JSON.stringify({ text: ' '.repeat(TEXT_BYTES) }));
    this.textStart = this.request.length - TEXT_BYTES - '"}'.length;
    this.next = (seed % 1000) * 1e9 + (texts === 'same' ? 0 : numbers.first);
    this.write(this.next);
  }

  /** Valid until the next call: the connection must have its answer by then. */
  bytes(): Buffer {
    if (this.texts === 'different') {
      this.next += this.numbers.step;
      this.write(this.next);
    }
    return this.request;
  }

  private write(number: number): void {
    const mix = this.mixes[number % this.mixes.length];
    mix?.copy(this.request, this.textStart);
    let rest = number;
    for (let at = this.textStart + TEXT_BYTES - 1; at > this.textStart + MIX_BYTES; at -= 1) {
      this.request[at] = 48 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }
}

function requestHead(path: string): string {
  const length = JSON.stringify({ text: ' '.repeat(TEXT_BYTES) }).length;
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
}

function wordMix(random: () => number): string {
  let mix = '';
  while (mix.length < MIX_BYTES) mix += `${WORDS[Math.floor(random() * WORDS.length)]} `;
  return mix.slice(0, MIX_BYTES);
}

/** A small seeded random generator: the same seed gives the same texts on every machine. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
