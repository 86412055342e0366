import { HealthIndicatorService } from '@nestjs/terminus';
import { Registry } from 'prom-client';
import { createLog } from '../logging/log.js';
import { HealthChecks } from './health-checks.js';
import { registerHealthMetrics } from './health.metrics.js';

describe('health_check_status', () => {
  it('has what each check says at the time of the scrape', async () => {
    const log = createLog(
      { logLevel: 'INFO', workerId: 'w', appName: 'a', environment: 'e' },
      { write: () => undefined },
    );
    const checks = new HealthChecks(new HealthIndicatorService(), log);
    const registry = new Registry();
    registerHealthMetrics(registry, checks);
    const found = async (): Promise<string[]> => {
      const series = (await registry.metrics()).matchAll(/^health_check_status\{(.*)\} 1$/gm);
      return [...series].map(([, labels = '']) => labels);
    };
    let isStopping = false;
    checks.add({
      name: 'accepting',
      critical: true,
      cacheMs: 0,
      check: (indicator) => (isStopping ? indicator.down() : indicator.up()),
    });
    checks.add({ name: 'redis', critical: false, check: (indicator) => indicator.degraded('It is slow.') });

    expect(await found()).toEqual([
      'check="accepting",critical="true",status="healthy"',
      'check="redis",critical="false",status="unknown"',
    ]);
    await checks.refresh('redis');
    isStopping = true;
    expect(await found()).toEqual([
      'check="accepting",critical="true",status="unhealthy"',
      'check="redis",critical="false",status="degraded"',
    ]);
  });
});
