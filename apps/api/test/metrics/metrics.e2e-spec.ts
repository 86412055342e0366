import { startWithClient, stop, type Running } from '../support/running.js';

describe('GET /metrics', () => {
  let running: Running;
  const scrape = async (): Promise<string> => (await running.client.get('/metrics')).text;
  const value = (text: string, series: RegExp): number | undefined => {
    const line = text.split('\n').find((candidate) => series.test(candidate));
    return line === undefined ? undefined : Number(line.split(' ').at(-1));
  };

  beforeAll(async () => {
    running = await startWithClient({ WORKER_ID: 'worker-5' });
  });
  afterAll(() => stop(running));

  it('has the counters at 0 before anything was asked', async () => {
    const text = await scrape();
    expect(value(text, /^inference_requests_total\{.*status="success".*\}/)).toBe(0);
    expect(value(text, /^inference_requests_total\{.*status="error".*\}/)).toBe(0);
    expect(value(text, /^inference_errors_total\{.*error_type="DEADLINE_EXCEEDED".*\}/)).toBe(0);
    expect(value(text, /^inference_duration_seconds_count\{.*\}/)).toBe(0);
  });

  it('counts answers, errors and requests', async () => {
    await running.client.infer({ text: 'a' });
    await running.client.post('/infer/batch', { texts: ['a', 'b'] });
    await running.client.infer({ text: 'a', model: 'nonesuch' });
    const text = await scrape();
    expect(value(text, /^inference_requests_total\{.*status="success".*\}/)).toBe(3);
    expect(value(text, /^inference_requests_total\{.*status="error".*\}/)).toBe(0);
    expect(value(text, /^inference_errors_total\{.*error_type="MODEL_NOT_FOUND".*\}/)).toBe(1);
    expect(value(text, /^inference_duration_seconds_count\{/)).toBe(3);
    expect(value(text, /^inference_duration_seconds_quantile\{.*quantile="0.5".*\}/)).toBeGreaterThan(0);
    expect(value(text, /^http_requests_total\{.*method="POST",path="\/infer\|public",status="200".*\}/)).toBe(1);
    expect(value(text, /^http_requests_total\{.*method="POST",path="\/infer\|public",status="404".*\}/)).toBe(1);
    expect(value(text, /^http_request_duration_seconds_count\{.*path="\/infer\|public".*\}/)).toBe(2);
    expect(value(text, /^http_requests_in_progress\{.*path="\/infer\|public".*\}/)).toBe(0);
  });

  it('labels every series with the worker', async () => {
    const series = (await scrape()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(series.filter((line) => !line.includes('worker_id="worker-5"'))).toEqual([]);
  });

  it('tells what runs and what it takes', async () => {
    const text = await scrape();
    expect(value(text, /^app_info\{.*app_name="falcon".*version="[\d.]+".*\}/)).toBe(1);
    expect(value(text, /^memory_usage_bytes\{/)).toBeGreaterThan(10_000_000);
    expect(value(text, /^nodejs_eventloop_lag_p99_seconds\{/)).toBeGreaterThanOrEqual(0);
  });
});
