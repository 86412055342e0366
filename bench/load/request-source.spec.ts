import { RequestSource } from './request-source.js';
import { TEXT_BYTES } from './texts.js';

function textOf(request: Buffer): string {
  const [head = '', body = ''] = request.toString().split('\r\n\r\n');
  expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
  return (JSON.parse(body) as { text: string }).text;
}

const take = (source: RequestSource, count: number) => Array.from({ length: count }, () => textOf(source.bytes()));

describe('RequestSource', () => {
  it('makes texts of 80 bytes', () => {
    for (const texts of ['same', 'different'] as const) {
      const source = new RequestSource({ path: '/infer', texts, seed: 1 }, { first: 0, step: 1 });
      for (const text of take(source, 10)) expect(Buffer.byteLength(text)).toBe(TEXT_BYTES);
    }
  });

  it('makes longer texts, and says whatever else it is told to in the head', () => {
    const headers = 'X-Priority: critical\r\n';
    const source = new RequestSource(
      { path: '/infer', texts: 'different', seed: 1, textBytes: 4000, headers },
      { first: 0, step: 1 },
    );
    const requests = Array.from({ length: 500 }, () => Buffer.from(source.bytes()));
    expect(new Set(requests.map(textOf)).size).toBe(500);
    for (const request of requests) {
      expect(textOf(request)).toHaveLength(4000);
      expect(request.toString()).toContain(`\r\n${headers}`);
    }
  });

  it('repeats the same text, the same for each connection', () => {
    const [a, b] = [0, 1].map(
      (first) => new RequestSource({ path: '/infer', texts: 'same', seed: 5 }, { first, step: 2 }),
    );
    expect(new Set([...take(a!, 5), ...take(b!, 5)]).size).toBe(1);
  });

  it('never repeats a text, within a connection, across connections or across seeds', () => {
    const sources = [1, 2, 3].flatMap((seed) =>
      [0, 1, 2, 3].map((first) => new RequestSource({ path: '/infer', texts: 'different', seed }, { first, step: 4 })),
    );
    const texts = sources.flatMap((source) => take(source, 2000));
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('gives the same texts for the same seed', () => {
    const [a, b] = [0, 1].map(
      () => new RequestSource({ path: '/infer', texts: 'different', seed: 7 }, { first: 3, step: 4 }),
    );
    expect(take(a!, 50)).toEqual(take(b!, 50));
  });
});
