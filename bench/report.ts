import { number, table, withSpread } from './markdown.js';
import type { Verdict } from './requirements.js';
import type { ScenarioSummary, ServerSummary, Spread } from './summary.js';

/** When, where and with which settings a run was. */
export interface Context {
  startedAt: string;
  machine: Record<string, string | number>;
  settings: Record<string, unknown>;
}

/** What a run has found. */
export interface Findings {
  found?: unknown;
  /** That, for people. */
  markdown?: string;
  verdicts?: readonly Verdict[];
}

/** What the ratios of a report are to. */
export interface Reference {
  /** In a sentence. */
  title: string;
  /** In a table. */
  name: string;
}

/** What most ratios are to. */
export const BARE_FASTIFY: Reference = { title: 'bare Fastify', name: 'bare-fastify' };

const HEAD =
  'server | req/s | ratio (min..max) | p50 ms | ratio | p99 ms | ratio (min..max) | CPU us/req | ratio (min..max) | cores | RSS MB | ratio';

/** The report as Markdown, which is also what the terminal shows. */
export function renderMarkdown(context: Context, { markdown = '', verdicts = [] }: Findings): string {
  const promises = verdicts.length > 0 ? renderVerdicts(verdicts) : '';
  return [renderContext(context), markdown, promises].filter((part) => part !== '').join('\n\n');
}

function renderContext({ startedAt, machine, settings }: Context): string {
  const facts = Object.entries({ ...machine, ...settings }).map(([name, value]) => `${name} ${String(value)}`);
  return `Measured ${startedAt}; ${facts.join(', ')}.`;
}

/** All loads of a comparison with bare Fastify. */
export function renderScenarios(scenarios: readonly ScenarioSummary[]): string {
  const sections = scenarios.map((summary) => renderScenario(summary, BARE_FASTIFY));
  return [renderLegend(BARE_FASTIFY), ...sections].join('\n\n');
}

/** How the scenarios' figures are to be read. */
export function renderLegend({ title }: Reference): string {
  return `Medians over the rounds; ratios are to ${title}, measured just before and just after.`;
}

/** One load as a table, with its heading; `remark` tells apart what has the same load. */
export function renderScenario(
  { scenario, reference, servers }: ScenarioSummary,
  { name }: Reference,
  remark = '',
): string {
  const title = scenario.texts === 'same' ? 'the same text' : 'all-different texts';
  const bare: ServerSummary = { server: `${name} (reference)`, values: reference, ratios: reference };
  const rows = [rowOf(bare, true), ...servers.map((summary) => rowOf(summary, false))];
  const others = Math.max(reference.otherCores.max, ...servers.map(({ values }) => values.otherCores.max));
  const disturbance = `Other processes kept at most ${number(Math.max(0, others))} cores busy.`;
  const load = `${scenario.connections} ${scenario.connections === 1 ? 'connection' : 'connections'}, ${title}`;
  const heading = `### ${load}${remark}`;
  return [heading, table(HEAD.split(' | '), rows), disturbance].join('\n\n');
}

function rowOf({ server, values, ratios }: ServerSummary, isReference: boolean): (string | number)[] {
  const ratio = (spread: Spread) => (isReference ? '1' : withSpread(spread));
  const plainRatio = (spread: Spread) => (isReference ? '1' : number(spread.median));
  return [
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
}

function renderVerdicts(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ promise, measured, unit, kept }) => {
    return [kept ? 'kept' : '**broken**', promise, `${number(measured)} ${unit}`];
  });
  return `### Promises\n\n${table(['', 'promise', 'measured'], rows)}`;
}
