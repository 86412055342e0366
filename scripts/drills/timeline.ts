/** What happened in a drill, and when. */
export interface TimelineEvent {
  /** Milliseconds since the fault; before it they are negative. */
  atMs: number;
  what: 'FAULT' | 'CONDITION' | 'ALERT' | 'REMEDY' | 'VERIFIED' | 'RECOVERED';
  text: string;
}

/** Requests of the steady load between the fault and the recovery. */
export interface RequestCounts {
  answered: number;
  degraded: number;
  failed: number;
  /** Of each kind of failure how many. */
  failures: Record<string, number>;
  p95Ms: number;
}

/** What a drill has measured. */
export interface DrillReport {
  drill: string;
  alert: string;
  /** From the fault until the alert's condition held. */
  conditionMs: number;
  /** From the beginning of the remedy until the runbook's verification passed. */
  verifiedMs: number;
  events: TimelineEvent[];
  requests: RequestCounts;
}

/** A line of the timeline. */
export function eventLine({ atMs, what, text }: TimelineEvent): string {
  return `${seconds(atMs).padStart(8)}  ${what.padEnd(9)}  ${text}`;
}

/** One sentence on the requests. */
export function requestsLine({ answered, degraded, failed, failures, p95Ms }: RequestCounts): string {
  const kinds = Object.entries(failures).map(([kind, count]) => `${count} ${kind}`);
  const which = kinds.length > 0 ? ` (${kinds.join(', ')})` : '';
  return `requests meanwhile: ${answered} answered, ${degraded} of them degraded; ${failed} failed${which}; p95 ${p95Ms.toFixed(0)} ms`;
}

/** The table that docs/RUNBOOK.md has. */
export function reportTable(reports: readonly DrillReport[]): string {
  const head = '| drill | alert | condition after | verified after | failed | degraded | answered |';
  const rows = reports.map(({ drill, alert, conditionMs, verifiedMs, requests }) => {
    const { failed, degraded, answered } = requests;
    const cells = [
      `\`${drill}\``,
      `\`${alert}\``,
      seconds(conditionMs),
      seconds(verifiedMs),
      failed,
      degraded,
      answered,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [head, '| --- | --- | --- | --- | --- | --- | --- |', ...rows].join('\n');
}

/** Milliseconds as people read them. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
