import type { AuditTools } from './audit-tools.js';

/** The tools for a terminal. What is behind them is loaded only now, so that those who do without start fast. */
export async function loadAuditTools(): Promise<typeof AuditTools> {
  return (await import('./audit-tools.js')).AuditTools;
}
