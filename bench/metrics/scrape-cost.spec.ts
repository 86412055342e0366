import { judgeScrape, renderScrape } from './scrape-cost.js';

const spread = (median: number) => ({ median, min: median / 2, max: median * 2 });

describe('the cost of a scrape', () => {
  it.each([
    [5, true],
    [21, false],
  ])('of %d ms keeps the promise: %s', (median, kept) => {
    expect(judgeScrape({ tookMs: spread(median) })).toMatchObject([{ measured: median, limit: 20, unit: 'ms', kept }]);
  });

  it('is shown with its spread', () => {
    expect(renderScrape({ tookMs: spread(6), cpuMs: 4.5, bytes: 108_000 })).toContain('| 6');
  });
});
