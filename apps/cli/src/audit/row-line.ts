import type { AuditRecord } from '@app/audit-log';

/** A row on one line, for people. */
export function rowLine(row: AuditRecord): string {
  const place = row.batch_index === null || row.batch_index === undefined ? '' : `,${row.batch_index}`;
  const model = row.model ? `${row.model}/${row.model_version ?? '?'}` : '-';
  const outcome = row.success
    ? `${row.prediction ?? '-'} ${row.confidence?.toFixed(3) ?? '-'} ${row.mode ?? '-'}`
    : (row.error_code ?? '-');
  const instant = new Date(row.created_at).toISOString();
  return `${instant}  ${row.status}  ${model}  ${outcome}  ${row.processing_time_ms.toFixed(1)} ms  ${row.tenant}  ${row.request_id}${place}`;
}
