import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../scripts/test-support/free-port.js';
import { preload } from '../../../scripts/test-support/preload.js';
import { temporaryFolder } from '../../../scripts/test-support/temporary-folder.js';
import { eventually, until } from '../../../scripts/test-support/until.js';
import { Client } from './support/client.js';
import { Falcon } from './support/falcon.js';
import { attributesOf, OtlpReceiver, type ReceivedSpan } from './support/otlp-receiver.js';
import { startWithClient, stop, type Running } from './support/running.js';

jest.setTimeout(60_000); // spans come once a second

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER_SPAN = '00f067aa0ba902b7';
const SAMPLED = `00-${TRACE_ID}-${CALLER_SPAN}-01`;
const SERVER_KIND = 2;
const ERROR_STATUS = 2;

function named(spans: ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.find((span) => span.name === name);
  if (!found) {
    throw new Error(`no span "${name}" among ${JSON.stringify(spans.map((span) => span.name))}`);
  }
  return found;
}

function traceIdOf(headers: Record<string, unknown>): string {
  return String(headers['traceparent']).split('-')[1]!;
}

/** Whether one span lies within the other; the JSON has nanoseconds as text. */
function isWithin(inner: ReceivedSpan, outer: ReceivedSpan): boolean {
  return (
    BigInt(inner.startTimeUnixNano) >= BigInt(outer.startTimeUnixNano) &&
    BigInt(inner.endTimeUnixNano) <= BigInt(outer.endTimeUnixNano)
  );
}

describe('a server that traces', () => {
  let receiver: OtlpReceiver;
  let running: Running;
  const folder = temporaryFolder();

  beforeAll(async () => {
    receiver = await OtlpReceiver.start();
    running = await startWithClient({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-collector-key=secret-of-the-collector',
      OTEL_SERVICE_NAME: 'falcon-under-test',
      CACHE_ENABLED: 'true',
      AUDIT_DURABILITY: 'process',
      DATA_DIR: folder,
      POSTGRES_URL: 'postgres://nobody@127.0.0.1:1/nowhere', // records are put on the spool, which is what a request waits for
      BATCH_TIMEOUT_MS: '100',
      ACCESS_LOG_SAMPLE_RATE: '1',
    });
  });
  afterAll(async () => {
    await stop(running);
    receiver.close();
  });

  it('tells of a request as one tree, below the span of its caller', async () => {
    const answer = await running.client.infer(
      { text: 'What a wonderful day' },
      { traceparent: SAMPLED, tracestate: 'vendor=1', 'x-tenant-id': 'acme', 'idempotency-key': 'k1' },
    );
    expect(answer.headers['traceparent']).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`));
    const spans = await receiver.trace(TRACE_ID, (received) => received.length === 9);
    const root = named(spans, 'POST /infer');
    expect([root.parentSpanId, root.kind, root.spanId]).toEqual([
      CALLER_SPAN,
      SERVER_KIND,
      String(answer.headers['traceparent']).split('-')[2],
    ]);
    expect(attributesOf(root)).toEqual({
      'http.request.method': 'POST',
      'http.route': '/infer',
      'http.response.status_code': 200,
      'falcon.request_id': answer.json['request_id'],
      'falcon.tenant': 'acme',
    });
    const tree = spans.map(({ name, parentSpanId }) => {
      const parent = spans.find(({ spanId }) => spanId === parentSpanId);
      return `${name} < ${parent?.name ?? 'caller'}`;
    });
    expect(tree.toSorted()).toEqual([
      'POST /infer < caller',
      'audit < POST /infer',
      'batch < inference',
      'cache < POST /infer',
      'gates < POST /infer',
      'idempotency < POST /infer',
      'inference < model',
      'model < POST /infer',
      'queue wait < model',
    ]);
    for (const span of spans) {
      expect([span.name, isWithin(span, root)]).toEqual([span.name, true]);
    }
    const [wait, inference] = [named(spans, 'queue wait'), named(spans, 'inference')];
    expect(BigInt(wait.endTimeUnixNano)).toBe(BigInt(inference.startTimeUnixNano));
    expect(BigInt(wait.endTimeUnixNano) - BigInt(wait.startTimeUnixNano)).toBeGreaterThan(50_000_000n); // BATCH_TIMEOUT_MS
    expect(attributesOf(named(spans, 'cache'))).toEqual({ 'falcon.cache': 'miss' });
  });

  it('asks no model for a repeated question, and says so', async () => {
    const { headers } = await running.client.infer({ text: 'What a wonderful day' });
    const spans = await receiver.trace(traceIdOf(headers), (received) => received.length === 4);
    expect(spans.map(({ name }) => name).toSorted()).toEqual(['POST /infer', 'audit', 'cache', 'gates']);
    expect(attributesOf(named(spans, 'cache'))).toEqual({ 'falcon.cache': 'hit' });
  });

  it('links a batch with all of its requests, and them with it', async () => {
    let round = 0;
    await eventually(() => expectOneBatchLinked(++round), { timeoutMs: 5000 }); // a busy machine may part them
  });

  async function expectOneBatchLinked(round: number): Promise<void> {
    const texts = ['one', 'two', 'three'].map((text) => `${text} of round ${round}`);
    const answers = await Promise.all(texts.map((text) => running.client.infer({ text })));
    const traces = await Promise.all(
      answers.map(({ headers }) =>
        receiver.trace(traceIdOf(headers), (received) => received.some(({ name }) => name === 'POST /infer')),
      ),
    );
    const inferences = traces.map((spans) => named(spans, 'inference'));
    const batches = traces.flat().filter(({ name }) => name === 'batch');
    expect(batches).toHaveLength(1);
    expect(attributesOf(batches[0]!)).toEqual({ 'falcon.model': 'sentiment/1', 'falcon.batch.items': 3 });
    const spanIds = (links: { spanId: string }[] = []) => links.map(({ spanId }) => spanId).toSorted();
    expect(spanIds(batches[0]!.links)).toEqual(spanIds(inferences));
    for (const inference of inferences) {
      expect(spanIds(inference.links)).toEqual([batches[0]!.spanId]);
    }
  }

  it('marks what failed with its code', async () => {
    const { status, headers } = await running.client.infer({ text: 'late' }, { 'x-request-timeout-ms': '90' });
    expect(status).toBe(504);
    const wanted = ['POST /infer', 'model']; // the model is asked for a moment longer than the caller waits
    const spans = await receiver.trace(traceIdOf(headers), (received) =>
      wanted.every((name) => received.some((span) => span.name === name)),
    );
    for (const name of wanted) {
      expect([name, named(spans, name).status.code]).toEqual([name, ERROR_STATUS]);
      expect(attributesOf(named(spans, name))).toMatchObject({ 'error.type': 'DEADLINE_EXCEEDED' });
    }
  });

  it('sends nothing of a request that its caller does not sample, and passes the trace on', async () => {
    const traceId = TRACE_ID.replace('4b', '5b');
    const answer = await running.client.infer(
      { text: 'not this one' },
      { traceparent: `00-${traceId}-${CALLER_SPAN}-00` },
    );
    expect(answer.headers['traceparent']).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
    const { headers } = await running.client.infer({ text: 'but this' });
    await receiver.trace(traceIdOf(headers), (received) => received.length > 0);
    expect(receiver.spans.filter((span) => span.traceId === traceId)).toEqual([]);
  });

  it('begins a new trace where the header is not one', async () => {
    const { headers } = await running.client.infer({ text: 'again' }, { traceparent: `00-${'0'.repeat(32)}-1-01` });
    expect(traceIdOf(headers)).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
  });

  it('does not tell of probes and scrapes', async () => {
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect((await running.client.get(path)).headers['traceparent']).toBeUndefined();
    }
  });

  it('names the service, and shows the collector its credentials', () => {
    expect(new Set(receiver.paths)).toEqual(new Set(['POST /v1/traces']));
    expect(receiver.headers[0]).toMatchObject({ 'x-collector-key': 'secret-of-the-collector' });
    expect(receiver.resources[0]).toMatchObject({
      'service.name': 'falcon-under-test',
      'service.instance.id': 'worker-1',
      'deployment.environment.name': 'development',
    });
  });

  it('writes the trace id into the lines of the request', async () => {
    const answer = await running.client.infer({ text: 'a line' });
    const line = await running.falcon.waitForLineOf(answer.json['request_id']);
    expect(line).toMatchObject({ message: 'Request answered', trace_id: traceIdOf(answer.headers) });
  });

  it('never sends a text', () => {
    expect(JSON.stringify(receiver.spans)).not.toMatch(/wonderful|not this one/);
  });
});

describe('a server that stops', () => {
  it('sends its last spans first', async () => {
    const receiver = await OtlpReceiver.start();
    const running = await startWithClient({ OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.endpoint}/` });
    const isSent = (traceId: string) => receiver.spans.some((span) => span.traceId === traceId);
    const notYetSent = await until(async () => {
      const traceId = traceIdOf((await running.client.infer({ text: 'goodbye' })).headers);
      return !isSent(traceId) && traceId;
    });
    await stop(running);
    expect(isSent(notYetSent)).toBe(true);
    receiver.close();
  });
});

describe('a sampler with a ratio', () => {
  it('takes that share of the requests', async () => {
    const receiver = await OtlpReceiver.start();
    const running = await startWithClient({
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    });
    for (let k = 0; k < 200; k++) {
      await running.client.infer({ text: `number ${k}` });
    }
    await stop(running);
    const roots = receiver.spans.filter(({ name }) => name === 'POST /infer');
    expect(roots.length).toBeGreaterThan(20);
    expect(roots.length).toBeLessThan(90);
    receiver.close();
  });
});

describe('a collector that is away', () => {
  it('costs a warning, no request and little of the time to stop', async () => {
    const running = await startWithClient({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
    });
    for (let k = 0; k < 20; k++) {
      expect((await running.client.infer({ text: `number ${k}` })).status).toBe(200);
    }
    const warning = await running.falcon.waitForLog('Traces are not exported');
    expect(warning).toMatchObject({ level: 'WARNING', reason: expect.any(String) as string });
    running.client.close();
    expect(await running.falcon.stop()).toBe(0);
    const steps = running.falcon.logs().filter(({ message }) => message === 'Drain step done');
    expect(steps.map(({ step }) => step)).toContain('traces');
    expect(running.falcon.logs().at(-1)?.message).toBe('Stopped');
  });
});

describe('a server that does not trace', () => {
  it('has not loaded OpenTelemetry, and says nothing of traces', async () => {
    const folder = temporaryFolder();
    const list = join(folder, 'modules.json');
    const falcon = await Falcon.start({
      ...preload(join(__dirname, 'support/list-modules.cjs')),
      MODULE_LIST: list,
    });
    const client = new Client(falcon.port);
    const { headers } = await client.infer({ text: 'a good day' }, { traceparent: SAMPLED });
    expect(headers['traceparent']).toBeUndefined();
    client.close();
    await falcon.stop();
    const modules = JSON.parse(readFileSync(list, 'utf8')) as string[];
    expect(modules.some((path) => path.includes('/node_modules/fastify/'))).toBe(true);
    const telemetry = modules.flatMap((path) => /node_modules\/(@opentelemetry\/[^/]+)/.exec(path)?.[1] ?? []);
    // prom-client itself asks for the API, which is small and does nothing without an SDK.
    expect(new Set(telemetry)).toEqual(new Set(['@opentelemetry/api']));
  });
});
