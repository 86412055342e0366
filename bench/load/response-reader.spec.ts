import fc from 'fast-check';
import { ResponseReader, UnreadableResponseError } from './response-reader.js';

const response = (status: number, body: string, header = 'content-length') =>
  Buffer.from(
    `HTTP/1.1 ${status} Some Words\r\nX-A: b\r\n${header}: ${Buffer.byteLength(body)}\r\nx-c: d\r\n\r\n${body}`,
  );

describe('ResponseReader', () => {
  it('knows a response that arrives whole by its status', () => {
    const reader = new ResponseReader();
    expect(reader.feed(response(200, '{"a":1}'))).toBe(200);
    expect(reader.feed(response(503, '{}', 'Content-Length'))).toBe(503);
    expect(reader.feed(response(200, ''))).toBe(200);
  });

  it('finds the end of each response however it is cut into chunks', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), cuts, (bodies, sizes) => {
        const reader = new ResponseReader();
        for (const body of bodies) {
          const bytes = response(200, body);
          let offset = 0;
          for (let turn = 0; offset < bytes.length; turn += 1) {
            const end = Math.min(bytes.length, offset + (sizes[turn % sizes.length] ?? 1));
            expect(reader.feed(bytes.subarray(offset, end))).toBe(end === bytes.length ? 200 : 0);
            offset = end;
          }
        }
      }),
    );
  });

  it('does not rely on the memory of a chunk after it was fed', () => {
    const reader = new ResponseReader();
    const bytes = response(200, 'abc');
    const reused = Buffer.from(bytes.subarray(0, 20));
    reader.feed(reused);
    reused.fill(0);
    expect(reader.feed(bytes.subarray(20))).toBe(200);
  });

  it('refuses what it cannot count: no length, or more bytes than announced', () => {
    const chunked = Buffer.from('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    expect(() => new ResponseReader().feed(chunked)).toThrow(UnreadableResponseError);
    expect(() => new ResponseReader().feed(Buffer.concat([response(200, 'a'), Buffer.from('b')]))).toThrow(
      '1 bytes more',
    );
  });
});
