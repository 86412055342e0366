import { Counter, Gauge, Registry } from 'prom-client';
import { RouteCounts } from './route-counts.js';

function scraped() {
  const registers = [new Registry()];
  const counts = new RouteCounts();
  const answers = new Counter({ name: 'answers', help: 'h', labelNames: ['method', 'path', 'status'], registers });
  const inProgress = new Gauge({ name: 'in_progress', help: 'h', labelNames: ['method', 'path'], registers });
  const scrape = async (): Promise<string[]> => {
    counts.reportAnswers(answers);
    counts.reportInProgress(inProgress);
    const text = (await registers[0]?.metrics()) ?? '';
    return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  };
  return { counts, scrape };
}

describe('RouteCounts', () => {
  it('has a route at 0 before it was asked', async () => {
    const { counts, scrape } = scraped();
    counts.add({ method: 'GET', path: '/' }, () => undefined);
    expect(await scrape()).toEqual([
      'answers{method="GET",path="/",status="200"} 0',
      'in_progress{method="GET",path="/"} 0',
    ]);
  });

  it('counts what is under way and what was answered, by status, over several scrapes', async () => {
    const { counts, scrape } = scraped();
    const durations: number[] = [];
    const meter = counts.add({ method: 'POST', path: '/infer' }, (seconds) => durations.push(seconds));
    meter.started();
    meter.started();
    meter.finished(200, 0.1);
    expect(await scrape()).toEqual([
      'answers{method="POST",path="/infer",status="200"} 1',
      'in_progress{method="POST",path="/infer"} 1',
    ]);
    meter.finished(422, 0.2);
    meter.started();
    meter.finished(200, 0.3);
    expect(await scrape()).toEqual([
      'answers{method="POST",path="/infer",status="200"} 2',
      'answers{method="POST",path="/infer",status="422"} 1',
      'in_progress{method="POST",path="/infer"} 0',
    ]);
    expect(durations).toEqual([0.1, 0.2, 0.3]);
  });
});
