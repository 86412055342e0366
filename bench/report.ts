import type { Verdict } from './requirements.js';
import type { ScenarioSummary, ServerSummary, Spread } from './summary.js';

/** Everything a run has found, as it is saved. */
export interface BenchReport {
  startedAt: string;
  machine: Record<string, string | number>;
  settings: Record<string, unknown>;
  scenarios: ScenarioSummary[];
  verdicts: Verdict[];
}

const LEGEND = 'Medians over the rounds; ratios are to bare Fastify, measured just before and just after.';

const HEADER =
  '| server | req/s | ratio (min..max) | p50 ms | ratio | p99 ms | ratio (min..max) | CPU us/req | ratio (min..max) | cores | RSS MB | ratio |';

/** The report as Markdown, which is also what the terminal shows. */
export function renderMarkdown({ startedAt, machine, settings, scenarios, verdicts }: BenchReport): string {
  const facts = Object.entries({ ...machine, ...settings }).map(([name, value]) => `${name} ${String(value)}`);
  return [
    `Measured ${startedAt}; ${facts.join(', ')}.`,
    ...(scenarios.length > 0 ? [LEGEND] : []),
    ...scenarios.map(renderScenario),
    ...(verdicts.length > 0 ? [renderVerdicts(verdicts)] : []),
  ].join('\n\n');
}

function renderScenario({ scenario, reference, servers }: ScenarioSummary): string {
  const title = scenario.texts === 'same' ? 'the same text' : 'all-different texts';
  const bare: ServerSummary = { server: 'bare-fastify (reference)', values: reference, ratios: reference };
  const rows = [renderRow(bare, true), ...servers.map((summary) => renderRow(summary, false))];
  const rule = `|${' --- |'.repeat(HEADER.split('|').length - 2)}`;
  const others = Math.max(reference.otherCores.max, ...servers.map(({ values }) => values.otherCores.max));
  const disturbance = `Other processes kept at most ${number(Math.max(0, others))} cores busy.`;
  const heading = `### ${scenario.connections} ${scenario.connections === 1 ? 'connection' : 'connections'}, ${title}`;
  return [heading, '', HEADER, rule, ...rows, '', disturbance].join('\n');
}

function renderRow({ server, values, ratios }: ServerSummary, isReference: boolean): string {
  const ratio = (spread: Spread) => (isReference ? '1' : withSpread(spread));
  const plainRatio = (spread: Spread) => (isReference ? '1' : number(spread.median));
  const cells = [
    server,
    Math.round(values.requestsPerSecond.median),
    ratio(ratios.requestsPerSecond),
    number(values.p50Ms.median),
    plainRatio(ratios.p50Ms),
    number(values.p99Ms.median),
    ratio(ratios.p99Ms),
    number(values.cpuUs.median),
    ratio(ratios.cpuUs),
    number(values.cores.median),
    Math.round(values.rssMb.median),
    plainRatio(ratios.rssMb),
  ];
  return `| ${cells.join(' | ')} |`;
}

function renderVerdicts(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ promise, measured, unit, kept }) => {
    return `| ${kept ? 'kept' : '**broken**'} | ${promise} | ${number(measured)} ${unit} |`;
  });
  return ['### Promises', '', '| | promise | measured |', '| --- | --- | --- |', ...rows].join('\n');
}

const withSpread = ({ median, min, max }: Spread) => `${number(median)} (${number(min)}..${number(max)})`;

/** Three significant digits, but no exponent. */
function number(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : 'n/a';
}
