import { AccessLog } from './access-log.js';
import { createLog } from './log.js';

function accessLog(options: { sampleRate: number; slowMs: number }) {
  const written: string[] = [];
  const log = createLog(
    { logLevel: 'INFO', workerId: 'w', appName: 'falcon', environment: 'test' },
    { write: (line) => void written.push(line) },
  );
  const access = new AccessLog(log.unlimited, options);
  const end = (status: number, durationMs = 1) => {
    if (access.wants({ status, durationMs })) {
      access.write({ status, durationMs }, { route: '/infer' });
    }
  };
  return { end, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('AccessLog', () => {
  it('has a line for each request that failed, was refused or was slow, whatever the share of the others', () => {
    const { end, lines } = accessLog({ sampleRate: 0, slowMs: 100 });
    end(200);
    end(200, 100);
    end(401);
    end(499);
    end(500);
    end(504);
    expect(lines()).toMatchObject([
      { level: 'WARNING', message: 'Slow request', status: 200, slow: true, duration_ms: 100, route: '/infer' },
      { level: 'INFO', message: 'Request refused', status: 401 },
      { level: 'INFO', message: 'Request abandoned', status: 499 },
      { level: 'WARNING', message: 'Request failed', status: 500 },
      { level: 'WARNING', message: 'Request timeout', status: 504 },
    ]);
  });

  it.each([
    [1, 1000, 1000],
    [0.1, 50, 170],
  ])('has one for a share of %d of the others', (sampleRate, least, most) => {
    const { end, lines } = accessLog({ sampleRate, slowMs: 100 });
    for (let k = 0; k < 1000; k++) {
      end(200);
    }
    expect(lines().length).toBeGreaterThanOrEqual(least);
    expect(lines().length).toBeLessThanOrEqual(most);
  });

  it('does not fill the disk with requests that all end alike, and says how many there were', () => {
    jest.useFakeTimers();
    const { end, lines } = accessLog({ sampleRate: 1, slowMs: 100 });
    for (let k = 0; k < 5000; k++) {
      end(503);
    }
    end(500);
    expect(lines()).toHaveLength(1001);
    jest.advanceTimersByTime(10_000);
    expect(lines().at(-1)).toMatchObject({
      level: 'WARNING',
      message: 'Requests ended with 503 and have no line (repeated 4000 times)',
      status: 503,
      repeated: 4000,
    });
    jest.useRealTimers();
  });
});
