import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { chartsOf, readDashboards } from './dashboards.js';

const ROOT = resolve(__dirname, '../..');
const dashboards = readDashboards();

const metricsPage = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8');
const runbook = readFileSync(join(ROOT, 'docs/RUNBOOK.md'), 'utf8');
const rules = readFileSync(join(ROOT, 'deploy/prometheus/rules/slo.yml'), 'utf8');

/** What the compiler says of JSON texts as values of Grafana's types. */
function typeErrors(texts: ReadonlyMap<string, string>): string[] {
  const options: ts.CompilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.NodeNext,
    types: [],
  };
  const sources = new Map(
    [...texts].map(([file, text]) => [
      join(__dirname, `${file}.ts`),
      `import type { DashboardJson } from './dashboard-schema.js';\nexport const dashboard: DashboardJson = ${text};\n`,
    ]),
  );
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => sources.has(path) || disk.fileExists(path),
    readFile: (path) => sources.get(path) ?? disk.readFile(path),
    getSourceFile: (path, version) => {
      const source = sources.get(path);
      return source === undefined ? disk.getSourceFile(path, version) : ts.createSourceFile(path, source, version);
    },
  };
  const program = ts.createProgram([...sources.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line : 0;
    return `${file?.fileName.slice(__dirname.length + 1)}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

describe('Grafana dashboards', () => {
  it("are values of Grafana's types, and what is not would be found", () => {
    const texts = new Map([...dashboards].map(([name, dashboard]) => [name, JSON.stringify(dashboard, null, 2)]));
    const [anyText = ''] = texts.values();
    texts.set('unknown-key', anyText.replace('"drawStyle"', '"drawstyle"'));
    texts.set('wrong-value', anyText.replace('"placement": "bottom"', '"placement": "below"'));
    texts.set('wrong-type', anyText.replace('"w": 12', '"w": "12"'));
    const errors = typeErrors(texts);
    expect(errors.filter((error) => [...dashboards.keys()].some((name) => error.startsWith(name)))).toEqual([]);
    for (const planted of ['unknown-key', 'wrong-value', 'wrong-type']) {
      expect(errors.filter((error) => error.startsWith(planted))).not.toEqual([]);
    }
  }, 60_000);

  it('are the two that people know, with the panels that they know first', () => {
    const [inference, http] = [dashboards.get('falcon-inference')!, dashboards.get('http-overview')!];
    expect(inference).toMatchObject({
      title: 'Falcon ML Inference Platform',
      uid: 'falcon-inference',
    });
    expect(
      chartsOf(inference)
        .slice(0, 8)
        .map(({ title }) => title),
    ).toEqual([
      'Request Rate (RPS) by Worker',
      'P95 Latency',
      'Latency Percentiles',
      'Error Rate',
      'Cache Hit Rate',
      'Worker Memory Usage',
      'Circuit Breaker State',
      'Database Operation Latency',
    ]);
    expect(http).toMatchObject({ title: 'HTTP overview', uid: 'falcon-http' });
    expect(
      chartsOf(http)
        .map(({ title }) => title)
        .sort(),
    ).toEqual(['Active Connections', 'P99 Latency', 'Request Rate', 'Success Rate (5m)', 'Top Routes by 5xx']);
  });

  describe.each([...dashboards])('%s', (_name, dashboard) => {
    const charts = chartsOf(dashboard);

    it('names each panel once, numbers it once, and says what it shows', () => {
      expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
      expect(new Set(charts.map(({ title }) => title)).size).toBe(charts.length);
      expect(charts.filter(({ description }) => !/^[A-Z0-9"].+\.$/.test(description))).toEqual([]);
      const withoutUnit = charts.filter(({ type, fieldConfig }) => type !== 'table' && !fieldConfig.defaults.unit);
      expect(withoutUnit).toEqual([]);
    });

    it('has no two panels at the same place', () => {
      const places = dashboard.panels.flatMap(({ gridPos }) => {
        const { x = 0, y = 0, w = 0, h = 0 } = gridPos ?? {};
        expect(x + w).toBeLessThanOrEqual(24);
        return Array.from({ length: w * h }, (_, k) => `${x + (k % w)},${y + Math.floor(k / w)}`);
      });
      expect(new Set(places).size).toBe(places.length);
    });

    it('asks for metrics that are documented, or made by our rules', () => {
      const known = (name: string) =>
        metricsPage.includes(`\`${name.replace(/_(bucket|sum|count)$/, '')}\``) ||
        rules.includes(`record: ${name}`) ||
        /^(nodejs_eventloop_lag_p99_seconds|process_cpu_seconds_total)$/.test(name);
      const expressions = charts.flatMap(({ targets }) => targets.map(({ expr }) => expr));
      const names = expressions.flatMap(
        (expr) => expr.match(/\b[a-z]+[a-z0-9]*(_[a-z0-9]+)+(?=\{)|\bslo:[\w:]+/g) ?? [],
      );
      expect(names.length).toBeGreaterThanOrEqual(expressions.length);
      expect(names.filter((name) => !known(name))).toEqual([]);
    });

    it('uses the variables that it has', () => {
      const declared = dashboard.templating.list.map(({ name }) => name);
      const used = new Set(JSON.stringify(dashboard).match(/(?<=\$\{?)[a-z]\w*/g));
      expect([...used].sort()).toEqual([...declared].sort());
    });

    it('leads to sections of the runbook that exist', () => {
      const sections = new Set(
        runbook.match(/(?<=^## ).+/gm)?.map((title) => title.toLowerCase().replaceAll(' ', '-')),
      );
      for (const { title, links = [] } of charts) {
        const [link] = links;
        expect([title, link?.url]).toEqual([title, expect.stringMatching(/^\$\{runbook\}#[a-z-]+$/)]);
        expect(sections).toContain(link?.url?.split('#')[1]);
      }
    });
  });
});
