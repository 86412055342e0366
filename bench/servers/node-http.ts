// Reference: Node's own HTTP server, nothing else. It parses the body and answers with a fixed string.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FIXED_ANSWER, reportPort } from './listen.js';

const answer = JSON.stringify(FIXED_ANSWER);
const head = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) };

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { text } = JSON.parse(Buffer.concat(chunks).toString()) as { text?: unknown };
    response.writeHead(typeof text === 'string' ? 200 : 422, head).end(answer);
  });
});
server.listen(0, '127.0.0.1', () => reportPort((server.address() as AddressInfo).port));
