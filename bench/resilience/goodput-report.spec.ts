import type { GoodputCurve } from './goodput.js';
import { drawGoodput, renderGoodput } from './goodput-report.js';

const curves: GoodputCurve[] = [
  {
    server: 'falcon',
    capacity: 1000,
    points: [
      { offered: 0.5, answered: 0.5, p50Ms: 2, p99Ms: 5 },
      { offered: 10, answered: 0.97, p50Ms: 10, p99Ms: 20 },
    ],
  },
  {
    server: 'naive-fastify',
    capacity: 1500,
    points: [
      { offered: 0.5, answered: 0.5, p50Ms: 2, p99Ms: 5 },
      { offered: 10, answered: 0, p50Ms: Number.NaN, p99Ms: Number.NaN },
    ],
  },
];

describe('drawGoodput', () => {
  it('has a line for each server in each panel', () => {
    const svg = drawGoodput(curves);
    const lines = [...svg.matchAll(/<polyline points="([^"]*)"/g)].map(([, points = '']) => points.split(' '));
    expect(lines.map((points) => points.length)).toEqual([2, 2, 2, 1]); // no latency where nothing was answered
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('draws more goodput higher, and more load further to the right', () => {
    const [falcon, naive] = [...drawGoodput(curves).matchAll(/<polyline points="([^"]*)"/g)].map(([, points = '']) =>
      points.split(' ').map((point) => point.split(',').map(Number)),
    );
    expect(falcon![1]![0]).toBeGreaterThan(falcon![0]![0]!);
    expect(falcon![1]![1]).toBeLessThan(falcon![0]![1]!); // y grows downwards
    expect(naive![1]![1]).toBeGreaterThan(naive![0]![1]!);
  });
});

describe('renderGoodput', () => {
  it('gives multiples of what each server can do', () => {
    const markdown = renderGoodput(curves);
    expect(markdown).toContain('falcon 1000/s, naive-fastify 1500/s');
    expect(markdown).toContain('| falcon | 10 x | 0.97 x | 10 | 20 |');
    expect(markdown).toContain('| naive-fastify | 10 x | 0 x | n/a | n/a |');
  });
});
