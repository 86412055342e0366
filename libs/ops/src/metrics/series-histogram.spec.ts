import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { SeriesHistogram } from './series-histogram.js';

const NAMED = { name: 'duration', help: 'Time', buckets: [0.001, 0.01, 1] };
const LABELS = [
  { method: 'GET', path: '/' },
  { method: 'POST', path: '/infer' },
];

function both() {
  const registries = [new Registry(), new Registry()] as const;
  const ours = new SeriesHistogram(NAMED, registries[0]);
  const theirs = new Histogram({ ...NAMED, labelNames: ['method', 'path'], registers: [registries[1]] });
  LABELS.forEach((labels) => theirs.zero(labels));
  const series = LABELS.map((labels) => ours.series(labels));
  const texts = () => Promise.all(registries.map((registry) => registry.metrics()));
  /** Without the exemplars that there are none of. */
  const objects = async () => {
    const all = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()));
    return JSON.parse(
      JSON.stringify(all, (name, value: unknown) => (name === 'exemplar' ? undefined : value)),
    ) as object[];
  };
  return { ours, theirs, series, texts, objects };
}

describe('SeriesHistogram', () => {
  it("is scraped as the client library's own, whatever was observed", async () => {
    const observation = fc.record({
      which: fc.constantFrom(0, 1),
      value: fc.oneof(fc.constantFrom(0, 0.001, 0.01, 1), fc.double({ min: 0, max: 2, noNaN: true })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(observation), async (observations) => {
        const { theirs, series, texts, objects } = both();
        for (const { which, value } of observations) {
          series[which]!.observe(value);
          theirs.observe(LABELS[which]!, value);
        }
        const [ourText, theirText] = await texts();
        expect(ourText).toBe(theirText);
        const [ourObjects, theirObjects] = await objects();
        expect(ourObjects).toEqual(theirObjects);
      }),
    );
  });

  it('has one series for the same labels', () => {
    const { ours, series } = both();
    expect(ours.series({ ...LABELS[1]! })).toBe(series[1]);
  });

  it('is at 0 again when its registry is reset', async () => {
    const { ours, theirs, series, texts } = both();
    series[0]!.observe(0.5);
    ours.reset();
    theirs.reset();
    LABELS.forEach((labels) => theirs.zero(labels));
    const [ourText, theirText] = await texts();
    expect(ourText).toBe(theirText);
  });
});
