import { falcon } from './support/falcon.js';
import { listen } from './support/listen.js';
import { startServer, type Server } from './support/server.js';

jest.setTimeout(60_000);

describe('falcon maintenance', () => {
  let server: Server;

  beforeAll(async () => (server = await startServer({ WORKER_ID: 'alone' })));
  afterEach(() => maintenance('off', '--replica'));
  afterAll(() => server.stop());

  const maintenance = (...args: string[]) => falcon(['maintenance', ...args, '--url', server.url]);

  async function statusOfInfer(): Promise<number> {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(new URL('/infer', server.url), { method: 'POST', headers, body: '{"text":"a"}' })).status;
  }

  it('turns it on and off, and shows how it stands', async () => {
    await expect(maintenance('status')).resolves.toEqual({
      code: 0,
      stdout: 'maintenance  off\nreplica      off  (alone)\n',
      stderr: '',
    });

    const on = await maintenance('on', '--reason', 'new disks', '--until', '30m');
    expect({ ...on, stdout: '' }).toEqual({ code: 0, stdout: '', stderr: '' });
    const untilMs = Date.parse(/until (\S+),/.exec(on.stdout)?.[1] ?? '');
    expect(Math.abs(untilMs - Date.now() - 30 * 60_000)).toBeLessThan(60_000);
    expect(on.stdout).toMatch(/^replica {6}on, since \S+, until \S+, because of "new disks" {2}\(alone\)$/m);
    expect(await statusOfInfer()).toBe(503);

    const { stdout } = await maintenance('status', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ active: true, replica: { on: true, reason: 'new disks' } });
    await expect(maintenance('off', '--replica')).resolves.toMatchObject({ code: 0, stderr: '' });
    expect(await statusOfInfer()).toBe(200);
  });

  it.each([
    [['on', '--all'], /answered 422: "scope" must be "replica"/],
    [['on', '--until', '2020-01-01'], /answered 422: "until" must be in the future/],
    [['on', '--until', 'later'], /An instant is written 15m/],
    [['on', '--all', '--replica'], /'--all' cannot be used with option '--replica'/],
    [['pause'], /unknown command 'pause'/],
  ])('ends %j with exit code 2', async (args, words) => {
    const { code, stderr } = await maintenance(...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(words) });
    expect(await statusOfInfer()).toBe(200);
  });

  it.each([
    ['http://127.0.0.1:9', /does not answer: [^;]+; name a running server with --url/],
    ['nowhere', /"nowhere" is not a URL such as/],
    ['localhost:8000', /"localhost:8000" is not a URL such as/],
    ['http://someone:hunter2@127.0.0.1:9', /^falcon: (?!.*hunter2).*has no user and no password/],
  ])('says that there is no server at %s', async (url, words) => {
    const { code, stderr } = await falcon(['maintenance', 'status', '--url', url]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(words) });
  });

  it.each(['{}', 'null', '{"active":true}', '<html>', ''])('takes %j for no answer of Falcon', async (said) => {
    await using other = await listen((_request, response) => response.end(said));
    const { code, stdout, stderr } = await falcon(['maintenance', 'on', '--json', '--url', other.url]);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining('not Falcon') });
  });

  it('takes its key nowhere else', async () => {
    const asked: unknown[] = [];
    await using elsewhere = await listen(({ headers }, response) => {
      asked.push(headers);
      response.end('{"active":false,"replica":{"on":false}}');
    });
    await using other = await listen((_request, response) => {
      response.writeHead(307, { location: `${elsewhere.url}/admin/maintenance` }).end();
    });
    const env = { ADMIN_API_KEY: 'an-admin-key-of-the-tests-0123456789' };
    const { code, stderr } = await falcon(['maintenance', 'status', '--url', other.url], { env });
    expect({ code, stderr, asked }).toEqual({ code: 2, stderr: expect.stringContaining('answered 307'), asked: [] });
  });
});
