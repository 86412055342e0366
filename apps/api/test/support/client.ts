import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Answer } from './answer.js';
import type { ApiContract } from './api-contract.js';

/** How a request differs from `GET path`. */
export interface Asked {
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** Speaks HTTP to one server; every answer must be one that its OpenAPI document promises. */
export class Client {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(
    readonly port: number,
    private readonly contract?: ApiContract,
  ) {}

  async send(method: string, path: string, asked: Asked = {}): Promise<Answer> {
    const answer = await this.exchange(method, path, asked);
    this.contract?.check(method, path, answer);
    return answer;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, { headers });
  }

  /** Posts a value as JSON, or a string or bytes as they are. */
  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return this.send('POST', path, { body: bytes, headers: { 'content-type': 'application/json', ...headers } });
  }

  infer(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.post('/infer', body, headers);
  }

  /** A bare connection, for what an HTTP client would not do. */
  async socket(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return socket;
  }

  /** Lets go of idle connections. */
  close(): void {
    this.agent.destroy();
  }

  private exchange(method: string, path: string, { headers = {}, body }: Asked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const outgoing = httpRequest(
        { host: '127.0.0.1', port: this.port, method, path, agent: this.agent, headers: { ...length, ...headers } },
        (incoming) => {
          text(incoming).then(
            (content) =>
              resolve({
                status: incoming.statusCode ?? 0,
                headers: incoming.headers,
                text: content,
                json: parsed(content, incoming.headers),
              }),
            reject,
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}

/** An answer read off a bare connection until it closes. */
export async function answerOf(socket: Socket): Promise<Answer> {
  const [head = '', ...rest] = (await text(socket)).split('\r\n\r\n');
  const content = rest.join('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, text: content, json: parsed(content, headers) };
}

function parsed(content: string, headers: IncomingHttpHeaders): Record<string, unknown> {
  const isJson = content !== '' && /\bjson\b/.test(headers['content-type'] ?? '');
  return (isJson ? JSON.parse(content) : undefined) as Record<string, unknown>;
}
