import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Nginx } from '../../../../scripts/test-support/nginx.js';
import { describeWithTool } from '../../../../scripts/test-support/tools.js';
import { HTTP_ERRORS, isErrorCode } from '../../src/http-errors.js';
import { Client } from '../support/client.js';
import { Falcon } from '../support/falcon.js';

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** What lets three requests in, and no fourth. */
const THREE_AT_ONCE = `limit_req_zone $binary_remote_addr zone=requests:1m rate=1r/m;
limit_req zone=requests burst=2 nodelay;
limit_req_status 429;`;

describeWithTool('nginx', 'nginx in front of Falcon', () => {
  let falcon: Falcon;
  let nginx: Nginx;
  let client: Client;

  beforeAll(async () => {
    falcon = await Falcon.start({ TRUST_PROXY: '127.0.0.1', ENVIRONMENT: 'development' });
    nginx = await Nginx.start({ workers: [falcon.port] });
    client = new Client(nginx.port);
  });
  afterAll(async () => {
    client.close();
    await nginx.stop();
    await falcon.stop();
  });

  it('passes on what is for users', async () => {
    const answer = await client.infer({ text: 'What a wonderful day' });
    expect([answer.status, answer.json['prediction']]).toEqual([200, 'positive']);
    const batch = await client.post('/infer/batch', { texts: ['a', 'b'] });
    expect([batch.status, (batch.json['results'] as unknown[]).length]).toEqual([200, 2]);
    for (const path of ['/openapi.json', '/docs', '/docs/swagger-ui.css', '/docs/start.js']) {
      expect([path, (await client.get(path)).status]).toEqual([path, 200]);
    }
  });

  it('has a route of its own for those who ask whether it is there', async () => {
    expect((await client.get('/nginx-health')).text).toBe('healthy\n');
    const operators = new Client(nginx.operatorsPort);
    expect((await operators.get('/health')).text).toBe('healthy\n');
    expect((await operators.get('/nginx_status')).text).toMatch(/^Active connections: \d+/);
  });

  it('hides what is for operators, probes and Prometheus, however it is written', async () => {
    const paths = [
      '/',
      '/metrics',
      '/healthz',
      '/readyz',
      '/_health/ready',
      '/_ops/live',
      '/admin/models',
      '/admin/queues',
    ];
    const disguises = [
      '//metrics',
      '/docs/../metrics',
      '/docs/%2e%2e/metrics',
      '/infer/../admin/models',
      '/%61dmin/models',
      '/METRICS',
    ];
    for (const path of [...paths, ...disguises]) {
      const answer = await client.get(path, { 'x-request-id': 'hidden' });
      expect([path, answer.status, answer.json['code']]).toEqual([path, 404, 'ROUTE_NOT_FOUND']);
    }
    expect(nginx.lines().filter(({ request_id, upstream }) => request_id === 'hidden' && upstream !== '')).toEqual([]);
  });

  it('gives a request one id for all logs, that of the caller if it is well formed', async () => {
    const own = await client.infer({ text: 'a' }, { 'x-request-id': 'mine-1' });
    expect([own.headers['x-request-id'], own.json['request_id']]).toEqual(['mine-1', 'mine-1']);
    const given = await client.infer({ text: 'a' }, { 'x-request-id': 'not "well" formed' });
    const id = String(given.headers['x-request-id']);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(given.json['request_id']).toBe(id);
    expect((await nginx.linesOf(id))[0]).toMatchObject({ status: 200, upstream_status: '200' });
  });

  it('hands on the address of the client, and nothing that the client says of it', async () => {
    const forged = {
      'x-forwarded-for': '192.0.2.1',
      'x-real-ip': '192.0.2.2',
      forwarded: 'for=192.0.2.3',
      'x-request-id': 'forged',
    };
    expect((await client.infer({}, forged)).status).toBe(422); // what is refused is always logged
    expect(await falcon.waitForLineOf('forged')).toMatchObject({ client_ip: '127.0.0.1' });
  });

  it("passes on Falcon's own errors as they are", async () => {
    const { status, headers, json } = await client.infer({ texts: 1 });
    expect([status, headers['content-type'], json['code']]).toEqual([422, PROBLEM_TYPE, 'INVALID_REQUEST']);
    const wrongMethod = await client.get('/infer');
    expect([wrongMethod.status, wrongMethod.json['code'], wrongMethod.headers['allow']]).toEqual([
      405,
      'METHOD_NOT_ALLOWED',
      'POST',
    ]);
  });

  it('has the same limits', async () => {
    const body = (bytes: number) => `{"text":"${'x'.repeat(bytes - 11)}"}`;
    expect((await client.post('/infer', body(1_048_576))).json).toMatchObject({ code: 'INVALID_REQUEST' }); // 10,000 characters
    const direct = await new Client(falcon.port).post('/infer', body(1_048_577));
    const refused = await client.post('/infer', body(1_048_577), {
      'x-request-id': String(direct.headers['x-request-id']),
    });
    expect([refused.status, refused.json]).toEqual([413, direct.json]);
    expect((await client.get('/infer', { 'x-long': 'x'.repeat(9000) })).json).toMatchObject({
      status: 431,
      code: 'HEADERS_TOO_LARGE',
    });
  });

  it('says what it refuses itself as Falcon would', async () => {
    const { status, headers, json } = await client.get('/nonesuch?a="b"', { 'x-request-id': 'lost' });
    expect([status, headers['content-type'], headers['x-request-id']]).toEqual([404, PROBLEM_TYPE, 'lost']);
    expect(json).toEqual({
      ...(await new Client(falcon.port).get('/nonesuch', { 'x-request-id': 'lost' })).json,
      instance: '/nonesuch',
    });
    expect((await client.get(`/none"such\\`)).json['instance']).toBe('/');
  });

  it('limits each client, and says when to come again', async () => {
    const strict = await Nginx.start({ workers: [falcon.port], site: THREE_AT_ONCE });
    const asking = new Client(strict.port);
    const answers = [];
    for (let k = 0; k < 4; k++) {
      answers.push(await asking.infer({ text: 'a' }));
    }
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(answers[3]?.json).toMatchObject({ status: 429, code: 'CLIENT_LIMITED', instance: '/infer' });
    expect(answers[3]?.headers['retry-after']).toBe('1');
    expect((await asking.get('/nginx-health')).status).toBe(200);
    await strict.stop();
  });

  it('ships with the limits that the documentation names', async () => {
    const shipped = await Nginx.start({ workers: [falcon.port], site: 'shipped' });
    const asking = new Client(shipped.port);
    expect((await asking.infer({ text: 'a' })).status).toBe(200);
    const site = readFileSync('deploy/nginx/site.conf', 'utf8');
    expect(site).toMatch(/rate=100r\/s;[^]*burst=20 nodelay;[^]*limit_conn connections 10;/);
    asking.close();
    await shipped.stop();
  });

  it('uses the titles of Falcon for the codes of Falcon', () => {
    const maps = readFileSync('deploy/nginx/problems.conf', 'utf8');
    const read = (name: string) => {
      const [, rows = ''] = new RegExp(`map \\$status \\$${name} \\{([^}]*)\\}`).exec(maps) ?? [];
      return new Map([...rows.matchAll(/^\s*(\w+) "?([^";]+)"?;/gm)].map(([, key = '', value]) => [key, value]));
    };
    const titles = read('problem_title');
    const own = [...read('problem_code')].filter(([status, code]) => {
      const known = isErrorCode(code);
      if (known) {
        expect([code, titles.get(status)]).toEqual([code, HTTP_ERRORS[code].title]);
      }
      return !known;
    });
    expect(own.map(([, code]) => code)).toEqual(['CLIENT_LIMITED', 'WORKER_UNREACHABLE', 'WORKER_TIMEOUT']);
  });
});

type Behaviour = 'lost' | 'busy' | 'well';

/** A worker of which it is known how often it was asked. */
class CountedWorker {
  asked = 0;
  private constructor(private readonly server: Server) {}

  static async start(behaviour: Behaviour): Promise<CountedWorker> {
    const server = createServer((request, response) => {
      worker.asked++;
      request.resume().once('end', () => {
        if (behaviour === 'lost') {
          request.socket.destroy();
        } else {
          response.writeHead(behaviour === 'busy' ? 503 : 200, { 'retry-after': '7' }).end('{}');
        }
      });
    });
    const worker = new CountedWorker(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return worker;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** From now on its port refuses. */
  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

describeWithTool('nginx', 'what nginx asks a second worker', () => {
  const ask = async (behaviours: readonly Behaviour[], path = '/infer') => {
    const workers = await Promise.all(behaviours.map((behaviour) => CountedWorker.start(behaviour)));
    const nginx = await Nginx.start({ workers: workers.map(({ port }) => port) });
    const client = new Client(nginx.port);
    const answer = path === '/infer' ? await client.infer({ text: 'a' }) : await client.get(path);
    client.close();
    await nginx.stop();
    workers.forEach((worker) => worker.close());
    return { answer, asked: workers.map(({ asked }) => asked) };
  };

  it('is a prediction whose worker was lost', async () => {
    const { answer, asked } = await ask(['lost', 'well']);
    expect([answer.status, asked[1]]).toEqual([200, 1]);
  });

  it('is nothing that ends three workers', async () => {
    const { answer, asked } = await ask(['lost', 'lost', 'lost', 'lost', 'lost']);
    expect([answer.status, answer.json['code'], answer.headers['retry-after']]).toEqual([
      502,
      'WORKER_UNREACHABLE',
      '1',
    ]);
    expect(asked.reduce((sum, times) => sum + times)).toBe(3);
  });

  it('is nothing that a worker has refused: its 503 is the answer, with its Retry-After', async () => {
    const { answer, asked } = await ask(['busy', 'busy', 'busy']);
    expect([answer.status, answer.headers['retry-after'], answer.text]).toEqual([503, '7', '{}']);
    expect(asked.reduce((sum, times) => sum + times)).toBe(1);
  });

  it('is what no worker could be given, and when there is none, that is said', async () => {
    const gone = await CountedWorker.start('well');
    const { port } = gone;
    gone.close();
    const there = await CountedWorker.start('well');
    const nginx = await Nginx.start({ workers: [port, there.port] });
    const client = new Client(nginx.port);
    for (let k = 0; k < 20; k++) {
      expect((await client.infer({ text: 'a' })).status).toBe(200);
    }
    there.close();
    const answer = await client.infer({ text: 'a' });
    expect([answer.status, answer.headers['retry-after'], answer.json]).toMatchObject([
      502,
      '1',
      { code: 'WORKER_UNREACHABLE', status: 502, instance: '/infer' },
    ]);
    client.close();
    await nginx.stop();
  });
});
